"""Promotions: what is planned and running, what the forecast makes of a new one, and what past ones brought, with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from html import escape
from typing import TypeVar

from fastapi import Request
from nicegui import ui

from cloud_api.adapters.promotion_records import PromotionRecord
from cloud_api.adapters.store_records import StoreRecord
from cloud_api.dashboard.acting import answer, entered, press
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.frame import PATIENCE_S, button, html, page, read, read_stores, title
from cloud_api.dashboard.reader import Reader, capital
from cloud_api.dashboard.table import Column, figures, table
from cloud_api.flows.promotions import Expected, PromotionDraft, ShopResult
from cloud_api.rules.promotion_results import Measured
from wire_format.plans import Planogram

T = TypeVar("T")
_SHOWN_FOR = timedelta(days=120)
_RESULTS_SHOWN = 8


def show_promotions(desk: Desk) -> None:
    """Register the page."""

    @ui.page("/promotions", response_timeout=PATIENCE_S)
    async def promotions(request: Request) -> None:
        with page(request, "/promotions") as reader:
            stores = await read_stores(desk)
            if not stores:
                return
            found = await read(lambda: desk.promotions.listed(since=desk.now().date() - _SHOWN_FOR))
            planogram = await read(lambda: desk.stores.planogram(stores[0].store_id))
            if found is None or planogram is None:
                return
            await _Promotions(desk, reader, stores, planogram, found).show()


class _Promotions:
    """The page of one reader."""

    def __init__(self, desk: Desk, reader: Reader, stores: list[StoreRecord], planogram: Planogram, found: list[PromotionRecord]) -> None:
        self._desk, self._reader, self._stores, self._planogram = desk, reader, stores, planogram
        self._names = {store.store_id: store for store in stores}
        self._articles = {product.sku: product.name for product in planogram.products}
        self._currency = stores[0].currency
        self._by_number: dict[str, list[PromotionRecord]] = {}
        for record in found:
            self._by_number.setdefault(record.promotion_id, []).append(record)

    async def show(self) -> None:
        """Lay the page out."""
        reader, today = self._reader, self._desk.now().date()
        ahead = [records for records in self._by_number.values() if records[0].last_day >= today]
        begun = [records for records in self._by_number.values() if records[0].first_day < today]
        running = sum(records[0].first_day <= today for records in ahead)
        runs = reader.n("{count} promotion runs", "{count} promotions run", running)
        planned = reader.n("{count} more is planned", "{count} more are planned", len(ahead) - running)
        title(
            capital(reader.listed([runs, planned])) if ahead else reader.t("No promotion runs or is planned"),
            reader.t("What is planned here is known to the forecast, the orders and the shops' hubs."),
        )
        self._form()
        for records in ahead:
            self._planned(records)
        if not self._by_number:
            below = reader.t("Plan one above; its result follows a day after it began.")
            html(f'<div class="card"><h2>{reader.t("None is planned yet")}</h2><p class="quiet">{below}</p></div>')
        if begun:
            await self._results(begun[:_RESULTS_SHOWN])

    def _form(self) -> None:
        reader = self._reader
        shops = {store.store_id: store.name for store in self._stores}
        with ui.element("div").classes("card"):
            html(f"<h2>{reader.t('Plan a promotion')}</h2>")
            with ui.element("div").classes("ask"):
                self._sku = ui.select(self._articles, label=reader.t("Article"), with_input=True).props("outlined dense").classes("why")
                self._shops = ui.select(shops, label=reader.t("Shops (none named: all)"), multiple=True)
                self._shops.props("outlined dense use-chips").classes("why")
            tomorrow = self._desk.now().date() + timedelta(days=1)
            with ui.element("div").classes("ask"):
                self._first = _field(ui.input(reader.t("First day"), value=tomorrow.isoformat()), "type=date")
                self._last = _field(ui.input(reader.t("Last day"), value=(tomorrow + timedelta(days=6)).isoformat()), "type=date")
                self._price = ui.number(reader.t("Price, {currency}", currency=self._currency), min=0, format="%.2f")
                _field(self._price, "clearable")
                self._display = _field(ui.input(reader.t("Display, where")))
                self._mailer = _field(ui.input(reader.t("Mailer, where")))
            with ui.element("div").classes("buttons"):
                button(reader.t("See what it brings"), self._try, is_main=True)
                button(reader.t("Plan it and tell the shops"), self._plan)
            self._expected = ui.element("div").classes("stack")

    def _draft(self) -> PromotionDraft:
        price = self._price.value
        if not self._first.value or not self._last.value:
            raise ValueError(self._reader.t("Give the first and the last day."))
        if price is not None and price <= 0:
            raise ValueError(self._reader.t("Give a price above 0, or none."))
        if not self._sku.value:
            raise ValueError(self._reader.t("Choose an article."))
        return PromotionDraft(
            sku=str(self._sku.value or ""), first_day=date.fromisoformat(self._first.value), last_day=date.fromisoformat(self._last.value),
            store_ids=list(self._shops.value or []), price_minor=None if price is None else round(price * 100),
            display=self._display.value.strip(), mailer=self._mailer.value.strip(),
        )  # fmt: skip

    async def _try(self) -> None:
        draft = entered(self._draft)
        found = None if draft is None else await answer(lambda: self._desk.promotions.expected(draft))
        self._expected.clear()
        if found is not None:
            with self._expected:
                html(_expected_words(self._reader, found, self._names))

    async def _plan(self) -> None:
        draft = entered(self._draft)
        if draft is None:
            return
        words = f"plan {draft.sku} from {draft.first_day} to {draft.last_day}"
        if await press(self._desk, "promotions", words, lambda by: self._desk.promotions.plan(draft, by=by)):
            ui.navigate.reload()

    def _planned(self, records: list[PromotionRecord]) -> None:
        reader, first = self._reader, records[0]
        days = reader.days(first.first_day, first.last_day)
        with ui.element("article").classes("card"):
            html(
                f'<div class="row-line"><h2>{self._article(first)} <span class="unit">{days}</span></h2><span class="end quiet">'
                f"{reader.n('{count} shop', '{count} shops', len(records))}</span></div><p>{self._done(first)}</p>"
            )
            with ui.element("div").classes("buttons"):
                button(reader.t("Call it off"), partial(self._cancel, first.promotion_id))

    async def _cancel(self, promotion_id: str) -> None:
        if await press(self._desk, "promotions", f"cancel {promotion_id}", lambda _: self._desk.promotions.cancel(promotion_id)):
            ui.navigate.reload()

    async def _results(self, promotions: list[list[PromotionRecord]]) -> None:
        found = await read(lambda: [(records, self._desk.promotions.results(records[0].promotion_id)) for records in promotions])
        if found is None:
            return
        reader = self._reader
        rows = [self._result_row(records[0], result) for records, results in found for result in results]
        below = reader.t(
            "Beside what the same weekdays of up to four weeks before and the rest of the shop say it would have sold; in 95 of 100 cases "
            "between the figures in brackets. What the whole chain promotes at once has no other comparison."
        )
        columns = (
            Column(reader.t("Promotion")), Column(reader.t("Shop")), figures(reader.t("Sold")), figures(reader.t("Times the usual")),
            figures(reader.t("Extra units")), figures(reader.t("Taken from neighbours")), figures(reader.t("After it")),
            figures(reader.t("Net units")),
        )  # fmt: skip
        brought = reader.t("What promotions brought")
        html(f'<div class="card"><h2>{brought}</h2><p class="quiet">{below}</p>{table(columns, rows)}</div>')

    def _result_row(self, record: PromotionRecord, found: ShopResult) -> tuple[str, ...]:
        reader = self._reader
        shop = escape(self._names[found.store_id].name) if found.store_id in self._names else escape(found.store_id)
        name = f'{self._article(record)}<br><span class="quiet">{reader.days(record.first_day, record.last_day)}</span>'
        result = found.result
        if result is None:
            nothing = reader.t("nothing to compare with: fewer than two weeks of reports before it, or none of it sold in them")
            return name, shop, f'<span class="quiet">{nothing}</span>'
        return (
            name, shop, reader.number(result.sold_units), f"{result.uplift.value:.1f} ({result.uplift.low:.1f} – {result.uplift.high:.1f})",
            _units(result.extra), _units(result.neighbours), "–" if result.later is None else _units(result.later),
            f"<b>{_units(result.net)}</b>",
        )  # fmt: skip

    def _article(self, record: PromotionRecord) -> str:
        return escape(record.body.name or self._articles.get(record.sku, record.sku))

    def _done(self, record: PromotionRecord) -> str:
        reader, body = self._reader, record.body
        done = [reader.t("at {money}", money=reader.money(body.price_minor, self._currency))] if body.price_minor else []
        done += [reader.t("on display: {where}", where=escape(body.display))] if body.display else []
        done += [reader.t("in the mailer: {where}", where=escape(body.mailer))] if body.mailer else []
        return capital(reader.listed(done))


Field = TypeVar("Field", ui.input, ui.number)


def _field(field: Field, props: str = "") -> Field:
    field.props(f"outlined dense {props}").classes("term")
    return field


def _expected_words(reader: Reader, found: Sequence[Expected], names: dict[str, StoreRecord]) -> str:
    """Units and margin with and without it, shop by shop."""
    rows = [
        (
            escape(names[each.store_id].name), reader.number(each.units_without), reader.number(each.units_with),
            reader.money(each.margin_with_minor - each.margin_without_minor, names[each.store_id].currency),
        )
        for each in found
    ]  # fmt: skip
    more = sum(each.units_with - each.units_without for each in found)
    earns = sum(each.margin_with_minor - each.margin_without_minor for each in found)
    units, money = f"{'+' if more >= 0 else ''}{reader.number(more)}", reader.money(abs(earns), names[found[0].store_id].currency)
    gain = reader.t("{units} units and {money} more margin expected", units=units, money=money)
    loss = reader.t("{units} units and {money} less margin expected", units=units, money=money)
    below = reader.t(
        "By the effects that the shop's past and the trade suggest, over the days the forecast reaches; what it takes from neighbours "
        "is not in it."
    )
    columns = (
        Column(reader.t("Shop")), figures(reader.t("Units without")), figures(reader.t("Units with")),
        figures(reader.t("Margin, more or less")),
    )  # fmt: skip
    return f'<h2>{gain if earns >= 0 else loss}</h2><p class="quiet">{below}</p>{table(columns, rows)}'


def _units(measured: Measured) -> str:
    value, low, high = (f"{number:+.0f}".replace("-", "−").replace("+0", "0") for number in (measured.value, measured.low, measured.high))
    return f"{value} ({low} – {high})"
