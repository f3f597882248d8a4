"""Gathers from a reading how the day goes, where it will close and what drifts, for the pages Sales and Today; and says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from markupsafe import Markup

from store_hub.adapters.ledger_views import LedgerReading
from store_hub.adapters.ledger_views_sales import TillRow
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.tables import table
from store_hub.entries_settings import Target
from store_hub.rules.day_outlook import WEEKS, Closing, DayTotals, Drift, closing, drifts, is_till_silent, light, trend
from store_hub.rules.key_figures import availability, day_started_ms
from store_hub.rules.opening_hours import open_span

DAYS = 7 * WEEKS
QUARTER_MS = 900_000


@dataclass(frozen=True)
class Outlook:
    """Everything about today beside the weeks before. `days`: whole days, oldest first. `midnights_ms`: of those days and today."""

    midnights_ms: list[int]
    revenue: Closing
    visitors: Closing
    today: DayTotals
    days: list[DayTotals]
    drifts: list[Drift]
    silent_tills: list[TillRow]
    figures: dict[str, float | None]


def outlook(reading: LedgerReading, zone: ZoneInfo, now_ms: int) -> Outlook:
    """Work it out from one reading."""
    midnights = [_days_before(now_ms, zone, back) for back in range(DAYS, -1, -1)]
    sold = {row.started_at_ms: row for row in reading.sold_quarters(midnights[0], now_ms)}
    money = {at_ms: row.revenue_minor for at_ms, row in sold.items()}
    units = {at_ms: row.units for at_ms, row in sold.items()}
    lost = {at_ms: row.lost_units for at_ms, row in sold.items()}
    receipts, visitors = reading.receipt_quarters(midnights[0], now_ms), reading.visitor_quarters(midnights[0], now_ms)

    def totals(from_ms: int, to_ms: int) -> DayTotals:
        seen = any(at_ms in visitors for at_ms in range(from_ms - from_ms % QUARTER_MS, to_ms, QUARTER_MS))
        return DayTotals(
            visitors=round(_sum(visitors, from_ms, to_ms)) if seen else None, receipts=round(_sum(receipts, from_ms, to_ms)),
            revenue_minor=round(_sum(money, from_ms, to_ms)), units=round(_sum(units, from_ms, to_ms)),
            lost_units=round(_sum(lost, from_ms, to_ms)),
        )  # fmt: skip

    today = totals(midnights[-1], midnights[-1] + 2 * 86_400_000)  # Nothing lies beyond now.
    days = [totals(began, ended) for began, ended in pairwise(midnights)]
    into_day_ms = now_ms - midnights[-1]
    alike = [DAYS - 7 * week for week in range(1, WEEKS + 1)]
    revenue = closing(today.revenue_minor, [(_sum(money, midnights[i], midnights[i] + into_day_ms), days[i].revenue_minor) for i in alike])
    came = closing(
        today.visitors or 0,
        [(_sum(visitors, midnights[i], midnights[i] + into_day_ms), days[i].visitors or 0) for i in alike],
    )
    return Outlook(
        midnights, revenue, came, today, days, drifts(revenue, days, reading.audit_pairs()), _silent_tills(reading, zone, now_ms),
        _figures(reading, today, midnights[-1], now_ms),
    )  # fmt: skip


def _days_before(now_ms: int, zone: ZoneInfo, days: int) -> int:
    local = datetime.fromtimestamp(day_started_ms(now_ms, zone) / 1000, zone).replace(tzinfo=None) - timedelta(days=days)
    return int(local.replace(tzinfo=zone).timestamp() * 1000)


def _sum(quarters: Mapping[int, int], from_ms: int, to_ms: int) -> float:
    """Sum up quarters; the one that the end cuts counts in part."""
    first_ms, last_ms = from_ms - from_ms % QUARTER_MS, to_ms - to_ms % QUARTER_MS
    whole = sum(quarters.get(at_ms, 0) for at_ms in range(first_ms, last_ms, QUARTER_MS))
    return whole + quarters.get(last_ms, 0) * (to_ms - last_ms) / QUARTER_MS


def _silent_tills(reading: LedgerReading, zone: ZoneInfo, now_ms: int) -> list[TillRow]:
    """Tills that said nothing for a time in which they usually have some receipts. A shop that is shut has none."""
    plan = reading.planogram
    span = open_span(now_ms, plan.opening_hours, zone) if plan else None
    if span is not None and not span.is_open(now_ms):
        return []
    silent = []
    for till in reading.tills(now_ms - 14 * 86_400_000, now_ms):
        since_ms = max(till.last_sold_at_ms + 1, (span.opens_ms or 0) if span else day_started_ms(now_ms, zone))
        before = []
        for week in range(1, 3):
            back_ms = now_ms - _days_before(now_ms, zone, 0) + _days_before(now_ms, zone, 7 * week)
            before.append(reading.receipts(back_ms - (now_ms - since_ms), back_ms, till.till))
        if is_till_silent(before):
            silent.append(till)
    return silent


def _figures(reading: LedgerReading, today: DayTotals, midnight_ms: int, now_ms: int) -> dict[str, float | None]:
    totals = reading.totals()
    known = [total for total in totals if total.book_units is not None and total.low is not None and total.high is not None]
    right = [
        total for total in known
        if (total.low or 0) + total.basket_units - 0.5 <= (total.book_units or 0) <= (total.high or 0) + total.basket_units + 0.5
    ]  # fmt: skip
    return {
        "availability": availability([total.out_since_ms is not None for total in totals]),
        "conversion": today.conversion,
        "revenue": float(today.revenue_minor) if reading.has_sales() else None,
        "visitors": None if today.visitors is None else float(today.visitors),
        "shrink": float(today.lost_units) if reading.has_sales() else None,
        "task_minutes": reading.fill_minutes(midnight_ms - 6 * 86_400_000),
        "accuracy": len(right) / len(known) if known else None,
    }


# ---- words


def warnings_markup(reader: Reader, found: Outlook, now_ms: int) -> Markup:
    """Say what goes the wrong way and what to do about it; nothing where all is well."""
    lines = [_drift_words(reader, drift) for drift in found.drifts]
    lines += [
        (
            reader.t("Till {name} has been silent since {time}", name=till.till, time=reader.moment(till.last_sold_at_ms, now_ms)),
            reader.t(
                "See whether it is in use; if so, its line to the hub is broken, and the stock of shelves without a scale goes wrong."
            ),
        )
        for till in found.silent_tills
    ]
    if not lines:
        return Markup()
    items = Markup().join(Markup("<li><strong>{}</strong><span>{}</span></li>").format(*line) for line in lines)
    return Markup('<h2>{}</h2><ul class="warnings">{}</ul>').format(
        reader.n("{count} thing goes the wrong way", "{count} things go the wrong way", len(lines)), items
    )


def _drift_words(reader: Reader, drift: Drift) -> tuple[str, str]:
    share = reader.share(abs(drift.size), decimals=0)
    match drift.kind:
        case "sales_under":
            return (
                reader.t("Sales are {share} under what this weekday usually has by now", share=share),
                reader.t("Look for empty shelves and a silent till; then at visitors: fewer people is another cause than fewer buyers."),
            )
        case "conversion_down":
            return (
                reader.t("More people come, but {share} fewer of them buy than in the weeks before", share=share),
                reader.t("Look at the queue, at what is out of stock, and on Floor at where people stop and take nothing."),
            )
        case "shrink_up":
            return (
                reader.t("Losses are {share} over the weeks before", share=share),
                reader.t("See on Accuracy which articles; count them, and move them into sight of the till."),
            )
        case _:
            return (
                reader.t("The count at door {name} has become less exact", name=drift.subject),
                reader.t("Clean the lens, see whether the camera was turned, and audit it again."),
            )


def lights_markup(
    reader: Reader, found: Outlook, targets: Sequence[Target], names: Mapping[str, str], today: str, *, mark: Mapping[str, Markup]
) -> Markup:
    """Draw each figure that has a target: value, light (with its word), trend, owner, and when to look again.

    Args:
        today: the store's day, ISO; a review that is due is marked.
        mark: the shape of each light.
    """
    if not targets:
        return Markup()
    words = {"green": reader.t("on target"), "amber": reader.t("nearly"), "red": reader.t("off target"), "grey": reader.t("not known yet")}
    rows = []
    for target in targets:
        closes = {"revenue": found.revenue.forecast, "visitors": found.visitors.forecast}.get(target.figure)
        value = found.figures[target.figure] if closes is None else closes
        state = light(target, value)
        due = bool(target.review_on) and target.review_on <= today
        rows.append(
            (
                names[target.figure],
                Markup('{}<span class="{}">{}</span>').format(
                    mark[state], {"red": "red", "amber": "amber"}.get(state, "soft"), words[state]
                ),
                figure_words(reader, target.figure, found.figures[target.figure]),
                "—" if closes is None else figure_words(reader, target.figure, closes),
                figure_words(reader, target.figure, target.value),
                reader.share(_trend_of(found, target.figure), decimals=0, signed=True),
                target.owner or "—",
                Markup('<strong class="amber">{}</strong>').format(reader.t("due since {day}", day=target.review_on))
                if due
                else target.review_on or "—",
            )
        )
    heads = (
        reader.t("Figure"), reader.t("Light"), reader.t("Today so far"), reader.t("Closes at about"), reader.t("Target"),
        reader.t("Last week against before"), reader.t("Whose"), reader.t("Look again on"),
    )  # fmt: skip
    return Markup("<h2>{}</h2>{}").format(reader.t("Targets"), table(heads, rows, figures=(2, 3, 4, 5)))


def _trend_of(found: Outlook, figure: str) -> float | None:
    values: dict[str, list[float | None]] = {
        "revenue": [float(day.revenue_minor) for day in found.days],
        "visitors": [None if day.visitors is None else float(day.visitors) for day in found.days],
        "conversion": [day.conversion for day in found.days],
        "shrink": [float(day.lost_units) for day in found.days],
    }
    return trend(values[figure]) if figure in values else None


def figure_words(reader: Reader, figure: str, value: float | None) -> str:
    """Write a figure in its own unit."""
    if value is None:
        return "—"
    if figure in ("availability", "conversion", "accuracy"):
        return reader.share(value)
    return reader.money(value) if figure == "revenue" else reader.number(value, decimals=1 if figure == "task_minutes" else 0)
