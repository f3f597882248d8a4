"""Accuracy: what the books have wrong, dearest first, how accurate they are by every usual measure, and whether it gets better."""

from __future__ import annotations

from typing import ClassVar

from markupsafe import Markup
from nicegui import ui

from store_hub.adapters.ledger_views import LedgerReading
from store_hub.dashboard.accuracy_alike import AlikeTable
from store_hub.dashboard.accuracy_findings import HeldAgainst, findings_list, shrink_table, worth_acting_on
from store_hub.dashboard.accuracy_measures import measures_table, trend_chart, trend_sentence
from store_hub.dashboard.book_words import books_words
from store_hub.dashboard.desk import Desk
from store_hub.dashboard.frame import Drawing, Page
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.tables import link, table
from store_hub.dashboard.wording import facing_link, signed, typed_units
from store_hub.entries import StockCount

RECORDS_SHOWN_MAX = 300


class AccuracyPage(Page):
    """Findings above measures above the books of every article."""

    path: ClassVar[str] = "/accuracy"
    tables: ClassVar[frozenset[str]] = frozenset(
        {"discrepancies", "hand_counts", "books", "totals", "accuracy_days", "unmatched", "planogram"}
    )

    def __init__(self, desk: Desk, reader: Reader) -> None:
        super().__init__(desk, reader)
        self._alike = AlikeTable()

    def layout(self) -> None:
        """What to act on first."""
        self.part("title", "title")
        self.part("findings", "card")
        self.part("measures", "card")
        with ui.element("section").classes("card"):
            self.part("trend-title")
            self.chart("trend", self.reader.t("Share of records that are exact, day by day"))
        self.part("shrink", "card")
        self.part("alike", "card")
        self.part("records", "card")
        self.part("exports")

    async def on_act(self, act: str, value: str) -> None:
        """Book a count: `sku units`."""
        sku, _, typed = value.partition(" ")
        if act != "count" or not sku:
            return
        units = typed_units(typed)
        if units is None:
            self.say(self.reader.t("{typed} is no number of units; write how many you counted in the whole store", typed=typed or "—"))
            return
        by = self.reader.name or self.reader.t("the office")
        await self.tell(StockCount(sku=sku, units=units, counted_by=by), door="counts")

    def compute(self, reading: LedgerReading, now_ms: int) -> Drawing:
        """Draw every part from one reading."""
        reader = self.reader
        if reading.planogram is None or not reading.record_lines():
            return {"title": Markup("<h1>{}</h1>").format(reader.t("No article is known yet")), "findings": self._empty(), "trend": {}}
        held = HeldAgainst.read(reading, now_ms)
        items = worth_acting_on(reader, reading, held, now_ms)
        days = reading.accuracy_days()
        return {
            "title": self._title(len(items), held),
            "findings": findings_list(reader, items, now_ms),
            "measures": measures_table(reader, reading, now_ms),
            "trend-title": trend_sentence(reader, days),
            "trend": trend_chart(reader, days),
            "shrink": shrink_table(reader, held.unmatched),
            "alike": self._alike.drawn(reader, reading.planogram),
            "records": _records(reader, reading),
            "exports": self._exports_bar(),
        }

    def _title(self, items: int, held: HeldAgainst) -> Markup:
        reader = self.reader
        if items:
            sentence = reader.n("{count} thing is worth a look", "{count} things are worth a look", items)
        else:
            sentence = reader.t("Books and shelves agree, as far as anybody can see")
        parts = Markup("<h1>{}</h1>").format(sentence)
        if held.at_stake_minor:
            parts += Markup("<p>{}</p>").format(reader.t("At stake: {money}", money=reader.money(held.at_stake_minor)))
        return parts

    def _exports_bar(self) -> Markup:
        reader = self.reader
        exports = ((reader.t("Records as CSV"), "records"), (reader.t("Findings as CSV"), "findings"), (reader.t("Days as CSV"), "days"))
        buttons = Markup().join(
            Markup('<a class="button" href="/accuracy.csv?of={}" download>{}</a>').format(of, words) for words, of in exports
        )
        return Markup('<div class="bar wrap">{}</div>').format(buttons)

    def _empty(self) -> Markup:
        reader = self.reader
        return Markup('<div class="empty"><strong>{}</strong>{}</div>').format(
            reader.t("Nothing can be compared yet."),
            reader.t("Once the hub has a planogram, this page shows what its books have wrong, and how accurate they are."),
        )


def _records(reader: Reader, reading: LedgerReading) -> Markup:
    """Each article's books beside what is believed to be there, the largest differences first; how the books came about."""
    lines = [line for line in reading.record_lines() if line.units is not None]
    lines.sort(key=lambda line: (-abs((line.units or 0.0) + line.basket_units - line.book_units), line.name))
    rows = (
        (
            link(facing_link(line.shelf_id, line.sku), line.name) if line.shelf_id else line.name,
            reader.units(line.units, line.low, line.high),
            reader.number(line.back_room_units),
            reader.number(line.basket_units),
            reader.number(line.on_way_units),
            reader.number(line.book_units),
            signed(reader, line.book_units - round(line.units or 0.0) - line.basket_units),
            books_words(reader, line),
        )
        for line in lines[:RECORDS_SHOWN_MAX]
    )
    heads = [
        reader.t("Article"), reader.t("Believed"), reader.t("of it in the back room"), reader.t("In baskets"), reader.t("On the way"),
        reader.t("Books"), reader.t("Books less believed"), reader.t("How the books came about"),
    ]  # fmt: skip
    drawn = table(heads, rows, figures=(1, 2, 3, 4, 5, 6))
    return Markup('<details data-key="records"><summary><h2>{}</h2></summary>{}</details>').format(reader.t("Every article's books"), drawn)
