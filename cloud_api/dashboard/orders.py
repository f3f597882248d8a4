"""Orders: each proposal with its lines, the reason, the arithmetic one click away; approve as it stands or with other units and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from html import escape
from typing import Any

from fastapi import Request
from nicegui import ui
from sqlalchemy.exc import DBAPIError

from cloud_api.adapters.order_records import PROPOSED, OrderRecord
from cloud_api.adapters.store_records import StoreRecord
from cloud_api.dashboard.acting import pressed
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.frame import PATIENCE_S, button, html, page, read, read_stores, title
from cloud_api.dashboard.order_evidence import forecast_worth, show_decided
from cloud_api.dashboard.order_sums import sums
from cloud_api.dashboard.words import capital, counted, money
from cloud_api.errors import CloudError

_DECIDED_SHOWN_FOR = timedelta(days=14)
_REASONS = ("Promotion or event nearby", "Weather", "Short of money or space", "Supplier has none", "Forecast is wrong")


def show_orders(desk: Desk) -> None:
    """Register the page."""

    @ui.page("/orders", title="Orders · Aislewise", response_timeout=PATIENCE_S)
    async def orders(request: Request, open: str = "", store: str = "") -> None:  # noqa: A002  # The word in the address.
        with page(request, "/orders"):
            stores = await read_stores(desk)
            if not stores:
                return
            since = desk.now() - _DECIDED_SHOWN_FOR
            found = await read(lambda: desk.orders.orders(store_id=store or None, since=since))
            if found is None:
                return
            names = {known.store_id: known for known in stores}
            proposed = [order for order in found if order.state == PROPOSED]
            proposed.sort(key=lambda order: (order.order_id != open, _waits(order), -order.body["at_risk_minor"], order.order_id))
            _show_title(proposed, names)
            with ui.element("div").classes("buttons"):
                button("Try other terms", lambda: ui.navigate.to(f"/orders/terms?store={store or stores[0].store_id}"))
            for index, order in enumerate(proposed):
                _OrderCard(desk, order, names[order.store_id], opened=index == 0).show()
            decided = [order for order in found if order.state != PROPOSED]
            await show_decided(desk, decided, names)


def _waits(order: OrderRecord) -> bool:
    return bool(order.body.get("waits_because"))


def _show_title(proposed: list[OrderRecord], names: dict[str, StoreRecord]) -> None:
    ready = [order for order in proposed if not _waits(order)]
    if not proposed:
        title("No order is needed now", "Orders are worked out whenever a shop reports: from its sales, its stock and what is on the way.")
        return
    value: dict[str, int] = {}
    for order in ready:
        currency = names[order.store_id].currency
        value[currency] = value.get(currency, 0) + order.body["value_minor"]
    worth = " and ".join(money(minor, currency) for currency, minor in sorted(value.items()))
    held = len(proposed) - len(ready)
    waiting = f"; {counted(held, 'order waits', 'orders wait')} for the supplier's minimum" if held else ""
    title(
        f"{capital(counted(len(ready), 'order', 'orders'))} to approve{f', worth {worth}' if worth else ''}{waiting}",
        "Change a number to order more or less, and say why; 0 leaves the line out.",
    )


class _OrderCard:
    """One proposal; opened it shows its lines, with a number to change in each."""

    def __init__(self, desk: Desk, order: OrderRecord, store: StoreRecord, *, opened: bool) -> None:
        self._desk, self._order, self._store, self._opened = desk, order, store, opened
        self._units: dict[str, int] = {line["sku"]: int(line["units"]) for line in order.body["lines"]}
        self._why: ui.select | None = None

    def show(self) -> None:
        """Lay the card out."""
        body, currency = self._order.body, self._store.currency
        self._card = ui.element("article").classes("card")
        with self._card:
            html(
                f'<div class="row-line"><h2>{escape(self._store.name)} <span class="unit">{_origin(self._order)}</span></h2>'
                f'<span class="end big">{money(body["at_risk_minor"], currency)} <span class="unit">sales at risk</span></span></div>'
                + _money_words(body, currency)
            )
            if self._opened:
                for line in body["lines"]:
                    self._line(line)
                self._ask_why()
            else:
                html(f"<p>{escape(body['reason'])}</p>")
            with ui.element("div").classes("buttons"):
                act = "Approve the move, tell both shops" if body.get("from_store") else "Approve and send to the shop"
                button(act, self._approve, is_main=True)
                button("Skip for today", self._skip)
                if not self._opened:
                    button("See its lines", lambda: ui.navigate.to(f"/orders?open={self._order.order_id}"))

    def _line(self, line: dict[str, Any]) -> None:
        with ui.element("div").classes("line"):
            with ui.element("div").classes("row-line"):
                html(f'<span class="big">{escape(line["name"])}</span>')
                cases = f" in {counted(line['cases'], 'case', 'cases')}" if line["cases"] else ""
                worth = f", {money(line['value_minor'], self._store.currency)}" if line["value_minor"] else ""
                html(f'<span class="quiet">proposed {line["units"]} units{cases}{worth}</span>')
                number = ui.number("Units", value=line["units"], min=0, max=1_000_000, precision=0).props("outlined dense").classes("end")
                number.on_value_change(lambda event, sku=line["sku"]: self._change(sku, event.value))
            html(f"<p>{escape(line['reason'])}</p>{forecast_worth(line['arithmetic'])}{sums(line['arithmetic'], self._store.currency)}")

    def _ask_why(self) -> None:
        self._why = ui.select(list(_REASONS), label="Why changed", with_input=True, new_value_mode="add-unique", clearable=True)
        self._why.props("outlined dense").classes("why")
        self._why.visible = False

    def _change(self, sku: str, value: float | None) -> None:
        if value is not None and value >= 0:
            self._units[sku] = int(value)
        if self._why is not None:
            self._why.visible = any(self._units[line["sku"]] != line["units"] for line in self._order.body["lines"])

    async def _approve(self) -> None:
        reason = str(self._why.value or "") if self._why is not None else ""
        await self._decide(
            "approve",
            lambda by: self._desk.decisions.approve(self._order.order_id, by=by, units=self._units, reason=reason),
            "Approved: the shop's hub fetches it now",
        )

    async def _skip(self) -> None:
        await self._decide("skip", lambda by: self._desk.decisions.skip(self._order.order_id, by=by), "Skipped for today")

    async def _decide(self, act: str, decision: Callable[[str], object], done: str) -> None:
        try:
            await pressed(self._desk, "orders", f"{act} {self._order.order_id}", decision)
        except (CloudError, DBAPIError) as error:
            ui.notify(str(error).splitlines()[0], type="negative", timeout=8000)
            return
        self._card.clear()
        with self._card:
            html(f"<p>{escape(self._store.name)}, {escape(self._order.supplier)}: {done}.</p>")


def _origin(order: OrderRecord) -> str:
    days = f"here in {order.body['lead_time_days']:g} days"
    if order.body.get("from_store"):
        return f"moved from our shop {escape(order.supplier)}, {days}"
    return f"from {escape(order.supplier) or 'no named supplier'}, {days}"


def _money_words(body: dict[str, Any], currency: str) -> str:
    """What the supplier's minimum, or a move between shops, does to the order."""
    if body.get("from_store"):
        gain, trip = money(body["waiting_loss_minor"], currency), money(body["value_minor"], currency)
        return f'<p class="quiet">Saves about {gain} of lost sales and holding; the trip costs {trip}.</p>'
    least = [money(body["minimum_minor"], currency)] if body.get("minimum_minor") else []
    least += [f"{body['minimum_units']} units"] if body.get("minimum_units") else []
    if not least:
        return ""
    asks = f"The supplier takes no order below {' and '.join(least)}; this one is worth {money(body['value_minor'], currency)}."
    loses, holds = money(body.get("waiting_loss_minor", 0), currency), money(body.get("added_holding_minor", 0), currency)
    if body.get("waits_because"):
        why = f"waiting a review loses about {loses} of margin, holding what is missing would cost {holds}"
        mark = '<div><span class="state soon">◐ waits</span></div>'
        return f'{mark}<p class="quiet">{asks} It waits: {escape(body["waits_because"])} ({why}).</p>'
    if body.get("added_minor"):
        added = money(body["added_minor"], currency)
        cheaper = f"{added} of it is ordered sooner than needed: holding it costs {holds}, waiting would lose {loses}"
        return f'<p class="quiet">{asks} {cheaper}.</p>'
    return f'<p class="quiet">{asks}</p>'
