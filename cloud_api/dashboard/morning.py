"""The morning list: one column of decisions in order of money, and the shops that need a look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from html import escape

import msgspec
from fastapi import Request
from nicegui import run, ui
from nicegui.events import KeyEventArguments
from sqlalchemy.exc import DBAPIError

from cloud_api.adapters.order_records import PROPOSED, OrderRecord
from cloud_api.adapters.store_records import StoreRecord
from cloud_api.dashboard.acting import press
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.frame import PATIENCE_S, button, html, page, read, say_no_store, title
from cloud_api.dashboard.marks import urgency_mark
from cloud_api.dashboard.reader import Reader, capital
from cloud_api.dashboard.table import Column, figures, table
from cloud_api.dashboard.waiting_trials import show_waiting_trials
from cloud_api.errors import CloudError
from cloud_api.flows.trials import TrialView
from cloud_api.rules.early_warning import Concern

_LOOK_EVERY_S = 20.0
MOVED_ON = "as it was when it was read"


class Morning(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the page shows."""

    stores: list[StoreRecord]
    orders: list[OrderRecord]
    concerns: list[Concern]
    trials: list[TrialView]


def gather(desk: Desk) -> Morning:
    """Read the page's content: open orders that need not wait for a supplier's minimum, the dearest risk first."""
    ready = [order for order in desk.orders.orders(state=PROPOSED) if not order.body.get("waits_because")]
    orders = sorted(ready, key=lambda order: (-order.body["at_risk_minor"], -order.body["value_minor"], order.order_id))
    return Morning(stores=desk.stores.stores(), orders=orders, concerns=desk.reviewing.concerns(), trials=desk.trials.waiting())


def show_morning(desk: Desk) -> None:
    """Register the page."""

    @ui.page("/", response_timeout=PATIENCE_S)
    async def morning(request: Request) -> None:
        with page(request, "/") as reader:
            content = await read(lambda: gather(desk))
            if content is None:
                return
            if not content.stores:
                say_no_store(desk.address)
                return
            _MorningList(desk, reader, content).show()


class _MorningList:
    """The page of one reader: what is shown stays where it is until the reader acts or asks for news."""

    def __init__(self, desk: Desk, reader: Reader, content: Morning) -> None:
        self._desk, self._reader = desk, reader
        self._content = content
        self._names = {store.store_id: store for store in content.stores}
        self._skipped: list[str] = []
        self._at = 0

    def show(self) -> None:
        """Lay the page out."""
        with ui.element("div").classes("stack"):
            self._heading = ui.element("div")
            self._news = button(self._reader.t("Newer figures are here: show them"), ui.navigate.reload)
            self._news.visible = False
        with ui.element("div").classes("two"):
            self._list = ui.element("section").classes("stack")
            with ui.element("section").classes("stack"):
                show_waiting_trials(self._desk, self._reader, self._content.trials)
                _show_concerns(self._reader, self._content.concerns, self._names)
                _show_stores(self._reader, self._content.stores, self._desk.now())
        self._draw()
        ui.keyboard(on_key=self._on_key)
        ui.timer(_LOOK_EVERY_S, self._look_for_news)

    def _draw(self) -> None:
        reader, orders = self._reader, self._content.orders
        self._heading.clear()
        with self._heading:
            shops, trials = len({concern.store_id for concern in self._content.concerns}), len(self._content.trials)
            title(capital(reader.listed([
                reader.n("{count} order to approve", "{count} orders to approve", len(orders)),
                reader.n("{count} shop needs a look", "{count} shops need a look", shops),
                *([reader.n("{count} trial waits", "{count} trials wait", trials)] if trials else []),
            ])))  # fmt: skip
        self._list.clear()
        with self._list:
            if not orders:
                _say_nothing_to_order(reader)
            for index, order in enumerate(orders):
                self._order_card(order, index == self._at)
            if orders:
                _show_keys(reader)
            if self._skipped:
                button(reader.t("Undo: {count} skipped", count=len(self._skipped)), self._undo)

    def _order_card(self, order: OrderRecord, picked: bool) -> None:
        reader, store = self._reader, self._names[order.store_id]
        risk, value = (reader.money(order.body[name], store.currency) for name in ("at_risk_minor", "value_minor"))
        lines = order.body["lines"]
        articles = reader.n("{count} article", "{count} articles", len(lines))
        units = reader.n("{count} unit", "{count} units", sum(line["units"] for line in lines))
        with ui.element("article").classes("card picked" if picked else "card"):
            html(
                f'<div class="row-line"><h2>{escape(store.name)} <span class="unit">{_from(reader, order)}</span></h2>'
                f'<span class="end big">{risk} <span class="unit">{reader.t("sales at risk")}</span></span></div>'
                f"<p>{escape(reader.told(order.body['reason']))}</p>"
                f'<p class="quiet">{reader.t("{articles}, {units} for {money}", articles=articles, units=units, money=value)}</p>'
            )
            with ui.element("div").classes("buttons"):
                button(reader.t("Approve"), lambda: self._approve(order), is_main=True)
                button(reader.t("Edit"), lambda: ui.navigate.to(f"/orders?open={order.order_id}"))
                button(reader.t("Skip for today"), lambda: self._skip(order))

    async def _approve(self, order: OrderRecord) -> None:
        units = {line["sku"]: int(line["units"]) for line in order.body["lines"]}  # What was read is what is approved.
        if await self._decide(
            "approve", order.order_id, lambda by: self._desk.decisions.approve(order.order_id, by=by, units=units, reason=MOVED_ON)
        ):
            shop, supplier = self._names[order.store_id].name, order.supplier or self._reader.t("no named supplier")
            ui.notify(self._reader.t("Approved: {supplier} for {shop}. Its hub fetches it now.", supplier=supplier, shop=shop))
            self._remove(order)

    async def _skip(self, order: OrderRecord) -> None:
        if await self._decide("skip", order.order_id, lambda by: self._desk.decisions.skip(order.order_id, by=by)):
            self._skipped.append(order.order_id)
            self._remove(order)

    async def _undo(self) -> None:
        order_id = self._skipped[-1]
        if await self._decide("reopen", order_id, lambda _: self._desk.orders.reopen(order_id)):
            self._skipped.pop()
            content = await run.io_bound(gather, self._desk)
            if content is not None:
                self._content = content
            self._draw()

    async def _decide(self, act: str, order_id: str, decision: Callable[[str], object]) -> bool:
        return await press(self._desk, "orders", f"{act} {order_id}", decision)

    def _remove(self, order: OrderRecord) -> None:
        orders = [other for other in self._content.orders if other.order_id != order.order_id]
        self._content = msgspec.structs.replace(self._content, orders=orders)
        self._at = min(self._at, max(0, len(orders) - 1))
        self._draw()

    async def _on_key(self, event: KeyEventArguments) -> None:
        if not event.action.keydown or event.action.repeat or event.modifiers.ctrl or event.modifiers.meta:
            return
        orders, key = self._content.orders, event.key.name
        if key == "u" and self._skipped:
            await self._undo()
        elif orders and key in ("j", "k"):
            self._at = min(len(orders) - 1, max(0, self._at + (1 if key == "j" else -1)))
            self._draw()
        elif orders and key == "a":
            await self._approve(orders[self._at])
        elif orders and key == "s":
            await self._skip(orders[self._at])
        elif orders and key == "e":
            ui.navigate.to(f"/orders?open={orders[self._at].order_id}")

    async def _look_for_news(self) -> None:
        try:
            content = await run.io_bound(gather, self._desk)
        except (CloudError, DBAPIError):
            return  # The page stays as it is; the next look, or the next act, tells.
        if content is not None and _gist(content) != _gist(self._content):
            self._news.visible = True


