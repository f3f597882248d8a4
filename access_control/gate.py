"""Stands before every page: who has no session is shown the way to log in, and no other site's page may press anything here.

Doors of other systems, health and metrics pass: they look after themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response

from access_control.addresses import is_loopback
from access_control.doorkeeper import Doorkeeper
from access_control.errors import RegisterSilent
from access_control.persons import Person

PERSON = "aislewise.person"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_PAGE = (
    '<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    "<title>{what}</title><style>:root {{ color-scheme: light dark; }} body {{ font: 17px/1.5 system-ui, sans-serif; max-width: 36rem;"
    " margin: 12vh auto 0; padding: 0 24px; }} a {{ display: inline-block; padding: 10px 0; }}</style></head>"
    '<body><h1>{what}</h1><p>{whom}</p><a href="/">{back}</a></body></html>'
)


class GateRules(NamedTuple):
    """What one program's gate goes by.

    `doors`: beginnings of addresses that look after themselves; `open_pages`: of those that need no session. `may_see` and `may_post`
    tell whether a role may open, or press at, an address. `cookie` holds the session; `chief` is whom people ask for more;
    `home_of` tells where a role begins, if not at `/`.
    """

    doors: tuple[str, ...]
    open_pages: tuple[str, ...]
    may_see: Callable[[str, str], bool]
    may_post: Callable[[str, str], bool]
    cookie: str
    chief: str
    home_of: Callable[[str], str] = lambda _: "/"


def person_of(request: Request) -> Person | None:
    """Who asks; None where the pages are open to whoever is at this machine."""
    found: Person | None = request.scope.get(PERSON)
    return found


def session_token(headers: Headers, cookie: str) -> str | None:
    """The session's token as the browser sent it."""
    for part in headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == cookie:
            return value
    return None


