"""Promotions: what is planned and running, what the forecast makes of a new one, and what past ones brought, with their intervals."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from functools import partial
from html import escape
from typing import TypeVar

from fastapi import Request
from nicegui import run, ui
from sqlalchemy.exc import DBAPIError

from cloud_api.adapters.promotion_records import PromotionRecord
from cloud_api.adapters.store_records import StoreRecord
from cloud_api.dashboard.acting import pressed
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.frame import PATIENCE_S, button, html, page, read, read_stores, title
from cloud_api.dashboard.words import capital, counted, money, span
from cloud_api.errors import CloudError
from cloud_api.flows.promotions import Expected, PromotionDraft, ShopResult
from cloud_api.rules.promotion_results import Measured
from wire_format.plans import Planogram

T = TypeVar("T")
_SHOWN_FOR = timedelta(days=120)
_RESULTS_SHOWN = 8


def show_promotions(desk: Desk) -> None:
    """Register the page."""

    @ui.page("/promotions", title="Promotions · Aislewise", response_timeout=PATIENCE_S)
    async def promotions(request: Request) -> None:
        with page(request, "/promotions"):
            stores = await read_stores(desk)
            if not stores:
                return
            found = await read(lambda: desk.promotions.listed(since=desk.now().date() - _SHOWN_FOR))
            planogram = await read(lambda: desk.stores.planogram(stores[0].store_id))
            if found is None or planogram is None:
                return
            await _Promotions(desk, stores, planogram, found).show()


class _Promotions:
    """The page of one reader."""

    def __init__(self, desk: Desk, stores: list[StoreRecord], planogram: Planogram, found: list[PromotionRecord]) -> None:
        self._desk, self._stores, self._planogram = desk, stores, planogram
        self._names = {store.store_id: store for store in stores}
        self._articles = {product.sku: product.name for product in planogram.products}
        self._currency = stores[0].currency
        self._by_number: dict[str, list[PromotionRecord]] = {}
        for record in found:
            self._by_number.setdefault(record.promotion_id, []).append(record)

    async def show(self) -> None:
        """Lay the page out."""
        today = self._desk.now().date()
        ahead = [records for records in self._by_number.values() if records[0].last_day >= today]
        begun = [records for records in self._by_number.values() if records[0].first_day < today]
        running = sum(records[0].first_day <= today for records in ahead)
        planned = f"{counted(len(ahead) - running, 'more is', 'more are')} planned"
        title(
            f"{capital(counted(running, 'promotion runs', 'promotions run'))}, {planned}" if ahead else "No promotion runs or is planned",
            "What is planned here is known to the forecast, the orders and the shops' hubs.",
        )
        self._form()
        for records in ahead:
            self._planned(records)
        if not self._by_number:
            below = "Plan one above; its result follows a day after it began."
            html(f'<div class="card"><h2>None is planned yet</h2><p class="quiet">{below}</p></div>')
        if begun:
            await self._results(begun[:_RESULTS_SHOWN])

    def _form(self) -> None:
        with ui.element("div").classes("card"):
            html("<h2>Plan a promotion</h2>")
            with ui.element("div").classes("ask"):
                self._sku = ui.select(self._articles, label="Article", with_input=True).props("outlined dense").classes("why")
                self._shops = ui.select(
                    {store.store_id: store.name for store in self._stores}, label="Shops (none named: all)", multiple=True
                )
                self._shops.props("outlined dense use-chips").classes("why")
            tomorrow = self._desk.now().date() + timedelta(days=1)
            with ui.element("div").classes("ask"):
                self._first = ui.input("First day", value=tomorrow.isoformat()).props("outlined dense type=date").classes("term")
                self._last = ui.input("Last day", value=(tomorrow + timedelta(days=6)).isoformat())
                self._last.props("outlined dense type=date").classes("term")
                self._price = ui.number(f"Price, {self._currency}", min=0, format="%.2f").props("outlined dense clearable").classes("term")
                self._display = ui.input("Display, where").props("outlined dense").classes("term")
                self._mailer = ui.input("Mailer, where").props("outlined dense").classes("term")
            with ui.element("div").classes("buttons"):
                button("See what it brings", self._try, is_main=True)
                button("Plan it and tell the shops", self._plan)
            self._expected = ui.element("div").classes("stack")

    def _draft(self) -> PromotionDraft:
        price = self._price.value
        return PromotionDraft(
            sku=str(self._sku.value or ""), first_day=date.fromisoformat(self._first.value), last_day=date.fromisoformat(self._last.value),
            store_ids=list(self._shops.value or []), price_minor=None if price is None else round(price * 100),
            display=self._display.value.strip(), mailer=self._mailer.value.strip(),
        )  # fmt: skip

    async def _try(self) -> None:
        found = await _ask(self._tried)
        self._expected.clear()
        if found is not None:
            with self._expected:
                html(_expected_words(found, self._names))

    async def _tried(self) -> list[Expected] | None:
        draft = self._draft()
        return await run.io_bound(lambda: self._desk.promotions.expected(draft))

    async def _planned_by(self) -> list[PromotionRecord] | None:
        draft = self._draft()
        words = f"plan {draft.sku} from {draft.first_day} to {draft.last_day}"
        return await pressed(self._desk, "promotions", words, lambda by: self._desk.promotions.plan(draft, by=by))

    async def _plan(self) -> None:
        if await _ask(self._planned_by) is not None:
            ui.navigate.reload()

    def _planned(self, records: list[PromotionRecord]) -> None:
        first = records[0]
        with ui.element("article").classes("card"):
            html(
                f'<div class="row-line"><h2>{self._article(first)} <span class="unit">{span(first.first_day, first.last_day)}</span></h2>'
                f'<span class="end quiet">{counted(len(records), "shop", "shops")}</span></div><p>{self._done(first)}</p>'
            )
            with ui.element("div").classes("buttons"):
                button("Call it off", partial(self._cancel, first.promotion_id))

    async def _cancel(self, promotion_id: str) -> None:
        words = f"cancel {promotion_id}"
        if await _ask(lambda: pressed(self._desk, "promotions", words, lambda _: self._desk.promotions.cancel(promotion_id))) is not None:
            ui.navigate.reload()

    async def _results(self, promotions: list[list[PromotionRecord]]) -> None:
        found = await read(lambda: [(records, self._desk.promotions.results(records[0].promotion_id)) for records in promotions])
        if found is None:
            return
        rows = "".join(self._result_row(records[0], result) for records, results in found for result in results)
        html(
            '<div class="card"><h2>What promotions brought</h2><p class="quiet">Beside what the same weekdays of the '
            "four weeks before and the rest of the shop say it would have sold; in 95 of 100 cases between the figures in brackets. What "
            'the whole chain promotes at once has no other comparison.</p><div class="scroll"><table class="figures"><thead><tr>'
            '<th>Promotion</th><th>Shop</th><th class="num">Sold</th><th class="num">Times the usual</th><th class="num">Extra units</th>'
            '<th class="num">Taken from neighbours</th>'
            f'<th class="num">After it</th><th class="num">Net units</th></tr></thead><tbody>{rows}</tbody></table></div></div>'
        )

    def _result_row(self, record: PromotionRecord, found: ShopResult) -> str:
        shop = escape(self._names[found.store_id].name) if found.store_id in self._names else escape(found.store_id)
        head = (
            f'<tr><td>{self._article(record)}<br><span class="quiet">{span(record.first_day, record.last_day)}</span></td><td>{shop}</td>'
        )
        result = found.result
        if result is None:
            return f'{head}<td colspan="6" class="quiet">nothing to compare with: too short a past, or days without a report</td></tr>'
        later = "–" if result.later is None else _units(result.later)
        cells = (
            f"{result.sold_units:.0f}", f"{result.uplift.value:.1f} ({result.uplift.low:.1f} to {result.uplift.high:.1f})",
            _units(result.extra), _units(result.neighbours), later, f"<b>{_units(result.net)}</b>",
        )  # fmt: skip
        return head + "".join(f'<td class="num">{cell}</td>' for cell in cells) + "</tr>"

    def _article(self, record: PromotionRecord) -> str:
        return escape(record.body.name or self._articles.get(record.sku, record.sku))

    def _done(self, record: PromotionRecord) -> str:
        done = [f"at {money(record.body.price_minor, self._currency)}"] if record.body.price_minor else []
        done += [f"on display: {escape(record.body.display)}"] if record.body.display else []
        done += [f"in the mailer: {escape(record.body.mailer)}"] if record.body.mailer else []
        return capital(", ".join(done)) + "."


async def _ask(act: Callable[[], Awaitable[T | None]]) -> T | None:
    try:
        return await act()
    except (CloudError, DBAPIError, ValueError) as error:
        ui.notify(str(error).splitlines()[0], type="negative", timeout=8000)
        return None


def _expected_words(found: Sequence[Expected], names: dict[str, StoreRecord]) -> str:
    """Units and margin with and without it, shop by shop."""
    rows = "".join(
        f'<tr><td>{escape(names[each.store_id].name)}</td><td class="num">{each.units_without:.0f}</td>'
        f'<td class="num">{each.units_with:.0f}</td>'
        f'<td class="num">{money(each.margin_with_minor - each.margin_without_minor, names[each.store_id].currency)}</td></tr>'
        for each in found
    )
    more = sum(each.units_with - each.units_without for each in found)
    earns = sum(each.margin_with_minor - each.margin_without_minor for each in found)
    currency = names[found[0].store_id].currency
    verdict = f"{more:+.0f} units and {money(abs(earns), currency)} {'more' if earns >= 0 else 'less'} margin expected".replace("-", "−")
    return (
        f'<h2>{verdict}</h2><p class="quiet">By the effects that the shop\'s past and the trade suggest, over the days the forecast '
        'reaches; what it takes from neighbours is not in it.</p><div class="scroll"><table class="figures"><thead><tr><th>Shop</th>'
        '<th class="num">Units without</th><th class="num">Units with</th><th class="num">Margin, more or less</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _units(measured: Measured) -> str:
    value, low, high = (f"{number:+.0f}".replace("-", "−").replace("+0", "0") for number in (measured.value, measured.low, measured.high))
    return f"{value} ({low} to {high})"
