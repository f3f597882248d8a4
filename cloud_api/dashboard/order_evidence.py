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
from cloud_api.dashboard.reader import Reader
from cloud_api.dashboard.table import Column, figures, table
from cloud_api.flows.order_papers import as_csv, order_paper
from cloud_api.flows.planning import Deliveries
from cloud_api.rules.supplier_record import SupplierRecord

_PAPERS_SHOWN = 6


def forecast_worth(reader: Reader, arithmetic: dict[str, Any]) -> str:
    """The band of the forecast and how it did before, or that it was never measured."""
    low, high = arithmetic.get("low_units"), arithmetic.get("high_units")
    if low is None or high is None:
        return f'<p class="quiet">{reader.t("Forecast: mean of the days in stock; too short a past to measure its error.")}</p>'
    band = reader.t(
        "Forecast: {expected} units over {days} days, in 8 of 10 cases {low} to {high}",
        expected=reader.number(arithmetic["demand_over_cover_units"]), days=reader.number(arithmetic["cover_days"], decimals=1),
        low=reader.number(low), high=reader.number(high),
    )  # fmt: skip
    method = escape(_methods(reader).get(arithmetic["method"], arithmetic["method"]))
    if arithmetic.get("error") is None:
        return f'<p class="quiet">{reader.t("{band}; by {method}, not measured yet.", band=band, method=method)}</p>'
    kind = escape(_classes(reader).get(arithmetic["class_name"], arithmetic["class_name"]))
    told = reader.t(
        "{band}. By {method}, best so far for articles {kind} here: error {error} of a naive one's, {bias} units, "
        "band held {held} of the time (80 % promised).",
        band=band, method=method, kind=kind, error=f"{arithmetic['error']:.2f}", bias=reader.change(arithmetic["bias"]),
        held=reader.percent(arithmetic["band_held"]),
    )  # fmt: skip
    return f'<p class="quiet">{told}</p>'


def _methods(reader: Reader) -> dict[str, str]:
    return {
        "blend": reader.t("a blend of levels"),
        "mean_28": reader.t("the 28-day mean"),
        "tsb": "TSB",
        "adida": "ADIDA",
        "imapa": "IMAPA",
        "pooled": reader.t("a regression over all articles"),
    }


def _classes(reader: Reader) -> dict[str, str]:
    return {
        "bulk": reader.t("sold in bulk"),
        "steady": reader.t("sold in most weeks"),
        "occasional": reader.t("sold now and then"),
        "rare": reader.t("rarely sold"),
    }


async def show_decided(desk: Desk, reader: Reader, orders: Sequence[OrderRecord], names: dict[str, StoreRecord]) -> None:
    """The orders decided lately with what came of them, and the suppliers' records."""
    if not orders:
        return
    stores = sorted({order.store_id for order in orders})
    found = await read(lambda: [desk.planning.deliveries(store_id) for store_id in stores])
    if found is None:
        return
    received = {progress.order.order_id: progress.share for each in found for progress in each.orders}
    columns = (
        Column(reader.t("Shop")), Column(reader.t("Supplier")), Column(reader.t("State")), Column(reader.t("Changed")),
        figures(reader.t("Received")), figures(reader.t("Worth")), figures(reader.t("When")),
    )  # fmt: skip
    rows = [_row(reader, order, names[order.store_id], received.get(order.order_id), desk) for order in orders]
    html(f'<div class="card"><h2>{reader.t("Decided in the last 14 days")}</h2>{table(columns, rows)}</div>')
    approved = [order for order in orders if order.state == APPROVED][:_PAPERS_SHOWN]
    if approved:
        html(f'<p class="quiet">{reader.t("For the supplier, as a spreadsheet or as EDI fields:")}</p>')
        with ui.element("div").classes("buttons"):
            for order in approved:
                button(f"{order.order_id} CSV", partial(_hand_out, desk, order, is_csv=True))
                button(f"{order.order_id} JSON", partial(_hand_out, desk, order, is_csv=False))
    _show_suppliers(reader, found, names)


async def _hand_out(desk: Desk, order: OrderRecord, *, is_csv: bool) -> None:
    planogram = await read(lambda: desk.stores.planogram(order.store_id))
    if planogram is not None:
        paper = order_paper(order, planogram)
        content = as_csv(paper).encode() if is_csv else msgspec.json.encode(paper)
        ui.download.content(content, f"{order.order_id}.{'csv' if is_csv else 'json'}")


def _row(reader: Reader, order: OrderRecord, store: StoreRecord, received: float | None, desk: Desk) -> tuple[str, ...]:
    return (
        escape(store.name), escape(order.supplier), _state(reader, order), _changes(reader, order),
        "–" if received is None else reader.percent(received), reader.money(order.body["value_minor"], store.currency),
        f'<span class="quiet">{reader.age(order.decided_at, desk.now())}</span>',
    )  # fmt: skip


def _state(reader: Reader, order: OrderRecord) -> str:
    """Approved or skipped, and whether the supplier's server took it."""
    told = [reader.t("approved") if order.state == APPROVED else reader.t("skipped")]
    if order.send_problem:
        problem = reader.t("not taken by the supplier: {problem}", problem=escape(order.send_problem))
        told.append(f'<span class="state soon">◐ {problem}</span>')
    elif order.state == APPROVED and order.sent_at:
        told.append(reader.t("sent to the supplier"))
    return reader.listed(told)


def _changes(reader: Reader, order: OrderRecord) -> str:
    """What a planner changed, and why."""
    told = [
        f"{escape(line['name'])} {line['change']['proposed_units']} → {line['units']}: {escape(line['change']['reason'])}"
        for line in order.body["lines"] if "change" in line
    ]  # fmt: skip
    told += [
        reader.t("{name} left out: {why}", name=escape(line["name"]), why=escape(line["reason"])) for line in order.body.get("left_out", [])
    ]
    more = [reader.t("and {count} more", count=len(told) - 3)] if len(told) > 3 else []
    return "<br>".join(told[:3] + more)


def _show_suppliers(reader: Reader, found: Sequence[Deliveries], names: dict[str, StoreRecord]) -> None:
    rows = [_supplier_row(reader, names[each.store_id].name, record) for each in found for record in each.suppliers]
    if not rows:
        return
    below = reader.t("From the shops' own receipts of the last 180 days; orders reckon with it.")
    columns = (
        Column(reader.t("Supplier")), Column(reader.t("Shop")), figures(reader.t("Orders")), figures(reader.t("Lead time, days")),
        figures(reader.t("Delivered")), figures(reader.t("Late")),
    )  # fmt: skip
    html(f'<div class="card"><h2>{reader.t("How suppliers deliver")}</h2><p class="quiet">{below}</p>{table(columns, rows)}</div>')


def _supplier_row(reader: Reader, shop: str, record: SupplierRecord) -> tuple[str, ...]:
    lead = "–" if record.lead_time_days is None else f"{record.lead_time_days:.1f} ± {record.lead_time_sd_days:.1f}"
    fill, late = ("–" if share is None else reader.percent(share) for share in (record.fill_share, record.late_share))
    return escape(record.supplier), escape(shop), reader.number(record.orders), lead, fill, late
