"""The device's own key and certificate. The key is made here and never leaves the device."""

from __future__ import annotations

import hashlib
import os
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge_agent.errors import EdgeError

CERTIFICATE_FILE, AUTHORITY_FILE = "device.pem", "authority.crt"


class IdentityUnusable(EdgeError, OSError):
    """The device's certificate cannot be read or written."""

    exit_code = 5

    def __init__(self, *, path: str, problem: str, advice: str) -> None:
        super().__init__(f"{path}: {problem}; {advice}")
        self.path = path
        self.problem = problem
        self.advice = advice


class KeyRequest(NamedTuple):
    """A new key and the request for its certificate, both PEM."""

    key: bytes
    csr: str


def new_request() -> KeyRequest:
    """Make a key on P-256 and ask for a certificate; the hub gives the name."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "device")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return KeyRequest(pem, request.public_bytes(serialization.Encoding.PEM).decode())


def validity(path: Path) -> tuple[datetime, datetime]:
    """From when and until when the certificate of a file counts.

    Raises:
        IdentityUnusable: there is none.
    """
    try:
        content = path.read_bytes()
        certificate = x509.load_pem_x509_certificate(content[content.index(b"-----BEGIN CERTIFICATE") :])
    except (OSError, ValueError) as error:
        problem = f"holds no certificate ({getattr(error, 'strerror', None) or error})"
        raise IdentityUnusable(path=str(path), problem=problem, advice="join again: edge-agent join CODE") from None
    return certificate.not_valid_before_utc, certificate.not_valid_after_utc


def secret_suffix(path: str | None) -> str:
    """What only the holder of this key knows, for the device's name at the broker: nobody else can take its connection over.

    A copied card has it too, so that twins still notice each other. Empty where there is no key yet.
    """
    if path is None:
        return ""
    try:
        content = Path(path).read_bytes()
    except OSError:
        return ""
    start, end = content.find(b"-----BEGIN PRIVATE"), content.find(b"-----END PRIVATE")
    return "." + hashlib.sha256(b"client id" + content[start:end]).hexdigest()[:16] if 0 <= start < end else ""


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner reads, whole at every moment.

    Raises:
        IdentityUnusable
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        problem, advice = f"cannot be written: {error.strerror}", "check the folder's owner, rights and disk"
        raise IdentityUnusable(path=str(path), problem=problem, advice=advice) from None
