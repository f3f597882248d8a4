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
from cloud_api.dashboard.acting import pressed
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.frame import PATIENCE_S, button, html, page, read, say_no_store, title
from cloud_api.dashboard.words import age, capital, counted, money
from cloud_api.errors import CloudError
from cloud_api.rules.early_warning import Concern

_MARKS = {"now": "▲ now", "soon": "◐ soon", "look": "● look"}
_LOOK_EVERY_S = 20.0
MOVED_ON = "as it was when it was read"
_NOTHING = (
    '<div class="card"><h2>Nothing to order now</h2><p class="quiet">Proposals come with the first sales and a known stock, '
    "and are worked out again whenever a shop reports.</p></div>"
)
_KEYS = (
    '<p class="quiet keys">Keys for the marked order: <kbd>a</kbd> approve <kbd>e</kbd> edit <kbd>s</kbd> skip '
    "<kbd>u</kbd> undo a skip <kbd>j</kbd> <kbd>k</kbd> next and previous</p>"
)
_ALL_WELL = (
    '<div class="card"><h2>All shops report and count</h2>'
    '<p class="quiet">A silent shop, a dead sensor or an unusual day stands here.</p></div>'
)


class Morning(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the page shows."""

    stores: list[StoreRecord]
    orders: list[OrderRecord]
    concerns: list[Concern]


def gather(desk: Desk) -> Morning:
    """Read the page's content: open orders that need not wait for a supplier's minimum, the dearest risk first."""
    ready = [order for order in desk.orders.orders(state=PROPOSED) if not order.body.get("waits_because")]
    orders = sorted(ready, key=lambda order: (-order.body["at_risk_minor"], -order.body["value_minor"], order.order_id))
    return Morning(stores=desk.stores.stores(), orders=orders, concerns=desk.reviewing.concerns())


def show_morning(desk: Desk) -> None:
    """Register the page."""

    @ui.page("/", title="Morning list · Aislewise", response_timeout=PATIENCE_S)
    async def morning(request: Request) -> None:
        with page(request, "/"):
            content = await read(lambda: gather(desk))
            if content is None:
                return
            if not content.stores:
                say_no_store(desk.address)
                return
            _MorningList(desk, content).show()


class _MorningList:
    """The page of one reader: what is shown stays where it is until the reader acts or asks for news."""

    def __init__(self, desk: Desk, content: Morning) -> None:
        self._desk = desk
        self._content = content
        self._names = {store.store_id: store for store in content.stores}
        self._skipped: list[str] = []
        self._at = 0

    def show(self) -> None:
        """Lay the page out."""
        with ui.element("div").classes("stack"):
            self._heading = ui.element("div")
            self._news = button("Newer figures are here: show them", ui.navigate.reload)
            self._news.visible = False
        with ui.element("div").classes("two"):
            self._list = ui.element("section").classes("stack")
            with ui.element("section").classes("stack"):
                _show_concerns(self._content.concerns, self._names)
                _show_stores(self._content.stores, self._desk.now())
        self._draw()
        ui.keyboard(on_key=self._on_key)
        ui.timer(_LOOK_EVERY_S, self._look_for_news)

    def _draw(self) -> None:
        self._heading.clear()
        with self._heading:
            shops = len({concern.store_id for concern in self._content.concerns})
            orders = len(self._content.orders)
            title(f"{capital(counted(orders, 'order', 'orders'))} to approve, {counted(shops, 'shop needs', 'shops need')} a look")
        self._list.clear()
        with self._list:
            if not self._content.orders:
                html(_NOTHING)
            for index, order in enumerate(self._content.orders):
                self._order_card(order, index == self._at)
            if self._content.orders:
                html(_KEYS)
            if self._skipped:
                button(f"Undo: {len(self._skipped)} skipped", self._undo)

    def _order_card(self, order: OrderRecord, picked: bool) -> None:
        store = self._names[order.store_id]
        risk, value = (money(order.body[name], store.currency) for name in ("at_risk_minor", "value_minor"))
        lines = order.body["lines"]
        units = sum(line["units"] for line in lines)
        supplier = escape(order.supplier) or "no named supplier"
        if order.body.get("from_store"):
            supplier = f"our shop {supplier}, moved"
        with ui.element("article").classes("card picked" if picked else "card"):
            html(
                f'<div class="row-line"><h2>{escape(store.name)} <span class="unit">from {supplier}</span></h2>'
                f'<span class="end big">{risk} <span class="unit">sales at risk</span></span></div>'
                f"<p>{escape(order.body['reason'])}</p>"
                f'<p class="quiet">{counted(len(lines), "article", "articles")}, {units} units for {value}</p>'
            )
            with ui.element("div").classes("buttons"):
                button("Approve", lambda: self._approve(order), is_main=True)
                button("Edit", lambda: ui.navigate.to(f"/orders?open={order.order_id}"))
                button("Skip for today", lambda: self._skip(order))

    async def _approve(self, order: OrderRecord) -> None:
        units = {line["sku"]: int(line["units"]) for line in order.body["lines"]}  # What was read is what is approved.
        if await self._decide(
            "approve", order.order_id, lambda by: self._desk.decisions.approve(order.order_id, by=by, units=units, reason=MOVED_ON)
        ):
            ui.notify(f"Approved: {order.supplier or 'order'} for {self._names[order.store_id].name}. Its hub fetches it now.")
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
        try:
            await pressed(self._desk, "orders", f"{act} {order_id}", decision)
        except (CloudError, DBAPIError) as error:
            ui.notify(str(error).splitlines()[0], type="negative", timeout=8000)
            return False
        return True

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
    return orders, {(concern.store_id, concern.kind, concern.urgency) for concern in content.concerns}


def _show_concerns(concerns: list[Concern], names: dict[str, StoreRecord]) -> None:
    if not concerns:
        html(_ALL_WELL)
        return
    html("<h2>Shops that need a look</h2>")
    for concern in concerns:
        html(
            f'<div class="card"><div class="row-line"><span class="state {concern.urgency}">{_MARKS[concern.urgency]}</span>'
            f'<h2><a href="/footfall?store={escape(concern.store_id)}">{escape(names[concern.store_id].name)}</a></h2></div>'
            f'<p>{escape(capital(concern.sentence))}.</p><p class="quiet">{escape(concern.advice)}.</p></div>'
        )


def _show_stores(stores: list[StoreRecord], now: datetime) -> None:
    rows = "".join(
        f'<tr><td><a class="open" href="/footfall?store={escape(store.store_id)}">{escape(store.name)}</a></td>'
        f'<td class="num quiet">{age(store.reported_at, now)}</td></tr>'
        for store in stores
    )
    html(
        '<div class="card"><h2>All shops</h2><table class="figures"><thead><tr><th>Shop</th><th class="num">Last report</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )
