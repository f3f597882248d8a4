"""Footfall: shops as rows, what changed most first; one shop opened to its days and hours."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Request
from nicegui import ui

from cloud_api.adapters.store_records import StoreRecord
from cloud_api.dashboard.chain_map import show_map
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.drawings import hours_by_days, sparkline
from cloud_api.dashboard.footfall_days import show_days
from cloud_api.dashboard.footfall_visits import show_visits
from cloud_api.dashboard.frame import PATIENCE_S, html, page, read, read_stores, shop_of, title
from cloud_api.dashboard.kept_views import show_kept_views
from cloud_api.dashboard.picture import picture
from cloud_api.dashboard.reader import Reader
from cloud_api.dashboard.shop_search import show_more
from cloud_api.flows.reviewing import SHOWN, WEEKS_BACK, ChainReview
from cloud_api.rules.footfall_review import StoreReview, Watched

_WINDOWS = (7, 14, 28, 90)
_MATCHED_MIN_HOURS = 6
_GRID_LINE = {"lineStyle": {"color": "#8886", "width": 0.5}}
_PALE = {"color": "var(--bar-part)", "opacity": 0.55}
_STILL = {"disabled": True}
_AXIS_NAME = {"align": "left", "padding": [0, 0, 0, -48]}


def show_footfall(desk: Desk) -> None:
    """Register the page."""

    @ui.page("/footfall", response_timeout=PATIENCE_S)
    async def footfall(request: Request, store: str = "", days: int = 14, find: str = "", page_no: int = 1) -> None:
        days = days if days in _WINDOWS else 14
        with page(request, "/footfall") as reader:
            stores = await read_stores(desk)
            if not stores:
                return
            last = await read(desk.reviewing.last_day)
            if last is None:
                return
            first = last - timedelta(days=days - 1)
            review = await read(lambda: desk.reviewing.chain(first=first, last=last, limit=SHOWN, offset=SHOWN * (page_no - 1), find=find))
            names = {known.store_id: known for known in stores}
            opened = shop_of(stores, store, review.stores[0].store_id if review and review.stores else "").store_id
            hours = await read(lambda: desk.reviewing.footfall([opened], first=first, last=last, by="hour"))
            before = await read(lambda: desk.reviewing.footfall([opened], first=first - timedelta(weeks=1), last=last - timedelta(weeks=1)))
            opened_days = await read(lambda: desk.reviewing.footfall([opened], first=first, last=last))
            single = await read(lambda: desk.days.days(opened, first=first, last=last))
            if single is None or review is None or hours is None or before is None or opened_days is None:
                return
            compared = reader.t(
                "{days}, each shop's own calendar; compared with the {weeks} weeks before it",
                days=reader.days(first, last),
                weeks=WEEKS_BACK,
            )
            title(_sentence(reader, review, names), compared)
            _show_windows(reader, days, opened)
            query = urlencode({"store": opened, "days": days} | ({"find": find} if find else {}))
            await show_kept_views(desk, reader, "/footfall", f"/footfall?{query}")
            _show_rows(reader, review, names, opened, days)
            show_more(reader, review, find=find, page_no=page_no, days=days)
            show_map(reader, review, names, opened, days)
            show_visits(reader, single, names[opened].name)
            picked = opened_days.stores[0]
            coming = desk.now().astimezone(ZoneInfo(names[opened].time_zone))
            _show_store(reader, names[opened], picked, before.stores[0], hours.stores[0].rows, coming)
            show_days(desk, reader, single, names[opened].name, first=first, last=last)


def _sentence(reader: Reader, review: ChainReview, names: dict[str, StoreRecord]) -> str:
    compared = [shop for shop in review.stores if shop.comparison.change_share is not None and shop.comparison.hours >= _MATCHED_MIN_HOURS]
    if not compared:
        watched = [shop for shop in review.stores if shop.visitors is not None]
        if not watched:
            return reader.t("No door has counted in these days")
        visitors = reader.number(sum(shop.visitors or 0 for shop in watched))
        return reader.t("{visitors} visitors counted; a week of history will tell whether that is many", visitors=visitors)
    most = compared[0]
    share = most.comparison.change_share or 0.0
    name = names[most.store_id].name
    if abs(share) < 0.05:
        return reader.t(
            "Every shop is within 5 % of its usual visitors, {shop} furthest at {change}", shop=name, change=reader.change(share)
        )
    apart = reader.percent(abs(share))
    if share < 0:
        return reader.t("{shop}: visitors {share} under the same weekdays and hours before", shop=name, share=apart)
    return reader.t("{shop}: visitors {share} over the same weekdays and hours before", shop=name, share=apart)


def _show_windows(reader: Reader, days: int, opened: str) -> None:
    links = "".join(
        f'<a href="/footfall?store={escape(opened)}&amp;days={window}"{" aria-current=true" if window == days else ""}>'
        f"{reader.n('{count} day', '{count} days', window)}</a>"
        for window in _WINDOWS
    )
    html(f'<div class="ask"><span class="quiet">{reader.t("Window")}</span>{links}</div>')


def _show_rows(reader: Reader, review: ChainReview, names: dict[str, StoreRecord], opened: str, days: int) -> None:
    highest = max((row.people_in or 0 for shop in review.stores for row in shop.rows), default=0)
    rows = "".join(_store_row(reader, shop, names[shop.store_id], opened, days, highest) for shop in review.stores)
    scale = reader.t("0 to {highest}, one scale for all", highest=reader.number(highest))
    html(
        f'<div class="card"><div class="scroll" tabindex="0"><table class="figures shops"><thead><tr><th>{reader.t("Shop")}</th>'
        f'<th>{reader.t("Visitors by day")}<br><span class="unit">{scale}</span></th>'
        f'<th class="num">{reader.t("Visitors")}</th><th class="num">{reader.t("Against usual")}</th>'
        f'<th class="num wide">{reader.t("Hours compared")}</th><th class="num wide">{reader.t("Watched")}</th>'
        f"</tr></thead><tbody>{rows}</tbody></table></div></div>"
    )


def _store_row(reader: Reader, shop: StoreReview, store: StoreRecord, opened: str, days: int, highest: int) -> str:
    visitors = reader.t("not watched") if shop.visitors is None else reader.number(shop.visitors)
    return (
        f"<tr{' class=picked' if shop.store_id == opened else ''}>"
        f'<td><a class="open" href="/footfall?store={escape(shop.store_id)}&amp;days={days}">{escape(store.name)}</a></td>'
        f"<td>{sparkline(reader, shop.rows, highest=highest)}</td>"
        f'<td class="num">{visitors}<span class="narrow"> {reader.t("visitors")}</span></td>'
        f'<td class="num">{reader.change(shop.comparison.change_share)}</td>'
        f'<td class="num wide">{reader.number(shop.comparison.hours)}</td>'
        f'<td class="num wide">{reader.percent(shop.watched_share)}</td></tr>'
    )


def _show_store(reader: Reader, store: StoreRecord, shop: StoreReview, before: StoreReview, hours: list[Watched], coming: datetime) -> None:
    name = escape(store.name)
    with ui.element("section").classes("card"):
        pale = reader.t("Visitors a day; in pale the same weekday a week before. A gap is a day nobody watched.")
        html(f"<h2>{reader.t('{shop}, day by day', shop=name)}</h2><p class=quiet>{pale}</p>")
        with picture(f"visitors-{store.store_id}"):
            ui.echart(_days_chart(reader, shop.rows, before.rows), renderer="svg")
    with ui.element("section").classes("card"):
        html(f"<h2>{reader.t('{shop}, hour by hour', shop=name)}</h2>")
        html(hours_by_days(reader, hours, coming=coming))


def _days_chart(reader: Reader, rows: list[Watched], before: list[Watched]) -> dict[str, Any]:
    past = [row.people_in for row in before]
    return {
        "animation": False,
        "grid": {"left": 56, "right": 8, "top": 32, "bottom": 28},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "category", "data": [reader.weekday(row.day) for row in rows], "axisTick": {"show": False}},
        "yAxis": {"type": "value", "min": 0, "minInterval": 1, "name": reader.t("visitors a day"),
                  "nameTextStyle": _AXIS_NAME, "splitLine": _GRID_LINE},
        "series": [
            {"type": "bar", "name": reader.t("a week before"), "data": past, "itemStyle": _PALE, "barGap": "0%",
             "emphasis": _STILL},
            {"type": "bar", "name": reader.t("visitors"), "data": [_bar(row) for row in rows], "emphasis": _STILL},
        ],
    }  # fmt: skip


def _bar(row: Watched) -> dict[str, Any]:
    """A day partly watched is drawn paler; a day nobody watched is no bar at all."""
    return {"value": row.people_in, "itemStyle": {"color": "var(--bar)", "opacity": 1.0 if row.is_whole else 0.55}}
