"""What an order rests on: the forecast with its band and its past errors, and what suppliers did with the orders before."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape
from typing import Any

import msgspec
from nicegui import ui

from cloud_api.adapters.order_records import APPROVED, OrderRecord
from cloud_api.adapters.store_records import StoreRecord
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.frame import button, html, read
from cloud_api.dashboard.words import age, change, counted, money
from cloud_api.flows.order_papers import as_csv, order_paper
from cloud_api.flows.planning import Deliveries
from cloud_api.rules.supplier_record import SupplierRecord

_PAPERS_SHOWN = 6
_METHODS = {
    "blend": "a blend of levels",
    "mean_28": "the 28-day mean",
    "tsb": "TSB",
    "adida": "ADIDA",
    "imapa": "IMAPA",
    "pooled": "a regression over all articles",
}
_CLASSES = {"bulk": "sold in bulk", "steady": "sold in most weeks", "occasional": "sold now and then", "rare": "rarely sold"}


def forecast_worth(arithmetic: dict[str, Any]) -> str:
    """The band of the forecast and how it did before, or that it was never measured."""
    low, high = arithmetic.get("low_units"), arithmetic.get("high_units")
    if low is None or high is None:
        return '<p class="quiet">Forecast: mean of the days in stock; too short a past to measure its error.</p>'
    expected, days = arithmetic["demand_over_cover_units"], arithmetic["cover_days"]
    band = f"{expected:.0f} units over {days:.1f} days, in 8 of 10 cases {low:.0f} to {high:.0f}"
    method = escape(_METHODS.get(arithmetic["method"], arithmetic["method"]))
    if arithmetic.get("error") is None:
        return f'<p class="quiet">Forecast: {band}; by {method}, not measured yet.</p>'
    kind = escape(_CLASSES.get(arithmetic["class_name"], arithmetic["class_name"]))
    return (
        f'<p class="quiet">Forecast: {band}. By {method}, best so far for articles {kind} here: error {arithmetic["error"]:.2f} '
        f"of a naive one's, {change(arithmetic['bias'])} units, band held {100 * arithmetic['band_held']:.0f} % of the time "
        "(80 % promised).</p>"
    )


async def show_decided(desk: Desk, orders: Sequence[OrderRecord], names: dict[str, StoreRecord]) -> None:
    """The orders decided lately with what came of them, and the suppliers' records."""
    if not orders:
        return
    stores = sorted({order.store_id for order in orders})
    found = await read(lambda: [desk.planning.deliveries(store_id) for store_id in stores])
    if found is None:
        return
    received = {progress.order.order_id: progress.share for each in found for progress in each.orders}
    rows = "".join(_row(order, names[order.store_id], received.get(order.order_id), desk) for order in orders)
    html(
        '<div class="card"><h2>Decided in the last 14 days</h2><div class="scroll"><table class="figures"><thead><tr>'
        '<th>Shop</th><th>Supplier</th><th>State</th><th>Changed</th><th class="num">Received</th><th class="num">Worth</th>'
        '<th class="num">When</th>'
        f"</tr></thead><tbody>{rows}</tbody></table></div></div>"
    )
    approved = [order for order in orders if order.state == APPROVED][:_PAPERS_SHOWN]
    if approved:
        html('<p class="quiet">For the supplier, as a spreadsheet or as EDI fields:</p>')
        with ui.element("div").classes("buttons"):
            for order in approved:
                button(f"{order.order_id} CSV", partial(_hand_out, desk, order, is_csv=True))
                button(f"{order.order_id} JSON", partial(_hand_out, desk, order, is_csv=False))
    _show_suppliers(found, names)


async def _hand_out(desk: Desk, order: OrderRecord, *, is_csv: bool) -> None:
    planogram = await read(lambda: desk.stores.planogram(order.store_id))
    if planogram is not None:
        paper = order_paper(order, planogram)
        content = as_csv(paper).encode() if is_csv else msgspec.json.encode(paper)
        ui.download.content(content, f"{order.order_id}.{'csv' if is_csv else 'json'}")


def _row(order: OrderRecord, store: StoreRecord, received: float | None, desk: Desk) -> str:
    came = "–" if received is None else f"{100 * received:.0f} %"
    return (
        f"<tr><td>{escape(store.name)}</td><td>{escape(order.supplier)}</td><td>{_state(order)}</td><td>{_changes(order)}</td>"
        f'<td class="num">{came}</td><td class="num">{money(order.body["value_minor"], store.currency)}</td>'
        f'<td class="num quiet">{age(order.decided_at, desk.now())}</td></tr>'
    )


def _state(order: OrderRecord) -> str:
    """Approved or skipped, and whether the supplier's server took it."""
    if order.send_problem:
        return f'{order.state}, <span class="state soon">◐ not taken by the supplier: {escape(order.send_problem)}</span>'
    return f"{order.state}, sent to the supplier" if order.state == APPROVED and order.sent_at else order.state


def _changes(order: OrderRecord) -> str:
    """What a planner changed, and why."""
    told = [
        f"{escape(line['name'])} {line['change']['proposed_units']} → {line['units']}: {escape(line['change']['reason'])}"
        for line in order.body["lines"] if "change" in line
    ]  # fmt: skip
    told += [f"{escape(line['name'])} left out: {escape(line['reason'])}" for line in order.body.get("left_out", [])]
    return "<br>".join(told[:3]) + (f"<br>and {len(told) - 3} more" if len(told) > 3 else "")


def _show_suppliers(found: Sequence[Deliveries], names: dict[str, StoreRecord]) -> None:
    rows = "".join(_supplier_row(names[each.store_id].name, record) for each in found for record in each.suppliers)
    if not rows:
        return
    html(
        '<div class="card"><h2>How suppliers deliver</h2><p class="quiet">From the shops\' own receipts of the last 180 days; '
        'orders reckon with it.</p><div class="scroll"><table class="figures"><thead><tr><th>Shop</th><th>Supplier</th>'
        '<th class="num">Orders</th><th class="num">Lead time, days</th><th class="num">Delivered</th>'
        f'<th class="num">Late</th></tr></thead><tbody>{rows}</tbody></table></div></div>'
    )


def _supplier_row(shop: str, record: SupplierRecord) -> str:
    lead = "–" if record.lead_time_days is None else f"{record.lead_time_days:.1f} ± {record.lead_time_sd_days:.1f}"
    fill, late = ("–" if share is None else f"{100 * share:.0f} %" for share in (record.fill_share, record.late_share))
    return (
        f'<tr><td>{escape(shop)}</td><td>{escape(record.supplier)}</td><td class="num">{counted(record.orders, "order", "orders")}</td>'
        f'<td class="num">{lead}</td><td class="num">{fill}</td><td class="num">{late}</td></tr>'
    )
