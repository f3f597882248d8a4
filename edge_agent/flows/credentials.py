"""Keeps a device's trust while it runs: the next certificate before the last one ends, and each new outbox claimed as its own."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import structlog

from edge_agent.adapters.hub_door import HubDoor
from edge_agent.adapters.identity import IdentityUnusable, new_request, validity, write_private
from edge_agent.config import BrokerConfig
from edge_agent.errors import BrokerUnavailable, EdgeError
from edge_agent.flows.fault_board import FaultBoard

LOOK_EVERY_S = 3600.0
RENEWED_AT = 1 / 3
"""Of its life, what is left when the next certificate is asked for: a month of a quarter of a year, so that a long outage does no harm."""

log = structlog.get_logger("edge_agent.credentials")


class Credentials:
    """A named flow.

    Args:
        broker: names the hub, the certificate's file and the authority's.
        claimed: a file that remembers which outboxes the hub knows to be ours.
    """

    name = "credentials"

    def __init__(self, broker: BrokerConfig, *, faults: FaultBoard, claimed: Path, look_every_s: float = LOOK_EVERY_S) -> None:
        assert broker.hub is not None
        assert broker.ca_file is not None
        assert broker.certificate_file is not None
        self._hub, self._authority, self._certificate = broker.hub, Path(broker.ca_file), Path(broker.certificate_file)
        self._faults = faults
        self._claimed_file = claimed
        self._claimed: set[str] = set()
        self._look_every_s = look_every_s

    def run(self, stop: threading.Event) -> None:
        """Look now and then, until told to stop."""
        while True:
            self.look(datetime.now(UTC))
            if stop.wait(self._look_every_s):
                return

    def look(self, now: datetime) -> bool:
        """Renew when it is time; whether a new certificate is in place."""
        try:
            begins, ends = validity(self._certificate)
            if ends - now > (ends - begins) * RENEWED_AT:
                self._faults.clear("certificate", "certificate_ends")
                return False
            request = new_request()
            admitted = self._door().renew(request.csr)
            write_private(self._certificate, request.key + admitted.certificate)
        except EdgeError as error:
            advice = getattr(error, "advice", "") or "see that the hub runs; if the certificate has ended, join again"
            self._faults.raise_fault("certificate", "certificate_ends", f"the next certificate cannot be had: {error}", advice)
            return False
        self._faults.clear("certificate", "certificate_ends")
        log.info("a new certificate is in place", until=validity(self._certificate)[1].isoformat())
        return True

    def claim(self, outbox_id: str) -> None:
        """Have the hub know that an outbox is ours, once; before that the broker takes nothing of it.

        Raises:
            BrokerUnavailable: the hub did not hear it, and never did before.
        """
        if outbox_id in self._claimed:
            return
        try:
            self._door().claim(outbox_id)
        except EdgeError as error:
            if outbox_id in self._remembered():
                return  # The hub's door may be shut for a moment: the broker knows us already. Asked again at the next connection.
            advice = getattr(error, "advice", "") or "see that the hub runs"
            raise BrokerUnavailable(broker=self._hub, problem=f"the outbox is not known to be ours ({error})", advice=advice) from None
        self._claimed.add(outbox_id)
        if outbox_id not in self._remembered():
            write_private(self._claimed_file, "\n".join([*self._remembered(), outbox_id, ""]).encode())

    def _remembered(self) -> list[str]:
        try:
            return self._claimed_file.read_text(encoding="utf-8").split()
        except OSError:
            return []

    def _door(self) -> HubDoor:
        try:
            return HubDoor(self._hub, authority=self._authority, certificate=self._certificate)
        except OSError as error:
            advice = "join again: edge-agent join CODE"
            raise IdentityUnusable(path=str(self._certificate), problem=f"cannot be used ({error})", advice=advice) from None
