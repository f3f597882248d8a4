"""What the cloud is told of quarters and days, from what the ledger knows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import msgspec

from store_hub.rows.report import DoorFigures, QuarterFigures, SkuHistory, Spell, TileFigures
from store_hub.rules import report_facts as facts
from wire_format.reports import AnyFact, SkuDay

BERLIN = ZoneInfo("Europe/Berlin")
QUARTER_MS = 900_000
MINUTE_MS = 60_000


def at_ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


TEN = at_ms("2026-06-01T10:00")
LATER = at_ms("2026-06-03T00:00")


def quarter(started_at_ms: int, *, sold: int = 0, opening: float | None = 5.0, closing: float | None = 5.0) -> QuarterFigures:
    return QuarterFigures(started_at_ms, sold, sold, 0, 0, 0, sold * 100, opening, closing, closing, closing)


def history(*quarters: QuarterFigures, before: QuarterFigures | None = None, spells: list[Spell] | None = None) -> SkuHistory:
    return SkuHistory("milk", list(quarters), before, spells or [])


def test_a_quarter_in_which_milk_sold_is_told_as_it_was() -> None:
    fact = facts.sku_quarter(history(quarter(TEN, sold=3, opening=8.0, closing=5.0)), TEN, LATER)
    assert fact is not None
    assert (fact.units_sold, fact.opening_units, fact.closing_units, fact.revenue_minor) == (3, 8.0, 5.0, 300)
    assert fact.out_of_stock_min == 0.0


def test_a_quiet_quarter_keeps_the_stock_of_the_one_before() -> None:
    fact = facts.sku_quarter(history(quarter(TEN, sold=3, closing=5.0)), TEN + QUARTER_MS, LATER)
    assert fact is not None
    assert (fact.units_sold, fact.opening_units, fact.closing_units) == (0, 5.0, 5.0)


def test_nothing_is_told_of_an_article_nobody_has_ever_seen() -> None:
    assert facts.sku_quarter(history(), TEN, LATER) is None
    assert facts.sku_day(history(), date(2026, 6, 1), BERLIN, LATER) is None


def test_whoever_does_not_know_the_stock_does_not_say_that_it_was_never_out() -> None:
    fact = facts.sku_quarter(history(quarter(TEN, sold=1, opening=None, closing=None)), TEN, LATER)
    assert fact is not None
    assert (fact.opening_units, fact.closing_units, fact.out_of_stock_min) == (None, None, None)


def test_a_quarter_made_by_late_news_keeps_the_stock_that_was_known_before() -> None:
    late = history(quarter(TEN, opening=8.0, closing=5.0), quarter(TEN + QUARTER_MS, sold=1, opening=None, closing=None))
    fact = facts.sku_quarter(late, TEN + QUARTER_MS, LATER)
    assert fact is not None
    assert (fact.units_sold, fact.opening_units, fact.closing_units, fact.out_of_stock_min) == (1, 5.0, 5.0, 0.0)
    day = facts.sku_day(late, date(2026, 6, 1), BERLIN, LATER)
    assert day is not None
    assert (day.opening_units, day.closing_units) == (8.0, 5.0)


def test_minutes_without_stock_are_cut_at_the_quarter_and_at_what_is_known() -> None:
    spells = [Spell(TEN - 5 * MINUTE_MS, TEN + 2 * MINUTE_MS), Spell(TEN + 10 * MINUTE_MS, None)]
    assert facts.out_of_stock_min(spells, TEN, TEN + QUARTER_MS, LATER) == 2 + 5
    assert facts.out_of_stock_min(spells, TEN, TEN + QUARTER_MS, TEN + 12 * MINUTE_MS) == 2 + 2
    assert facts.out_of_stock_min(spells, TEN + QUARTER_MS, TEN + 2 * QUARTER_MS, TEN) == 0


def test_a_spell_that_ends_has_all_its_quarters_told() -> None:
    spells = [Spell(TEN + 60_000, TEN + 2 * QUARTER_MS + 1)]
    told = facts.quarters_to_tell({TEN + 2 * QUARTER_MS}, spells, TEN + 2 * QUARTER_MS + 5)
    assert told == [TEN, TEN + QUARTER_MS, TEN + 2 * QUARTER_MS]


def test_late_news_of_a_refill_corrects_the_quarters_told_as_empty_since() -> None:
    spells = [Spell(TEN, TEN + 60_000)]
    told = facts.quarters_to_tell({TEN}, spells, TEN + 3 * QUARTER_MS)
    assert told == [TEN + number * QUARTER_MS for number in range(4)]


def test_a_sale_in_the_middle_of_a_spell_tells_its_own_quarter_only() -> None:
    spells = [Spell(TEN, TEN + 9 * QUARTER_MS)]
    assert facts.quarters_to_tell({TEN + 4 * QUARTER_MS}, spells, LATER) == [TEN + 4 * QUARTER_MS]


def test_a_spell_of_a_month_is_not_told_further_back_than_a_week() -> None:
    spells = [Spell(TEN - 30 * 86_400_000, None)]
    first = facts.quarters_to_tell({facts.quarter_start_ms(TEN - 30 * 86_400_000)}, spells, TEN)
    assert len(first) == 7 * 96 + 2


def test_the_stores_own_midnight_parts_the_days() -> None:
    before, after = quarter(at_ms("2026-06-01T21:45"), sold=1), quarter(at_ms("2026-06-01T22:00"), sold=2)
    monday, tuesday = (facts.sku_day(history(before, after), date(2026, 6, day), BERLIN, LATER) for day in (1, 2))
    assert monday is not None
    assert tuesday is not None
    assert (monday.day, monday.units_sold) == ("2026-06-01", 1)
    assert (tuesday.day, tuesday.units_sold) == ("2026-06-02", 2)


def test_the_day_opens_with_its_first_and_closes_with_its_last_stock() -> None:
    day = facts.sku_day(
        history(quarter(TEN, sold=3, opening=8.0, closing=5.0), quarter(TEN + QUARTER_MS, sold=1, opening=5.0, closing=4.0)),
        date(2026, 6, 1), BERLIN, LATER,
    )  # fmt: skip
    assert day is not None
    assert (day.opening_units, day.closing_units, day.units_sold, day.revenue_minor) == (8.0, 4.0, 4, 400)


def test_a_day_in_which_nothing_moved_is_told_all_the_same() -> None:
    day = facts.sku_day(history(before=quarter(TEN, closing=4.0)), date(2026, 6, 2), BERLIN, LATER)
    assert day is not None
    assert (day.units_sold, day.opening_units, day.closing_units) == (0, 4.0, 4.0)


def test_days_of_23_and_25_hours_are_whole_days() -> None:
    spring, autumn = (facts.day_bounds_ms(day, BERLIN) for day in (date(2026, 3, 29), date(2026, 10, 25)))
    assert (spring[1] - spring[0], autumn[1] - autumn[0]) == (23 * 3_600_000, 25 * 3_600_000)


def test_a_shelf_empty_all_through_the_longest_day_is_a_fact_the_cloud_can_read() -> None:
    from_ms, to_ms = facts.day_bounds_ms(date(2026, 10, 25), BERLIN)
    empty = history(before=quarter(from_ms - QUARTER_MS, closing=0.0), spells=[Spell(from_ms - 1, None)])
    day = facts.sku_day(empty, date(2026, 10, 25), BERLIN, to_ms + QUARTER_MS)
    assert day is not None
    assert day.out_of_stock_min == 25 * 60
    assert msgspec.json.decode(msgspec.json.encode(day), type=AnyFact) == day
    assert isinstance(day, SkuDay)


def test_days_and_quarters_that_ended_in_between_are_found() -> None:
    assert facts.days_between(at_ms("2026-06-01T21:59"), at_ms("2026-06-01T22:00"), BERLIN) == [date(2026, 6, 1)]
    assert facts.days_between(at_ms("2026-06-01T22:00"), at_ms("2026-06-02T21:59"), BERLIN) == []
    assert list(facts.quarters_between(TEN - 1, TEN + 1)) == [TEN - QUARTER_MS]
    assert list(facts.quarters_between(TEN, TEN)) == []


def test_a_door_watched_twice_in_a_minute_is_not_watched_for_longer_than_the_quarter() -> None:
    assert facts.door_quarter(DoorFigures("front", TEN, 3, 2, 950_000)).observed_min == 15.0


def test_a_watched_and_empty_floor_is_told_as_empty() -> None:
    fact = facts.tile_quarter(TileFigures("hall", TEN, []))
    assert (fact.cells, fact.cell_size_m) == ([], 0.5)


def test_of_two_grids_in_one_quarter_the_one_with_more_stay_is_told() -> None:
    fact = facts.tile_quarter(TileFigures("hall", TEN, [(250, 4, 4, 1_000), (500, 1, 2, 9_000), (500, 2, 2, 500)]))
    assert fact.cell_size_m == 0.5
    assert [tuple(msgspec.structs.astuple(cell)) for cell in fact.cells] == [(1, 2, 9.0), (2, 2, 0.5)]
