"""Today: what needs a hand, how the day goes beside a comparable one, and what the books have wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from markupsafe import Markup
from nicegui import ui

from store_hub.adapters.ledger_views import LedgerReading
from store_hub.adapters.ledger_views_rows import AlertRow, TotalRow
from store_hub.dashboard.alert_list import alerts_markup
from store_hub.dashboard.audits import sum_words
from store_hub.dashboard.chain_news import chain_markup
from store_hub.dashboard.charts import visitors_chart
from store_hub.dashboard.frame import Drawing, Options, Page
from store_hub.dashboard.heat import heat_picture
from store_hub.dashboard.outlook import Outlook, figure_words, outlook
from store_hub.dashboard.outlook_words import figures_table, warnings_markup
from store_hub.dashboard.plan import plan_markup, ramp_markup
from store_hub.dashboard.tables import link, table
from store_hub.dashboard.tag_zones import unknown_zones
from store_hub.dashboard.wording import facing_link, shelves_sentence, signed
from store_hub.dashboard.zones import inside_words
from store_hub.rules.key_figures import (
    QUARTER_MS,
    BookedStock,
    Comparison,
    availability,
    books_wrong,
    compare,
    day_started_ms,
    is_comparable,
    open_span,
    quarters_of,
    week_before_ms,
)

HOUR_MS = 3_600_000
BOOKS_SHOWN_MAX = 8


@dataclass(frozen=True)
class Visitors:
    """People who came in: today so far, and on the comparable day to the same time (None when it was not observed)."""

    count: int
    comparison: Comparison
    today: list[int | None]
    before: list[int | None]
    midnight_ms: int
    before_ms: int


class TodayPage(Page):
    """The page a manager opens before the doors do."""

    path: ClassVar[str] = "/"
    tables: ClassVar[frozenset[str]] = frozenset(
        {
            "alerts",
            "plans",
            "stock",
            "totals",
            "books",
            "door_minutes",
            "occupancy",
            "floor_tiles",
            "sku_quarters",
            "quarantine",
            "camera_audits",
            "planogram",
            "devices",
            "settings",
            "accuracy_days",
        }
    )

    def layout(self) -> None:
        """Alerts, figures, chart beside floor, books."""
        self.part("alerts", "card")
        self.part("warnings", "card")
        self.part("figures")
        with ui.element("div").classes("columns"):
            with ui.element("section").classes("card tall"):
                self.part("visitors_title")
                self.chart("visitors", self.reader.t("Visitors by quarter hour"), of_people=True)
            self.part("floor", "card")
        self.part("lights", "card")
        self.part("books", "card")

    async def on_act(self, act: str, value: str) -> None:
        """Take or finish an alert."""
        await self.act_on_alert(act, value)

    def compute(self, reading: LedgerReading, now_ms: int) -> Drawing:
        """Draw every part from one reading."""
        alerts = reading.open_alerts()
        totals = reading.totals()
        visitors = self._visitors(reading, now_ms)
        found = outlook(reading, self.reader.zone, now_ms)
        return {
            "alerts": self._alerts(alerts, now_ms) + chain_markup(self.reader, reading, reading.stock(), now_ms),
            "warnings": warnings_markup(self.reader, found, now_ms),
            "figures": self._figures(reading, totals, visitors, found, now_ms),
            "visitors_title": self._visitors_title(visitors),
            "visitors": self._visitors_chart(visitors),
            "floor": self._floor(reading, now_ms),
            "lights": figures_table(self.reader, found, reading.settings().targets, now_ms, every=False),
            "books": self._books(totals),
        }

    def _alerts(self, alerts: list[AlertRow], now_ms: int) -> Markup:
        title = Markup('<div class="title"><h1>{}</h1></div>').format(shelves_sentence(self.reader, alerts))
        if not alerts:
            text = self.reader.t("A place appears here as soon as its scale says that it runs low, with what the back room has to fill it.")
            return title + Markup('<p class="soft">{}</p>').format(text)
        return title + alerts_markup(self.reader, alerts, now_ms)

    def _visitors(self, reading: LedgerReading, now_ms: int) -> Visitors:
        zone = self.reader.zone
        midnight_ms = day_started_ms(now_ms, zone)
        before_ms = week_before_ms(midnight_ms, zone)
        today = reading.visitors_by_minute(midnight_ms, now_ms)
        before = reading.visitors_by_minute(before_ms, before_ms + 24 * HOUR_MS)
        # Only minutes that were observed on both days tell: a counter that began at nine is compared with a day from nine.
        shared = [minute for minute in today if week_before_ms(minute, zone) in before]
        comparable = is_comparable(len(shared), len(today))
        counted_before = sum(before[week_before_ms(minute, zone)] for minute in shared)
        return Visitors(
            count=sum(today.values()),
            comparison=compare(sum(today[minute] for minute in shared), counted_before if comparable else None),
            today=quarters_of(today, midnight_ms, midnight_ms + 24 * HOUR_MS),
            before=quarters_of(before, before_ms, before_ms + 24 * HOUR_MS),
            midnight_ms=midnight_ms,
            before_ms=before_ms,
        )

    def _against(self, visitors: Visitors) -> str:
        reader, comparison = self.reader, visitors.comparison
        if comparison.change is None:
            return reader.t("no comparable day yet")
        day = reader.weekday(visitors.before_ms)
        return reader.t("{change} on last {day}", change=reader.share(comparison.change, decimals=0, signed=True), day=day)

    def _figures(self, reading: LedgerReading, totals: list[TotalRow], visitors: Visitors, found: Outlook, now_ms: int) -> Markup:
        reader = self.reader
        midnight_ms = visitors.midnight_ms
        doors = reading.doors(midnight_ms, now_ms)
        people_in = sum(door.people_in for door in doors)
        inside, how = inside_words(reader, reading.occupancy(), doors, reading.planogram, now_ms)
        audited = sum_words(reader, {door.door_id: door.people_in for door in doors}, reading.camera_audits(), now_ms)
        out = [total.out_since_ms is not None for total in totals]
        units, revenue_minor = reading.sold(midnight_ms, now_ms)
        has_sales = reading.has_sales()
        lost_minor = reading.lost_sales_minor(midnight_ms, now_ms)
        gone = reader.t("{out} of {all} articles are not on a shelf", out=reader.number(sum(out)), all=reader.number(len(out)))
        cards = [
            (
                "/floor", reader.t("Visitors today"), reader.number(people_in if doors else None),
                self._with_close(self._against(visitors), found, "visitors") + audited,
            ),
            ("/floor", reader.t("In the shop now"), inside, how),
            ("/sales", reader.t("Conversion"), reader.share(found.today.conversion, decimals=0), self._bought(found)),
            ("/shelves", reader.t("On-shelf availability"), reader.share(availability(out)), gone if out else reader.t("no article yet")),
            ("/sales", reader.t("Sold today"), reader.money(revenue_minor) if has_sales else "—", self._sold(found, units, has_sales)),
            (
                "/accuracy", reader.t("Lost sales"), "—" if lost_minor is None else reader.t("≈ {money}", money=reader.money(lost_minor)),
                reader.t("none known") if lost_minor is None else reader.t("at places that were empty today"),
            ),
        ]  # fmt: skip
        cards += self._troubles(reading, now_ms)
        items = Markup().join(
            Markup(
                '<li><a href="{}"><span class="small soft">{}</span>'
                '<span class="value">{}</span><span class="small soft">{}</span></a></li>'
            ).format(*card)
            for card in cards
        )
        return Markup('<ul class="figures" aria-label="{}">{}</ul>').format(reader.t("Figures of today"), items)

    def _troubles(self, reading: LedgerReading, now_ms: int) -> list[tuple[str, str, str, str]]:
        """What could not be read or placed, where there is any."""
        reader, cards = self.reader, []
        unreadable = reading.quarantine_count()
        if unreadable:
            note = reader.t("see Devices for why")
            cards.append(("/devices", reader.t("Could not be read"), reader.n("{count} message", "{count} messages", unreadable), note))
        strange = unknown_zones(reading, now_ms)
        if strange:
            note = reader.t("not on the planogram: {zones}", zones=", ".join(strange))
            cards.append(("/devices", reader.t("Readers' zones"), reader.n("{count} unknown", "{count} unknown", len(strange)), note))
        return cards

    def _with_close(self, words: str, found: Outlook, figure: str) -> str:
        """Add where a figure of today will close, where that can be said."""
        forecast = found.forecasts[figure]
        if forecast is None:
            return words
        return f"{words} · {self.reader.t('closes at about {figure}', figure=figure_words(self.reader, figure, forecast))}"

    def _bought(self, found: Outlook) -> str:
        reader, change = self.reader, found.trends["conversion"]
        if found.today.conversion is None:
            return reader.t("needs doors that count, and tills")
        words = reader.t("of visitors bought")
        if change is None:
            return words
        return f"{words} · {reader.t('last week {change}', change=reader.share(change, decimals=0, signed=True))}"

    def _sold(self, found: Outlook, units: int, has_sales: bool) -> str:
        if not has_sales:
            return self.reader.t("no till has reported yet")
        return self._with_close(self.reader.n("{count} unit", "{count} units", units), found, "revenue")

    def _visitors_title(self, visitors: Visitors) -> Markup:
        reader, comparison = self.reader, visitors.comparison
        if all(people is None for people in visitors.today):
            text = reader.t("No door has counted anybody today")
        elif comparison.change is None or comparison.before is None:
            text = reader.n("{count} visitor so far today", "{count} visitors so far today", visitors.count)
        else:
            share = reader.share(abs(comparison.change), decimals=0)
            day = reader.weekday(visitors.before_ms)
            if comparison.change >= 0:
                text = reader.t("Visitors {share} over last {day} to this time", share=share, day=day)
            else:
                text = reader.t("Visitors {share} under last {day} to this time", share=share, day=day)
        return Markup("<h2>{}</h2>").format(text)

    def _visitors_chart(self, visitors: Visitors) -> Options:
        first, end = open_span(visitors.today, visitors.before)
        first = first // 4 * 4  # Begin at a full hour.
        if first == end:
            return {}
        starts = [visitors.midnight_ms + index * QUARTER_MS for index in range(first, end)]
        before_day = self.reader.t("last {day}", day=self.reader.weekday(visitors.before_ms))
        return visitors_chart(self.reader, starts, visitors.today[first:end], visitors.before[first:end], before_day)

    def _floor(self, reading: LedgerReading, now_ms: int) -> Markup:
        reader, plan = self.reader, reading.planogram
        title = Markup('<h2><a href="/floor">{}</a></h2>').format(reader.t("Where people stayed in the last hour"))
        if plan is None:
            return title + Markup('<p class="empty">{}</p>').format(
                reader.t("The plan of the shop will be here once there is a planogram.")
            )
        from_ms = (now_ms - HOUR_MS) // QUARTER_MS * QUARTER_MS
        heat = heat_picture(reading.heat(from_ms, now_ms), plan.width_m, plan.depth_m)
        watched = bool(reading.watched_ms(from_ms, now_ms))
        note = (
            Markup()
            if watched
            else Markup('<p class="small soft">{}</p>').format(reader.t("No camera has reported in this hour (hatched)."))
        )
        return title + plan_markup(reader, plan, heat, {}, numbers=None, watched=watched) + ramp_markup(reader, heat) + note

    def _books(self, totals: list[TotalRow]) -> Markup:
        reader = self.reader
        stocks = {
            total.sku: BookedStock(
                sku=total.sku,
                book_units=total.book_units,
                seen_units=total.units + total.basket_units,
                low=None if total.low is None else total.low + total.basket_units,
                high=None if total.high is None else total.high + total.basket_units,
            )
            for total in totals
            if total.book_units is not None
        }
        wrong = books_wrong(list(stocks.values()))
        if not wrong:
            text = reader.t("The books agree with the shelves") if stocks else reader.t("No books to compare with yet")
            return Markup("<h2>{}</h2>").format(text)
        names = {total.sku: total for total in totals}
        rows = (self._book_row(names[stock.sku], stock) for stock in wrong[:BOOKS_SHOWN_MAX])
        title = reader.n("The books have {count} article wrong", "The books have {count} articles wrong", len(wrong))
        more = len(wrong) - BOOKS_SHOWN_MAX
        rest = (
            Markup('<p class="small soft">{}</p>').format(reader.n("and {count} more", "and {count} more", more)) if more > 0 else Markup()
        )
        heads = (reader.t("Article"), reader.t("Books"), reader.t("Seen in the shop"), reader.t("Difference"))
        return Markup("<h2>{}</h2>{}{}").format(title, table(heads, rows, figures=(1, 2, 3)), rest)

    def _book_row(self, total: TotalRow, stock: BookedStock) -> tuple[object, ...]:
        reader = self.reader
        return (
            link(facing_link(total.shelf_id, total.sku), total.name),
            reader.number(stock.book_units),
            reader.units(stock.seen_units, stock.low, stock.high),
            signed(reader, round(stock.seen_units - stock.book_units)),
        )
