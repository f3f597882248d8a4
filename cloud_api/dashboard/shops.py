"""Shops: who reports, how each does against itself, and what needs a look."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape

from fastapi import Request
from nicegui import ui

from cloud_api.adapters.store_records import StoreRecord
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.frame import PATIENCE_S, html, page, read, read_stores, title
from cloud_api.dashboard.marks import urgency_mark
from cloud_api.dashboard.reader import Reader, capital
from cloud_api.dashboard.table import Column, figures, table
from cloud_api.rules.chain_figures import ShopFigures
from cloud_api.rules.early_warning import Concern

_ROWS_MAX = 1000


def show_shops(desk: Desk) -> None:
    """Register the page."""

    @ui.page("/shops", response_timeout=PATIENCE_S)
    async def shops(request: Request) -> None:
        with page(request, "/shops") as reader:
            stores = await read_stores(desk)
            if not stores:
                return
            last = await read(desk.reviewing.last_day)
            concerns = await read(desk.reviewing.concerns)
            figures = await read(desk.figures.review)
            if last is None or concerns is None or figures is None:
                return
            chain = await read(lambda: desk.reviewing.chain(first=last - timedelta(days=6), last=last, limit=_ROWS_MAX))
            if chain is None:
                return
            silent = {concern.store_id for concern in concerns if concern.kind == "silent" and concern.urgency == "now"}
            looks = {concern.store_id for concern in concerns}
            title(
                _sentence(reader, len(stores), len(silent), len(looks)),
                reader.t("Visitors of the last 7 days against the 4 weeks before; sales of the last 28"),
            )
            change_of = {shop.store_id: shop.comparison.change_share for shop in chain.stores}
            _show_rows(reader, stores, concerns, change_of, {shop.store_id: shop for shop in figures.shops}, desk.now())


def _sentence(reader: Reader, shops: int, silent: int, looks: int) -> str:
    if silent:
        gone = reader.n("{count} shop has gone silent", "{count} shops have gone silent", silent)
        return capital(reader.listed([gone, reader.t("{part} of {all} report", part=shops - silent, all=shops)]))
    if looks:
        need = reader.n("{count} shop needs a look", "{count} shops need a look", looks)
        return reader.listed([reader.n("The only shop reports", "All {count} shops report", shops), need])
    return reader.n("The only shop reports, and needs no look", "All {count} shops report, and none needs a look", shops)


def _show_rows(
    reader: Reader,
    stores: list[StoreRecord],
    concerns: list[Concern],
    changes: dict[str, float | None],
    figures_of: dict[str, ShopFigures],
    now: datetime,
) -> None:
    first: dict[str, Concern] = {}
    for concern in concerns:
        first.setdefault(concern.store_id, concern)
    order = {"now": 0, "soon": 1, "look": 2}
    ranked = sorted(stores, key=lambda store: (order[first[store.store_id].urgency] if store.store_id in first else 3, store.name))
    columns = (
        Column(reader.t("Shop")), Column(reader.t("State")), figures(reader.t("Last report")),
        figures(reader.t("Visitors"), reader.t("against usual")), figures(reader.t("Sales a day")), Column(reader.t("What to look at")),
    )  # fmt: skip
    rows = [_row(reader, store, first.get(store.store_id), changes, figures_of.get(store.store_id), now) for store in ranked[:_ROWS_MAX]]
    html(f'<div class="card">{table(columns, rows)}</div>')


def _row(
    reader: Reader,
    store: StoreRecord,
    concern: Concern | None,
    changes: dict[str, float | None],
    figures_of: ShopFigures | None,
    now: datetime,
) -> tuple[str, ...]:
    state = urgency_mark(reader, concern.urgency) if concern else f'<span class="quiet">{reader.t("well")}</span>'
    sales = figures_of.figures["revenue_a_day"].value if figures_of else None
    told = reader.t("not told") if sales is None else reader.money(sales, store.currency)
    return (
        f'<a class="open" href="/footfall?store={escape(store.store_id)}">{escape(store.name)}</a>', state,
        reader.age(store.reported_at, now), reader.change(changes.get(store.store_id)), told,
        escape(reader.told(concern.sentence)) if concern else "",
    )  # fmt: skip
