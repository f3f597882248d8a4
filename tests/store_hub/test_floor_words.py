"""What the floor page says of visitors, zones and queues, without a browser."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from store_hub.adapters.ledger_views_rows import DoorRow, Occupancy, QueueFigures, ZoneGoodsRow, ZoneVisitRow
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.zones import inside_words, queues_markup, zones_table
from store_hub.rules.planogram_checks import planogram_problems
from wire_format import codec
from wire_format.plans import OpeningHours, Planogram

READER = Reader(zone=ZoneInfo("Europe/Berlin"), currency="EUR")
CLOSES_MS = 1_795_374_000_000  # Sunday 22 November 2026, 20:00 in Berlin.
MINUTE_MS = 60_000
DOORS = [DoorRow(door_id="front-door", people_in=240, people_out=220, observed_ms=1, staff_in=3)]


@pytest.fixture
def plan(repository: Path) -> Planogram:
    read = codec.plans.decode((repository / "demo" / "planogram.json").read_bytes())
    assert isinstance(read, Planogram)
    hours = [OpeningHours(days=[1, 2, 3, 4, 5, 6, 7], opens="09:00", closes="20:00")]
    return msgspec.structs.replace(read, opening_hours=hours)


def test_while_the_shop_is_open_the_count_stands_with_its_doubt(plan: Planogram) -> None:
    occupancy = Occupancy(people=12, corrected=2, updated_at_ms=CLOSES_MS)
    figure, how = inside_words(READER, occupancy, DOORS, plan, CLOSES_MS - MINUTE_MS)
    assert figure.startswith("12 ± ")
    assert how == "by the doors · 2 left unseen coming · without 3 of staff"


def test_after_closing_the_count_fades_though_no_camera_says_anything_more(plan: Planogram) -> None:
    occupancy = Occupancy(people=12, corrected=0, updated_at_ms=CLOSES_MS, closing_people=12)
    figures = [inside_words(READER, occupancy, DOORS, plan, CLOSES_MS + minutes * MINUTE_MS) for minutes in (0, 30, 60, 90)]
    assert [figure.split(" ")[0] for figure, _ in figures] == ["12", "6", "0", "0"]
    assert "closed: fades to nobody by 21:00" in figures[1][1]
    assert "fades" not in figures[3][1]


def test_before_anybody_was_counted_nothing_is_claimed(plan: Planogram) -> None:
    assert inside_words(READER, None, [], plan, CLOSES_MS)[0] == "—"


def test_what_nobody_measures_in_a_zone_is_a_dash_and_what_was_nothing_is_zero(plan: Planogram) -> None:
    visits = {"drinks": ZoneVisitRow(zone_id="drinks", entries=0, person_ms=0, stopped=0, stopped_ms=0, observed_ms=1)}
    goods = {"drinks": ZoneGoodsRow(picked_units=0, paid_units=0.0)}
    text = str(zones_table(READER, [zone for zone in plan.zones if zone.zone_id in ("drinks", "till")], visits, goods, {}, {}))
    assert "0 passed → 0 stopped → 0 picked → 0 paid" in text
    assert "not measured" in text
    stranger = {"attic": visits["drinks"]}
    assert "attic (not on the plan)" in str(zones_table(READER, [], stranger, {}, {}, {}))
    assert "Pavement" in str(zones_table(READER, [], stranger, {}, {}, {"attic": "Pavement"})), "a line along the street by its own name"


def test_a_queue_whose_camera_has_fallen_silent_has_no_length_now() -> None:
    silent = QueueFigures(zone_id="q", people_mean=1.25, people_max=3, waits=1, waited_ms=95_000, waited_max_ms=95_000, now_people=None)
    text = str(queues_markup(READER, [silent], {"q": "Tills"}))
    assert '<td class="figure none" data-head="now">—</td>' in text
    assert "Tills: 1.2 people on average; 1 wait ended, the longest after 95 s" in text


def test_a_zone_without_its_shelf_and_badges_without_an_antenna_are_refused(plan: Planogram) -> None:
    zones = [msgspec.structs.replace(plan.zones[0], shelf_ids=["bay-99"])]
    wrong = msgspec.structs.replace(plan, zones=zones, staff_badges=["E280116060000002"])
    assert planogram_problems(plan) == []
    assert planogram_problems(wrong) == [
        "zone drinks: unknown shelf bay-99; name a shelf of a bay",
        "staff_badges: no door has a badge_zone_id, so no badge can be seen at one; name the zone of the antenna there",
    ]
