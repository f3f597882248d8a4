"""The frame around every page: head, navigation, banners; and the loop that keeps what is shown true without a reload."""

from __future__ import annotations

import asyncio
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import structlog
from markupsafe import Markup
from nicegui import background_tasks, run, ui
from nicegui.events import GenericEventArguments

from store_hub.adapters.ledger_views import LedgerReading, LedgerUnreadable
from store_hub.dashboard.chart_export import chart_csv, export_bar
from store_hub.dashboard.desk import TASK_ACTS, Desk
from store_hub.dashboard.live_html import LiveHtml
from store_hub.dashboard.masthead import head_markup
from store_hub.dashboard.news import REST_S
from store_hub.dashboard.reader import Reader
from store_hub.entries import StockCount
from store_hub.entries_goods import AnyGoods
from store_hub.entries_settings import SettingsChange
from store_hub.errors import HubError
from store_hub.rules.withholding import is_small

log = structlog.get_logger()

ASSETS = Path(__file__).parent / "assets"
Options = dict[str, Any]
Drawing = Mapping[str, Markup | Options]
HEAD_TABLES = frozenset({"alerts", "devices", "journal"})


def asset_version() -> str:
    """Return a short hash of the pages' own assets, so that a browser keeps them until they change."""
    digest = hashlib.sha256()
    for path in sorted(ASSETS.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def head_html(version: str) -> str:
    """Return what goes into every page's head."""
    return (
        f'<script src="/assets/pages.js?v={version}"></script><link rel="stylesheet" href="/assets/pages.css?v={version}">'
        '<meta name="theme-color" content="#1a1c1e">'
    )


class Page(ABC):
    """One page being read by one visitor. Subclasses lay parts out, compute them off the loop, and hear acts."""

    path: ClassVar[str]
    tables: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, desk: Desk, reader: Reader) -> None:
        self.desk = desk
        self.reader = reader
        self._html: dict[str, LiveHtml] = {}
        self._charts: dict[str, ui.echart] = {}
        self._exports: dict[str, LiveHtml] = {}
        self._of_people: set[str] = set()
        self._notice = ""
        self._gone = asyncio.Event()

    # ---- what a page says itself

    @abstractmethod
    def layout(self) -> None:
        """Make the parts, in order, with `part` and `chart`."""

    @abstractmethod
    def compute(self, reading: LedgerReading, now_ms: int) -> Drawing:
        """Draw the parts from one reading; runs on a worker thread."""

    async def on_act(self, act: str, value: str) -> None:  # noqa: B027  # A page without buttons hears nothing.
        """Hear a press or typing in one of the parts."""

    def after_show(self) -> None:  # noqa: B027  # Most pages have nothing to add.
        """Do what depends on the state of the page rather than on the ledger."""

    # ---- parts

    def part(self, name: str, classes: str = "") -> LiveHtml:
        """Make a part drawn as markup."""
        element = LiveHtml(on_act=self._hear)
        if classes:
            element.classes(classes)
        self._html[name] = element
        return element

    def chart(self, name: str, label: str, *, of_people: bool = False) -> ui.echart:
        """Make a part drawn by ECharts, with its exports; `label` says what it shows to who cannot see it.

        Args:
            of_people: it counts people: a count of too few does not leave the shop.
        """
        element = ui.echart({}, renderer="svg").classes("chart")
        element.set_visibility(False)  # Until there is something to draw.
        element.props["role"] = "img"
        element.props["aria-label"] = label
        self._charts[name] = element
        self._exports[name] = LiveHtml(export_bar(label, name), on_act=self._export)
        self._exports[name].set_visibility(False)
        if of_people:
            self._of_people.add(name)
        return element

    async def _export(self, act: str, value: str) -> None:
        if act != "csv" or value not in self._charts:
            return
        people_min = self.desk.people_min if value in self._of_people else 1
        text = chart_csv(self._charts[value].options, withheld=lambda count: is_small(int(count), people_min))
        ui.download.content(text.encode(), f"{self.path.strip('/') or 'today'}-{value}.csv", "text/csv")

    # ---- life

    async def open(self) -> None:
        """Compute, build and begin to follow the ledger."""
        seen = self._version()  # What is booked while the page is made is news to it.
        drawing = await run.io_bound(self.drawing)
        self.part("head", "head")
        self.part("banner")
        with ui.element("div").props('id="main" tabindex="-1"'):
            self.layout()
        if drawing is not None:
            self._show(drawing)
        client = ui.context.client
        client.on_delete(self._gone.set)
        ui.on("aislewise-theme", self._repaint)
        background_tasks.create(self._follow(seen), name=f"follow {self.path}", context=client)

    async def refresh(self) -> None:
        """Draw anew now."""
        drawing = await run.io_bound(self.drawing)
        if drawing is not None and not self._gone.is_set():
            self._show(drawing)

    def say(self, notice: str) -> None:
        """Show a line above the page until the next act."""
        self._notice = notice

    def refuse(self, error: HubError) -> None:
        """Show above the page why something was not done, in the reader's language."""
        self.say(self.reader.say(str(error)))

    async def _hear(self, act: str, value: str) -> None:
        self._notice = ""
        await self.on_act(act, value)
        await self.refresh()

    def _version(self) -> int:
        return self.desk.news.version(self.tables | HEAD_TABLES)

    async def _follow(self, seen: int) -> None:
        while not self._gone.is_set():
            seen = await self.desk.news.after(seen, self.tables | HEAD_TABLES)
            if self._gone.is_set():
                return
            await self.refresh()
            await asyncio.sleep(REST_S)

    def drawing(self) -> dict[str, Markup | Options]:
        """Compute every part as the ledger stands; what cannot be read is said in the banner. Takes no browser."""
        now_ms = self.desk.now_ms()
        try:
            with self.desk.views.reading() as reading:
                head = head_markup(self.reader, self.desk.profile, reading, now_ms, self.path, self._warnings())
                return {**head, **self.compute(reading, now_ms)}
        except LedgerUnreadable as error:
            log.error("pages cannot read the ledger", problem=str(error))
            text = self.reader.t("The ledger cannot be read: {problem}. The page tries again by itself.", problem=error.problem)
            return {"banner": Markup('<div class="banner now" role="alert">{}</div>').format(text)}

    def _warnings(self) -> list[str]:
        """What stands above the page: that nothing can be booked, and the answer to the last act."""
        warnings = [self._notice] if self._notice else []
        trouble = self.desk.trouble()
        if trouble is not None:
            told = self.reader.t(
                "Nothing can be booked: {problem}. Devices and tills keep what they have and send it again.", problem=trouble
            )
            warnings.insert(0, told)
        return warnings

    def _show(self, drawing: Mapping[str, Markup | Options]) -> None:
        for name, drawn in drawing.items():
            if isinstance(drawn, Markup):
                if name in self._html:
                    self._html[name].show(drawn)
            elif name in self._charts and self._charts[name].options != drawn:
                chart = self._charts[name]
                chart.set_visibility(bool(drawn))
                self._exports[name].set_visibility(bool(drawn))
                chart.options.clear()
                chart.options.update(drawn)
                chart.update()
        self.after_show()

    def _repaint(self, event: GenericEventArguments) -> None:
        chosen = event.args if event.args in ("light", "dark") else "auto"
        self.reader = replace(self.reader, theme=chosen)
        for chart in self._charts.values():
            chart.update()

    async def tell(self, told: AnyGoods | SettingsChange | StockCount, *, door: str) -> bool:
        """Have something booked; a refusal is shown above the page. Returns whether it is in the journal."""
        try:
            await self.desk.tell(told, door=door)
        except HubError as error:
            self.refuse(error)
        except TimeoutError:
            self.say(self.reader.t("The hub did not answer in time. The list shows whether it was booked."))
        else:
            return True
        return False

    async def act_on_alert(self, act: str, value: str, to: str | None = None, units: int | None = None) -> None:
        """Do what a button says with the task it names; a refusal is shown above the page."""
        action = next((known for known in TASK_ACTS if known == act), None)
        if action is None or not value.isdecimal():
            return
        by = self.reader.name or self.reader.t("the office")
        try:
            await self.desk.act_on_alert(int(value), action, by, to, units)
        except HubError as error:
            self.refuse(error)
        except TimeoutError:
            self.say(self.reader.t("The hub did not answer in time. The list shows whether it was booked."))
