"""Gathers from a reading how the day goes, where each figure will close, how it has moved, and what drifts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import fmean
from zoneinfo import ZoneInfo

from store_hub.adapters.ledger_views import LedgerReading
from store_hub.adapters.ledger_views_rows import TotalRow
from store_hub.adapters.ledger_views_sales import TillRow
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.wording import is_empty
from store_hub.rules.day_outlook import (
    WEEKS,
    Closing,
    DayTotals,
    Drift,
    availability_at,
    availability_of,
    closing,
    drifts,
    is_till_silent,
    ratio_of,
    trend,
)  # fmt: skip
from store_hub.rules.key_figures import availability, day_started_ms, empty_at_ms, pace_per_hour
from store_hub.rules.opening_hours import open_span

DAYS = 7 * WEEKS
DAY_MS, QUARTER_MS = 86_400_000, 900_000


@dataclass(frozen=True)
class Outlook:
    """Everything about today beside the weeks before. `days`: whole days, oldest first. `midnights_ms`: of those days and today.

    By figure: `figures` as it stands, `forecasts` as it closes today (absent where a close makes no sense), `trends` of the last week
    against the three before, as a share. None: not known.
    """

    midnights_ms: list[int]
    revenue: Closing
    visitors: Closing
    lost: Closing
    today: DayTotals
    days: list[DayTotals]
    drifts: list[Drift]
    silent_tills: list[TillRow]
    figures: dict[str, float | None]
    forecasts: dict[str, float | None]
    trends: dict[str, float | None]


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

    def closes(quarters: Mapping[int, int]) -> Closing:
        return _closing(quarters, midnights, now_ms)

    today = totals(midnights[-1], midnights[-1] + 2 * DAY_MS)  # Nothing lies beyond now.
    days = [totals(began, ended) for began, ended in pairwise(midnights)]
    revenue, came = closes(money), closes(visitors)
    gone = _closing(lost, midnights, now_ms, open_days=[day.receipts > 0 or day.units > 0 for day in days])
    articles = reading.totals()
    closes_ms = _closes_ms(reading, zone, midnights, sold, now_ms)
    forecasts = {
        "availability": _availability_at_close(reading, articles, closes_ms, now_ms), "conversion": ratio_of(closes(receipts), came),
        "revenue": revenue.forecast, "visitors": came.forecast, "shrink": gone.forecast,
    }  # fmt: skip
    fills = reading.fills(midnights[0])
    return Outlook(
        midnights, revenue, came, gone, today, days, drifts(revenue, days, reading.audit_pairs()), _silent_tills(reading, zone, now_ms),
        _figures(reading, articles, today, [minutes for at_ms, minutes in fills if at_ms >= midnights[-7]]), forecasts,
        _trends(reading, days, midnights, fills, len(articles), zone),
    )  # fmt: skip


def _closing(quarters: Mapping[int, int], midnights: list[int], now_ms: int, *, open_days: list[bool] | None = None) -> Closing:
    """Where a sum over quarters closes, by the same weekday of the weeks before; of the open ones alone, those without any too."""
    into_day_ms = now_ms - midnights[-1]
    alike = [DAYS - 7 * week for week in range(1, WEEKS + 1)]
    before = [
        (_sum(quarters, midnights[i], midnights[i] + into_day_ms), _sum(quarters, midnights[i], midnights[i + 1]))
        for i in alike
        if open_days is None or open_days[i]
    ]
    return closing(_sum(quarters, midnights[-1], midnights[-1] + 2 * DAY_MS), before, may_be_none=open_days is not None)


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
    for till in reading.tills(now_ms - 14 * DAY_MS, now_ms):
        since_ms = max(till.last_sold_at_ms + 1, (span.opens_ms or 0) if span else day_started_ms(now_ms, zone))
        before = []
        for week in range(1, 3):
            back_ms = now_ms - _days_before(now_ms, zone, 0) + _days_before(now_ms, zone, 7 * week)
            before.append(reading.receipts(back_ms - (now_ms - since_ms), back_ms, till.till))
        if is_till_silent(before):
            silent.append(till)
    return silent


def _figures(reading: LedgerReading, articles: list[TotalRow], today: DayTotals, fills: list[float]) -> dict[str, float | None]:
    known = [total for total in articles if total.book_units is not None and total.low is not None and total.high is not None]
    right = [
        total for total in known
        if (total.low or 0) + total.basket_units - 0.5 <= (total.book_units or 0) <= (total.high or 0) + total.basket_units + 0.5
    ]  # fmt: skip
    return {
        "availability": availability([total.out_since_ms is not None for total in articles]),
        "conversion": today.conversion,
        "revenue": float(today.revenue_minor) if reading.has_sales() else None,
        "visitors": None if today.visitors is None else float(today.visitors),
        "shrink": float(today.lost_units) if reading.has_sales() else None,
        "task_minutes": fmean(fills) if fills else None,
        "accuracy": len(right) / len(known) if known else None,
    }


def _closes_ms(reading: LedgerReading, zone: ZoneInfo, midnights: list[int], sold: Collection[int], now_ms: int) -> int | None:
    """When the shop closes today: by its hours, or else when it last sold something a week ago. None: it is not open."""
    plan = reading.planogram
    span = open_span(now_ms, plan.opening_hours, zone) if plan else None
    if span is not None:
        return span.closes_ms if span.is_open(now_ms) else None
    last_ms = max((at_ms for at_ms in sold if midnights[-8] <= at_ms < midnights[-7]), default=None)
    closes_ms = None if last_ms is None else last_ms + QUARTER_MS - midnights[-8] + midnights[-1]
    return None if closes_ms is None or closes_ms <= now_ms else closes_ms


def _availability_at_close(reading: LedgerReading, articles: list[TotalRow], closes_ms: int | None, now_ms: int) -> float | None:
    """If nobody fills anything until the shop closes; None where nobody can say when that is."""
    plan = reading.planogram
    if closes_ms is None:
        return None
    out = {total.sku for total in articles if total.out_since_ms is not None}
    places = Counter(facing.sku for bay in plan.bays for shelf in bay.shelves for facing in shelf.facings) if plan else Counter[str]()
    low: dict[str, list[int | None]] = {}
    for alert in reading.open_alerts():
        if alert.sku is not None and alert.sku not in out:
            at_ms = now_ms if is_empty(alert) else empty_at_ms(alert.units, pace_per_hour(alert.taken_units, alert.taken_over_ms), now_ms)
            low.setdefault(alert.sku, []).append(at_ms)
    # An article is gone only once its last place is.
    gone = [None if None in ends or len(ends) < places[sku] else max(end for end in ends if end) for sku, ends in low.items()]
    return availability_at(closes_ms, len(out), gone, len(articles))


def _trends(
    reading: LedgerReading, days: list[DayTotals], midnights: list[int], fills: list[tuple[int, float]], articles: int, zone: ZoneInfo
) -> dict[str, float | None]:
    """Last week against the three before, by figure. A day on which nothing was heard of is not known."""
    plan = reading.planogram
    spells = reading.spells_out(midnights[0], midnights[-1])
    judged = {day.day: day.exact for day in reading.accuracy_days()}
    available, filled, accurate = [], [], []
    for day, (began, ended) in zip(days, pairwise(midnights), strict=True):
        span = open_span(began + DAY_MS // 2, plan.opening_hours, zone) if plan else None
        opens, closes = (began, ended) if span is None else (span.opens_ms or began, span.closes_ms or began)
        heard = day.visitors is not None or day.receipts > 0
        available.append(availability_of(spells, opens, closes, articles) if heard else None)
        minutes = [took for at_ms, took in fills if began <= at_ms < ended]
        filled.append(fmean(minutes) if minutes else None)
        accurate.append(judged.get(datetime.fromtimestamp(began / 1000, zone).date().isoformat()))
    return {
        "availability": trend(available), "conversion": trend([day.conversion for day in days]),
        "revenue": trend([float(day.revenue_minor) for day in days]),
        "visitors": trend([None if day.visitors is None else float(day.visitors) for day in days]),
        "shrink": trend([float(day.lost_units) for day in days]), "task_minutes": trend(filled), "accuracy": trend(accurate),
    }  # fmt: skip


def figure_words(reader: Reader, figure: str, value: float | None) -> str:
    """Write a figure in its own unit."""
    if value is None:
        return "—"
    if figure in ("availability", "conversion", "accuracy"):
        return reader.share(value)
    return reader.money(value) if figure == "revenue" else reader.number(value, decimals=1 if figure == "task_minutes" else 0)
