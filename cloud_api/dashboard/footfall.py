"""Footfall: shops as rows, what changed most first; one shop opened to its days and hours."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from nicegui import ui

from cloud_api.adapters.store_records import StoreRecord
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.drawings import hours_by_days, sparkline
from cloud_api.dashboard.footfall_days import show_days
from cloud_api.dashboard.frame import PATIENCE_S, html, page, read, read_stores, title
from cloud_api.dashboard.shop_search import show_more
from cloud_api.dashboard.words import change, span
from cloud_api.flows.reviewing import SHOWN, WEEKS_BACK, ChainReview
from cloud_api.rules.footfall_review import StoreReview, Watched

_WINDOWS = (7, 14, 28, 90)
_MATCHED_MIN_HOURS = 6
_DAY_BY_DAY = '<p class="quiet">Visitors a day; in pale the same weekday a week before. A gap is a day nobody watched.</p>'
_GRID_LINE = {"lineStyle": {"color": "#8886", "width": 0.5}}
_PALE = {"color": "var(--bar-part)", "opacity": 0.55}
_STILL = {"disabled": True}
_AXIS_NAME = {"align": "left", "padding": [0, 0, 0, -48]}


def show_footfall(desk: Desk) -> None:
    """Register the page."""

    @ui.page("/footfall", title="Footfall · Aislewise", response_timeout=PATIENCE_S)
    async def footfall(request: Request, store: str = "", days: int = 14, find: str = "", page_no: int = 1) -> None:
        days = days if days in _WINDOWS else 14
        with page(request, "/footfall"):
            stores = await read_stores(desk)
            if not stores:
                return
            last = await read(desk.reviewing.last_day)
            if last is None:
                return
            first = last - timedelta(days=days - 1)
            review = await read(lambda: desk.reviewing.chain(first=first, last=last, limit=SHOWN, offset=SHOWN * (page_no - 1), find=find))
            names = {known.store_id: known for known in stores}
            opened = store if store in names else review.stores[0].store_id if review and review.stores else stores[0].store_id
            hours = await read(lambda: desk.reviewing.footfall([opened], first=first, last=last, by="hour"))
            before = await read(lambda: desk.reviewing.footfall([opened], first=first - timedelta(weeks=1), last=last - timedelta(weeks=1)))
            opened_days = await read(lambda: desk.reviewing.footfall([opened], first=first, last=last))
            single = await read(lambda: desk.days.days(opened, first=first, last=last))
            if single is None or review is None or hours is None or before is None or opened_days is None:
                return
            title(
                _sentence(review, names), f"{span(first, last)}, each shop's own calendar; compared with the {WEEKS_BACK} weeks before it"
            )
            _show_windows(days, opened)
            _show_rows(review, names, opened, days)
            show_more(review, find=find, page_no=page_no, days=days)
            picked = opened_days.stores[0]
            coming = desk.now().astimezone(ZoneInfo(names[opened].time_zone))
            _show_store(names[opened], picked, before.stores[0], hours.stores[0].rows, coming)
            show_days(desk, single, names[opened].name, first=first, last=last)


def _sentence(review: ChainReview, names: dict[str, StoreRecord]) -> str:
    compared = [shop for shop in review.stores if shop.comparison.change_share is not None and shop.comparison.hours >= _MATCHED_MIN_HOURS]
    if not compared:
        watched = [shop for shop in review.stores if shop.visitors is not None]
        if not watched:
            return "No door has counted in these days"
        visitors = sum(shop.visitors or 0 for shop in watched)
        return f"{visitors:,} visitors counted; a week of history will tell whether that is many"
    most = compared[0]
    share = most.comparison.change_share or 0.0
    name = names[most.store_id].name
    if abs(share) < 0.05:
        return f"Every shop is within 5 % of its usual visitors, {name} furthest at {change(share)}"
    return f"{name}: visitors {abs(share):.0%} {'under' if share < 0 else 'over'} the same weekdays and hours before".replace("%", " %")


def _show_windows(days: int, opened: str) -> None:
    links = "".join(
        f'<a href="/footfall?store={escape(opened)}&amp;days={window}"{" aria-current=true" if window == days else ""}>{window} days</a>'
        for window in _WINDOWS
    )
    html(f'<div class="ask"><span class="quiet">Window</span>{links}</div>')


def _show_rows(review: ChainReview, names: dict[str, StoreRecord], opened: str, days: int) -> None:
    highest = max((row.people_in or 0 for shop in review.stores for row in shop.rows), default=0)
    rows = "".join(_store_row(shop, names[shop.store_id], opened, days, highest) for shop in review.stores)
    html(
        '<div class="card"><div class="scroll"><table class="figures shops"><thead><tr><th>Shop</th>'
        f'<th>Visitors by day<br><span class="unit">0 to {highest:,}, one scale for all</span></th>'
        '<th class="num">Visitors</th><th class="num">Against usual</th>'
        '<th class="num wide">Hours compared</th><th class="num wide">Watched</th>'
        f"</tr></thead><tbody>{rows}</tbody></table></div></div>"
    )


def _store_row(shop: StoreReview, store: StoreRecord, opened: str, days: int, highest: int) -> str:
    visitors = "not watched" if shop.visitors is None else f"{shop.visitors:,}"
    hours = shop.comparison.hours
    return (
        f"<tr{' class=picked' if shop.store_id == opened else ''}>"
        f'<td><a class="open" href="/footfall?store={escape(shop.store_id)}&amp;days={days}">{escape(store.name)}</a></td>'
        f'<td>{sparkline(shop.rows, highest=highest)}</td><td class="num">{visitors}</td>'
        f'<td class="num">{change(shop.comparison.change_share)}</td>'
        f'<td class="num wide">{hours or "none"}</td><td class="num wide">{shop.watched_share:.0%}</td></tr>'.replace("%<", " %<")
    )


def _show_store(store: StoreRecord, shop: StoreReview, before: StoreReview, hours: list[Watched], coming: datetime) -> None:
    with ui.element("section").classes("card"):
        html(f"<h2>{escape(store.name)}, day by day</h2>{_DAY_BY_DAY}")
        ui.echart(_days_chart(shop.rows, before.rows), renderer="svg")
    with ui.element("section").classes("card"):
        html(f"<h2>{escape(store.name)}, hour by hour</h2>")
        html(hours_by_days(hours, coming=coming))


def _days_chart(rows: list[Watched], before: list[Watched]) -> dict[str, Any]:
    past = [row.people_in for row in before]
    return {
        "animation": False,
        "grid": {"left": 56, "right": 8, "top": 32, "bottom": 28},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "category", "data": [f"{row.day:%a %d}" for row in rows], "axisTick": {"show": False}},
        "yAxis": {"type": "value", "min": 0, "minInterval": 1, "name": "visitors a day",
                  "nameTextStyle": _AXIS_NAME, "splitLine": _GRID_LINE},
        "series": [
            {"type": "bar", "name": "a week before", "data": past, "itemStyle": _PALE, "barGap": "0%",
             "emphasis": _STILL},
            {"type": "bar", "name": "visitors", "data": [_bar(row) for row in rows], "emphasis": _STILL},
        ],
    }  # fmt: skip


def _bar(row: Watched) -> dict[str, Any]:
    """A day partly watched is drawn paler; a day nobody watched is no bar at all."""
    return {"value": row.people_in, "itemStyle": {"color": "var(--bar)", "opacity": 1.0 if row.is_whole else 0.55}}
