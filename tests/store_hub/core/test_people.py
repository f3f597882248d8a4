"""Visitors, staff, occupancy that heals itself, visits of zones, and what of it leaves the shop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from store_hub.dashboard.floor_export import day_span_ms, floor_csv
from store_hub.flows.commands import BookPlanogram
from store_hub.flows.rebuild import rebuild
from store_hub.rows.mirror import JournalEntry
from store_hub.rows.report import DoorFigures, TileFigures, ZoneFigures
from store_hub.rules.mirror_points import entry_points
from store_hub.rules.opening_hours import OpenSpan, open_span, still_inside
from store_hub.rules.report_facts import door_quarter, tile_quarter, zone_quarter
from wire_format import codec
from wire_format.observations import DoorCrossing, FloorCell, FloorDwell, FloorZones, QueueLength, TagSeen, ZonePath, ZoneStay
from wire_format.plans import OpeningHours

BERLIN = ZoneInfo("Europe/Berlin")
HOUR_MS, MINUTE_MS = 3_600_000, 60_000
BADGE, OTHER_BADGE = "E280116060000002", "E280116060000003"
EVERY_DAY = [OpeningHours(days=[1, 2, 3, 4, 5, 6, 7], opens="09:00", closes="20:00")]
OPENS_MS = 1_800_000_000_000  # 15 January 2027, nine in the morning in Berlin.
CLOSES_MS = OPENS_MS + 11 * HOUR_MS


@pytest.fixture
def open_shop(shop: Any, core: Any) -> Any:
    """With opening hours, two staff badges, and an antenna at the door."""
    plan = core.shop_plan(version=2)
    doors = [msgspec.structs.replace(plan.doors[0], badge_zone_id="at-the-door")]
    plan = msgspec.structs.replace(plan, opening_hours=EVERY_DAY, staff_badges=[BADGE, OTHER_BADGE], doors=doors)
    shop.ask(BookPlanogram(codec.encode(plan)))
    return shop


@pytest.fixture
def cross(open_shop: Any, core: Any) -> Callable[..., None]:
    def crossed(at_ms: int, people_in: int, people_out: int, **more: Any) -> None:
        """A minute at the door that ends at `at_ms`."""
        open_shop.clock.at_ms = max(open_shop.clock.at_ms, at_ms)
        started = at_ms - MINUTE_MS
        open_shop.see(
            DoorCrossing(
                **core.stamp(at_ms),
                door_id="door",
                started_at_ms=started,
                duration_ms=MINUTE_MS,
                people_in=people_in,
                people_out=people_out,
                **more,
            )
        )

    return crossed


@pytest.fixture
def badge(open_shop: Any, core: Any) -> Callable[..., None]:
    def seen(at_ms: int, epc: str = BADGE, zone_id: str = "at-the-door") -> None:
        open_shop.clock.at_ms = max(open_shop.clock.at_ms, at_ms)
        open_shop.see(TagSeen(**core.stamp(at_ms), epc=epc, zone_id=zone_id, confidence=0.9))

    return seen


def inside(shop: Any) -> int:
    return int(shop.rows("SELECT people FROM occupancy")[0][0])


def visitors(shop: Any) -> tuple[int, int]:
    return tuple(shop.rows("SELECT sum(people_in - staff_in), sum(people_out - staff_out) FROM door_minutes")[0])


# ---- occupancy


def test_the_count_is_right_after_the_hub_was_restarted(open_shop: Any, cross: Callable[..., None]) -> None:
    cross(OPENS_MS + HOUR_MS, 7, 2)
    open_shop.reopen()
    assert inside(open_shop) == 5
    cross(OPENS_MS + HOUR_MS + MINUTE_MS, 0, 1)
    assert inside(open_shop) == 4


def test_after_closing_who_is_still_counted_shrinks_to_nobody_within_the_hour(open_shop: Any, cross: Callable[..., None]) -> None:
    cross(CLOSES_MS - HOUR_MS, 12, 0)
    counted = []
    for minutes in (0, 15, 30, 45, 60):
        cross(CLOSES_MS + minutes * MINUTE_MS, 0, 0)
        counted.append(inside(open_shop))
        open_shop.reopen()
    assert counted == [12, 9, 6, 3, 0]
    assert open_shop.rows("SELECT closing_people, healed, corrected FROM occupancy") == [(12, 12, 0)]


def test_who_leaves_after_closing_is_a_visitor_and_who_comes_is_staff(open_shop: Any, cross: Callable[..., None]) -> None:
    cross(CLOSES_MS - HOUR_MS, 3, 0)
    cross(CLOSES_MS + 5 * MINUTE_MS, 1, 2)
    assert visitors(open_shop) == (3, 2)
    cross(CLOSES_MS + 2 * HOUR_MS, 0, 2)
    assert visitors(open_shop) == (3, 2)
    assert inside(open_shop) == 0


def test_who_comes_before_opening_is_staff(open_shop: Any, cross: Callable[..., None]) -> None:
    cross(OPENS_MS - 30 * MINUTE_MS, 2, 0)
    cross(OPENS_MS + MINUTE_MS, 1, 0)
    assert (visitors(open_shop), inside(open_shop)) == ((1, 0), 1)


def test_staff_known_by_where_they_stood_are_taken_off_again(open_shop: Any, cross: Callable[..., None]) -> None:
    cross(OPENS_MS + HOUR_MS, 2, 0)
    cross(OPENS_MS + HOUR_MS + MINUTE_MS, 0, 0, staff_in=1)
    assert (visitors(open_shop), inside(open_shop)) == ((1, 0), 1)


@pytest.mark.parametrize("badge_first", [True, False])
def test_a_badge_at_the_door_makes_one_crossing_staffs_whichever_is_heard_first(
    open_shop: Any, cross: Callable[..., None], badge: Callable[..., None], badge_first: bool
) -> None:
    at_ms = OPENS_MS + HOUR_MS
    if badge_first:
        badge(at_ms - 30_000)
        open_shop.reopen()
        cross(at_ms, 3, 0)
    else:
        cross(at_ms, 3, 0)
        open_shop.reopen()
        badge(at_ms - 30_000)
    assert (visitors(open_shop), inside(open_shop)) == ((2, 0), 2)
    assert open_shop.rows("SELECT count(*) FROM badge_sightings") == [(0,)]
    cross(at_ms + MINUTE_MS, 1, 0)
    assert inside(open_shop) == 3, "one sighting claims one crossing"


def test_two_badges_claim_two_and_a_badge_elsewhere_or_long_before_claims_nobody(
    open_shop: Any, cross: Callable[..., None], badge: Callable[..., None]
) -> None:
    at_ms = OPENS_MS + HOUR_MS
    badge(at_ms - 10 * MINUTE_MS)
    badge(at_ms - 20_000, zone_id="back-room")
    cross(at_ms, 4, 0)
    assert visitors(open_shop) == (4, 0)
    badge(at_ms + 5_000)
    badge(at_ms + 6_000, OTHER_BADGE)
    assert (visitors(open_shop), inside(open_shop)) == ((2, 0), 2)


def test_a_badge_is_no_article_and_nothing_of_it_is_kept(open_shop: Any, badge: Callable[..., None]) -> None:
    badge(OPENS_MS + HOUR_MS, zone_id="back-room")
    badge(OPENS_MS + 2 * HOUR_MS)
    badge(OPENS_MS + 3 * HOUR_MS)
    assert open_shop.rows("SELECT count(*) FROM tags") == [(0,)]
    assert open_shop.rows("SELECT count(*) FROM badge_sightings") == [(1,)], "the one before has waited long enough"


def test_a_day_with_staff_badges_and_closing_is_rebuilt_bit_for_bit(
    open_shop: Any, cross: Callable[..., None], badge: Callable[..., None]
) -> None:
    cross(OPENS_MS - MINUTE_MS, 2, 0)
    cross(OPENS_MS + HOUR_MS, 5, 1, groups_in=2)
    badge(OPENS_MS + HOUR_MS)
    cross(CLOSES_MS + MINUTE_MS, 0, 1, groups_in=0)
    cross(CLOSES_MS + 30 * MINUTE_MS, 0, 0)
    assert rebuild(open_shop.path, replace=False, progress=lambda done, total: None).differences == []


def test_a_night_shop_closes_after_midnight_and_a_day_off_has_no_opening() -> None:
    hours = [OpeningHours(days=[5], opens="18:00", closes="02:00")]
    friday_late_ms = OPENS_MS + 16 * HOUR_MS  # One in the night to Saturday.
    span = open_span(friday_late_ms, hours, BERLIN)
    assert span is not None
    assert span.is_open(friday_late_ms)
    assert not span.is_open(friday_late_ms + 2 * HOUR_MS)
    assert open_span(OPENS_MS + 24 * HOUR_MS, hours, BERLIN) == OpenSpan(None, None)
    assert open_span(OPENS_MS, [], BERLIN) is None
    assert still_inside(5, None, OPENS_MS, None) == 5


# ---- zones and queues


def test_visits_ways_and_waits_are_kept_by_the_quarter_hour(shop: Any, core: Any) -> None:
    for minute in (0, 1, 20):
        shop.clock.at_ms = at_ms = OPENS_MS + minute * MINUTE_MS
        span = {"started_at_ms": at_ms, "duration_ms": MINUTE_MS}
        stays = [ZoneStay("front", 3, 40.5, 1, 12.25), ZoneStay("back", 0, 0.0, 0, 0.0)]
        shop.see(FloorZones(**core.stamp(at_ms), **span, area_id="a", zones=stays, paths=[ZonePath("front", "back", 2)]))
        waits = {"waits": 1, "waited_s": 63.0, "waited_max_s": 63.0}
        shop.see(QueueLength(**core.stamp(at_ms), **span, zone_id="front", people_mean=1.05, people_max=2, **waits))
    assert shop.rows("SELECT * FROM zone_visits WHERE zone_id = 'front' ORDER BY 2") == [
        ("front", OPENS_MS, 6, 81_000, 2, 24_500, 120_000),
        ("front", OPENS_MS + 15 * MINUTE_MS, 3, 40_500, 1, 12_250, 60_000),
    ]
    assert shop.rows("SELECT sum(people) FROM zone_paths WHERE from_zone = 'front' AND to_zone = 'back'") == [(6,)]
    assert shop.rows("SELECT sum(waits), max(waited_max_ms) FROM queues") == [(3, 63_000)]
    assert shop.rows("SELECT entries FROM zone_visits WHERE zone_id = 'back'") == [(0,), (0,)], "quiet is told as zero"


# ---- what leaves the shop


def test_small_counts_at_a_door_are_withheld_and_said_to_be_and_nobody_is_told_as_zero() -> None:
    some = door_quarter(DoorFigures("d", 0, 9, 3, 900_000, staff_in=2, groups_in=4), people_min=5)
    assert (some.withheld, some.people_in, some.people_out, some.staff_in, some.groups_in) == (True, None, None, None, None)
    many = door_quarter(DoorFigures("d", 0, 9, 0, 900_000, groups_in=4), people_min=5)
    assert (many.withheld, many.people_in, many.people_out, many.groups_in) == (False, 9, 0, 4)
    open_book = door_quarter(DoorFigures("d", 0, 2, 1, 900_000, staff_in=1))
    assert (open_book.withheld, open_book.people_in, open_book.staff_in) == (False, 1, 1)


@pytest.mark.parametrize(
    ("figures", "told"),
    [
        (ZoneFigures("z", 0, 90_000, 9, 6, 30_000, 5, 99_000), (90.0, 9, 6, 30.0, 5, 99.0, False)),
        (ZoneFigures("z", 0, 90_000, 9, 2, 30_000, 1, 99_000), (90.0, 9, None, None, None, None, True)),
        (ZoneFigures("z", 0, 90_000, 3, 2, 30_000), (None, None, None, None, None, None, True)),
        (ZoneFigures("z", 0, 0, 0, 0, 0, 0, 0), (0.0, 0, 0, 0.0, 0, 0.0, False)),
        (ZoneFigures("z", 0, 90_000), (None, None, None, None, None, None, True)),
        (ZoneFigures("z", 0, 90_000, 0, 0, 0), (None, None, None, None, None, None, True)),
    ],
    ids=["many", "few stopped", "few came", "nobody", "nobody knows how many", "one who stayed on from before"],
)
def test_a_zone_tells_only_what_many_stand_behind(figures: ZoneFigures, told: tuple[Any, ...]) -> None:
    fact = zone_quarter(figures, people_min=5)
    assert (fact.dwell_person_s, fact.entries, fact.stopped, fact.stopped_person_s, fact.waits, fact.waited_s, fact.withheld) == told


def test_heat_of_few_people_is_withheld() -> None:
    cells = [(500, 1, 2, 9_000)]
    assert [tile_quarter(TileFigures("a", 0, cells, people), people_min=5).withheld for people in (None, 4, 5)] == [True, True, False]
    assert tile_quarter(TileFigures("a", 0, cells, 4), people_min=5).cells == []
    assert tile_quarter(TileFigures("a", 0, [], 0), people_min=5).withheld is False
    assert tile_quarter(TileFigures("a", 0, cells, None)).withheld is False


def test_the_mirror_says_withheld_in_place_of_small_counts(core: Any) -> None:
    span = {"started_at_ms": OPENS_MS, "duration_ms": MINUTE_MS}
    stamp = core.stamp(OPENS_MS)
    entry = JournalEntry(1, "edge", OPENS_MS, None, b"")
    few = [
        DoorCrossing(**stamp, **span, door_id="d", people_in=2, people_out=0),
        FloorDwell(**stamp, **span, area_id="a", cell_size_m=0.5, cells=[FloorCell(1, 1, 5.0)], people=2),
        QueueLength(**stamp, **span, zone_id="q", people_mean=0.5, people_max=1),
        FloorZones(**stamp, **span, area_id="a", zones=[ZoneStay("z", 1, 5.0, 0, 0.0)]),
    ]
    for said in few:
        (point,) = entry_points(entry, said, "corner", people_min=5)
        assert point.fields.pop("withheld") == 1.0
        assert set(point.fields) <= {"observed_s"}
        assert all("withheld" not in told.fields for told in entry_points(entry, said, "corner"))


def test_an_export_says_withheld_and_leaves_empty_what_was_not_measured() -> None:
    figures = [
        ZoneFigures("aisle", OPENS_MS, 90_000, 9, 6, 30_000),
        ZoneFigures("queue", OPENS_MS, 90_500, 3, 3, 30_000, 2, 99_000),
        ZoneFigures("till", OPENS_MS, 0, 0, 0, 0, 0, 0),
    ]
    lines = floor_csv(figures, people_min=5, zone=BERLIN).splitlines()
    assert lines[0] == "quarter_started_at,zone,visits,person_s,stopped,stopped_s,waits,waited_s"
    assert lines[1] == "2027-01-15T09:00+01:00,aisle,9,90,6,30,,"
    assert lines[2] == "2027-01-15T09:00+01:00,queue" + 6 * ",withheld"
    assert lines[3] == "2027-01-15T09:00+01:00,till,0,0,0,0,0,0"
    assert "withheld" not in floor_csv(figures, people_min=1, zone=BERLIN)


def test_a_day_of_an_export_is_the_shops_own() -> None:
    assert day_span_ms("2026-03-29", 0, BERLIN)[1] - day_span_ms("2026-03-29", 0, BERLIN)[0] == 23 * HOUR_MS
    assert day_span_ms("", OPENS_MS, BERLIN)[0] == OPENS_MS - 9 * HOUR_MS
    with pytest.raises(ValueError, match="Invalid isoformat"):
        day_span_ms("yesterday", OPENS_MS, BERLIN)
