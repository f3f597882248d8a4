"""The shop's certificate authority: it signs the hub, the broker and each device, and says which certificates no longer count.

Keys are on the curve P-256: quick on a small computer, and known to every TLS stack. The authority's own key never leaves its folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from store_hub.errors import HubError
from wire_format.join_code import HUB_NAME, fingerprint_of

AUTHORITY_DAYS = 3650
BACKDATED = timedelta(hours=24)
"""A Pi without a battery clock is often a little behind: a new certificate must count there at once."""
KEY_FILE, CERTIFICATE_FILE = "authority.key", "authority.crt"


class TrustUnusable(HubError, ValueError):
    """The shop's authority or its register cannot be used."""

    exit_code = 2

    def __init__(self, *, path: str, problem: str, advice: str) -> None:
        super().__init__(f"trust {path}: {problem}; {advice}")
        self.path = path
        self.problem = problem
        self.advice = advice


class RequestUnsound(HubError, ValueError):
    """A certificate request that is none, is not signed by its own key, or asks for a weak key."""


class Issued(NamedTuple):
    """A certificate, in PEM; `serial` in hex; `not_after_ms`: Unix time."""

    pem: bytes
    serial: str
    not_after_ms: int


class Authority:
    """Signs. `certificate` and `fingerprint` are for everybody."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self._key = key
        self._own = certificate
        self.certificate = certificate.public_bytes(serialization.Encoding.PEM)
        self.fingerprint = fingerprint_of(certificate.public_bytes(serialization.Encoding.DER))

    @classmethod
    def found(cls, folder: Path, *, store_id: str, now: datetime) -> Authority:
        """Make an authority, once.

        Raises:
            TrustUnusable: there is one already, or the folder cannot be written.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(f"{store_id} authority")
        usage = x509.KeyUsage(
            digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
            key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        certificate = (
            _certificate(name, name, key.public_key(), now=now, days=AUTHORITY_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_secret(folder / KEY_FILE, _private_pem(key), new=True)
            (folder / CERTIFICATE_FILE).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        except FileExistsError:
            advice = "it goes on being used; move it away only to begin anew, with every device joining again"
            raise TrustUnusable(path=str(folder), problem="there is an authority already", advice=advice) from None
        except OSError as error:
            problem = f"cannot be written: {error.strerror}"
            raise TrustUnusable(path=str(folder), problem=problem, advice="check the folder's owner and rights") from None
        return cls(key, certificate)

    @classmethod
    def open(cls, folder: Path) -> Authority:
        """Open the authority of a folder.

        Raises:
            TrustUnusable: there is none.
        """
        try:
            key = serialization.load_pem_private_key((folder / KEY_FILE).read_bytes(), password=None)
            certificate = x509.load_pem_x509_certificate((folder / CERTIFICATE_FILE).read_bytes())
        except (OSError, ValueError) as error:
            problem = f"no authority can be read there ({getattr(error, 'strerror', None) or error})"
            raise TrustUnusable(path=str(folder), problem=problem, advice="make one with store-hub init, or restore the folder") from None
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return cls(key, certificate)

    def sign_request(self, request_pem: str, *, name: str, days: float, now: datetime) -> Issued:
        """Sign a device's request. Only its key is taken over; the name is ours to give.

        Raises:
            RequestUnsound
        """
        try:
            request = x509.load_pem_x509_csr(request_pem.encode())
            key = request.public_key()
            sound = request.is_signature_valid and isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1"
        except Exception as error:  # noqa: BLE001  # Whatever a stranger sent, it is no request.
            raise RequestUnsound(f"csr: it cannot be read ({type(error).__name__}); send a PKCS#10 request in PEM") from None
        if not sound:
            raise RequestUnsound("csr: it must be signed by its own key, on the curve P-256")
        assert isinstance(key, ec.EllipticCurvePublicKey)
        return self._issue(key, name, ExtendedKeyUsageOID.CLIENT_AUTH, days=days, now=now)

    def make_client(self, path: Path, *, name: str, days: float, now: datetime) -> Issued:
        """Make a key and its client certificate in one file, for a program on this machine."""
        key, issued = self.make_pair(name=name, days=days, now=now)
        write_secret(path, key + issued.pem)
        return issued

    def make_pair(self, *, name: str, days: float, now: datetime) -> tuple[bytes, Issued]:
        """Make a key and its client certificate for what cannot ask for one itself. The key is kept nowhere."""
        key = ec.generate_private_key(ec.SECP256R1())
        return _private_pem(key), self._issue(key.public_key(), name, ExtendedKeyUsageOID.CLIENT_AUTH, days=days, now=now)

    def make_server(self, path: Path, *, names: Iterable[str], days: float, now: datetime, mode: int = 0o600) -> Issued:
        """Make a key and its server certificate in one file. `names`: besides `HUB_NAME`, host names and addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = x509.SubjectAlternativeName([_alternative(name) for name in dict.fromkeys([HUB_NAME, *names])])
        issued = self._issue(key.public_key(), HUB_NAME, ExtendedKeyUsageOID.SERVER_AUTH, days=days, now=now, more=alternatives)
        write_secret(path, _private_pem(key) + issued.pem + self.certificate, mode=mode)
        return issued

    def revocations(self, serials: Iterable[str], *, number: int, now: datetime) -> bytes:
        """The list of certificates that no longer count, in PEM. It never expires: a broker with an old list must not refuse all."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._own.subject)
            .last_update(now - timedelta(minutes=1))
            .next_update(self._own.not_valid_after_utc)
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        for serial in serials:
            revoked = x509.RevokedCertificateBuilder().serial_number(int(serial, 16)).revocation_date(now).build()
            builder = builder.add_revoked_certificate(revoked)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def _issue(
        self, key: ec.EllipticCurvePublicKey, name: str, usage: x509.ObjectIdentifier, *, days: float, now: datetime,
        more: x509.ExtensionType | None = None,
    ) -> Issued:  # fmt: skip
        builder = (
            _certificate(_name(name), self._own.subject, key, now=now, days=days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        certificate = (builder if more is None else builder.add_extension(more, critical=False)).sign(self._key, hashes.SHA256())
        not_after_ms = round(1000 * certificate.not_valid_after_utc.timestamp())
        return Issued(certificate.public_bytes(serialization.Encoding.PEM), f"{certificate.serial_number:x}", not_after_ms)


def serial_of(certificate_der: bytes) -> str:
    """The serial number of a certificate that TLS has checked, in hex."""
    return f"{x509.load_der_x509_certificate(certificate_der).serial_number:x}"


def days_left(path: Path, *, now: datetime) -> float:
    """How long the first certificate of a PEM file still counts; 0 when there is none."""
    try:
        content = path.read_bytes()
        certificate = x509.load_pem_x509_certificate(content[content.index(b"-----BEGIN CERTIFICATE") :])
    except (OSError, ValueError):
        return 0.0
    return (certificate.not_valid_after_utc - now).total_seconds() / 86_400


def names_of(path: Path) -> set[str]:
    """The host names and addresses that the first certificate of a PEM file is for; none when there is no such certificate."""
    try:
        content = path.read_bytes()
        certificate = x509.load_pem_x509_certificate(content[content.index(b"-----BEGIN CERTIFICATE") :])
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return set()
    return {str(name.value) for name in names}


def write_secret(path: Path, content: bytes, *, new: bool = False, mode: int = 0o600) -> None:
    """Write a file that only its owner reads, whole at every moment. `new`: refuse to write over one.

    Raises:
        FileExistsError, OSError
    """
    beside = path.with_name(f".{path.name}.new")
    if new and path.exists():
        raise FileExistsError(path)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, mode)
        file.write(content)
        file.flush()
        os.fsync(handle)
    beside.replace(path)


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, *, now: datetime, days: float
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + timedelta(days=days))
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def utc_now() -> datetime:
    """The present, aware."""
    return datetime.now(UTC)
