"""Terms of ordering: try another service level, lead time or minimum on a shop's year, see what it costs and serves, then keep it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from html import escape
from typing import Any

import msgspec
from fastapi import Request
from nicegui import run, ui
from sqlalchemy.exc import DBAPIError

from cloud_api.adapters.store_records import StoreRecord
from cloud_api.adapters.terms_records import TermsRecord
from cloud_api.dashboard.acting import pressed
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.frame import PATIENCE_S, button, html, page, read, read_stores, title
from cloud_api.dashboard.words import age, money
from cloud_api.errors import CloudError
from cloud_api.flows.what_if import TermsChange, WhatIf
from cloud_api.rules.order_simulation import Outcome
from cloud_api.rules.order_terms import EVERYTHING, WHOLE_CHAIN, Scope, Terms
from wire_format.plans import Planogram

_SCOPES: dict[Scope, str] = {"all": "Every article", "supplier": "A supplier", "category": "A category", "article": "An article"}
_FIELDS = (
    ("service_level", "Service level, %", 100.0),
    ("lead_time_days", "Lead time, days", 1.0),
    ("review_days", "Days between orders", 1.0),
    ("minimum_minor", "Minimum order, money", 100.0),
    ("minimum_units", "Minimum order, units", 1.0),
    ("shelf_life_days", "Shelf life, days", 1.0),
    ("back_room_units", "Fits in the back room, units", 1.0),
    ("holding_per_year", "Holding a year, % of cost", 100.0),
)
_WHOLE = frozenset({"minimum_minor", "minimum_units", "back_room_units"})
_GROWS = frozenset({"service_level", "holding_per_year"})
"""Told in per cent, kept as shares."""


def show_order_terms(desk: Desk) -> None:
    """Register the page."""

    @ui.page("/orders/terms", title="Terms of ordering · Aislewise", response_timeout=PATIENCE_S)
    async def terms(request: Request, store: str = "") -> None:
        with page(request, "/orders"):
            stores = await read_stores(desk)
            if not stores:
                return
            picked = next((known for known in stores if known.store_id == store), stores[0])
            planogram = await read(lambda: desk.stores.planogram(picked.store_id))
            said = await read(desk.what_ifs.said)
            if planogram is None or said is None:
                return
            title(
                "Try terms of ordering before you keep them",
                f"A year of {picked.name} is played with each article's forecast, once as orders are made now and once with your terms.",
            )
            _Trial(desk, picked, planogram).show()
            _show_said(said, {known.store_id: known.name for known in stores}, picked, desk)


class _Trial:
    """The form and what came of it."""

    def __init__(self, desk: Desk, store: StoreRecord, planogram: Planogram) -> None:
        self._desk, self._store, self._planogram = desk, store, planogram
        self._numbers: dict[str, ui.number] = {}

    def show(self) -> None:
        """Lay the form out."""
        with ui.element("div").classes("card"):
            with ui.element("div").classes("ask"):
                self._scope = ui.select(dict(_SCOPES), value="all", label="Terms for").props("outlined dense").classes("why")
                self._name = ui.select([], label="Which", with_input=True).props("outlined dense").classes("why")
                self._name.visible = False
                self._scope.on_value_change(lambda event: self._offer(event.value))
                self._everywhere = ui.checkbox("in every shop", value=True)
            with ui.element("div").classes("ask"):
                for field, label, _ in _FIELDS:
                    self._numbers[field] = ui.number(label, min=0).props("outlined dense clearable").classes("term")
                self._by_cost = ui.checkbox("service level that pays (margin against holding)")
            html('<p class="quiet">A field left empty stays as it is. A service level that pays needs no number.</p>')
            with ui.element("div").classes("buttons"):
                button("Try", self._try, is_main=True)
                button("Keep", self._keep)
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
        for field, _, factor in _FIELDS:
            told = self._numbers[field].value
            if told is not None:
                value = told / factor if field in _GROWS else told * factor
                values[field] = round(value) if field in _WHOLE else value
        if self._by_cost.value:
            values["service_by_cost"] = True
        scope: Scope = self._scope.value
        return TermsChange(
            store_id=WHOLE_CHAIN if self._everywhere.value else self._store.store_id, scope=scope,
            name=EVERYTHING if scope == "all" else str(self._name.value or ""), terms=msgspec.convert(values, Terms),
        )  # fmt: skip

    async def _try(self) -> None:
        self._result.clear()
        with self._result:
            html('<p class="quiet">Playing two years, some seconds …</p>')
        found = await self._ask(self._tried)
        self._result.clear()
        if isinstance(found, WhatIf):
            with self._result:
                html(_compared(found, self._store.currency))

    async def _keep(self) -> None:
        if await self._ask(self._kept):
            ui.navigate.reload()

    async def _kept(self, change: TermsChange) -> bool:
        words = f"terms of {change.scope} {change.name} in {change.store_id}"
        await pressed(self._desk, "orders", words, lambda by: self._desk.what_ifs.keep(change, by=by))
        return True

    async def _tried(self, change: TermsChange) -> WhatIf | None:
        return await run.io_bound(self._desk.what_ifs.try_out, self._store.store_id, change)

    async def _ask(self, act: Callable[[TermsChange], Awaitable[object]]) -> object:
        try:
            return await act(self._change())
        except (CloudError, DBAPIError, msgspec.ValidationError) as error:
            ui.notify(str(error).splitlines()[0], type="negative", timeout=8000)
            return None


def _compared(found: WhatIf, currency: str) -> str:
    before, after = found.before, found.after

    def row(name: str, told: Any) -> str:
        return f'<tr><td>{name}</td><td class="num">{told(before)}</td><td class="num">{told(after)}</td></tr>'

    def minor(field: str) -> Any:
        return lambda outcome: money(getattr(outcome, field), currency)

    rows = "".join(
        (
            row("Demand served", lambda outcome: f"{100 * outcome.fill_rate:.1f} %"),
            row("Orders a year", lambda outcome: f"{outcome.orders:.0f}"),
            row("Goods in the shop", minor("stock_minor")),
            row("Margin lost a year", minor("lost_minor")),
            row("Holding a year", minor("holding_minor")),
            row("Goods wasted a year", minor("wasted_minor")),
            row("<b>Cost a year</b>", lambda outcome: f"<b>{money(outcome.cost_minor, currency)}</b>"),
        )
    )
    which = f"all {found.articles} articles"
    if found.articles < found.of_articles:
        which = f"the {found.articles} of {found.of_articles} articles that sell for most money"
    return (
        f'<div class="card"><h2>{escape(_verdict(before, after, currency))}</h2><p class="quiet">Played over {found.tried_days} days '
        f"for {which}, and told by the year. Demand is drawn from "
        'the forecasts: what they miss, this misses.</p><div class="scroll"><table class="figures"><thead><tr><th></th>'
        '<th class="num">As now</th>'
        f'<th class="num">With these terms</th></tr></thead><tbody>{rows}</tbody></table></div></div>'
    )


def _verdict(before: Outcome, after: Outcome, currency: str) -> str:
    saved = before.cost_minor - after.cost_minor
    served = 100 * (after.fill_rate - before.fill_rate)
    if abs(served) < 0.05 and abs(saved) < 0.005 * before.cost_minor:
        return "These terms change next to nothing"
    cost = f"cost {money(abs(saved), currency)} a year {'less' if saved > 0 else 'more'}"
    return f"These terms {cost} and serve {abs(served):.1f} points {'more' if served >= 0 else 'less'} of the demand"


def _show_said(said: list[TermsRecord], names: dict[str, str], picked: StoreRecord, desk: Desk) -> None:
    if not said:
        nothing = "Orders go by the configuration and the product master."
        html(f'<div class="card"><h2>No terms are kept yet</h2><p class="quiet">{nothing}</p></div>')
        return
    rows = "".join(
        f"<tr><td>{escape(names.get(row.store_id, row.store_id)) if row.store_id != WHOLE_CHAIN else 'every shop'}</td>"
        f"<td>{'everything' if row.scope == 'all' else f'{row.scope} {escape(row.name)}'}</td>"
        f'<td>{escape(_terms_words(row.body, picked.currency))}</td><td class="num quiet">{age(row.changed_at, desk.now())}</td></tr>'
        for row in said
    )
    html(
        '<div class="card"><h2>Terms kept</h2><p class="quiet">The nearest word counts: '
        "an article's before its category's, its supplier's, everybody's. To take terms away, keep empty fields for them.</p>"
        '<div class="scroll"><table class="figures"><thead><tr><th>Where</th><th>For</th><th>Terms</th>'
        '<th class="num">Since</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div></div>"
    )


def _terms_words(body: dict[str, Any], currency: str) -> str:
    told = []
    for field, label, factor in _FIELDS:
        if field in body:
            name = label.split(",")[0].lower()
            value = body[field]
            shown = money(value, currency) if field == "minimum_minor" else f"{value * factor:g} %" if field in _GROWS else f"{value:g}"
            told.append(f"{name} {shown}")
    if body.get("service_by_cost"):
        told.append("service level that pays")
    return ", ".join(told)
