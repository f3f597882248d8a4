"""The card of the Footfall page with the map of the chain: where shops are, how many came, and which are far from their usual."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from math import sqrt

from nicegui import ui

from cloud_api.adapters.store_records import StoreRecord
from cloud_api.dashboard.frame import html
from cloud_api.dashboard.picture import picture
from cloud_api.dashboard.reader import Reader
from cloud_api.flows.reviewing import ChainReview
from cloud_api.rules.chain_map import ChainMap, chain_map
from cloud_api.rules.early_warning import CHANGE_MIN_SHARE
from cloud_api.rules.footfall_review import StoreReview

_WIDE, _TALL, _EDGE, _RADIUS_MAX, _RADIUS_MIN = 720.0, 420.0, 48.0, 22.0, 5.0
_NAMED_MAX = 24
"""So many shops are named on the map, what changed most first: more names would cover each other."""


def show_map(reader: Reader, review: ChainReview, names: Mapping[str, StoreRecord], opened: str, days: int) -> None:
    """Draw the shops of the review that told where they are; say how it is told where none did."""
    told = {shop.store_id: place for shop in review.stores if (place := names[shop.store_id].place_deg) is not None}
    drawn = chain_map(told)
    with ui.element("section").classes("card"):
        html(f"<h2>{reader.t('The chain on a map')}</h2>")
        if drawn is None:
            words = reader.t("No shop has told where it is: latitude_deg and longitude_deg in its planogram put it here.")
            html(f'<p class="quiet">{words}</p>')
            return
        missing = review.shops - len(told)
        legend = reader.t("Area: visitors in these days. A dashed ring is {share} or more from its usual; the opened shop is blue.",
                          share=reader.percent(CHANGE_MIN_SHARE))  # fmt: skip
        more = reader.n("{count} shop is not on it.", "{count} shops are not on it.", missing) if missing > 0 else ""
        html(f'<p class="quiet">{legend} {more}</p>')
        with picture("chain-map"):
            html(_svg(reader, drawn, {shop.store_id: shop for shop in review.stores}, names, opened, days))


def _svg(
    reader: Reader,
    drawn: ChainMap,
    shops: Mapping[str, StoreReview],
    names: Mapping[str, StoreRecord],
    opened: str,
    days: int,
) -> str:
    scale = min((_WIDE - 2 * _EDGE) / drawn.width_km, (_TALL - 2 * _EDGE) / drawn.height_km)
    left, top = (_WIDE - drawn.width_km * scale) / 2, (_TALL - drawn.height_km * scale) / 2
    most = max((shop.visitors or 0 for shop in shops.values()), default=0)
    marks = [
        _mark(
            reader, shops[place.store_id], escape(names[place.store_id].name), at=(left + place.x_km * scale, top + place.y_km * scale),
            most=most, is_named=number < _NAMED_MAX, is_opened=place.store_id == opened, days=days,
        )
        for number, place in enumerate(drawn.places)
    ]  # fmt: skip
    bar = drawn.bar_km * scale
    length = reader.number(drawn.bar_km, decimals=0 if drawn.bar_km >= 1 else 1)
    measure = (
        f'<g class="measure"><line x1="16" y1="{_TALL - 16}" x2="{16 + bar:.1f}" y2="{_TALL - 16}"/>'
        f'<text x="16" y="{_TALL - 24}">{length} km</text>'
        f'<path d="M{_WIDE - 24} 16 l6 18 l-6 -5 l-6 5 z"/><text x="{_WIDE - 24}" y="52" text-anchor="middle">{reader.t("N")}</text></g>'
    )
    label = reader.t("Map of the chain's shops")
    return f'<svg class="map" role="group" aria-label="{label}" viewBox="0 0 {_WIDE:.0f} {_TALL:.0f}">{measure}{"".join(marks)}</svg>'


def _mark(
    reader: Reader, shop: StoreReview, name: str, *, at: tuple[float, float], most: int, is_named: bool, is_opened: bool, days: int
) -> str:
    (x, y), change = at, shop.comparison.change_share
    radius = max(_RADIUS_MIN, _RADIUS_MAX * sqrt((shop.visitors or 0) / most)) if most else _RADIUS_MIN
    told = reader.t("not watched") if shop.visitors is None else reader.n("{count} visitor", "{count} visitors", shop.visitors)
    kind = " ".join(["shop", *(["opened"] if is_opened else []), *(["none"] if shop.visitors is None else [])])
    is_far = change is not None and abs(change) >= CHANGE_MIN_SHARE
    ring = f'<circle class="ring" cx="{x:.1f}" cy="{y:.1f}" r="{radius + 5:.1f}"/>' if is_far else ""
    label = name if change is None else f"{name} {reader.change(change)}"
    beside, anchor = (x - radius - 8, "end") if x > _WIDE * 0.72 else (x + radius + 8, "start")
    text = f'<text class="label" x="{beside:.1f}" y="{y + 5:.1f}" text-anchor="{anchor}">{label}</text>' if is_named else ""
    return (
        f'<a href="/footfall?store={escape(shop.store_id)}&amp;days={days}"><circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" '
        f'r="{radius:.1f}"><title>{label}: {told}</title></circle>{ring}{text}</a>'
    )
