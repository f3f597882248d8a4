"""Mounts the manager's pages on the hub's web application.

Call `mount_pages` after all other routes: the pages take the rest of the address space, and answer what nobody else knows with a 404 page.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import unquote

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from nicegui import app as pages_app
from nicegui import background_tasks, run, ui

from page_language import LANGUAGES
from service_manager.web_server import GoneVisitors
from store_hub.adapters.ledger_views import LedgerUnreadable, LedgerViews
from store_hub.adapters.release_shelf import Bundle
from store_hub.dashboard.accuracy import AccuracyPage
from store_hub.dashboard.accuracy_export import accuracy_csv
from store_hub.dashboard.desk import Desk, Keeper
from store_hub.dashboard.devices import DevicesPage
from store_hub.dashboard.fleet import FleetPage
from store_hub.dashboard.floor import FloorPage
from store_hub.dashboard.floor_export import day_span_ms, floor_csv
from store_hub.dashboard.frame import ASSETS, Page, asset_version, head_html
from store_hub.dashboard.labels import labels_sheet
from store_hub.dashboard.lost import lost_page
from store_hub.dashboard.news import OnBooked
from store_hub.dashboard.plan_editor import PlanEditor
from store_hub.dashboard.reader import Reader, time_zone
from store_hub.dashboard.receiving import ReceivingPage
from store_hub.dashboard.sales import SalesPage
from store_hub.dashboard.sales_export import articles_export, hours_export
from store_hub.dashboard.settings import SettingsPage
from store_hub.dashboard.shelves import ShelvesPage
from store_hub.dashboard.staff_routes import StaffPages
from store_hub.dashboard.stock_take import StockTakePage
from store_hub.dashboard.tasks import TasksPage
from store_hub.dashboard.today import TodayPage
from store_hub.errors import HubError
from store_hub.flows.backup import BackupState
from store_hub.flows.commands import Answer, Command
from store_hub.routes.people_gate import person_of
from wire_format.reports import StoreProfile


def wall_clock_ms() -> int:
    """Return the hub's wall clock."""
    return time.time_ns() // 1_000_000


def mount_pages(
    app: FastAPI,
    *,
    views: LedgerViews,
    submit: Callable[[Command], Future[Answer]],
    store_profile: StoreProfile,
    on_booked: OnBooked,
    now_ms: Callable[[], int] = wall_clock_ms,
    trouble: Callable[[], HubError | None] = lambda: None,
    people_min: int = 1,
    page_url: str | None = None,
    bundles: Callable[[], list[Bundle]] = list,
    hub_address: str | None = None,
    keeper: Keeper | None = None,
    backup: Callable[[], BackupState] | None = None,
) -> None:
    """Mount the pages on `app`, one hub to a process.

    Args:
        views: the ledger, read-only.
        submit, on_booked: bookkeep's door.
        store_profile: name, time zone and currency that the pages speak in.
        now_ms: the hub's clock.
        trouble: what keeps bookkeep from booking, if anything does.
        people_min: counts of fewer people do not leave the shop in an export.
        page_url: the hub's address as phones in the shop see it, for QR codes; None: as whoever asks sees it.
        keeper: notes what people do; None where nobody logs in.
        backup: how backups stand; None where none is configured.
    """
    desk = Desk(views, submit, on_booked, store_profile, now_ms, trouble, bundles, people_min, keeper=keeper, backup=backup)
    version = asset_version()
    pages_app.add_static_files("/assets", str(ASSETS), max_cache_age=31_536_000)
    _register(desk, version)
    _mount_others(desk, version, people_min, page_url)
    _register_setup(desk, version, hub_address)

    ui.run_with(
        app,
        root=_lost(desk, version),
        title=store_profile.name,
        favicon=ASSETS / "favicon.svg",
        language="en-GB",
        tailwind=False,
        show_welcome_message=False,
        reconnect_timeout=10.0,
    )
    pages_app.add_middleware(GoneVisitors)  # Around those that `run_with` has just added.
    _follow_bookkeep(app, desk)


def _mount_others(desk: Desk, version: str, people_min: int, page_url: str | None) -> None:
    """What is no page of the frame: exports, the staff's page, the planogram's editor, the sheet of codes."""
    for pages in (StaffPages, PlanEditor):
        pages(desk, lambda request: _reader(request, desk), version).mount(pages_app)
    for path, endpoint in (
        ("/floor.csv", _floor_export(desk, people_min)),
        ("/sales.csv", hours_export(desk)),
        ("/sales-articles.csv", articles_export(desk)),
        ("/accuracy.csv", _accuracy_export(desk)),
        ("/labels", _labels(desk, page_url)),
        ("/alerts", lambda: RedirectResponse("/tasks")),
    ):
        pages_app.add_api_route(path, endpoint, methods=["GET"], include_in_schema=False, response_model=None)


def _follow_bookkeep(app: FastAPI, desk: Desk) -> None:
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        unsubscribe = desk.news.follow(desk.on_booked)
        try:
            async with inner(app):
                background_tasks.create(run.io_bound(_warm, desk), name="warm the pages")
                yield
        finally:
            unsubscribe()

    app.router.lifespan_context = lifespan


def _warm(desk: Desk) -> None:
    """Compute *Today* once for each language, lest the first reader wait for files, the planogram and the words of dates."""
    for language in LANGUAGES:
        reader = Reader(zone=time_zone(desk.profile.time_zone), currency=desk.profile.currency, language=language)
        TodayPage(desk, reader).drawing()


