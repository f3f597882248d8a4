"""Orders: each proposal with its lines, the reason, the arithmetic one click away; approve as it stands or with other units."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from html import escape
from typing import Any

from fastapi import Request
from nicegui import run, ui
from sqlalchemy.exc import DBAPIError

from cloud_api.adapters.order_records import PROPOSED, OrderRecord
from cloud_api.adapters.store_records import StoreRecord
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.frame import button, html, page, read, say_no_store, title
from cloud_api.dashboard.morning import PLANNER
from cloud_api.dashboard.order_evidence import forecast_worth, show_decided
from cloud_api.dashboard.words import capital, counted, money
from cloud_api.errors import CloudError

_DECIDED_SHOWN_FOR = timedelta(days=14)
_SUMS = (
    ("mean_per_day", "Sells a day", "{:.2f}"),
    ("sd_per_day", "± spread a day", "{:.2f}"),
    ("history_days", "Days in stock on record", "{:.1f}"),
    ("lead_time_sd_days", "± days of the supplier", "{:.1f}"),
    ("cover_days", "Days to cover (lead time and review)", "{:.1f}"),
    ("demand_over_cover_units", "Demand over these days", "{:.1f}"),
    ("safety_units", "Safety stock", "{:.1f}"),
    ("presentation_min_units", "Presentation minimum", "{:.0f}"),
    ("order_up_to_units", "Order up to", "{:.1f}"),
    ("on_hand_units", "− in the shop", "{:.0f}"),
    ("on_order_units", "− on the way", "{:.0f}"),
    ("need_units", "= needed", "{:.1f}"),
    ("case_pack_units", "Case pack", "{:.0f}"),
    ("capacity_units", "Fits on the shelf", "{:.0f}"),
)


def show_orders(desk: Desk) -> None:
    """Register the page."""

    @ui.page("/orders", title="Orders · Aislewise")
    async def orders(request: Request, open: str = "", store: str = "") -> None:  # noqa: A002  # The word in the address.
        with page(request, "/orders"):
            stores = await read(desk.stores.stores)
            if stores is None:
                return
            if not stores:
                say_no_store(desk.address)
                return
            since = desk.now() - _DECIDED_SHOWN_FOR
            found = await read(lambda: desk.orders.orders(store_id=store or None, since=since))
            if found is None:
                return
            names = {known.store_id: known for known in stores}
            proposed = [order for order in found if order.state == PROPOSED]
            proposed.sort(key=lambda order: (order.order_id != open, -order.body["at_risk_minor"], order.order_id))
            _show_title(proposed, names)
            for index, order in enumerate(proposed):
                _OrderCard(desk, order, names[order.store_id], opened=index == 0).show()
            decided = [order for order in found if order.state != PROPOSED]
            await show_decided(desk, decided, names)


def _show_title(proposed: list[OrderRecord], names: dict[str, StoreRecord]) -> None:
    if not proposed:
        title("No order is needed now", "Orders are worked out whenever a shop reports: from its sales, its stock and what is on the way.")
        return
    value: dict[str, int] = {}
    for order in proposed:
        currency = names[order.store_id].currency
        value[currency] = value.get(currency, 0) + order.body["value_minor"]
    worth = " and ".join(money(minor, currency) for currency, minor in sorted(value.items()))
    title(
        f"{capital(counted(len(proposed), 'order', 'orders'))} to approve, worth {worth}",
        "Change a number to order more or less; 0 leaves the line out.",
    )


class _OrderCard:
    """One proposal; opened it shows its lines, with a number to change in each."""

    def __init__(self, desk: Desk, order: OrderRecord, store: StoreRecord, *, opened: bool) -> None:
        self._desk, self._order, self._store, self._opened = desk, order, store, opened
        self._units: dict[str, int] = {line["sku"]: int(line["units"]) for line in order.body["lines"]}

    def show(self) -> None:
        """Lay the card out."""
        body, currency = self._order.body, self._store.currency
        supplier = escape(self._order.supplier) or "no named supplier"
        self._card = ui.element("article").classes("card")
        with self._card:
            html(
                f'<div class="row-line"><h2>{escape(self._store.name)} <span class="unit">from {supplier}, '
                f"here in {body['lead_time_days']:g} days</span></h2>"
                f'<span class="end big">{money(body["at_risk_minor"], currency)} <span class="unit">sales at risk</span></span></div>'
            )
            if self._opened:
                for line in body["lines"]:
                    self._line(line)
            else:
                html(f"<p>{escape(body['reason'])}</p>")
            with ui.element("div").classes("buttons"):
                button("Approve and send to the shop", self._approve, is_main=True)
                button("Skip for today", self._skip)
                if not self._opened:
                    button("See its lines", lambda: ui.navigate.to(f"/orders?open={self._order.order_id}"))

    def _line(self, line: dict[str, Any]) -> None:
        with ui.element("div").classes("line"):
            with ui.element("div").classes("row-line"):
                html(f'<span class="big">{escape(line["name"])}</span>')
                worth = money(line["value_minor"], self._store.currency)
                html(f'<span class="quiet">proposed {line["units"]} units in {counted(line["cases"], "case", "cases")}, {worth}</span>')
                number = ui.number("Units", value=line["units"], min=0, max=1_000_000, precision=0).props("outlined dense").classes("end")
                number.on_value_change(lambda event, sku=line["sku"]: self._change(sku, event.value))
            html(f"<p>{escape(line['reason'])}</p>{forecast_worth(line['arithmetic'])}{_sums(line['arithmetic'])}")

    def _change(self, sku: str, value: float | None) -> None:
        if value is not None and value >= 0:
            self._units[sku] = int(value)

    async def _approve(self) -> None:
        await self._decide(
            lambda: self._desk.planning.approve(self._order.order_id, by=PLANNER, units=self._units),
            "Approved: the shop's hub fetches it now",
        )

    async def _skip(self) -> None:
        await self._decide(lambda: self._desk.planning.skip(self._order.order_id, by=PLANNER), "Skipped for today")

    async def _decide(self, decision: Callable[[], object], done: str) -> None:
        try:
            await run.io_bound(decision)
        except (CloudError, DBAPIError) as error:
            ui.notify(str(error).splitlines()[0], type="negative", timeout=8000)
            return
        self._card.clear()
        with self._card:
            html(f"<p>{escape(self._store.name)}, {escape(self._order.supplier)}: {done}.</p>")


def _sums(arithmetic: dict[str, Any]) -> str:
    def told(key: str, form: str) -> str:
        return "not known" if arithmetic.get(key) is None else form.format(arithmetic[key])

    rows = "".join(f"<dt>{name}</dt><dd>{told(key, form)}</dd>" for key, name, form in _SUMS)
    bound = f'<p class="quiet">Rounded to whole cases; bound by: {escape(arithmetic["bound"])}.</p>'
    return f'<details><summary>Arithmetic</summary><dl class="sums">{rows}</dl>{bound}</details>'
