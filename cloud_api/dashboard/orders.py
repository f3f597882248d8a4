"""Orders: each proposal with its lines, the reason, the arithmetic one click away; approve as it stands or with other units and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from html import escape
from typing import Any

from fastapi import Request
from nicegui import ui

from cloud_api.adapters.order_records import PROPOSED, OrderRecord
from cloud_api.adapters.store_records import StoreRecord
from cloud_api.dashboard.acting import press
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.frame import PATIENCE_S, button, html, page, read, read_stores, say_refused, title
from cloud_api.dashboard.order_evidence import forecast_worth, show_decided
from cloud_api.dashboard.order_sums import money_words, sums
from cloud_api.dashboard.reader import Reader, capital

_DECIDED_SHOWN_FOR = timedelta(days=14)


def show_orders(desk: Desk) -> None:
    """Register the page."""

    @ui.page("/orders", response_timeout=PATIENCE_S)
    async def orders(request: Request, open: str = "", store: str = "") -> None:  # noqa: A002  # The word in the address.
        with page(request, "/orders") as reader:
            stores = await read_stores(desk)
            if not stores:
                return
            if store and store not in {known.store_id for known in stores}:
                told = reader.t("There is no shop {shop} here; all are shown.", shop=store[:80])
                html(f'<div class="card" role="status"><p>{escape(told)}</p></div>')
                store = ""
            since = desk.now() - _DECIDED_SHOWN_FOR
            found = await read(lambda: desk.orders.orders(store_id=store or None, since=since))
            if found is None:
                return
            names = {known.store_id: known for known in stores}
            proposed = [order for order in found if order.state == PROPOSED]
            proposed.sort(key=lambda order: (order.order_id != open, _waits(order), -order.body["at_risk_minor"], order.order_id))
            _show_title(reader, proposed, names)
            with ui.element("div").classes("buttons"):
                button(reader.t("Try other terms"), lambda: ui.navigate.to(f"/orders/terms?store={store or stores[0].store_id}"))
            for index, order in enumerate(proposed):
                _OrderCard(desk, reader, order, names[order.store_id], opened=index == 0).show()
            decided = [order for order in found if order.state != PROPOSED]
            await show_decided(desk, reader, decided, names)


def _waits(order: OrderRecord) -> bool:
    return bool(order.body.get("waits_because"))


def _show_title(reader: Reader, proposed: list[OrderRecord], names: dict[str, StoreRecord]) -> None:
    ready = [order for order in proposed if not _waits(order)]
    if not proposed:
        words = reader.t("Orders are worked out whenever a shop reports: from its sales, its stock and what is on the way.")
        title(reader.t("No order is needed now"), words)
        return
    value: dict[str, int] = {}
    for order in ready:
        currency = names[order.store_id].currency
        value[currency] = value.get(currency, 0) + order.body["value_minor"]
    told = [reader.n("{count} order to approve", "{count} orders to approve", len(ready))]
    if value:
        told.append(reader.t("worth {money}", money=" + ".join(reader.money(minor, currency) for currency, minor in sorted(value.items()))))
    held = len(proposed) - len(ready)
    if held:
        told.append(reader.n("{count} waits for the supplier's minimum", "{count} wait for the supplier's minimum", held))
    title(capital(reader.listed(told)), reader.t("Change a number to order more or less, and say why; 0 leaves the line out."))


class _OrderCard:
    """One proposal; opened it shows its lines, with a number to change in each."""

    def __init__(self, desk: Desk, reader: Reader, order: OrderRecord, store: StoreRecord, *, opened: bool) -> None:
        self._desk, self._reader, self._order, self._store, self._opened = desk, reader, order, store, opened
        self._units: dict[str, int] = {line["sku"]: int(line["units"]) for line in order.body["lines"]}
        self._why: ui.select | None = None
        self._unread: set[str] = set()

    def show(self) -> None:
        """Lay the card out."""
        reader, body, currency = self._reader, self._order.body, self._store.currency
        risk = f'{reader.money(body["at_risk_minor"], currency)} <span class="unit">{reader.t("sales at risk")}</span>'
        self._card = ui.element("article").classes("card")
        with self._card:
            html(
                f'<div class="row-line"><h2>{escape(self._store.name)} <span class="unit">{_origin(reader, self._order)}</span></h2>'
                f'<span class="end big">{risk}</span></div>' + money_words(reader, body, currency)
            )
            if self._opened:
                for line in body["lines"]:
                    self._line(line)
                self._ask_why()
            else:
                html(f"<p>{escape(reader.told(body['reason']))}</p>")
            with ui.element("div").classes("buttons"):
                moved = reader.t("Approve the move, tell both shops")
                button(moved if body.get("from_store") else reader.t("Approve and send to the shop"), self._approve, is_main=True)
                button(reader.t("Skip for today"), self._skip)
                if not self._opened:
                    button(reader.t("See its lines"), lambda: ui.navigate.to(f"/orders?open={self._order.order_id}"))

    def _line(self, line: dict[str, Any]) -> None:
        reader, currency = self._reader, self._store.currency
        told = [reader.t("proposed {units}", units=reader.n("{count} unit", "{count} units", line["units"]))]
        told += [reader.n("in {count} case", "in {count} cases", line["cases"])] if line["cases"] else []
        told += [reader.money(line["value_minor"], currency)] if line["value_minor"] else []
        with ui.element("div").classes("line"):
            with ui.element("div").classes("row-line"):
                html(f'<span class="big">{escape(line["name"])}</span>')
                html(f'<span class="quiet">{reader.listed(told)}</span>')
                number = ui.number(reader.t("Units"), value=line["units"], min=0, max=1_000_000, precision=0)
                number.props("outlined dense").classes("end")
                number.on_value_change(lambda event, sku=line["sku"]: self._change(sku, event.value))
            arithmetic = line["arithmetic"]
            reason = escape(reader.told(line["reason"]))
            html(f"<p>{reason}</p>{forecast_worth(reader, arithmetic)}{sums(reader, arithmetic, currency)}")

    def _ask_why(self) -> None:
        reader = self._reader
        reasons = [
            reader.t("Promotion or event nearby"), reader.t("Weather"), reader.t("Short of money or space"),
            reader.t("Supplier has none"), reader.t("Forecast is wrong"),
        ]  # fmt: skip
        self._why = ui.select(reasons, label=reader.t("Why changed"), with_input=True, new_value_mode="add-unique", clearable=True)
        self._why.props("outlined dense").classes("why")
        self._why.visible = False

    def _change(self, sku: str, value: float | None) -> None:
        self._unread.discard(sku)
        if value is not None and value >= 0:
            self._units[sku] = int(value)
        else:
            self._unread.add(sku)
        if self._why is not None:
            self._why.visible = any(self._units[line["sku"]] != line["units"] for line in self._order.body["lines"])

    async def _approve(self) -> None:
        if self._unread:
            name = next(line["name"] for line in self._order.body["lines"] if line["sku"] in self._unread)
            say_refused(ValueError(self._reader.t("{name}: give a number of units, 0 to leave it out.", name=name)))
            return
        reason = str(self._why.value or "") if self._why is not None else ""
        await self._decide(
            "approve",
            lambda by: self._desk.decisions.approve(self._order.order_id, by=by, units=self._units, reason=reason),
            self._reader.t("Approved: the shop's hub fetches it now"),
        )

    async def _skip(self) -> None:
        await self._decide("skip", lambda by: self._desk.decisions.skip(self._order.order_id, by=by), self._reader.t("Skipped for today"))

    async def _decide(self, act: str, decision: Callable[[str], object], done: str) -> None:
        if not await press(self._desk, "orders", f"{act} {self._order.order_id}", decision):
            return
        self._card.clear()
        with self._card:
            html(f"<p>{escape(self._store.name)}, {escape(self._order.supplier)}: {self._reader.told(done)}</p>")


def _origin(reader: Reader, order: OrderRecord) -> str:
    supplier = escape(order.supplier) or reader.t("no named supplier")
    moved = bool(order.body.get("from_store"))
    origin = reader.t("moved from our shop {shop}", shop=supplier) if moved else reader.t("from {supplier}", supplier=supplier)
    return reader.listed([origin, reader.t("here in {days} days", days=f"{order.body['lead_time_days']:g}")])
