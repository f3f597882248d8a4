"""Lets devices join, renews and revokes them, and keeps the broker's files in step. Every step leaves a line in the audit log first."""

from __future__ import annotations

import platform
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import structlog

from store_hub.adapters.audit_log import AuditLog
from store_hub.adapters.authority import Authority, Issued, TrustUnusable, days_left, names_of
from store_hub.adapters.broker_files import BrokerFiles
from store_hub.adapters.own_addresses import own_addresses
from store_hub.adapters.trust_register import Enrolled, Register
from store_hub.config import BrokerConfig, HubConfig, TrustConfig
from store_hub.errors import HubError
from store_hub.rules.broker_acl import HUB_USER, access_list, broker_settings
from wire_format.join_code import ALPHABET, HUB_NAME, SECRET_CHARACTERS, JoinCode

REGISTER_FILE, HUB_CERTIFICATE, DOOR_CERTIFICATE = "register.sqlite", "hub.pem", "door.pem"
OWN_DAYS = 180.0
EVERYWHERE = ("0.0.0.0", "::")
OWN_RENEWED_AT = 60.0
"""The hub's and the broker's own certificates are made anew when they count no longer than this, in days."""

_log = structlog.get_logger("trust")


class JoinRefused(HubError):
    """A device may not join, renew or claim; `why` is for the audit log, the text for who asked."""

    def __init__(self, why: str) -> None:
        super().__init__("the code is not valid (any more); make a new one with: store-hub enrol DEVICE")
        self.why = why


class CertificateRefused(HubError):
    """A device showed no certificate that counts."""

    def __init__(self) -> None:
        super().__init__("this certificate does not count here (any more); let the device join again with a new code")


class NodeRefused(HubError, ValueError):
    """A shelf node cannot have this name or this reader."""

    exit_code = 2


class NodePapers(NamedTuple):
    """What a shelf node is flashed with, in PEM. The key is kept nowhere else."""

    name: str
    authority: str
    certificate: str
    key: str
    not_after_ms: int


class Joined(NamedTuple):
    """What a device gets."""

    device_id: str
    store_id: str
    certificate: str


