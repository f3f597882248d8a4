"""The staff's page for a phone: its shell, its data, its live news, its presses, and what makes it installable."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from typing import Any
from urllib.parse import quote

import msgspec
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from markupsafe import Markup

from store_hub.adapters.ledger_views import LedgerUnreadable
from store_hub.dashboard import staff
from store_hub.dashboard.desk import ANSWER_WITHIN_S, Desk, NotYours
from store_hub.dashboard.frame import ASSETS
from store_hub.dashboard.reader import Reader
from store_hub.entries import AlertAction
from store_hub.errors import AlertUnknown, HubBusy, HubError, HubStopping, LedgerUnusable
from store_hub.flows.commands import Answer, Book
from store_hub.routes.people_gate import person_of

REST_S = 0.05
"""Between two drawings of one phone: a burst of bookings is one."""
PRESS_BYTES_MAX = 4_000

ICON_SIDES = (192, 512)
"""What phones ask of an installable page; each fills its square, so that a phone may cut it round."""

ReaderOf = Callable[[Request], Reader]


class StaffPages:
    """The routes, on the pages' desk."""

    def __init__(self, desk: Desk, reader_of: ReaderOf, version: str) -> None:
        self._desk = desk
        self._reader_of = reader_of
        self._version = version

    def mount(self, app: FastAPI) -> None:
        """Add the routes."""
        for path, endpoint in (
            ("/staff", self.shell),
            ("/staff/tasks", self.tasks),
            ("/staff/events", self.events),
            ("/staff.webmanifest", self.manifest),
            ("/staff-worker.js", self.worker),
            ("/s/{shelf_id}", self.at_shelf),
        ):
            app.add_api_route(path, endpoint, methods=["GET"], include_in_schema=False, response_model=None)
        app.add_api_route("/staff/press", self.press, methods=["POST"], include_in_schema=False, response_model=None)

    async def shell(self, request: Request) -> Response:
        """The page without its data: the same for everybody of one language, so that a phone keeps it."""
        reader = self._reader_of(request)
        text = Markup(
            '<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">'
            '<meta name="theme-color" content="#1a1c1e"><link rel="manifest" href="/staff.webmanifest">'
            '<link rel="icon" href="/assets/favicon.svg"><link rel="apple-touch-icon" href="/assets/icon-180.png">'
            '<script src="/assets/pages.js?v={v}"></script><link rel="stylesheet" href="/assets/pages.css?v={v}">'
            '<link rel="stylesheet" href="/assets/staff.css?v={v}">'
            '<script id="words" type="application/json">{words}</script></head>'
            '<body class="staff"><header><a class="shop" href="/staff">{shop}</a><span id="clock" class="small soft"></span>'
            '<button type="button" id="who"></button></header><div id="notes" role="status" aria-live="polite"></div>'
            '<main id="main"><h1 id="sentence">{loading}</h1><section id="shelf" hidden></section><ul id="tasks"></ul></main>'
            '<script src="/assets/staff.js?v={v}"></script></body></html>'
        ).format(
            lang=reader.html_language,
            title=reader.t("Tasks"),
            v=self._version,
            words=Markup(msgspec.json.encode(staff.words(reader)).decode().replace("<", "\\u003c")),
            shop=self._desk.profile.name,
            loading=reader.t("Asking the hub …"),
        )
        return HTMLResponse(str(text), headers={"Cache-Control": "no-cache", "Vary": "Cookie"})

    async def tasks(self, request: Request, shelf: str = "") -> Response:
        """The tasks as they stand."""
        try:
            return Response(await self._told(self._reader_of(request), shelf), media_type="application/json", headers=_FRESH)
        except LedgerUnreadable as error:
            return JSONResponse({"problem": str(error)}, status_code=503)

    async def events(self, request: Request, shelf: str = "") -> Response:
        """The tasks whenever they change, as server-sent events."""
        return StreamingResponse(self._stream(self._reader_of(request), shelf), media_type="text/event-stream", headers=_FRESH)

    async def _stream(self, reader: Reader, shelf: str) -> AsyncIterator[bytes]:
        news = self._desk.news
        seen = news.version(staff.TABLES)
        before = b""
        while True:
            try:
                now = await self._told(reader, shelf)
                yield b": still here\n\n" if now == before else b"data: " + now + b"\n\n"
                before = now
            except LedgerUnreadable:
                yield b": the ledger cannot be read now\n\n"
            await asyncio.sleep(REST_S)
            seen = await news.after(seen, staff.TABLES)

    async def _told(self, reader: Reader, shelf: str) -> bytes:
        def read() -> bytes:
            now_ms = self._desk.now_ms()
            with self._desk.views.reading() as reading:
                return msgspec.json.encode(staff.told(reader, reading, now_ms, shelf[:64]))

        return await run_in_threadpool(read)

    async def press(self, request: Request) -> Response:
        """Book a press. Its key makes it safe to send again: a press that was booked is answered as it was then."""
        key = request.headers.get("idempotency-key", "").strip()
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return JSONResponse({"problem": "only the hub's own pages may press"}, status_code=403)
        body = await request.body()
        if not 1 <= len(key) <= 200 or len(body) > PRESS_BYTES_MAX:
            return JSONResponse({"problem": "a press needs a key of 1 to 200 characters"}, status_code=422)
        try:
            action = msgspec.json.decode(body, type=AlertAction)
        except msgspec.DecodeError as error:
            return JSONResponse({"problem": str(error)}, status_code=422)
        if (person := person_of(request)) is not None:
            action = msgspec.structs.replace(action, by=person.name)  # Whoever pressed signs, whatever the phone says.
            try:
                self._desk.check(person, "tasks", f"{action.action} alert {action.alert_id}")
            except NotYours as error:
                return JSONResponse({"problem": str(error)}, status_code=403)
        return await self._booked(self._desk.submit, action, key, self._reader_of(request))

    @staticmethod
    async def _booked(submit: Callable[[Book], Future[Answer]], action: AlertAction, key: str, reader: Reader) -> Response:
        try:
            await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(submit(Book(action, "tasks", key)))), ANSWER_WITHIN_S)
        except AlertUnknown as error:
            return JSONResponse(
                {"booked": False, "closed": error.closed, "problem": reader.say(str(error))}, status_code=409 if error.closed else 404
            )
        except TimeoutError:
            return JSONResponse({"problem": reader.say("the hub did not answer in time")}, status_code=503)
        except (HubBusy, HubStopping, LedgerUnusable) as error:
            return JSONResponse({"problem": reader.say(str(error))}, status_code=503)
        except HubError as error:
            return JSONResponse({"problem": reader.say(str(error))}, status_code=422)
        return JSONResponse({"booked": True})

    async def manifest(self, request: Request) -> Response:
        """What makes the page installable to a home screen."""
        reader = self._reader_of(request)
        said: dict[str, Any] = {
            "id": "/staff",
            "name": f"{reader.t('Tasks')} · {self._desk.profile.name}",
            "short_name": reader.t("Tasks"),
            "start_url": "/staff",
            "scope": "/",
            "display": "standalone",
            "background_color": "#121415",
            "theme_color": "#1a1c1e",
            "icons": [
                {"src": "/assets/favicon.svg", "sizes": "any", "type": "image/svg+xml", "purpose": "any"},
                *(
                    {"src": f"/assets/icon-{side}.png", "sizes": f"{side}x{side}", "type": "image/png", "purpose": "any maskable"}
                    for side in ICON_SIDES
                ),
            ],
        }
        return Response(msgspec.json.encode(said), media_type="application/manifest+json", headers={"Cache-Control": "no-cache"})

    async def worker(self) -> Response:
        """The page's own small service worker, at the root so that it may look after `/staff`."""
        text = (ASSETS / "staff-worker.js").read_text(encoding="utf-8").replace("VERSION", self._version)
        return Response(text, media_type="text/javascript", headers={"Cache-Control": "no-cache"})

    async def at_shelf(self, shelf_id: str) -> Response:
        """What the QR code at a shelf opens."""
        return RedirectResponse(f"/staff?shelf={quote(shelf_id[:64], safe='')}", status_code=303)


_FRESH = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
