"""Wires what guards the cloud: the audit log, people and their keys, and who may open which page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog
from argon2 import PasswordHasher
from fastapi import FastAPI
from sqlalchemy import Engine

from access_control.addresses import is_loopback
from access_control.forms import PeopleForms
from access_control.gate import PeopleGate
from access_control.provider_config import provider_of
from access_control.provider_forms import ProviderForms
from cloud_api.adapters.audit_records import AuditRecords
from cloud_api.adapters.people_records import PeopleRecords
from cloud_api.adapters.tokens import Tokens
from cloud_api.config import CloudConfig
from cloud_api.errors import ConfigurationInvalid
from cloud_api.flows.doorkeeper import Doorkeeper
from cloud_api.people_commands import page_address
from cloud_api.routes.people_gate import COOKIE, RULES, came_securely
from cloud_api.rules.roles import ROLES

log = structlog.get_logger()


class Guards:
    """Everything of the cloud that says no.

    Args:
        now: the wall clock, aware.
        clock, hasher: as the doorkeeper's; tests hold the one still and make the other quick.
    """

    def __init__(
        self, engine: Engine, config: CloudConfig, *, now: Callable[[], datetime], clock: Callable[[], float] | None = None,
        hasher: PasswordHasher | None = None,
    ) -> None:  # fmt: skip
        def now_ms() -> int:
            return round(now().timestamp() * 1000)

        self._config = config
        self.audit = AuditRecords(engine, now_ms=now_ms)
        timing = {} if clock is None else {"clock": clock}
        self.keeper = Doorkeeper(
            PeopleRecords(engine), self.audit, now_ms=now_ms, session_hours=config.people.session_hours,
            idle_hours=config.people.idle_hours, hasher=hasher, **timing,
        )  # fmt: skip

    def admit_keys(self, tokens: Tokens) -> None:
        """Let the keys that were made here open the doors, and what is changed there stand in the audit log."""
        tokens.also(self.keeper.caller, noted=self.keeper.note)

    def guard(self, app: FastAPI, *, is_open: bool, path: str = "the defaults") -> None:
        """Put the forms of log-in on the application, and the gate before it. To be called before the pages are mounted.

        Args:
            is_open: whoever is at this machine needs no log-in.
            path: of the settings file.

        Raises:
            ConfigurationInvalid: of `[oidc]`.
        """
        from cloud_api.dashboard.sign_in import SignInPages

        keeper = None if is_open else self.keeper
        if keeper is not None:
            oidc = self._config.oidc
            pages = SignInPages(provider=oidc.label if oidc is not None else "")
            url = self._config.people.page_url
            forms = PeopleForms(keeper, pages=pages, cookie=COOKIE, is_secure=came_securely, page_url=url)
            app.include_router(forms.router())
            if oidc is not None:
                provider = provider_of(oidc, known_roles=ROLES, path=path, invalid=ConfigurationInvalid)
                app.include_router(ProviderForms(provider, keeper, forms=forms, pages=pages, cookie=COOKIE).router())
        app.add_middleware(PeopleGate, rules=RULES, doorkeeper=keeper, is_secure=False, refused=self.keeper.refuse)

    def greet(self) -> None:
        """Print the first administrator's link where there is nobody yet."""
        token = self.keeper.first_link()
        if token is not None:
            link = f"{page_address(self._config)}/welcome/{token}"
            print(f"\nNobody can log in yet. The administrator begins here, once, within a day:\n\n    {link}\n", flush=True)


def pages_are_open(config: CloudConfig, *, demo_token: str | None, path: str) -> bool:
    """Whether the pages need no log-in: on this machine alone, where the configuration or the demo says so.

    Raises:
        ConfigurationInvalid: they would be open to others.
    """
    is_open = config.people.open_on_loopback or demo_token is not None
    if is_open and not is_loopback(config.listen.host):
        field = "--demo-token" if demo_token is not None else "people.open_on_loopback"
        problem = f"opens everything to everybody who reaches {config.listen.host}; leave it out, or listen on 127.0.0.1"
        raise ConfigurationInvalid(path=path, field=field, problem=problem)
    return is_open
