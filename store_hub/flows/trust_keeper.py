"""Keeps the shop's trust while the hub runs: the devices' door, the announcement, own certificates, and what the broker refused."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable
from pathlib import Path
from socket import socket

import structlog

from store_hub.adapters.announcement import Announcement
from store_hub.adapters.audit_log import AuditLog
from store_hub.adapters.broker_link import BrokerLink, Clock, Delivered
from store_hub.adapters.listening_socket import listen
from store_hub.adapters.tls_door import TlsDoor
from store_hub.config import BrokerConfig, TrustConfig
from store_hub.errors import HubError
from store_hub.flows.trust import DOOR_CERTIFICATE, Trust
from store_hub.routes.device_door import device_door
from store_hub.rules.tries import Line, TryBounds

LOOK_EVERY_S = 60.0
TELL_EVERY = 60
"""Looks after which the head of the audit log is told again: each hour."""

LOG_FILTERS = [("$SYS/broker/log/N", 0), ("$SYS/broker/log/E", 0), ("$SYS/broker/log/W", 0)]

_CAME = re.compile(r"New connection from (\S+) on port")
_FAILED = re.compile(r"Client connection from (\S+) failed: (.*)")
_TLS_FAILED = re.compile(r"OpenSSL Error\[\d+\]: (.*)")
_DENIED = re.compile(r"Client (\S+).* disconnected, not authori[sz]ed")

_log = structlog.get_logger("trust")


class TrustKeeper:
    """A named thread.

    Args:
        client_id: of the second line to the broker, on which it tells whom it refused.

    Raises:
        PortTaken, ConfigurationInvalid: the devices' door cannot be opened where it should be.
    """

    name = "trust"

    def __init__(
        self, trust: Trust, config: TrustConfig, broker: BrokerConfig, *, audit: AuditLog, clock: Clock, client_id: str, config_path: str
    ) -> None:
        self._trust, self._audit = trust, audit
        self.on_renewal: Callable[[], None] = lambda: None
        """Called when the hub has new certificates: its pages show them too."""
        trust.renew_own()
        listener: socket = listen(config.host, config.port, setting=f"[trust] port in {config_path}")
        application = device_door(trust, broker_port=broker.port, refused=lambda actor, why: audit.refused(actor, "device.join", why))
        self._door = TlsDoor(
            application, listener, certificate=trust.folder / DOOR_CERTIFICATE, authority=Path(config.folder) / "authority.crt"
        )
        port = int(listener.getsockname()[1])
        self._announcement = (
            Announcement(store_id=trust.register.store_id, fingerprint=trust.authority.fingerprint, host=config.host, port=port)
            if config.announce
            else None
        )
        self._watch = BrokerLink(broker, client_id=client_id, filters=LOG_FILTERS, clock=clock, receiver=_Refusals(audit, clock))

    def run(self, stop: threading.Event) -> None:
        """Serve until told to stop."""
        self._door.start()
        self._watch.start()
        if self._announcement is not None:
            self._announcement.start()
        try:
            for look in itertools.count():
                if look % TELL_EVERY == 0:
                    _log.info("the audit log stands at", **dict(zip(("number", "hash"), self._audit.head(), strict=True)))
                if stop.wait(LOOK_EVERY_S):
                    break
                self._look()
        finally:
            if self._announcement is not None:
                self._announcement.stop()
            self._watch.stop()
            self._door.stop()

    def _look(self) -> None:
        try:
            if self._trust.renew_own():
                self._door.reload()
                self.on_renewal()
                self._trust.tell_broker()
        except HubError as error:
            _log.error("the hub's certificates cannot be renewed", problem=str(error))
        if self._announcement is not None:
            self._announcement.look()


class _Refusals:
    """Hears the broker's own log and keeps who was turned away. Where a line names nobody, it was most likely who came last."""

    def __init__(self, audit: AuditLog, clock: Clock) -> None:
        self._audit, self._clock = audit, clock
        self._bounds = TryBounds()
        self._last = "unknown"

    def has_room(self) -> bool:
        return True

    def put_line_up(self) -> None:
        pass

    def put_messages(self, messages: list[Delivered]) -> None:
        for message in messages:
            text = message.payload.decode(errors="replace")
            if found := _CAME.search(text):
                self._last = found[1].rpartition(":")[0] or found[1]
            elif found := _TLS_FAILED.search(text):
                if found[1].endswith("unexpected eof while reading"):
                    continue  # Somebody hung up without a goodbye: nobody was refused.
                self._refused(self._last, found[1].rsplit("::", 1)[-1])
            elif found := _FAILED.search(text):
                self._refused(found[1], found[2].rsplit("::", 1)[-1])
            elif found := _DENIED.search(text):
                self._refused(found[1], "not authorised")

    def _refused(self, actor: str, detail: str) -> None:
        for line in self._bounds.tell(Line(actor, "broker.connect", detail), now_ms=self._clock.now_ms()):
            self._audit.refused(*line)
