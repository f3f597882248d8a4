"""Keeps the pages for planners where strangers can reach them: the browser asks for a name and the planner's token.

The browser sends them along with whatever other sites ask of us: so what another site's page asks for, and its sockets, are refused. Wrong
tokens are looked at twenty times a minute from one address.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections import deque
from collections.abc import Callable
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud_api.adapters.tokens import Tokens
from cloud_api.errors import RequestRefused

_OPEN = ("/v1/", "/health/", "/metrics", "/openapi.json")
"""Doors that ask for a token by themselves, or tell no figures."""


WRONG_MAX, WRONG_WITHIN_S, ADDRESSES_MAX = 20, 60.0, 10_000

log = structlog.get_logger()


def _is_same_origin(headers: Headers) -> bool:
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


def _guarded(send: Send) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer = MutableHeaders(scope=message)
            answer.setdefault("X-Content-Type-Options", "nosniff")
            answer.setdefault("X-Frame-Options", "DENY")
            answer.setdefault("Referrer-Policy", "same-origin")
            answer.setdefault("Content-Security-Policy", "frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'")
        await send(message)

    return guarded


class PlannersOnly:
    """HTTP Basic over every page and its live connection; the password is the token."""

    def __init__(self, app: ASGIApp, *, tokens: Tokens, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._tokens = tokens
        self._clock = clock
        self._wrong: dict[str, deque[float]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let planners through."""
        if scope["type"] == "lifespan" or scope["path"].startswith(_OPEN):
            await self._app(scope, receive, send)
            return
        headers, address = Headers(scope=scope), scope["client"][0] if scope.get("client") else ""
        is_reading = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        why = "too many wrong ones" if self._is_guessing(address) else "wrong token" if "authorization" in headers else "no token"
        if why != "too many wrong ones" and self._is_planner(headers):
            if is_reading or _is_same_origin(headers):
                await self._app(scope, receive, _guarded(send))
                return
            why = f"asked for by {headers.get('origin', 'another site')[:200]}"
        elif why == "wrong token":
            self._wrong.setdefault(address, deque(maxlen=WRONG_MAX)).append(self._clock())
        log.warning("page_refused", path=scope["path"], address=address, why=why)
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4401})
            return
        answer = PlainTextResponse(
            "Sign in with your name and your planner's token.\n",
            status_code=401,
            headers={"WWW-Authenticate": 'Basic realm="Aislewise planners", charset="UTF-8"'},
        )
        await answer(scope, receive, send)

    def _is_guessing(self, address: str) -> bool:
        if len(self._wrong) > ADDRESSES_MAX:
            self._wrong.clear()
        times = self._wrong.get(address)
        return times is not None and len(times) == WRONG_MAX and self._clock() - times[0] < WRONG_WITHIN_S

    def _is_planner(self, headers: Headers) -> bool:
        scheme, _, encoded = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            _, _, token = base64.b64decode(encoded, validate=True).decode().partition(":")
            return self._tokens.bearer(token).is_planner
        except (binascii.Error, UnicodeDecodeError, RequestRefused):
            return False
