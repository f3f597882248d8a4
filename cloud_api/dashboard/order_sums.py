"""The arithmetic of a proposed line, one click away: every figure in the order in which it is worked out."""

from __future__ import annotations

from html import escape
from typing import Any

from cloud_api.dashboard.words import money

_ALWAYS = (
    ("mean_per_day", "Sells a day", "{:.2f}"),
    ("sd_per_day", "± spread a day", "{:.2f}"),
    ("history_days", "Days in stock on record", "{:.1f}"),
    ("lead_time_sd_days", "± days of the supplier", "{:.1f}"),
    ("cover_days", "Days to cover (lead time and review)", "{:.1f}"),
    ("demand_over_cover_units", "Demand over these days", "{:.1f}"),
    ("service_level", "Service level", "{:.1%}"),
    ("safety_units", "Safety stock", "{:.1f}"),
    ("presentation_min_units", "Presentation minimum", "{:.0f}"),
    ("order_up_to_units", "Order up to", "{:.1f}"),
    ("on_hand_units", "− in the shop", "{:.0f}"),
    ("on_order_units", "− on the way", "{:.0f}"),
)
_WHERE_THERE = (
    ("from_other_shop_units", "− from another shop", "{:.0f}"),
    ("need_units", "= needed", "{:.1f}"),
    ("supplier_fill", "Supplier delivers", "{:.0%}"),
    ("case_pack_units", "Case pack", "{:.0f}"),
    ("added_for_minimum_units", "+ sooner, for the supplier's minimum", "{:.0f}"),
    ("capacity_units", "Fits on the shelf", "{:.0f}"),
    ("back_room_units", "Fits in the back room", "{:.0f}"),
    ("shelf_life_days", "Shelf life, days", "{:g}"),
    ("sells_before_expiry_units", "Sells before it expires", "{:.1f}"),
    ("wasted_units", "Expected to expire", "{:.2f}"),
)
_SAY_NOTHING = frozenset({"from_other_shop_units", "added_for_minimum_units"})


def sums(arithmetic: dict[str, Any], currency: str) -> str:
    """The list of figures, closed until asked for."""
    rows = [_row(name, form, arithmetic.get(key)) for key, name, form in _ALWAYS]
    for key, name, form in _WHERE_THERE:
        value = arithmetic.get(key)
        if value is not None and not (key in _SAY_NOTHING and not value):
            rows.append(_row(name, form, value))
    wasted = arithmetic.get("wasted_minor")
    cost = f" Goods of {money(wasted, currency)} are expected to expire." if wasted else ""
    how = " The service level is the one that pays: margin lost against holding." if arithmetic.get("is_service_by_cost") else ""
    bound = f'<p class="quiet">Rounded to whole cases; bound by: {escape(arithmetic["bound"])}.{cost}{how}</p>'
    return f'<details><summary>Arithmetic</summary><dl class="sums">{"".join(rows)}</dl>{bound}</details>'


def _row(name: str, form: str, value: float | None) -> str:
    return f"<dt>{name}</dt><dd>{'not known' if value is None else form.format(value).replace('%', ' %')}</dd>"
