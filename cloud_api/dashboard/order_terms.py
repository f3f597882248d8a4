"""Terms of ordering: try another service level, lead time or minimum on a shop's year, see what it costs and serves, then keep it."""

from __future__ import annotations

from html import escape
from typing import Any

import msgspec
from fastapi import Request
from nicegui import ui

from cloud_api.adapters.store_records import StoreRecord
from cloud_api.adapters.terms_records import TermsRecord
from cloud_api.dashboard.acting import answer, entered, press
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.frame import PATIENCE_S, button, html, page, read, read_stores, shop_of, title
from cloud_api.dashboard.reader import Reader
from cloud_api.dashboard.table import Column, figures, table
from cloud_api.flows.what_if import TermsChange, WhatIf
from cloud_api.rules.order_simulation import Outcome
from cloud_api.rules.order_terms import EVERYTHING, WHOLE_CHAIN, Scope, Terms
from page_language.limits import limit_of
from wire_format.plans import Planogram

_WHOLE = frozenset({"minimum_minor", "minimum_units", "back_room_units"})
_GROWS = frozenset({"service_level", "holding_per_year"})
"""Told in per cent, kept as shares."""


def show_order_terms(desk: Desk) -> None:
    """Register the page."""

    @ui.page("/orders/terms", response_timeout=PATIENCE_S)
    async def terms(request: Request, store: str = "") -> None:
        with page(request, "/orders") as reader:
            stores = await read_stores(desk)
            if not stores:
                return
            picked = shop_of(stores, store)
            planogram = await read(lambda: desk.stores.planogram(picked.store_id))
            said = await read(desk.what_ifs.said)
            if planogram is None or said is None:
                return
            title(
                reader.t("Try terms of ordering before you keep them"),
                reader.t(
                    "A year of {shop} is played with each article's forecast, once as orders are made now and once with your terms.",
                    shop=picked.name,
                ),
            )
            _Trial(desk, reader, picked, planogram).show()
            _show_said(reader, said, {known.store_id: known.name for known in stores}, picked, desk)


def _fields(reader: Reader) -> tuple[tuple[str, str, str, float], ...]:
    """Each term: its field, its name, its unit, and what one of the unit is in the field."""
    per_cent, days, units = reader.t("%"), reader.t("days"), reader.t("units")
    return (
        ("service_level", reader.t("Service level"), per_cent, 100.0),
        ("lead_time_days", reader.t("Lead time"), days, 1.0),
        ("review_days", reader.t("Between orders"), days, 1.0),
        ("minimum_minor", reader.t("Minimum order"), reader.t("money"), 100.0),
        ("minimum_units", reader.t("Minimum order"), units, 1.0),
        ("shelf_life_days", reader.t("Shelf life"), days, 1.0),
        ("back_room_units", reader.t("Fits in the back room"), units, 1.0),
        ("holding_per_year", reader.t("Holding a year"), per_cent, 100.0),
    )


def _beyond(reader: Reader, problem: str) -> str:
    """What a term may be, by its name on the page."""
    limit = limit_of(problem)
    named = {field: (label, factor) for field, label, _, factor in _fields(reader)}
    if limit is None or limit.field not in named:
        return problem
    label, factor = named[limit.field]
    return reader.limit(limit, field=label, scale=factor if limit.field in _GROWS else 1.0 / factor)


class _Trial:
    """The form and what came of it."""

    def __init__(self, desk: Desk, reader: Reader, store: StoreRecord, planogram: Planogram) -> None:
        self._desk, self._reader, self._store, self._planogram = desk, reader, store, planogram
        self._numbers: dict[str, ui.number] = {}

    def show(self) -> None:
        """Lay the form out."""
        reader = self._reader
        scopes = {
            "all": reader.t("Every article"), "supplier": reader.t("A supplier"), "category": reader.t("A category"),
            "article": reader.t("An article"),
        }  # fmt: skip
        with ui.element("div").classes("card"):
            with ui.element("div").classes("ask"):
                self._scope = ui.select(scopes, value="all", label=reader.t("Terms for")).props("outlined dense").classes("why")
                self._name = ui.select([], label=reader.t("Which"), with_input=True).props("outlined dense").classes("why")
                self._name.visible = False
                self._scope.on_value_change(lambda event: self._offer(event.value))
                self._everywhere = ui.checkbox(reader.t("in every shop"), value=True)
            with ui.element("div").classes("ask"):
                for field, label, unit, _ in _fields(reader):
                    self._numbers[field] = ui.number(f"{label}, {unit}", min=0).props("outlined dense clearable").classes("term")
                self._by_cost = ui.checkbox(reader.t("service level that pays (margin against holding)"))
            told = reader.t(
                "A field left empty stays as it is. A service level that pays needs no number; holding is a share of what goods cost."
            )
            html(f'<p class="quiet">{told}</p>')
            with ui.element("div").classes("buttons"):
                button(reader.t("Try"), self._try, is_main=True)
                button(reader.t("Keep"), self._keep)
        self._result = ui.element("div").classes("stack")

    def _offer(self, scope: str) -> None:
        products = self._planogram.products
        names = {
            "supplier": {product.supplier: product.supplier for product in products if product.supplier},
            "category": {product.category: product.category for product in products if product.category},
            "article": {product.sku: product.name for product in products},
        }.get(scope, {})
        self._name.set_options(names, value=next(iter(names), None))
        self._name.visible = scope != "all"

    def _change(self) -> TermsChange:
        values: dict[str, Any] = {}
        for field, _, _, factor in _fields(self._reader):
            told = self._numbers[field].value
            if told is not None:
                value = told / factor if field in _GROWS else told * factor
                values[field] = round(value) if field in _WHOLE else value
        if self._by_cost.value:
            values["service_by_cost"] = True
        try:
            terms = msgspec.convert(values, Terms)
        except msgspec.ValidationError as error:
            raise ValueError(_beyond(self._reader, str(error))) from None
        scope: Scope = self._scope.value
        return TermsChange(
            store_id=WHOLE_CHAIN if self._everywhere.value else self._store.store_id, scope=scope,
            name=EVERYTHING if scope == "all" else str(self._name.value or ""), terms=terms,
        )  # fmt: skip

    async def _try(self) -> None:
        self._result.clear()
        with self._result:
            html(f'<p class="quiet" role="status">{self._reader.t("Playing two years, some seconds …")}</p>')
        change = entered(self._change)
        found = None if change is None else await answer(lambda: self._desk.what_ifs.try_out(self._store.store_id, change))
        self._result.clear()
        if found is not None:
            with self._result:
                html(_compared(self._reader, found, self._store.currency))

    async def _keep(self) -> None:
        change = entered(self._change)
        if change is None:
            return
        words = f"terms of {change.scope} {change.name} in {change.store_id}"
        if await press(self._desk, "orders", words, lambda by: self._desk.what_ifs.keep(change, by=by)):
            ui.navigate.reload()


