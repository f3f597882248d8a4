"""Wires what guards the hub: the audit log, the shop's certificates, and who may open which page."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import structlog
from fastapi import FastAPI

from access_control.addresses import is_loopback
from access_control.provider import Provider
from access_control.provider_config import provider_of
from store_hub.adapters.audit_log import AuditLog, audit_path
from store_hub.adapters.broker_link import Clock
from store_hub.adapters.door_tokens import DoorKeys, DoorTokens, read_door_tokens
from store_hub.adapters.ledger import LedgerIdentity
from store_hub.adapters.people_file import PeopleFile, people_path
from store_hub.config import HubConfig
from store_hub.errors import ConfigurationInvalid
from store_hub.flows.doorkeeper import Doorkeeper
from store_hub.flows.sender_guard import SenderGuard
from store_hub.flows.trust import DOOR_CERTIFICATE, Trust, trusted_broker
from store_hub.people_commands import page_address
from store_hub.routes.people_gate import PeopleGate
from store_hub.rules.roles import ROLES
from wire_format.reports import StoreProfile

if TYPE_CHECKING:
    import uvicorn

    from store_hub.dashboard.desk import Keeper
    from store_hub.flows.trust_keeper import TrustKeeper

_log = structlog.get_logger("hub")


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
        self._config = config
        self._config_path = config_path
        self._see_open_pages_are_safe()
        ledger = Path(config.ledger.path)
        self.audit = AuditLog(audit_path(ledger), now_ms=clock.now_ms)
        self._doorkeeper = Doorkeeper(
            PeopleFile(people_path(ledger)), self.audit, now_ms=clock.now_ms,
            session_hours=config.people.session_hours, idle_hours=config.people.idle_hours,
        )  # fmt: skip
        self.keeper: Keeper | None = None if config.people.open_on_loopback else self._doorkeeper
        tokens = None if config.http.token_file is None else read_door_tokens(Path(config.http.token_file))
        self.doors = DoorKeys(tokens or DoorTokens([]), find=self._key, is_local_enough=tokens is None, refused=self._refused_at_a_door)
        self.broker = trusted_broker(config.broker, config.trust)
        self.trust: Trust | None = None
        self.senders: SenderGuard | None = None
        self.flows: list[Flow] = []
        self._trust_keeper: TrustKeeper | None = None
        if config.trust is not None:
            from store_hub.flows.trust_keeper import TrustKeeper  # Multicast DNS takes a while to import.

            self.trust = Trust(config.trust, config.broker, audit=self.audit, now_ms=clock.now_ms)
            self.senders = SenderGuard(self.trust.register, self.audit)
            watcher = f"hub-watch-{identity.ledger_id}"
            keeper = TrustKeeper(
                self.trust, config.trust, self.broker, audit=self.audit, clock=clock, client_id=watcher, config_path=config_path
            )
            self.flows.append(keeper)
            self._trust_keeper = keeper

    @property
    def is_secure(self) -> bool:
        """Whether pages and doors go over HTTPS."""
        return self._config.http.certificate_file is not None or self._config.http.shop_certificate

    def tls(self) -> dict[str, Any]:
        """What the web server is told of certificates."""
        http, trust = self._config.http, self._config.trust
        if http.shop_certificate:
            if trust is None:
                raise self._wrong("http.shop_certificate", "needs the shop's own authority: add [trust]")
            own = str(Path(trust.folder) / DOOR_CERTIFICATE)
            return {"ssl_certfile": own, "ssl_keyfile": own}
        if http.certificate_file is None:
            return {}
        return {"ssl_certfile": http.certificate_file, "ssl_keyfile": http.key_file or http.certificate_file}

    def renew_pages(self, pages: uvicorn.Config) -> None:
        """Have the pages show the shop's next certificate as soon as it is made."""
        own = self.tls().get("ssl_certfile")

        def renew() -> None:
            if pages.ssl is not None and own is not None:
                pages.ssl.load_cert_chain(own)  # Counts for every connection from now on.

        if self._trust_keeper is not None and self._config.http.shop_certificate:
            self._trust_keeper.on_renewal = renew

    def guard(self, app: FastAPI, profile: StoreProfile) -> None:
        """Put the forms of log-in on the application, and the gate before it. To be called before the pages are mounted."""
        from store_hub.dashboard.pages import reader_of
        from store_hub.routes.people_forms import PeopleForms

        if self.keeper is not None:
            forms = PeopleForms(
                self._doorkeeper, reader=lambda request: reader_of(request, profile), shop=profile.name, is_secure=self.is_secure,
                provider=self._provider(), label=self._config.oidc.label if self._config.oidc is not None else "",
                page_url=self._config.pager.page_url,
            )  # fmt: skip
            app.include_router(forms.router())
        keeper = None if self.keeper is None else self._doorkeeper
        app.add_middleware(PeopleGate, doorkeeper=keeper, is_secure=self.is_secure, refused=self._doorkeeper.refuse)

    def greet(self) -> None:
        """Print the first manager's link where there is nobody yet, and say what is open."""
        http = self._config.http
        if not self.is_secure and not is_loopback(http.host):
            advice = "set [http] shop_certificate = true, or certificate_file; or put a proxy with TLS before it"
            _log.warning("pages and doors go over the network unencrypted", host=http.host, advice=advice)
        if self.keeper is None:
            return
        token = self._doorkeeper.first_link()
        if token is not None:
            link = f"{page_address(self._config)}/welcome/{token}"
            print(f"\nNobody can log in yet. The manager begins here, once, within a day:\n\n    {link}\n", flush=True)

    def close(self) -> None:
        """Let go of the files."""
        self.audit.close()

    def _provider(self) -> Provider | None:
        oidc = self._config.oidc
        if oidc is None:
            return None
        return provider_of(oidc, known_roles=ROLES, path=self._config_path, invalid=ConfigurationInvalid)

    def _key(self, secret: str) -> tuple[str, tuple[str, ...]] | None:
        found = self._doorkeeper.key(secret)
        return None if found is None else (found.name, found.scopes)

    def _refused_at_a_door(self, actor: str, detail: str) -> None:
        self.audit.refused(actor, "door.enter", detail)

    def _see_open_pages_are_safe(self) -> None:
        if self._config.people.open_on_loopback and not is_loopback(self._config.http.host):
            problem = f"opens the pages to everybody who reaches {self._config.http.host}; leave it out, or listen on 127.0.0.1"
            raise self._wrong("people.open_on_loopback", problem)

    def _wrong(self, field: str, problem: str) -> ConfigurationInvalid:
        return ConfigurationInvalid(path=self._config_path, field=field, problem=problem)
