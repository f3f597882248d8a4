"""Sessions of planners: a random cookie that no script reads and no other site sends; it ends by log-out, by time, and with its key."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from starlette.datastructures import Headers

from cloud_api.adapters.tokens import Tokens
from cloud_api.errors import RequestRefused

COOKIE = "aislewise_planner"
LASTS_S = 12 * 3600.0
SESSIONS_MAX = 1000

FORM = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Log in · Aislewise</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
:root{color-scheme:light dark}body{font:400 1rem/1.5 system-ui,sans-serif;max-width:440px;margin:48px auto;padding:0 24px}
form{display:grid;gap:16px}label{display:grid;gap:4px}
input,button{font:inherit;min-height:44px;padding:0 12px;border-radius:8px;border:1px solid}
[role=alert]{border-left:4px solid #b3261e;padding:12px 16px}</style></head><body><h1>Log in</h1>%s<form method="post" action="/login">
<label>Name<input name="name" autocomplete="username" maxlength="80" required autofocus></label>
<label>Planner's key<input name="key" type="password" autocomplete="current-password" maxlength="256" required></label>
<button>Log in</button></form></body></html>"""
"""The page of log-in; what goes in is one of our own sentences."""


class _Session(NamedTuple):
    key: str
    since: float


class PlannerSessions:
    """Held in memory: after a restart everybody logs in again. Thread-safe.

    Args:
        clock: seconds that never jump.
    """

    def __init__(self, tokens: Tokens, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._tokens, self._clock, self._lock = tokens, clock, threading.Lock()
        self._sessions: dict[str, _Session] = {}

    def begin(self, key: str, *, old: str | None) -> str | None:
        """Return a new session's cookie for a planner's key; None when it is no planner's. An older session of this browser ends."""
        if not self._opens(key):
            return None
        cookie = secrets.token_urlsafe(32)
        with self._lock:
            self._sessions.pop(_digest(old or ""), None)
            while len(self._sessions) >= SESSIONS_MAX:
                self._sessions.pop(next(iter(self._sessions)))
            self._sessions[_digest(cookie)] = _Session(key, self._clock())
        return cookie

    def lasts(self, cookie: str | None) -> bool:
        """Whether a session is there, not over, and its key still counts."""
        if not cookie:
            return False
        with self._lock:
            session = self._sessions.get(_digest(cookie))
        if session is None:
            return False
        if self._clock() - session.since < LASTS_S and self._opens(session.key):
            return True
        self.end(cookie)
        return False

    def end(self, cookie: str | None) -> None:
        """End a session."""
        with self._lock:
            self._sessions.pop(_digest(cookie or ""), None)

    def _opens(self, key: str) -> bool:
        try:
            return self._tokens.bearer(key).is_planner
        except RequestRefused:
            return False


def cookie_of(headers: Headers) -> str | None:
    """The session's cookie as the browser sent it."""
    for part in headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value
    return None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
