"""Signed software: a tar of wheels with a manifest, and an Ed25519 signature of the manifest, which names the SHA-256 of each wheel.

The key that signs lies with whoever makes releases; a device holds public keys only, and installs nothing that none of them has signed.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

MANIFEST, SIGNATURE = "release.json", "release.sig"
MANIFEST_MAX_BYTES = 1_000_000
WHEEL_MAX_BYTES = 500_000_000
_WHEEL = re.compile(r"^wheels/[A-Za-z0-9_.+-]+\.whl$")
_VERSION = re.compile(r"^[0-9A-Za-z][0-9A-Za-z.+-]{0,63}$")
_PACKAGE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*==[0-9A-Za-z.+!-]+$")


class ReleaseInvalid(Exception):
    """A bundle that must not be installed: not signed by a known key, changed, or not a release at all."""

    def __init__(self, *, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


class Release(NamedTuple):
    """A manifest that a known key has signed. `packages`: what to install, each pinned; `wheels`: their files' SHA-256."""

    version: str
    packages: tuple[str, ...]
    wheels: dict[str, str]


def make_key(folder: Path, name: str = "release") -> tuple[Path, Path]:
    """Make a key pair; returns the private file (for the maker of releases alone) and the public one (for devices and hubs).

    Raises:
        FileExistsError: there is one already.
    """
    key = Ed25519PrivateKey.generate()
    secret, public = folder / f"{name}.key", folder / f"{name}.pub"
    pem, no = serialization.Encoding.PEM, serialization.NoEncryption()
    with secret.open("xb") as file:
        secret.chmod(0o600)
        file.write(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, no))
    public.write_bytes(key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))
    return secret, public


def pack(wheels: Iterable[Path], *, version: str, packages: Sequence[str], key_file: Path, out: Path) -> Release:
    """Make a bundle of wheels.

    Args:
        packages: what a device installs, each as `name==version`, dependencies included: nothing is looked up elsewhere.

    Raises:
        ReleaseInvalid: a name or version that no device would take, or a key that is none.
    """
    files = {f"wheels/{path.name}": path for path in sorted(wheels)}
    sums = {name: _sum_of(path) for name, path in files.items()}
    manifest = json.dumps({"v": 1, "version": version, "packages": list(packages), "wheels": sums}, indent=1, sort_keys=True).encode()
    release = _read_manifest(manifest, path=str(out))
    try:
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    except (ValueError, TypeError):
        raise ReleaseInvalid(path=str(key_file), problem="holds no private key; make one with store-hub release key") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ReleaseInvalid(path=str(key_file), problem="is no Ed25519 key; make one with store-hub release key")
    signature = base64.b64encode(key.sign(manifest))
    with tarfile.open(out, "w") as bundle:
        for name, content in ((MANIFEST, manifest), (SIGNATURE, signature)):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            bundle.addfile(entry, io.BytesIO(content))
        for name, path in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = path.stat().st_size
            with path.open("rb") as file:
                bundle.addfile(entry, file)
    return release


def read_release(bundle: Path, public_keys: Iterable[Path]) -> Release:
    """The manifest of a bundle, once one of the keys is seen to have signed it.

    Raises:
        ReleaseInvalid: it is no release, or none of the keys has signed it.
    """
    try:
        with tarfile.open(bundle, "r:") as archive:
            manifest, signature = (_content(archive, name, MANIFEST_MAX_BYTES) for name in (MANIFEST, SIGNATURE))
    except (tarfile.TarError, OSError, KeyError) as error:
        raise ReleaseInvalid(path=str(bundle), problem=f"is no release ({error})") from None
    keys = [_public_key(path) for path in public_keys]
    if not keys:
        raise ReleaseInvalid(path=str(bundle), problem="cannot be checked: this device holds no key of whoever makes releases")
    if not any(_is_signed(key, signature, manifest) for key in keys):
        raise ReleaseInvalid(path=str(bundle), problem="is signed by none of the keys that this device trusts")
    return _read_manifest(manifest, path=str(bundle))


def unpack(bundle: Path, release: Release, folder: Path) -> list[Path]:
    """Write the wheels of a release into a folder, each checked against its sum; returns them. Nothing else of the tar is touched.

    Raises:
        ReleaseInvalid: a wheel is missing or was changed.
    """
    written = []
    with tarfile.open(bundle, "r:") as archive:
        for name, expected in release.wheels.items():
            try:
                content = _content(archive, name, WHEEL_MAX_BYTES)
            except KeyError:
                raise ReleaseInvalid(path=str(bundle), problem=f"lacks {name}") from None
            if hashlib.sha256(content).hexdigest() != expected:
                raise ReleaseInvalid(path=str(bundle), problem=f"{name} was changed after it was signed")
            path = folder / name.removeprefix("wheels/")
            path.write_bytes(content)
            written.append(path)
    return written


def _content(archive: tarfile.TarFile, name: str, max_bytes: int) -> bytes:
    entry = archive.getmember(name)
    file = archive.extractfile(entry) if entry.isfile() and entry.size <= max_bytes else None
    if file is None:
        raise KeyError(f"{name} is no file of at most {max_bytes} bytes")
    return file.read()


def _read_manifest(manifest: bytes, *, path: str) -> Release:
    try:
        content = json.loads(manifest)
        release = Release(content["version"], tuple(content["packages"]), dict(content["wheels"]))
        is_sound = (
            content["v"] == 1
            and bool(_VERSION.match(release.version))
            and all(_PACKAGE.match(package) for package in release.packages)
            and all(_WHEEL.match(name) and re.fullmatch("[0-9a-f]{64}", digest) for name, digest in release.wheels.items())
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ReleaseInvalid(path=path, problem=f"its manifest cannot be read ({error})") from None
    if not is_sound or not release.packages or not release.wheels:
        raise ReleaseInvalid(path=path, problem="its manifest names something that is no version, package==version or wheel")
    return release


def _public_key(path: Path) -> Ed25519PublicKey:
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ReleaseInvalid(path=str(path), problem=f"is no public key ({error})") from None
    if not isinstance(key, Ed25519PublicKey):
        raise ReleaseInvalid(path=str(path), problem="is no Ed25519 key")
    return key


def _is_signed(key: Ed25519PublicKey, signature: bytes, manifest: bytes) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), manifest)
    except (InvalidSignature, ValueError):
        return False
    return True


def _sum_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
