"""Half a day of the simulated week: the hub that books it stays near the truth, and its ledger can be rebuilt to the bit."""

from __future__ import annotations

from pathlib import Path

from benchmarks.simulated_week.drive import Week
from benchmarks.simulated_week.peer import alarms
from benchmarks.simulated_week.plan import TILL_ONLY, WEEK_STARTS_MS, WEIGHED, kind_of_place, look_alikes, week_plan
from benchmarks.simulated_week.record import Spell
from benchmarks.simulated_week.score import on_hand
from benchmarks.simulated_week.spells import holds_near, overlaps, spells
from benchmarks.simulated_week.table import figures_of
from store_hub.flows.rebuild import rebuild
from store_hub.rows import SaleRow
from store_hub.rules.planogram_checks import planogram_problems

HOUR_MS = 3_600_000


def test_half_a_day_is_known_nearly_as_it_was_and_rebuilt_to_the_bit(tmp_path: Path) -> None:
    shares: list[float] = []
    week = Week(tmp_path, seed=5, days=0.45)
    week.run(shares.append)
    assert shares == sorted(shares)
    assert week.record.entries > 2_000
    weighed, till_only = on_hand(week, [WEIGHED]), on_hand(week, [TILL_ONLY])
    assert weighed.samples > 400
    assert weighed.error < 0.6
    assert till_only.error < 2.0
    names = [figure.name for figure in figures_of([week])]
    assert len(names) == len(set(names))
    assert "phantom stock in two hours: found" in names
    assert {"pick", "sale", "refill", "theft"} <= {event.kind for event in week.truth.events}
    assert rebuild(week.ledger_path, replace=False, progress=lambda done, total: None).differences == []


def test_what_the_hub_advises_parts_the_weeks_look_alikes_and_leaves_a_planogram_in_order() -> None:
    assert len(look_alikes(week_plan())) == 6
    apart = week_plan(apart=True)
    assert look_alikes(apart) == set()
    assert planogram_problems(apart) == []
    assert {kind_of_place(apart, "bay-4-shelf-1", sku) for sku in ("flour-1kg", "tomatoes-400")} == {WEIGHED}


def test_spells_begin_and_end_with_different_values() -> None:
    history = [(0, 5), (10, 2), (20, 3), (30, 6), (40, 1)]
    found = spells(history, begins=lambda n: n <= 2, ends=lambda n: n >= 6, until_ms=100)
    assert found == [Spell(10, 30), Spell(40, None)]
    assert overlaps(found[0], Spell(30, 31))
    assert not overlaps(found[0], Spell(31, None))
    assert holds_near(history, 8, 3, lambda n: n == 2)
    assert not holds_near(history, 8, 1, lambda n: n == 2)


def test_the_till_alone_doubts_an_article_that_used_to_sell() -> None:
    noon_ms = WEEK_STARTS_MS + 8 * HOUR_MS
    receipts = [noon_ms + minute * 60_000 for minute in range(0, 480, 2)]
    sales = [SaleRow(1, 1, "cola", 1, None, "till-1", at_ms, 1) for at_ms in receipts[:120:4]]
    (alarm,) = alarms("cola", sales, receipts, noon_ms, noon_ms + 8 * HOUR_MS)
    assert noon_ms + 4 * HOUR_MS < alarm.from_ms < noon_ms + 6 * HOUR_MS
    assert (
        alarms(
            "cola",
            [s._replace(sold_at_ms=at) for s, at in zip(sales, receipts[::8], strict=True)],
            receipts,
            noon_ms,
            noon_ms + 8 * HOUR_MS,
        )
        == []
    )
