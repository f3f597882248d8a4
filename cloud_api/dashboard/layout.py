"""Layout: a shop's plan to scale, its zones coloured by how long people stay, and the table that ranks them."""

from __future__ import annotations

from datetime import timedelta
from html import escape

from fastapi import Request
from nicegui import ui

from cloud_api.adapters.store_records import StoreRecord
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.drawings import floor_plan, legend
from cloud_api.dashboard.frame import PATIENCE_S, html, page, read, read_stores, title
from cloud_api.dashboard.layout_facings import show_facings
from cloud_api.dashboard.layout_moves import show_moves
from cloud_api.dashboard.layout_trials import show_trials
from cloud_api.dashboard.words import capital, major, span
from cloud_api.flows.reviewing import LayoutView
from cloud_api.rules.layout import ZoneFigures

_WINDOWS = (1, 7, 28)


def show_layout(desk: Desk) -> None:
    """Register the page."""

    @ui.page("/layout", title="Layout · Aislewise", response_timeout=PATIENCE_S)
    async def layout(request: Request, store: str = "", days: int = 28) -> None:
        days = days if days in _WINDOWS else 28
        with page(request, "/layout"):
            stores = await read_stores(desk)
            if not stores:
                return
            picked = next((known for known in stores if known.store_id == store), stores[0])
            last = desk.reviewing.today(picked)
            view = await read(lambda: desk.reviewing.layout(picked.store_id, first=last - timedelta(days=days - 1), last=last))
            if view is None:
                _show_choice(stores, picked, days)
                return
            title(view.review.sentence, f"{picked.name}, {span(view.first, view.last)}")
            _show_choice(stores, picked, days)
            _show_plan(view)
            trials = await read(desk.trials.trials)
            if trials is None:
                return
            show_moves(desk, picked.store_id, trials.worth, first=view.first, last=view.last)
            facings = await read(lambda: desk.spaces.review(picked.store_id))
            if facings is not None:
                show_facings(facings)
            await show_trials(desk, stores, trials)
            _show_zones(view)


def _show_choice(stores: list[StoreRecord], picked: StoreRecord, days: int) -> None:
    shops = "".join(
        f'<a href="/layout?store={escape(store.store_id)}&amp;days={days}"{" aria-current=true" if store is picked else ""}>'
        f"{escape(store.name)}</a>"
        for store in stores
    )
    windows = "".join(
        f'<a href="/layout?store={escape(picked.store_id)}&amp;days={window}"{" aria-current=true" if window == days else ""}>'
        f"{'today' if window == 1 else f'{window} days'}</a>"
        for window in _WINDOWS
    )
    html(f'<div class="ask">{shops if len(stores) > 1 else ""}<span class="quiet">Window</span>{windows}</div>')


def _show_plan(view: LayoutView) -> None:
    zones = {zone.zone_id: zone for zone in view.review.zones}
    highest = max((zone.dwell_person_s_per_m2 or 0.0 for zone in view.review.zones), default=0.0)
    with ui.element("section").classes("card"):
        html(
            f'<h2>How long people stay</h2><p class="quiet">The number is the zone\'s rank; hatched is not measured. Door in blue.</p>'
            f"{floor_plan(view.planogram, zones, highest=highest)}{legend(highest, 'person-seconds per m²')}"
        )


def _show_zones(view: LayoutView) -> None:
    currency = view.planogram.currency
    rows = "".join(_zone_row(zone, currency) for zone in view.review.zones)
    html(
        '<div class="card"><h2>Zones, longest stay first</h2><div class="scroll"><table class="figures"><thead><tr>'
        '<th class="num">Rank</th><th>Zone</th>'
        '<th class="num">Stay<br><span class="unit">person-s per m²</span></th>'
        f'<th class="num">Sales<br><span class="unit">{escape(currency)} per m of shelf</span></th>'
        f'<th class="num wide">Margin<br><span class="unit">{escape(currency)} per m</span></th>'
        '<th class="num wide">Stopped<br><span class="unit">of visits</span></th>'
        '<th class="num wide">Picks<br><span class="unit">units</span></th><th>What stands out</th>'
        f"</tr></thead><tbody>{rows}</tbody></table></div></div>"
    )


def _zone_row(zone: ZoneFigures, currency: str) -> str:
    dwell = "not measured" if zone.dwell_person_s_per_m2 is None else f"{zone.dwell_person_s_per_m2:,.0f}"
    sales = "no shelf" if zone.revenue_minor_per_m is None else major(zone.revenue_minor_per_m, currency)
    margin = "–" if zone.margin_minor_per_m is None else major(zone.margin_minor_per_m, currency)
    finding = (
        f'<span class="state look">● {escape(capital(zone.finding))}</span>' if zone.finding else '<span class="quiet">as expected</span>'
    )
    if zone.kind in ("queue", "till", "back_room"):
        finding = '<span class="quiet">people wait or work here</span>'
    elif zone.shelf_m == 0.0:
        finding = '<span class="quiet">no shelf to compare</span>'
    return (
        f'<tr><td class="num">{zone.dwell_rank or "–"}</td><td>{escape(zone.name)}</td>'
        f'<td class="num">{dwell}</td><td class="num">{sales}</td>'
        f'<td class="num wide">{margin}</td><td class="num wide">{_stopped(zone)}</td>'
        f'<td class="num wide">{"–" if zone.units_picked is None else f"{zone.units_picked:,}"}</td><td>{finding}</td></tr>'
    )


def _stopped(zone: ZoneFigures) -> str:
    """`120 of 800`; a zone whose visits nobody counts, or where too few came to tell, has none."""
    return "not counted" if zone.entries is None or zone.stopped is None else f"{zone.stopped:,} of {zone.entries:,}"
