"""The hub's gate: which addresses look after themselves, which need no session, and what its roles may open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.datastructures import Headers

from access_control import gate
from access_control.doorkeeper import Doorkeeper
from access_control.gate import GateRules, person_of
from store_hub.rules.roles import may_post, may_see

__all__ = ["COOKIE", "PeopleGate", "person_of", "session_token"]
COOKIE = "aislewise_session"
RULES = GateRules(
    doors=("/v1/", "/epcis", "/health/", "/metrics", "/openapi.json"),
    open_pages=("/assets/", "/login", "/welcome/", "/favicon.ico", "/staff.webmanifest", "/staff-worker.js"),
    may_see=may_see,
    may_post=may_post,
    cookie=COOKIE,
    chief="manager",
)


def session_token(headers: Headers) -> str | None:
    """The session's token as the browser sent it."""
    return gate.session_token(headers, COOKIE)


class PeopleGate(gate.PeopleGate):
    """ASGI middleware: the shared gate with the hub's rules."""

    def __init__(self, app: Any, *, doorkeeper: Doorkeeper | None, is_secure: bool, refused: Callable[[str, str, str], None]) -> None:
        super().__init__(app, rules=RULES, doorkeeper=doorkeeper, is_secure=is_secure, refused=refused)
