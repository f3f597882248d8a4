"""Holds what the hub believed and called for against what was true.

An alert is found when it comes within three minutes of the hand that made the place low. Where only the till speaks, the hub cannot hear of
that hand before the unit is paid for and told, which by itself often takes longer. So those places are scored a second time with the three
minutes counted from the first sale of the article that the hub hears of after it; the first score stands beside it, and only it has a goal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import mean, median
from typing import NamedTuple

from benchmarks.simulated_week.drive import Week
from benchmarks.simulated_week.peer import alarms
from benchmarks.simulated_week.plan import TAGGED, TILL_ONLY, WEEK_STARTS_MS, WEIGHED, kind_of_place, look_alikes
from benchmarks.simulated_week.record import Spell, is_open
from benchmarks.simulated_week.spells import holds_near, overlaps, spells
from benchmarks.simulated_week.staff import STOCK_KINDS
from store_hub.entries import BACK_ROOM
from store_hub.rows import FacingRow
from store_hub.rules.discrepancies import BEHIND, PHANTOM

SHELF_KINDS = (WEIGHED, TAGGED, TILL_ONLY)
KINDS = (*SHELF_KINDS, BACK_ROOM)
NEAR_MS = 3 * 60_000
FOUND_WITHIN_MS = 2 * 3_600_000
LONG_FROM_MS = 30 * 60_000
"""Shorter gaps on a shelf are a refill on its way."""


class OnHand(NamedTuple):
    """Samples, the mean distance in units, the share exact, and how often the 90 % interval holds (of those that claim one)."""

    samples: int
    error: float
    exact: float
    covered: float


class Found(NamedTuple):
    """How many of what was true were found, and how many of what was said were right."""

    true: int
    found: int
    said: int
    right: int


def on_hand(week: Week, kinds: Iterable[str]) -> OnHand:
    """On-hand error over all samples of these kinds of places."""
    wanted = set(kinds)
    samples = [sample for sample in week.record.samples if sample.kind in wanted]
    claims = [s for s in samples if s.low is not None and s.high is not None]
    return OnHand(
        len(samples),
        mean(abs(s.units - s.true_units) for s in samples),
        mean(round(s.units) == s.true_units for s in samples),
        mean((s.low or 0.0) - 1e-9 <= s.true_units <= (s.high or 0.0) + 1e-9 for s in claims) if claims else float("nan"),
    )


def low_shelf_alerts(week: Week, kind: str, *, from_the_tills_word: bool = False, alike: bool | None = None) -> Found:
    """Alerts of low and empty places of one kind: does each come when it should, and only then?

    `alike`: only of the articles that have a look-alike on their board, or only of the others.
    `from_the_tills_word`: in time is what comes within three minutes of the first sale heard after a place became low.
    """
    places = week.books.fold.places
    assert places is not None
    wanted = [facing for facing in places.facings.values() if kind_of_place(week.plan, facing.shelf_id, facing.sku) == kind]
    if alike is not None:
        alikes = look_alikes(week.plan)
        wanted = [facing for facing in wanted if ((facing.shelf_id, facing.sku) in alikes) == alike]
    return together([_alerts_of(week, facing, from_the_tills_word=from_the_tills_word) for facing in wanted])


def together(found: Sequence[Found]) -> Found:
    """Add them up."""
    return Found(*(sum(column) for column in zip(*found, strict=True))) if found else Found(0, 0, 0, 0)


def _alerts_of(week: Week, facing: FacingRow, *, from_the_tills_word: bool) -> Found:
    levels = week.record.levels[facing.shelf_id, facing.sku]
    here = [a for a in week.record.alerts.values() if (a.shelf_id, a.sku) == (facing.shelf_id, facing.sku) and a.kind in STOCK_KINDS]
    calls = [Spell(alert.raised_at_ms, alert.cleared_at_ms) for alert in here]
    low = spells(levels, begins=lambda n: n <= facing.low_units, ends=lambda n: n >= facing.clear_units, until_ms=week.ends_at_ms)
    lasting = [spell for spell in low if (spell.until_ms or week.ends_at_ms) - spell.from_ms >= NEAR_MS]
    heard = week.record.sold_heard_ms.get(facing.sku, []) if from_the_tills_word else []
    clocks = [(s, next((at_ms for at_ms in heard if at_ms >= s.from_ms), s.from_ms)) for s in lasting]
    return Found(
        true=len(lasting),
        found=sum(any(overlaps(call, Spell(s.from_ms, _by(s, clock_ms + NEAR_MS))) for call in calls) for s, clock_ms in clocks),
        said=len(calls),
        right=sum(holds_near(levels, call.from_ms, NEAR_MS, lambda units: units <= facing.low_units) for call in calls),
    )


def _by(spell: Spell, at_ms: int) -> int:
    """That moment, or the end of the spell where it is over before."""
    return at_ms if spell.until_ms is None else min(at_ms, spell.until_ms)


def phantoms(week: Week, kinds: Iterable[str] = SHELF_KINDS) -> Found:
    """What the books say is there and the shelves do not hold: found by the hub's discrepancies. `kinds`: of the article's first place."""
    places = week.books.fold.places
    assert places is not None
    wanted = {sku for sku, shelves in places.shelves_of.items() if shelves and kind_of_place(week.plan, shelves[0], sku) in set(kinds)}
    rows = week.record.discrepancies.values()
    signals = {
        p.sku: [
            Spell(r.found_at_ms, r.closed_at_ms)
            for r in rows
            if r.sku == p.sku and r.found_at_ms is not None and r.kind in (PHANTOM, BEHIND)
        ]
        for p in week.plan.products
        if p.sku in wanted
    }
    return _phantoms_found(week, signals)


def phantoms_by_till(week: Week) -> Found:
    """The same by the till alone."""
    record = week.record
    signals = {p.sku: alarms(p.sku, record.sales, record.receipts_ms, WEEK_STARTS_MS, week.ends_at_ms) for p in week.plan.products}
    return _phantoms_found(week, signals)


def messages(week: Week) -> float:
    """Messages to the one staff member in ten minutes, in the median hour that the shop is open."""
    hours = [at_ms for at_ms in range(WEEK_STARTS_MS, week.ends_at_ms, 3_600_000) if is_open(at_ms)]
    sent = [message.at_ms for message in week.phones.sent if message.target == "staff"]
    return median(sum(hour <= at_ms < hour + 3_600_000 for at_ms in sent) / 6.0 for hour in hours)


def off_the_shelf(week: Week, sku: str) -> list[tuple[int, int]]:
    """True units of an article on all its shelves together, whenever they changed."""
    places = week.books.fold.places
    assert places is not None
    shelves = [week.record.levels[shelf_id, sku] for shelf_id in places.shelves_of[sku]]
    moments = sorted({at_ms for levels in shelves for at_ms, _ in levels})
    return [(at_ms, sum(_at(levels, at_ms) for levels in shelves)) for at_ms in moments]


def _phantoms_found(week: Week, signals: dict[str, list[Spell]]) -> Found:
    true = found = said = right = 0
    for sku, told in signals.items():
        levels, books = off_the_shelf(week, sku), week.record.book_levels[sku]
        both = [(at, 1 if _at(levels, at) == 0 and _at(books, at) >= 1 else 0) for at in sorted({at for at, _ in [*levels, *books]})]
        for spell in spells(both, begins=bool, ends=lambda n: not n, until_ms=week.ends_at_ms):
            if _open_ms(spell, week.ends_at_ms) >= LONG_FROM_MS:
                true += 1
                found += any(
                    overlaps(one, Spell(spell.from_ms, min(spell.from_ms + FOUND_WITHIN_MS, spell.until_ms or week.ends_at_ms)))
                    for one in told
                )
        said += len(told)
        right += sum(holds_near(levels, one.from_ms, NEAR_MS, lambda n: n == 0) for one in told)
    return Found(true, found, said, right)


def _open_ms(spell: Spell, ends_at_ms: int) -> int:
    return sum(60_000 for at_ms in range(spell.from_ms, spell.until_ms or ends_at_ms, 60_000) if is_open(at_ms))


def _at(levels: Sequence[tuple[int, int]], at_ms: int) -> int:
    value = levels[0][1]
    for moment, units in levels:
        if moment > at_ms:
            break
        value = units
    return value
