"""A bundle that was changed after it was signed is never installed."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from kept_device import make_wheel

from deployment.release import Release, ReleaseInvalid, make_key, pack, read_release, unpack


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, Path]:
    """A bundle and the public key."""
    secret, public = make_key(tmp_path)
    bundle = tmp_path / "release.tar"
    pack([make_wheel(tmp_path, "1.2.3")], version="1.2.3", packages=["aislewise==1.2.3"], key_file=secret, out=bundle)
    return bundle, public


def rewritten(bundle: Path, name: str, content: bytes) -> Path:
    out = bundle.with_name("other.tar")
    with tarfile.open(bundle) as old, tarfile.open(out, "w") as new:
        for entry in old.getmembers():
            body = content if entry.name == name else old.extractfile(entry).read()  # type: ignore[union-attr]  # all are files
            changed = tarfile.TarInfo(entry.name)
            changed.size = len(body)
            new.addfile(changed, io.BytesIO(body))
    return out


def test_a_release_says_what_is_in_it(made: tuple[Path, Path], tmp_path: Path) -> None:
    bundle, public = made
    release = read_release(bundle, [public])
    assert (release.version, release.packages) == ("1.2.3", ("aislewise==1.2.3",))
    folder = tmp_path / "wheels"
    folder.mkdir()
    assert [path.name for path in unpack(bundle, release, folder)] == ["aislewise-1.2.3-py3-none-any.whl"]


def test_a_changed_manifest_is_refused(made: tuple[Path, Path]) -> None:
    bundle, public = made
    with tarfile.open(bundle) as archive:
        manifest = archive.extractfile("release.json").read()  # type: ignore[union-attr]  # it is a file
    with pytest.raises(ReleaseInvalid, match="signed by none"):
        read_release(rewritten(bundle, "release.json", manifest.replace(b"1.2.3", b"1.2.4")), [public])


def test_a_changed_wheel_is_refused(made: tuple[Path, Path], tmp_path: Path) -> None:
    bundle, public = made
    other = rewritten(bundle, "wheels/aislewise-1.2.3-py3-none-any.whl", b"something else")
    with pytest.raises(ReleaseInvalid, match="was changed after it was signed"):
        unpack(other, read_release(other, [public]), tmp_path)


@pytest.mark.parametrize("name", ["../evil.whl", "wheels/../../evil.whl", "/etc/passwd"])
def test_a_wheel_that_would_lie_elsewhere_is_never_written(made: tuple[Path, Path], tmp_path: Path, name: str) -> None:
    bundle, _ = made
    with pytest.raises(ReleaseInvalid, match="lacks"):
        unpack(bundle, Release("1.2.3", ("aislewise==1.2.3",), {name: "0" * 64}), tmp_path)


@pytest.mark.parametrize("content", [b"", b"no tar", b"\0" * 2048])
def test_what_is_no_release_is_refused(tmp_path: Path, made: tuple[Path, Path], content: bytes) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(content)
    with pytest.raises(ReleaseInvalid, match="is no release"):
        read_release(path, [made[1]])


def test_without_a_trusted_key_nothing_is_installed(made: tuple[Path, Path]) -> None:
    with pytest.raises(ReleaseInvalid, match="holds no key"):
        read_release(made[0], [])


def test_a_key_is_never_overwritten(tmp_path: Path, made: tuple[Path, Path]) -> None:
    with pytest.raises(FileExistsError):
        make_key(tmp_path)
