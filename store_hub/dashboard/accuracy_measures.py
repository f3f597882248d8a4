"""The measures of inventory accuracy as a table, by counts and by sensors, and day by day as a line."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markupsafe import Markup

from store_hub.adapters.ledger_views import LedgerReading
from store_hub.dashboard.charts import Options, axis, base, colour
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.tables import table
from store_hub.dashboard.wording import signed
from store_hub.rows import AccuracyDayRow
from store_hub.rules.record_accuracy import SHARE_TOLERATED, UNITS_TOLERATED, Accuracy, Record, accuracy
from store_hub.rules.record_days import KNOWN_WITHIN_UNITS

COUNTED_MS = 90 * 24 * 3_600_000


def by_sensors(reading: LedgerReading) -> Accuracy:
    """The books of every article that is known well enough, beside what scales, tags and sales show."""
    return accuracy(
        [
            Record(line.sku, line.book_units, round(line.units) + max(0, line.basket_units), line.worth_minor)
            for line in reading.record_lines()
            if line.units is not None and line.low is not None and line.high is not None and line.high - line.low <= KNOWN_WITHIN_UNITS
        ]
    )


def by_counts(reading: LedgerReading, now_ms: int) -> Accuracy:
    """The books when somebody counted an article in the whole store."""
    counts = [count for count in reading.counts(now_ms - COUNTED_MS) if count.shelf_id is None]
    return accuracy([Record(count.sku, count.book_units, count.counted_units, count.worth_minor) for count in counts])


def belief_by_counts(reading: LedgerReading, now_ms: int) -> Accuracy:
    """What the hub itself believed when somebody counted, of a shelf or of the whole store: its own error."""
    counts = reading.counts(now_ms - COUNTED_MS)
    return accuracy([Record(count.sku, round(count.believed_units), count.counted_units, count.worth_minor) for count in counts])


def measures_table(reader: Reader, reading: LedgerReading, now_ms: int) -> Markup:
    """Draw all measures in three columns: books by counts, books by sensors, the hub's belief by counts."""
    columns = (by_counts(reading, now_ms), by_sensors(reading), belief_by_counts(reading, now_ms))
    heads = [
        reader.t("Measure"), reader.t("Books by counts, 90 days"), reader.t("Books by sensors, now"),
        reader.t("Our own belief by counts, 90 days"),
    ]  # fmt: skip
    rows = [(words, *(text(column) if column.records else "—" for column in columns)) for words, text in _measures(reader)]
    title, source = (
        Markup("<h2>{}</h2>").format(reader.t("How accurate the records are")),
        reader.t(
            "The eight measures of Glock, Syntetos and Rekik (ECR Retail Loss, 2025–26), with phantom and hidden records. Units found less "
            "units booked: below zero, goods are missing."
        ),
    )
    empty = Markup()
    if not columns[0].records:
        empty = Markup('<p class="small soft">{}</p>').format(
            reader.t("Nobody has counted a whole article in the last 90 days: book a count above, or do a stock-take.")
        )
    drawn = table(heads, rows, figures=(1, 2, 3))
    return Markup('{}{}{}<p class="small soft">{}</p>').format(title, empty, drawn, source)


def _measures(reader: Reader) -> list[tuple[str, Callable[[Accuracy], str]]]:
    def money(units: int, minor: int) -> str:
        return f"{signed(reader, units)} · {reader.money(minor)}"

    tolerated = reader.number(UNITS_TOLERATED)
    return [
        (reader.t("Records compared"), lambda a: reader.number(a.records)),
        (reader.t("Exact"), lambda a: reader.share(a.exact)),
        (reader.t("Within ± {units} units", units=tolerated), lambda a: reader.share(a.within_units)),
        (reader.t("Within ± {share}", share=reader.share(SHARE_TOLERATED, decimals=0)), lambda a: reader.share(a.within_share)),
        (reader.t("Inaccurate: more there than booked"), lambda a: reader.share(a.positive)),
        (reader.t("Inaccurate: less there than booked"), lambda a: reader.share(a.negative)),
        (reader.t("Phantom: booked, none there"), lambda a: reader.share(a.phantom)),
        (reader.t("Hidden: there, none booked"), lambda a: reader.share(a.hidden)),
        (reader.t("Signed error"), lambda a: money(a.signed_units, a.signed_minor)),
        (reader.t("Shrink: missing only"), lambda a: money(-a.shrink_units, a.shrink_minor)),
        (reader.t("Absolute error"), lambda a: f"{reader.number(a.absolute_units)} · {reader.money(a.absolute_minor)}"),
        (reader.t("Mean absolute error, of what is there (MAPE)"), lambda a: reader.share(a.mape)),
        (reader.t("Symmetric mean absolute error (sMAPE)"), lambda a: reader.share(a.smape)),
    ]


def trend_sentence(reader: Reader, days: Sequence[AccuracyDayRow]) -> Markup:
    """Say whether the books get better."""
    known = [day for day in days if day.exact is not None]
    if len(known) < 2:
        return Markup('<h2>{}</h2><p class="small soft">{}</p>').format(
            reader.t("Day by day"), reader.t("A line will be here from the second day on: the hub judges the books once a night.")
        )
    first, last = known[0], known[-1]
    change = (last.exact or 0.0) - (first.exact or 0.0)
    sentence = reader.t(
        "{share} of the records known to sensors are exact, {change} since {day}", share=reader.share(last.exact, decimals=0),
        change=reader.share(change, decimals=0, signed=True), day=first.day,
    )  # fmt: skip
    return Markup("<h2>{}</h2>").format(sentence)


def trend_chart(reader: Reader, days: Sequence[AccuracyDayRow]) -> Options:
    """Exact records and those within two units, per cent, day by day; nothing before the second day."""
    if sum(day.exact is not None for day in days) < 2:
        return {}

    def line(name: str, values: list[float | None], variable: str) -> Options:
        return {
            "name": name, "type": "line", "data": values, "symbol": "circle", "symbolSize": 5, "connectNulls": False,
            "lineStyle": {":color": colour(variable), "width": 2}, "itemStyle": {":color": colour(variable)},
        }  # fmt: skip

    def per_cent(values: Sequence[float | None]) -> list[float | None]:
        return [None if value is None else round(100.0 * value, 1) for value in values]

    within = reader.t("within ± {units}", units=reader.number(UNITS_TOLERATED))
    return base(
        legend={"right": 8, "top": 0, "itemWidth": 16, "itemHeight": 8, "textStyle": {":color": colour("soft"), "fontSize": 13}},
        tooltip={"trigger": "axis", "confine": True},
        xAxis=axis(type="category", data=[day.day[5:] for day in days], splitLine={"show": False}),
        yAxis=axis(type="value", min=0, max=100, name=reader.t("% of records")),
        series=[
            line(reader.t("exact"), per_cent([day.exact for day in days]), "bar"),
            line(within, per_cent([day.within_units for day in days]), "fill"),
        ],
    )
