"""Keeps the pages for planners where strangers can reach them: a person logs in with the planner's key, a program may use HTTP Basic.

Browsers send both along with whatever other sites ask of us: so what another site's page asks for, and its sockets, are refused. Wrong
keys are looked at twenty times a minute from one address.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections import deque
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud_api.adapters.tokens import Tokens
from cloud_api.errors import RequestRefused
from cloud_api.routes.planner_sessions import COOKIE, FORM, PlannerSessions, cookie_of

_OPEN = ("/v1/", "/health/", "/metrics", "/openapi.json")
"""Doors that ask for a token by themselves, or tell no figures."""


WRONG_MAX, WRONG_WITHIN_S, ADDRESSES_MAX, FORM_MAX_BYTES = 20, 60.0, 10_000, 4096

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
    """A session, or HTTP Basic with the key as password, over every page and its live connection."""

    def __init__(self, app: ASGIApp, *, tokens: Tokens, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._tokens = tokens
        self._clock = clock
        self._wrong: dict[str, deque[float]] = {}
        self._sessions = PlannerSessions(tokens, clock=clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let planners through."""
        if scope["type"] == "lifespan" or scope["path"].startswith(_OPEN):
            await self._app(scope, receive, send)
            return
        headers, address = Headers(scope=scope), scope["client"][0] if scope.get("client") else ""
        is_reading = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        is_foreign = not is_reading and not _is_same_origin(headers)
        if scope["type"] == "http" and scope["path"] in ("/login", "/logout") and not is_foreign:
            await (await self._form(Request(scope, receive), address))(scope, receive, _guarded(send))
            return
        why = "too many wrong ones" if self._is_guessing(address) else "wrong token" if "authorization" in headers else "no token"
        has_session = self._sessions.lasts(cookie_of(headers))
        if has_session or (why != "too many wrong ones" and self._is_planner(headers)):
            if not is_foreign:
                await self._app(scope, self._watched(scope, headers, receive) if has_session else receive, _guarded(send))
                return
            why = f"asked for by {headers.get('origin', 'another site')[:200]}"
        elif why == "wrong token":
            self._was_wrong(address)
        log.warning("page_refused", path=scope["path"], address=address, why=why)
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4401})
            return
        answer: Response = PlainTextResponse(
            "Sign in with your name and your planner's token.\n",
            status_code=401,
            headers={"WWW-Authenticate": 'Basic realm="Aislewise planners", charset="UTF-8"'},
        )
        if is_reading and "text/html" in headers.get("accept", "") and "authorization" not in headers:
            answer = RedirectResponse("/login", status_code=303, headers={"Cache-Control": "no-store"})
        await answer(scope, receive, send)

    async def _form(self, request: Request, address: str) -> Response:
        """Show the form, begin or end a session."""
        headers, no_store = request.headers, {"Cache-Control": "no-store"}
        if request.url.path == "/logout" and request.method == "POST":
            self._sessions.end(cookie_of(headers))
            left = RedirectResponse("/login", status_code=303, headers=no_store)
            left.delete_cookie(COOKIE, path="/")
            return left
        if request.method != "POST":
            return HTMLResponse(FORM % "", headers=no_store)
        body = await request.body() if int(headers.get("content-length") or FORM_MAX_BYTES + 1) <= FORM_MAX_BYTES else b""
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=10)
        name, key = (fields.get(field, [""])[0] for field in ("name", "key"))
        cookie = None if self._is_guessing(address) else self._sessions.begin(key, old=cookie_of(headers))
        if cookie is None:
            self._was_wrong(address)
            log.warning("log_in_refused", name=name[:80], address=address)
            told = '<p role="alert">This key opens nothing here, or too many wrong ones came from your address: wait a minute.</p>'
            return HTMLResponse(FORM % told, status_code=403, headers=no_store)
        log.info("logged_in", name=name[:80], address=address)
        answer = RedirectResponse("/", status_code=303, headers=no_store)
        is_secure = request.url.scheme == "https" or headers.get("x-forwarded-proto") == "https"
        answer.set_cookie(COOKIE, cookie, path="/", httponly=True, secure=is_secure, samesite="lax")
        return answer

    def _watched(self, scope: Scope, headers: Headers, receive: Receive) -> Receive:
        """A socket ends with its session: the next word on it is the last."""
        if scope["type"] != "websocket":
            return receive
        cookie = cookie_of(headers)

        async def watched() -> Message:
            event = await receive()
            is_over = event["type"] == "websocket.receive" and not self._sessions.lasts(cookie)
            return {"type": "websocket.disconnect", "code": 4401} if is_over else event

        return watched

    def _was_wrong(self, address: str) -> None:
        self._wrong.setdefault(address, deque(maxlen=WRONG_MAX)).append(self._clock())

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
