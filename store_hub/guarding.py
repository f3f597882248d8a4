"""Wires what guards the hub: the audit log, the shop's certificates, and who may open which page."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Protocol

from store_hub.adapters.audit_log import AuditLog, audit_path
from store_hub.adapters.broker_link import Clock
from store_hub.adapters.ledger import LedgerIdentity
from store_hub.config import HubConfig
from store_hub.flows.sender_guard import SenderGuard
from store_hub.flows.trust import Trust, trusted_broker


class Flow(Protocol):
    """Something that runs on a thread of its own until told to stop."""

    name: str

    def run(self, stop: threading.Event) -> None:
        """Run until told to stop."""


class Guards:
    """Everything of one hub that says no.

    Raises:
        HubError: a file or a port cannot be used.
    """

    def __init__(self, config: HubConfig, identity: LedgerIdentity, *, clock: Clock, config_path: str) -> None:
        self.audit = AuditLog(audit_path(Path(config.ledger.path)), now_ms=clock.now_ms)
        self.broker = trusted_broker(config.broker, config.trust)
        self.trust: Trust | None = None
        self.senders: SenderGuard | None = None
        self.flows: list[Flow] = []
        if config.trust is not None:
            from store_hub.flows.trust_keeper import TrustKeeper  # Multicast DNS takes a while to import.

            self.trust = Trust(config.trust, config.broker, audit=self.audit, now_ms=clock.now_ms)
            self.senders = SenderGuard(self.trust.register, self.audit)
            watcher = f"hub-watch-{identity.ledger_id}"
            keeper = TrustKeeper(
                self.trust, config.trust, self.broker, audit=self.audit, clock=clock, client_id=watcher, config_path=config_path
            )
            self.flows.append(keeper)

    def close(self) -> None:
        """Let go of the files."""
        self.audit.close()
