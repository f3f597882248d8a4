"""The arithmetic of a proposed line, one click away: every figure in the order in which it is worked out.

Also what a supplier's minimum, or a move between shops, does to an order.
"""

from __future__ import annotations

from html import escape
from typing import Any

from cloud_api.dashboard.reader import Reader

_SAY_NOTHING = frozenset({"from_other_shop_units", "added_for_minimum_units"})
"""Left out where they are nought."""


def sums(reader: Reader, arithmetic: dict[str, Any], currency: str) -> str:
    """The list of figures, closed until asked for."""
    rows = [_row(reader, name, form, arithmetic.get(key)) for key, name, form in _always(reader)]
    for key, name, form in _where_there(reader):
        value = arithmetic.get(key)
        if value is not None and not (key in _SAY_NOTHING and not value):
            rows.append(_row(reader, name, form, value))
    told = [reader.t("Rounded to whole cases; bound by: {what}.", what=reader.say(arithmetic["bound"]))]
    if arithmetic.get("wasted_minor"):
        told.append(reader.t("Goods of {money} are expected to expire.", money=reader.money(arithmetic["wasted_minor"], currency)))
    if arithmetic.get("is_service_by_cost"):
        told.append(reader.t("The service level is the one that pays: margin lost against holding."))
    bound = f'<p class="quiet">{escape(" ".join(told))}</p>'
    return f'<details><summary>{reader.t("Arithmetic")}</summary><dl class="sums">{"".join(rows)}</dl>{bound}</details>'


def money_words(reader: Reader, body: dict[str, Any], currency: str) -> str:
    """What the supplier's minimum, or a move between shops, does to the order."""

    def money(field: str) -> str:
        return reader.money(body.get(field) or 0, currency)

    if body.get("from_store"):
        gain, trip = money("waiting_loss_minor"), money("value_minor")
        told = reader.t("Saves about {gain} of lost sales and holding; the trip costs {trip}.", gain=gain, trip=trip)
        return f'<p class="quiet">{told}</p>'
    least = [money("minimum_minor")] if body.get("minimum_minor") else []
    least += [reader.n("{count} unit", "{count} units", body["minimum_units"])] if body.get("minimum_units") else []
    if not least:
        return ""
    asks = reader.t(
        "The supplier takes no order below {least}; this one is worth {money}.", least=" + ".join(least), money=money("value_minor")
    )
    loses, holds = money("waiting_loss_minor"), money("added_holding_minor")
    if body.get("waits_because"):
        why = reader.t(
            "It waits: {why} (waiting a review loses about {loses} of margin, holding what is missing would cost {holds}).",
            why=escape(reader.say(body["waits_because"])), loses=loses, holds=holds,
        )  # fmt: skip
        return f'<div><span class="state soon">◐ {reader.t("waits")}</span></div><p class="quiet">{asks} {why}</p>'
    if body.get("added_minor"):
        cheaper = reader.t(
            "{added} of it is ordered sooner than needed: holding it costs {holds}, waiting would lose {loses}.",
            added=money("added_minor"), holds=holds, loses=loses,
        )  # fmt: skip
        return f'<p class="quiet">{asks} {cheaper}</p>'
    return f'<p class="quiet">{asks}</p>'


def _always(reader: Reader) -> tuple[tuple[str, str, str], ...]:
    return (
        ("mean_per_day", reader.t("Sells a day"), "{:.2f}"),
        ("sd_per_day", reader.t("± spread a day"), "{:.2f}"),
        ("history_days", reader.t("Days in stock on record"), "{:.1f}"),
        ("lead_time_sd_days", reader.t("± days of the supplier"), "{:.1f}"),
        ("cover_days", reader.t("Days to cover (lead time and review)"), "{:.1f}"),
        ("demand_over_cover_units", reader.t("Demand over these days"), "{:.1f}"),
        ("service_level", reader.t("Service level"), "{:.1%}"),
        ("safety_units", reader.t("Safety stock"), "{:.1f}"),
        ("presentation_min_units", reader.t("Presentation minimum"), "{:.0f}"),
        ("order_up_to_units", reader.t("Order up to"), "{:.1f}"),
        ("on_hand_units", reader.t("− in the shop"), "{:.0f}"),
        ("on_order_units", reader.t("− on the way"), "{:.0f}"),
    )


def _where_there(reader: Reader) -> tuple[tuple[str, str, str], ...]:
    return (
        ("from_other_shop_units", reader.t("− from another shop"), "{:.0f}"),
        ("need_units", reader.t("= needed"), "{:.1f}"),
        ("supplier_fill", reader.t("Supplier delivers"), "{:.0%}"),
        ("case_pack_units", reader.t("Case pack"), "{:.0f}"),
        ("added_for_minimum_units", reader.t("+ sooner, for the supplier's minimum"), "{:.0f}"),
        ("capacity_units", reader.t("Fits on the shelf"), "{:.0f}"),
        ("back_room_units", reader.t("Fits in the back room"), "{:.0f}"),
        ("shelf_life_days", reader.t("Shelf life, days"), "{:g}"),
        ("sells_before_expiry_units", reader.t("Sells before it expires"), "{:.1f}"),
        ("wasted_units", reader.t("Expected to expire"), "{:.2f}"),
    )


def _row(reader: Reader, name: str, form: str, value: float | None) -> str:
    return f"<dt>{name}</dt><dd>{reader.t('not known') if value is None else form.format(value).replace('%', ' %')}</dd>"