def _gist(content: Morning) -> object:
    """What a reader would call news: other orders, other concerns; not that a shop reported once more."""
    orders = {(order.order_id, tuple((line["sku"], line["units"]) for line in order.body["lines"])) for order in content.orders}
    trials = {(trial.trial_id, trial.state) for trial in content.trials}
    return orders, trials, {(concern.store_id, concern.kind, concern.urgency) for concern in content.concerns}


def _from(reader: Reader, order: OrderRecord) -> str:
    supplier = escape(order.supplier) or reader.t("no named supplier")
    if order.body.get("from_store"):
        return reader.t("moved from our shop {shop}", shop=supplier)
    return reader.t("from {supplier}", supplier=supplier)


def _say_nothing_to_order(reader: Reader) -> None:
    words = reader.t("Proposals come with the first sales and a known stock, and are worked out again whenever a shop reports.")
    html(f'<div class="card"><h2>{reader.t("Nothing to order now")}</h2><p class="quiet">{words}</p></div>')


def _show_keys(reader: Reader) -> None:
    keys = (
        ("a", reader.t("approve")), ("e", reader.t("edit")), ("s", reader.t("skip")), ("u", reader.t("undo a skip")),
        ("j", reader.t("next")), ("k", reader.t("previous")),
    )  # fmt: skip
    told = " ".join(f"<kbd>{key}</kbd> {words}" for key, words in keys)
    html(f'<p class="quiet keys">{reader.t("Keys for the marked order:")} {told}</p>')


def _show_concerns(reader: Reader, concerns: list[Concern], names: dict[str, StoreRecord]) -> None:
    if not concerns:
        words = reader.t("A silent shop, a dead sensor or an unusual day stands here.")
        html(f'<div class="card"><h2>{reader.t("All shops report and count")}</h2><p class="quiet">{words}</p></div>')
        return
    html(f"<h2>{reader.t('Shops that need a look')}</h2>")
    for concern in concerns:
        html(
            f'<div class="card"><div class="row-line">{urgency_mark(reader, concern.urgency)}'
            f'<h2><a href="/footfall?store={escape(concern.store_id)}">{escape(names[concern.store_id].name)}</a></h2></div>'
            f'<p>{escape(reader.told(concern.sentence))}</p><p class="quiet">{escape(reader.told(concern.advice))}</p></div>'
        )


def _show_stores(reader: Reader, stores: list[StoreRecord], now: datetime) -> None:
    rows = [
        (
            f'<a class="open" href="/footfall?store={escape(store.store_id)}">{escape(store.name)}</a>',
            f'<span class="quiet">{reader.age(store.reported_at, now)}</span>',
        )
        for store in stores
    ]
    columns = (Column(reader.t("Shop")), figures(reader.t("Last report")))
    html(f'<div class="card"><h2>{reader.t("All shops")}</h2>{table(columns, rows)}</div>')
