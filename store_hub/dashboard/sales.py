"""Sales: how the day goes beside the same weekday, what sold, targets and what drifts, tills that are silent, lines that match nothing."""

from __future__ import annotations

from typing import ClassVar

from markupsafe import Markup
from nicegui import ui

from store_hub.adapters.ledger_views import LedgerReading
from store_hub.dashboard.charts import sales_chart
from store_hub.dashboard.frame import Drawing, Options, Page
from store_hub.dashboard.outlook import Outlook, outlook
from store_hub.dashboard.outlook_words import figures_table, warnings_markup
from store_hub.dashboard.tables import table
from store_hub.dashboard.wording import signed
from store_hub.rules.key_figures import day_started_ms, week_before_ms

DAY_MS = 86_400_000
HOURS = 24
ARTICLES_SHOWN = 25
UNMATCHED_MS = 7 * DAY_MS


class SalesPage(Page):
    """Today's sales."""

    path: ClassVar[str] = "/sales"
    tables: ClassVar[frozenset[str]] = frozenset(
        {"sales", "sku_quarters", "door_minutes", "settings", "totals", "books", "alerts", "accuracy_days", "camera_audits"}
    )

    def layout(self) -> None:
        """The finding, what drifts, the chart, key figures, the articles, the tills."""
        self.part("title", "title")
        self.part("warnings", "card")
        with ui.element("section").classes("card tall"):
            self.part("hours_title")
            self.chart("hours", self.reader.t("Sales by hour"))
        self.part("lights", "card")
        self.part("articles", "card")
        self.part("tills", "card")
        self.part("unmatched", "card")

    def compute(self, reading: LedgerReading, now_ms: int) -> Drawing:
        """Draw every part from one reading."""
        reader, found = self.reader, outlook(reading, self.reader.zone, now_ms)
        return {
            "title": self._title(reading, found),
            "warnings": warnings_markup(reader, found, now_ms),
            "lights": figures_table(reader, found, reading.settings().targets, now_ms, every=True),
            "hours_title": self._hours_title(reading, found),
            "hours": self._hours(reading, now_ms),
            "articles": self._articles(reading, now_ms),
            "tills": self._tills(reading, found, now_ms),
            "unmatched": self._unmatched(reading, now_ms),
        }

    def _title(self, reading: LedgerReading, found: Outlook) -> Markup:
        reader, revenue = self.reader, found.revenue
        if not reading.has_sales():
            text = reader.t("No till has reported yet")
            note = reader.t("Send receipts to /v1/sales, or put files into the watched folder: see the guide for operators.")
            return Markup("<h1>{}</h1><p>{}</p>").format(text, note)
        if revenue.so_far_usual:
            change = revenue.so_far / revenue.so_far_usual - 1
            words = reader.t(
                "{money} sold, {change} on usual", money=reader.money(revenue.so_far), change=reader.share(change, decimals=0, signed=True)
            )
        else:
            words = reader.t("{money} sold so far today", money=reader.money(revenue.so_far))
        return Markup("<h1>{}</h1><p>{}</p>").format(words, self._outlook_words(found))

    def _outlook_words(self, found: Outlook) -> str:
        reader, revenue = self.reader, found.revenue
        if revenue.forecast is None or revenue.low is None or revenue.high is None:
            return reader.t("A forecast of the close needs one comparable day before.")
        return reader.t(
            "Closes at about {money} ({low} to {high}); this weekday usually has {usual}.",
            money=reader.money(revenue.forecast), low=reader.money(revenue.low), high=reader.money(revenue.high),
            usual=reader.money(revenue.usual or 0),
        )  # fmt: skip

    def _hours_title(self, reading: LedgerReading, found: Outlook) -> Markup:
        if not reading.sold_quarters(found.midnights_ms[-8], found.midnights_ms[-7]):
            return Markup("<h2>{}</h2>").format(self.reader.t("By hour"))
        day = self.reader.weekday(found.midnights_ms[-8])
        return Markup("<h2>{}</h2>").format(self.reader.t("By hour, over last {day} in grey", day=day))

    def _hours(self, reading: LedgerReading, now_ms: int) -> Options:
        midnight_ms = day_started_ms(now_ms, self.reader.zone)
        before_ms = week_before_ms(midnight_ms, self.reader.zone)
        today = self._by_hour(reading, midnight_ms, now_ms)
        before = self._by_hour(reading, before_ms, before_ms + DAY_MS)
        busy = [hour for hour in range(HOURS) if today[hour] or before[hour]]
        if not busy:
            return {}
        first, end, this_hour = min(busy), max(busy) + 1, self.reader.local(now_ms).hour
        minor = 10**self.reader.currency_decimals
        shown = [today[hour] / minor if hour <= this_hour else None for hour in range(first, end)]
        day = self.reader.t("last {day}", day=self.reader.weekday(before_ms))
        return sales_chart(self.reader, range(first, end), shown, [before[hour] / minor for hour in range(first, end)], day)

    def _by_hour(self, reading: LedgerReading, from_ms: int, to_ms: int) -> list[int]:
        hours = [0] * HOURS
        for row in reading.sold_quarters(from_ms, to_ms):
            hours[self.reader.local(row.started_at_ms).hour] += row.revenue_minor
        return hours

    def _articles(self, reading: LedgerReading, now_ms: int) -> Markup:
        reader = self.reader
        midnight_ms = day_started_ms(now_ms, reader.zone)
        before_ms = week_before_ms(midnight_ms, reader.zone)
        today = reading.sold_articles(midnight_ms, now_ms)
        before = {row.sku: row.units for row in reading.sold_articles(before_ms, before_ms + now_ms - midnight_ms)}
        words = reader.t("By article, beside last {day} to this time", day=reader.weekday(before_ms)) if before else reader.t("By article")
        title = Markup("<h2>{}</h2>").format(words)
        if not today:
            return title + Markup('<p class="empty">{}</p>').format(reader.t("Nothing has been sold yet today."))
        rows = [[row.name, reader.number(row.units), reader.money(row.revenue_minor)] for row in today[:ARTICLES_SHOWN]]
        heads = [reader.t("Article"), reader.t("Units"), reader.t("Sales")]
        if before:  # Without a day to compare with there is no such column.
            heads.insert(2, reader.t("Difference"))
            for line, row in zip(rows, today, strict=False):
                line.insert(2, signed(reader, row.units - before.get(row.sku, 0)))
        more = len(today) - ARTICLES_SHOWN
        rest = Markup('<p class="small soft">{}</p>').format(reader.n("and {count} more", "and {count} more", more)) if more > 0 else ""
        csv = Markup('<div class="bar"><a class="button" href="/sales-articles.csv" download>{}</a></div>').format(
            reader.t("Articles as CSV")
        )
        return title + table(heads, rows, figures=(1, 2, 3)) + rest + csv

    def _tills(self, reading: LedgerReading, found: Outlook, now_ms: int) -> Markup:
        reader = self.reader
        tills = reading.tills(day_started_ms(now_ms, reader.zone), now_ms)
        silent = {till.till for till in found.silent_tills}
        known = {till.till: till for till in [*found.silent_tills, *tills]}
        if not known:
            return Markup()
        rows = (
            (
                name, reader.moment(till.last_sold_at_ms, now_ms),
                reader.number(till.receipts if till in tills else 0),
                Markup('<strong class="amber">{}</strong>').format(reader.t("silent")) if name in silent else reader.t("well"),
            )
            for name, till in sorted(known.items())
        )  # fmt: skip
        heads = (reader.t("Till"), reader.t("Last receipt"), reader.t("Receipts today"), reader.t("How it stands"))
        return Markup("<h2>{}</h2>{}").format(reader.t("Tills"), table(heads, rows, figures=(2,)))

    def _unmatched(self, reading: LedgerReading, now_ms: int) -> Markup:
        reader = self.reader
        found = reading.unmatched_sales(now_ms - UNMATCHED_MS, now_ms)
        if not found:
            return Markup()
        rows = ((row.sku, reader.number(row.lines), reader.number(row.units), reader.moment(row.last_sold_at_ms, now_ms)) for row in found)
        heads = (reader.t("As the till writes it"), reader.t("Lines"), reader.t("Units"), reader.t("Last"))
        lines = sum(row.lines for row in found)
        title = reader.n(
            "{count} line of the tills matches no article, in seven days",
            "{count} lines of the tills match no article, in seven days",
            lines,
        )
        why = reader.t("They move no stock. Add the article to the planogram, or correct the SKU in the till.")
        return Markup('<h2>{}</h2><p class="small soft">{}</p>{}').format(title, why, table(heads, rows, figures=(1, 2)))