class Trust:
    """The shop's trust, opened.

    Args:
        now_ms: the hub's clock.
        actor: who stands behind what is done without a certificate: `command line` or the address.

    Raises:
        TrustUnusable, LedgerUnusable
    """

    def __init__(self, config: TrustConfig, broker: BrokerConfig, *, audit: AuditLog, now_ms: Callable[[], int]) -> None:
        self._config = config
        self._broker = broker
        self.folder = Path(config.folder)
        self.authority = Authority.open(self.folder)
        self.register = Register(self.folder / REGISTER_FILE)
        self._audit = audit
        self._now_ms = now_ms
        self.files = BrokerFiles(Path(config.broker_folder or self.folder / "broker"), reload_command=config.reload_broker)

    # ---- the shop's side

    def enrol(self, device_id: str, *, valid_minutes: float) -> JoinCode:
        """Make a one-time code for a device; an unused older one of the same device is worth nothing any more."""
        secret = "".join(secrets.choice(ALPHABET) for _ in range(SECRET_CHARACTERS))
        self._audit.done("command line", "device.enrol", f"{device_id}, valid {valid_minutes:g} min")
        self.register.add_code(secret, device_id, now_ms=self._now_ms(), valid_ms=round(60_000 * valid_minutes))
        return JoinCode(secret, self.authority.fingerprint)

    def enrol_node(self, name: str, *, read_by: str, days: float) -> NodePapers:
        """Make key and certificate of a shelf node, which cannot ask for them itself; an older one of the node no longer counts.

        Raises:
            NodeRefused: a device has this name, or no device has the name of its reader.
        """
        if read_by not in self.register.trusted(now_ms=self._now_ms()):
            raise NodeRefused(f"{read_by} is no device that has joined; let it join first, see store-hub devices")
        key, issued = self.authority.make_pair(name=name, days=days, now=self._now())
        if not self.register.add_node(name, read_by, issued, now_ms=self._now_ms()):
            raise NodeRefused(f"{name} is a device of this shop; give the node another name, or revoke the device first")
        self._audit.done("command line", "node.enrol", f"{name}, read by {read_by}, certificate {issued.serial}")
        self.tell_broker()
        return NodePapers(name, self.authority.certificate.decode(), issued.pem.decode(), key.decode(), issued.not_after_ms)

    def revoke(self, device_id: str, *, actor: str = "command line") -> int:
        """Trust a device no longer, at once. Returns how many of its certificates counted until now."""
        self._audit.done(actor, "device.revoke", device_id)
        count = self.register.revoke(device_id, now_ms=self._now_ms())
        self.tell_broker()
        return count

    def devices(self) -> list[Enrolled]:
        """Every device that ever joined."""
        return self.register.enrolled(now_ms=self._now_ms())

    # ---- a device's side

    def join(self, secret: str, request_pem: str, *, actor: str) -> Joined:
        """Let a device in by its code. The certificates it had before no longer count: it may have been stolen, or its card copied.

        Raises:
            JoinRefused, RequestUnsound
        """
        now = self._now()
        device_id, verdict = self.register.use_code(secret, now_ms=self._now_ms())
        if device_id is None or verdict != "right":
            self._audit.refused(actor, "device.join", f"code {verdict}" + (f", of {device_id}" if device_id else ""))
            raise JoinRefused(verdict)
        try:
            issued = self.authority.sign_request(request_pem, name=device_id, days=self._config.certificate_days, now=now)
        except HubError as error:
            self._audit.refused(actor, "device.join", f"{device_id}: {error}")
            raise
        self._audit.done(actor, "device.join", f"{device_id}, certificate {issued.serial}")
        self.register.add_certificate(device_id, issued, now_ms=self._now_ms(), replaces_all=True)
        self.tell_broker()
        return self._joined(device_id, issued)

    def renew(self, serial: str | None, request_pem: str, *, actor: str) -> Joined:
        """Give a trusted device its next certificate. The one before counts to its own end: the answer may be lost on its way.

        Raises:
            CertificateRefused, RequestUnsound
        """
        device_id = self.known(serial, actor=actor, action="device.renew")
        issued = self.authority.sign_request(request_pem, name=device_id, days=self._config.certificate_days, now=self._now())
        self._audit.done(f"device:{device_id}", "device.renew", f"certificate {issued.serial}")
        self.register.add_certificate(device_id, issued, now_ms=self._now_ms(), replaces_all=False)
        return self._joined(device_id, issued)

    def claim(self, serial: str | None, outbox_id: str, *, actor: str) -> None:
        """Note that an outbox is a trusted device's, so that the broker lets it speak there.

        Raises:
            CertificateRefused: no such trust. JoinRefused: the outbox is another device's.
        """
        device_id = self.known(serial, actor=actor, action="device.outbox")
        before = self.register.owners().get(outbox_id)
        if not self.register.claim_outbox(device_id, outbox_id, now_ms=self._now_ms()):
            self._audit.refused(f"device:{device_id}", "device.outbox", f"{outbox_id} is of {before or 'too many'}")
            raise JoinRefused("another's outbox")
        if before is None:
            self._audit.done(f"device:{device_id}", "device.outbox", outbox_id)
            self.tell_broker()

    def known(self, serial: str | None, *, actor: str, action: str) -> str:
        """Whose certificate it is, while it counts.

        Raises:
            CertificateRefused
        """
        device_id = None if serial is None else self.register.device_of(serial, now_ms=self._now_ms())
        if device_id is None:
            self._audit.refused(actor, action, f"certificate {serial or 'missing'} does not count")
            raise CertificateRefused
        return device_id

    # ---- the broker's side

    def tell_broker(self) -> None:
        """Write who may say what and whom to refuse, and have the broker read it."""
        now_ms = self._now_ms()
        nodes = self.register.nodes(now_ms=now_ms)
        lines = access_list(self.register.store_id, self.register.trusted(now_ms=now_ms), nodes=nodes, extra=self.files.local_lines())
        self.files.write("acl", lines.encode())
        number, serials = self.register.revoked(now_ms=now_ms)
        self.files.write("revoked.pem", self.authority.revocations(serials, number=number, now=self._now()))
        self.files.reload()

    def renew_own(self, *, anew: bool = False) -> bool:
        """Make the hub's, the door's and the broker's certificates where they are missing, end soon or lack a name; whether any was made.

        Args:
            anew: make all of them, for instance with other names.
        """
        now, made = self._now(), False
        names = [*self._config.names, platform.node() or "localhost", "localhost", "127.0.0.1"]
        if self._config.host in EVERYWHERE:
            names += own_addresses()  # A browser is told the hub's address in the shop's network.
        for path in (self.folder / DOOR_CERTIFICATE, self.files.certificate):
            if anew or days_left(path, now=now) < OWN_RENEWED_AT or not names_of(path).issuperset(names):
                path.parent.mkdir(parents=True, exist_ok=True)
                mode = 0o640 if path == self.files.certificate else 0o600
                self.authority.make_server(path, names=names, days=OWN_DAYS, now=now, mode=mode)
                made = True
        if anew or days_left(self.folder / HUB_CERTIFICATE, now=now) < OWN_RENEWED_AT:
            issued = self.authority.make_client(self.folder / HUB_CERTIFICATE, name=HUB_USER, days=OWN_DAYS, now=now)
            _log.info("the hub has a new certificate", serial=issued.serial)
            made = True
        if made:
            self.files.write("authority.crt", self.authority.certificate)
            settings = broker_settings(str(self.files.folder.resolve()), port=self._broker.port, node_port=self._config.node_port)
            self.files.write("mosquitto.conf", settings.encode())
        return made

    def _joined(self, device_id: str, issued: Issued) -> Joined:
        return Joined(device_id, self.register.store_id, issued.pem.decode())

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._now_ms() / 1000, UTC)


def found_trust(config: HubConfig, *, store_id: str, audit: AuditLog, now_ms: Callable[[], int]) -> Trust | None:
    """Make the shop's authority, register and broker files; None where the configuration has no `[trust]`.

    Raises:
        TrustUnusable: there is an authority already, of another shop; or the folder cannot be written.
    """
    trust = config.trust
    if trust is None:
        return None
    folder = Path(trust.folder)
    if not (folder / "authority.key").exists():
        Authority.found(folder, store_id=store_id, now=datetime.fromtimestamp(now_ms() / 1000, UTC))
        audit.done("command line", "trust.init", store_id)
    register = Register(folder / REGISTER_FILE)
    register.found(store_id)
    if register.store_id != store_id:
        advice = "give each shop a trust folder of its own"
        raise TrustUnusable(path=str(folder), problem=f"it is of store {register.store_id}", advice=advice)
    made = Trust(trust, config.broker, audit=audit, now_ms=now_ms)
    made.renew_own(anew=True)
    made.tell_broker()
    return made


def trusted_broker(broker: BrokerConfig, trust: TrustConfig | None) -> BrokerConfig:
    """The broker as the hub speaks to it: with the shop's certificates, where the configuration names no others."""
    if trust is None or broker.ca_file is not None:
        return broker
    import msgspec

    own = str(Path(trust.folder) / HUB_CERTIFICATE)
    return msgspec.structs.replace(
        broker, ca_file=str(Path(trust.folder) / "authority.crt"), certificate_file=own, key_file=own, server_name=HUB_NAME
    )