def _reader(request: Request, desk: Desk) -> Reader:
    return reader_of(request, desk.profile)


def reader_of(request: Request, profile: StoreProfile) -> Reader:
    """Who reads: the choices in the cookies, and who has logged in."""
    cookies = {name: unquote(value) for name, value in request.cookies.items()}
    reader = Reader.of(cookies, zone=time_zone(profile.time_zone), currency=profile.currency)
    person = person_of(request)
    return reader if person is None else replace(reader, name=person.name, role=person.role)


def _floor_export(desk: Desk, people_min: int) -> Callable[[str], Response]:
    """The zones of a day for other programs: `/floor.csv?day=2026-11-22`."""

    def export(day: str = "") -> Response:
        zone = time_zone(desk.profile.time_zone)
        try:
            from_ms, to_ms = day_span_ms(day, desk.now_ms(), zone)
        except (ValueError, OverflowError):
            return JSONResponse({"detail": f"day: {day!r} is no day; write YYYY-MM-DD"}, status_code=422)
        try:
            with desk.views.reading() as reading:
                text = floor_csv(reading.zone_quarters(from_ms, to_ms), people_min=people_min, zone=zone)
        except LedgerUnreadable as error:
            return JSONResponse({"detail": str(error)}, status_code=503)
        name = f"floor-{desk.profile.store_id}-{day or 'today'}.csv"
        return Response(text, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'})

    return export


def _accuracy_export(desk: Desk) -> Callable[[str], Response]:
    """What the page Accuracy shows, for other programs: `/accuracy.csv?of=records`."""

    def export(of: str = "records") -> Response:
        try:
            with desk.views.reading() as reading:
                text = accuracy_csv(reading, of, desk.now_ms())
        except LedgerUnreadable as error:
            return JSONResponse({"detail": str(error)}, status_code=503)
        if text is None:
            return JSONResponse({"detail": f"of: there is no file {of!r}; write records, findings or days"}, status_code=422)
        headers = {"Content-Disposition": f'attachment; filename="{of}-{desk.profile.store_id}.csv"'}
        return Response(text, media_type="text/csv; charset=utf-8", headers=headers)

    return export


def _labels(desk: Desk, page_url: str | None) -> Callable[[Request], Response]:
    def labels(request: Request) -> Response:
        try:
            with desk.views.reading() as reading:
                plan = reading.planogram
        except LedgerUnreadable as error:
            return JSONResponse({"detail": str(error)}, status_code=503)
        return HTMLResponse(labels_sheet(_reader(request, desk), plan, page_url or str(request.base_url), desk.profile.name))

    return labels


def _lost(desk: Desk, version: str) -> Callable[[Request], Response | None]:
    def lost(request: Request) -> Response | None:
        if request.url.path.startswith(("/v1/", "/health/", "/epcis/")) or "text/html" not in request.headers.get("accept", "text/html"):
            return JSONResponse({"detail": f"There is nothing at {request.url.path}; see /openapi.json for the doors."}, status_code=404)
        ui.add_head_html(head_html(version))
        lost_page(_reader(request, desk))
        return None

    return lost


def _register_setup(desk: Desk, version: str, hub_address: str | None) -> None:
    @ui.page("/devices/setup")
    async def setup(request: Request, device: str = "") -> None:
        reader = _reader(request, desk)
        ui.add_head_html(head_html(version))
        ui.page_title(f"{reader.t('What devices run')} · {desk.profile.name}")
        await FleetPage(desk, reader, device_id=device, hub_address=hub_address or str(request.base_url)).open()


_PLAIN: tuple[tuple[str, Callable[[Desk, Reader], Page]], ...] = (
    ("Today", TodayPage),
    ("Floor", FloorPage),
    ("Receiving", ReceivingPage),
    ("Stock-take", StockTakePage),
    ("Tasks", TasksPage),
    ("Accuracy", AccuracyPage),
    ("Sales", SalesPage),
    ("Settings", SettingsPage),
)
"""Pages that take nothing from their address, by title."""


def _register(desk: Desk, version: str) -> None:
    async def show(request: Request, title: str, make: Callable[[Reader], Page]) -> None:
        reader = _reader(request, desk)
        ui.add_head_html(head_html(version))
        ui.page_title(f"{reader.t(title)} · {desk.profile.name}")
        page = make(reader)
        page.desk = replace(desk, person=person_of(request))
        await page.open()

    def register(path: str, title: str, kind: Callable[[Desk, Reader], Page]) -> None:
        @ui.page(path)
        async def plain(request: Request) -> None:
            await show(request, title, lambda reader: kind(desk, reader))

    for title, kind in _PLAIN:
        register("/" if kind is TodayPage else f"/{title.lower()}", title, kind)

    @ui.page("/shelves")
    async def shelves(request: Request, shelf: str = "", sku: str = "", find: str = "", bay: str = "") -> None:
        await show(request, "Shelves", lambda reader: ShelvesPage(desk, reader, shelf_id=shelf, sku=sku, find=find, bay_id=bay))

    @ui.page("/devices")
    async def devices(request: Request, calibrate: str = "") -> None:
        await show(request, "Devices", lambda reader: DevicesPage(desk, reader, shelf_id=calibrate))