def _compared(reader: Reader, found: WhatIf, currency: str) -> str:
    before, after = found.before, found.after

    def minor(field: str) -> list[str]:
        return [reader.money(getattr(outcome, field), currency) for outcome in (before, after)]

    rows = (
        (reader.t("Demand served"), *(reader.percent(each.fill_rate, decimals=1) for each in (before, after))),
        (reader.t("Orders a year"), *(reader.number(each.orders) for each in (before, after))),
        (reader.t("Goods in the shop"), *minor("stock_minor")),
        (reader.t("Margin lost a year"), *minor("lost_minor")),
        (reader.t("Holding a year"), *minor("holding_minor")),
        (reader.t("Goods wasted a year"), *minor("wasted_minor")),
        (f"<b>{reader.t('Cost a year')}</b>", *(f"<b>{money}</b>" for money in minor("cost_minor"))),
    )
    which = reader.t("all {count} articles", count=found.articles)
    if found.articles < found.of_articles:
        which = reader.t("the {count} of {all} articles that sell for most money", count=found.articles, all=found.of_articles)
    played = reader.t(
        "Played over {days} days for {which}, and told by the year. Demand is drawn from the forecasts: what they miss, this misses.",
        days=found.tried_days, which=which,
    )  # fmt: skip
    columns = (Column(""), figures(reader.t("As now")), figures(reader.t("With these terms")))
    verdict = escape(_verdict(reader, before, after, currency))
    return f'<div class="card"><h2>{verdict}</h2><p class="quiet">{played}</p>{table(columns, rows)}</div>'


def _verdict(reader: Reader, before: Outcome, after: Outcome, currency: str) -> str:
    saved = before.cost_minor - after.cost_minor
    served = 100 * (after.fill_rate - before.fill_rate)
    if abs(served) < 0.05 and abs(saved) < 0.005 * before.cost_minor:
        return reader.t("These terms change next to nothing")
    money, points = reader.money(abs(saved), currency), reader.number(abs(served), decimals=1)
    cost = reader.t("cost {money} a year less", money=money) if saved > 0 else reader.t("cost {money} a year more", money=money)
    more = reader.t("serve {points} points more of the demand", points=points)
    less = reader.t("serve {points} points less of the demand", points=points)
    return reader.t("These terms {cost} and {serve}", cost=cost, serve=more if served >= 0 else less)


def _show_said(reader: Reader, said: list[TermsRecord], names: dict[str, str], picked: StoreRecord, desk: Desk) -> None:
    if not said:
        nothing = reader.t("Orders go by the configuration and the product master.")
        html(f'<div class="card"><h2>{reader.t("No terms are kept yet")}</h2><p class="quiet">{nothing}</p></div>')
        return
    rows = [
        (
            reader.t("every shop") if row.store_id == WHOLE_CHAIN else escape(names.get(row.store_id, row.store_id)),
            reader.t("everything") if row.scope == "all" else escape(row.name),
            escape(_terms_words(reader, row.body, picked.currency)),
            f'<span class="quiet">{reader.age(row.changed_at, desk.now())}</span>',
        )
        for row in said
    ]
    nearest = reader.t(
        "The nearest word counts: an article's before its category's, its supplier's, everybody's. To take terms away, keep empty "
        "fields for them."
    )
    columns = (Column(reader.t("Where")), Column(reader.t("For")), Column(reader.t("Terms")), figures(reader.t("Since")))
    html(f'<div class="card"><h2>{reader.t("Terms kept")}</h2><p class="quiet">{nearest}</p>{table(columns, rows)}</div>')


def _terms_words(reader: Reader, body: dict[str, Any], currency: str) -> str:
    told = []
    for field, label, unit, factor in _fields(reader):
        if field in body:
            value = body[field]
            shown = reader.money(value, currency) if field == "minimum_minor" else f"{value * (factor if field in _GROWS else 1):g} {unit}"
            told.append(f"{label.lower()} {shown}")
    if body.get("service_by_cost"):
        told.append(reader.t("service level that pays"))
    return reader.listed(told)