class PeopleGate:
    """ASGI middleware.

    Args:
        rules: this program's.
        doorkeeper: knows sessions; None lets in whoever is at this machine, and nobody else.
        is_secure: whether pages go over HTTPS, so that browsers are told to insist on it.
        refused: notes an actor and what was refused, where there is no doorkeeper.
    """

    def __init__(
        self, app: Any, *, rules: GateRules, doorkeeper: Doorkeeper | None, is_secure: bool, refused: Callable[[str, str, str], None]
    ) -> None:
        self._app, self._rules, self._doorkeeper, self._is_secure, self._refused = app, rules, doorkeeper, is_secure, refused

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Let through, or answer."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers, path = Headers(scope=scope), scope["path"]
        if path.startswith(self._rules.doors):
            await self._app(scope, receive, self._guarded(send))
            return
        try:
            if self._doorkeeper is None:  # Nobody to ask for.
                answer = self._answer(scope, headers, path)
            else:
                answer = await run_in_threadpool(self._answer, scope, headers, path)
        except RegisterSilent as error:
            answer = PlainTextResponse(f"{error}\n", status_code=503)
        if answer is None:
            await self._app(scope, self._watched(scope, headers, receive), self._ending(scope, headers, self._guarded(send)))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 4401})
        else:
            await answer(scope, receive, self._guarded(send))

    def _answer(self, scope: Any, headers: Headers, path: str) -> Response | None:
        """What to say instead of the page; None when it may be opened. Whoever it is stands in the scope then."""
        address = scope["client"][0] if scope.get("client") else "unknown"
        is_reading = scope["type"] == "http" and scope["method"] in _SAFE
        if not is_reading and not _is_same_origin(headers):
            self._refused(address, "page.foreign", f"{path} pressed from {headers.get('origin', 'another site')[:200]}")
            return PlainTextResponse("This was asked for by another site.", status_code=403)
        if self._doorkeeper is None:
            if is_loopback(address) and is_loopback(_host(headers)):
                return None
            self._refused(address, "page.open", f"{path}: these pages are for this machine alone")
            return PlainTextResponse("These pages are open on this machine alone.", status_code=403)
        person = self._doorkeeper.who(session_token(headers, self._rules.cookie))
        scope[PERSON] = person
        if path.startswith(self._rules.open_pages):
            return None
        if person is None:
            return _to_log_in(scope, headers, path)
        home = self._rules.home_of(person.role)
        if path == "/" and home != "/" and is_reading:
            return RedirectResponse(home, status_code=303, headers={"Cache-Control": "no-store"})
        if not self._rules.may_see(person.role, "/account" if path.startswith("/logout") else path):
            self._refused(person.name, "page.open", f"{path} as {person.role}")
            return _not_yours(scope, headers, self._rules.chief)
        if not is_reading and scope["type"] == "http" and not path.startswith("/_nicegui"):
            if not self._rules.may_post(person.role, path):
                self._refused(person.name, "page.press", f"{path} as {person.role}")
                return PlainTextResponse(f"This is not for your role to change. Ask the {self._rules.chief}.", status_code=403)
            self._doorkeeper.note(person.name, "page.press", path)
        return None

    def _watched(self, scope: Any, headers: Headers, receive: Any) -> Any:
        """A socket ends with its session: logged out, removed or expired, the next word on it is the last."""
        doorkeeper, token = self._doorkeeper, session_token(headers, self._rules.cookie)
        if scope["type"] != "websocket" or doorkeeper is None:
            return receive

        async def watched() -> Any:
            event = await receive()
            if event["type"] == "websocket.receive" and await _is_over(doorkeeper, token):
                return {"type": "websocket.disconnect", "code": 4401}
            return event

        return watched

    def _ending(self, scope: Any, headers: Headers, send: Any) -> Any:
        """A stream of news ends with its session too."""
        doorkeeper, token, is_over = self._doorkeeper, session_token(headers, self._rules.cookie), False
        if scope["type"] != "http" or doorkeeper is None or not scope["path"].endswith("/events"):
            return send

        async def ending(message: Any) -> None:
            nonlocal is_over
            if is_over:
                return
            if message["type"] == "http.response.body" and await _is_over(doorkeeper, token):
                is_over, message = True, {"type": "http.response.body", "body": b"", "more_body": False}
            await send(message)

        return ending

    def _guarded(self, send: Any) -> Any:
        async def guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if self._is_secure:
                    headers.setdefault("Strict-Transport-Security", "max-age=31536000")
            await send(message)

        return guarded


async def _is_over(doorkeeper: Doorkeeper, token: str | None) -> bool:
    """Whether a session has ended; while nobody can say, it has."""
    try:
        return await run_in_threadpool(doorkeeper.who, token) is None
    except RegisterSilent:
        return True


def _to_log_in(scope: Any, headers: Headers, path: str) -> Response:
    if scope["type"] == "http" and scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
        query = scope.get("query_string", b"").decode("latin-1")
        target = quote(path + (f"?{query}" if query else ""), safe="/")
        return RedirectResponse(f"/login?next={target}", status_code=303, headers={"Cache-Control": "no-store"})
    return JSONResponse({"error": "log in first, at /login"}, status_code=401)


def _not_yours(scope: Any, headers: Headers, chief: str) -> Response:
    """A page that the role may not open: for a person with the way back, in the language that the pages' cookie names."""
    english = ("This page is not for your role.", f"Ask the {chief}.", "Back to your pages")
    if scope["type"] != "http" or scope["method"] != "GET" or "text/html" not in headers.get("accept", ""):
        return PlainTextResponse(" ".join(english[:2]), status_code=403)
    is_chinese = "aislewise_language=zh" in headers.get("cookie", "")
    what, whom, back = ("此页面不对您的角色开放。", "请联系负责人。", "返回您的页面") if is_chinese else english
    return HTMLResponse(_PAGE.format(lang="zh-Hans" if is_chinese else "en", what=what, whom=whom, back=back), status_code=403)


def _is_same_origin(headers: Headers) -> bool:
    """Browsers say where a form or a socket comes from; what is no browser brings no cookie that it was not given."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


def _host(headers: Headers) -> str:
    return urlsplit(f"//{headers.get('host', '')}").hostname or ""
