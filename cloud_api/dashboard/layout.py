"""Layout: a shop's plan to scale, its zones coloured by how long people stay, and the table that ranks them."""

from __future__ import annotations

from datetime import timedelta
from html import escape

from fastapi import Request
from nicegui import ui

from cloud_api.adapters.store_records import StoreRecord
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.drawings import floor_plan, legend
from cloud_api.dashboard.frame import PATIENCE_S, html, page, read, read_stores, shop_of, title
from cloud_api.dashboard.layout_facings import show_facings
from cloud_api.dashboard.layout_moves import show_moves
from cloud_api.dashboard.layout_trials import show_trials
from cloud_api.dashboard.picture import picture
from cloud_api.dashboard.reader import Reader, capital
from cloud_api.dashboard.table import Column, figures, table
from cloud_api.flows.reviewing import LayoutView
from cloud_api.rules.layout import ZoneFigures

_WINDOWS = (1, 7, 28)


def show_layout(desk: Desk) -> None:
    """Register the page."""

    @ui.page("/layout", response_timeout=PATIENCE_S)
    async def layout(request: Request, store: str = "", days: int = 28) -> None:
        days = days if days in _WINDOWS else 28
        with page(request, "/layout") as reader:
            stores = await read_stores(desk)
            if not stores:
                return
            picked = shop_of(stores, store)
            last = desk.reviewing.today(picked)
            view = await read(lambda: desk.reviewing.layout(picked.store_id, first=last - timedelta(days=days - 1), last=last))
            if view is None:
                _show_choice(reader, stores, picked, days)
                return
            title(reader.say(view.review.sentence), f"{picked.name}, {reader.days(view.first, view.last)}")
            _show_choice(reader, stores, picked, days)
            _show_plan(reader, view)
            _show_zones(reader, view)
            trials = await read(desk.trials.trials)
            if trials is None:
                return
            show_moves(desk, reader, picked.store_id, trials.worth, first=view.first, last=view.last)
            facings = await read(lambda: desk.spaces.review(picked.store_id))
            if facings is not None:
                show_facings(reader, facings)
            await show_trials(desk, reader, stores, trials)


def _show_choice(reader: Reader, stores: list[StoreRecord], picked: StoreRecord, days: int) -> None:
    shops = "".join(
        f'<a href="/layout?store={escape(store.store_id)}&amp;days={days}"{" aria-current=true" if store is picked else ""}>'
        f"{escape(store.name)}</a>"
        for store in stores
    )
    windows = "".join(
        f'<a href="/layout?store={escape(picked.store_id)}&amp;days={window}"{" aria-current=true" if window == days else ""}>'
        f"{reader.t('today') if window == 1 else reader.n('{count} day', '{count} days', window)}</a>"
        for window in _WINDOWS
    )
    html(f'<div class="ask">{shops if len(stores) > 1 else ""}<span class="quiet">{reader.t("Window")}</span>{windows}</div>')


def _show_plan(reader: Reader, view: LayoutView) -> None:
    zones = {zone.zone_id: zone for zone in view.review.zones}
    highest = max((zone.dwell_person_s_per_m2 or 0.0 for zone in view.review.zones), default=0.0)
    words = reader.t("The number is the zone's rank; hatched is not measured. Door in blue.")
    with ui.element("section").classes("card"):
        html(f'<h2>{reader.t("How long people stay")}</h2><p class="quiet">{words}</p>')
        with picture(f"stay-{view.planogram.store_id}"):
            html(floor_plan(reader, view.planogram, zones, highest=highest))
        html(legend(reader, highest, reader.t("person-seconds per m²")))


def _show_zones(reader: Reader, view: LayoutView) -> None:
    currency = view.planogram.currency
    columns = (
        Column(reader.t("Zone")), figures(reader.t("Stay"), reader.t("person-s per m²")),
        figures(reader.t("Sales"), reader.t("{currency} per m of shelf", currency=currency)),
        figures(reader.t("Margin"), reader.t("{currency} per m", currency=currency)),
        figures(reader.t("Stopped"), reader.t("of visits")), figures(reader.t("Picks"), reader.t("units")),
        Column(reader.t("What stands out")),
    )  # fmt: skip
    rows = [_zone_row(reader, zone, currency) for zone in view.review.zones]
    html(f'<div class="card"><h2>{reader.t("Zones, longest stay first")}</h2>{table(columns, rows)}</div>')


def _zone_row(reader: Reader, zone: ZoneFigures, currency: str) -> tuple[str, ...]:
    return (
        f'<span class="quiet">{zone.dwell_rank or "–"}</span> {escape(zone.name)}',
        reader.t("not measured") if zone.dwell_person_s_per_m2 is None else reader.number(zone.dwell_person_s_per_m2),
        reader.t("no shelf") if zone.revenue_minor_per_m is None else reader.major(zone.revenue_minor_per_m, currency),
        "–" if zone.margin_minor_per_m is None else reader.major(zone.margin_minor_per_m, currency),
        _stopped(reader, zone),
        "–" if zone.units_picked is None else reader.number(zone.units_picked),
        _finding(reader, zone),
    )


def _finding(reader: Reader, zone: ZoneFigures) -> str:
    if zone.kind in ("queue", "till", "back_room"):
        return f'<span class="quiet">{reader.t("people wait or work here")}</span>'
    if zone.shelf_m == 0.0:
        return f'<span class="quiet">{reader.t("no shelf to compare")}</span>'
    if zone.finding:
        return f'<span class="state look">● {escape(capital(reader.say(zone.finding)))}</span>'
    return f'<span class="quiet">{reader.t("as expected")}</span>'


def _stopped(reader: Reader, zone: ZoneFigures) -> str:
    """`120 of 800`; a zone whose visits nobody counts, or where too few came to tell, has none."""
    if zone.entries is None or zone.stopped is None:
        return reader.t("not counted")
    return reader.t("{part} of {all}", part=reader.number(zone.stopped), all=reader.number(zone.entries))
