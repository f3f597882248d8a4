"""The simulated shop tells one story per seed, keeps its goods together, and walks around its racks."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from edge_agent.simulated_store.camera_view import SceneCamera
from edge_agent.simulated_store.floor_plan import FloorPlan, Point
from edge_agent.simulated_store.goods import sgtin_96
from edge_agent.simulated_store.habits import ROUND_THE_CLOCK_HOURS, ShopHabits
from edge_agent.simulated_store.shop import Shop, read_snapshot
from edge_agent.simulated_store.tag_radio import TagRadio
from edge_agent.simulated_store.truth import TruthEvent
from edge_agent.simulated_store.weighing import scales_of
from wire_format import codec
from wire_format.plans import Planogram

MONDAY_NOON_MS = 1_763_982_000_000  # 24 November 2025, 12:00 in Berlin.
HOUR_MS = 3_600_000
BUSY = ShopHabits(shoppers_per_hour=60.0, arrivals_by_hour=ROUND_THE_CLOCK_HOURS, opens_hour=0.0, closes_hour=25.0)


@pytest.fixture(scope="module")
def planogram() -> Planogram:
    path = Path(__file__).parents[2] / "demo" / "planogram.json"
    plan = codec.plans.decode(path.read_bytes())
    assert isinstance(plan, Planogram)
    return plan


def opened(planogram: Planogram, seed: int = 5, habits: ShopHabits = BUSY) -> Shop:
    return Shop(planogram, seed=seed, start_ms=MONDAY_NOON_MS, habits=habits)


def test_a_seed_tells_the_same_story_and_gives_the_same_readings_bit_for_bit(planogram: Planogram) -> None:
    def everything(seed: int) -> tuple[object, ...]:
        shop = opened(planogram, seed)
        scale, radio, camera = scales_of(planogram, seed=seed)["bay-1-shelf-1"], TagRadio(shop, seed=seed), SceneCamera(shop, seed=seed)
        until_ms = MONDAY_NOON_MS + 20 * 60_000
        shop.advance(until_ms)
        counts = scale.sample(MONDAY_NOON_MS, until_ms, shop.loads("bay-1-shelf-1"), shop.hands("bay-1-shelf-1")).raw_counts
        frames = camera.frames(MONDAY_NOON_MS, until_ms)
        boxes = b"".join(frame.boxes.tobytes() + frame.scores.tobytes() for frame in frames)
        return tuple(shop.truth.events), counts.tobytes(), tuple(radio.reads(MONDAY_NOON_MS, until_ms)), boxes

    assert everything(5) == everything(5)
    assert all(one != other for one, other in zip(everything(5), everything(6), strict=True))


def test_a_second_start_goes_on_with_the_same_story(planogram: Planogram) -> None:
    first = opened(planogram)
    first.advance(MONDAY_NOON_MS + HOUR_MS)
    second = Shop(planogram, seed=5, start_ms=0, habits=BUSY, state=read_snapshot(first.snapshot()))
    told = len(first.truth.events)
    for shop in (first, second):
        shop.advance(MONDAY_NOON_MS + 2 * HOUR_MS)
    assert second.truth.events
    assert first.truth.events[told:] == second.truth.events
    assert first.units() == second.units()


def test_every_unit_is_somewhere(planogram: Planogram) -> None:
    shop = opened(planogram)
    opening = Counter(shop.back_room())
    for (_, sku), units in shop.units().items():
        opening[sku] += units
    shop.advance(MONDAY_NOON_MS + 12 * HOUR_MS)
    here = Counter(shop.back_room()) + Counter(shop.in_hands())
    for (_, sku), units in shop.units().items():
        here[sku] += units
    for event in shop.truth.events:
        if event.kind == "order_in":
            opening[event.sku] += event.units
        elif event.kind in ("sale", "theft"):
            here[event.sku] += abs(event.units)
    kinds = Counter(event.kind for event in shop.truth.events)
    print(dict(kinds))
    assert here == opening
    assert min(kinds[kind] for kind in ("pick", "put_back", "sale", "refill", "theft", "order_in", "put_elsewhere", "missed")) > 0


def test_everybody_walks_around_the_racks_and_enters_by_the_door(planogram: Planogram) -> None:
    shop, floor = opened(planogram), FloorPlan(planogram)
    shop.advance(MONDAY_NOON_MS + HOUR_MS)
    at_ms = np.arange(MONDAY_NOON_MS, MONDAY_NOON_MS + HOUR_MS, 200, dtype=np.int64)
    seen = shop.presence(at_ms)
    assert len(set(seen.person.tolist())) > 20
    for number in set(seen.person.tolist()):
        mine = seen.person == number
        steps = [Point(x, y) for x, y in zip(seen.x_m[mine].tolist(), seen.y_m[mine].tolist(), strict=True)]
        assert not any(floor.crosses_bay(a, b) for a, b in pairwise(steps))
        leaps_m = np.hypot(np.diff(seen.x_m[mine]), np.diff(seen.y_m[mine]))
        assert leaps_m.max(initial=0.0) < 0.4


def test_a_closed_shop_is_empty(planogram: Planogram) -> None:
    night_ms = MONDAY_NOON_MS + 15 * HOUR_MS
    shop = opened(planogram, habits=ShopHabits(shoppers_per_hour=60.0))
    shop.advance(night_ms + 2 * HOUR_MS)
    assert not [event for event in shop.truth.events if event.kind == "enter" and event.at_ms > night_ms]


def test_staff_who_are_called_fill_the_shelf(planogram: Planogram) -> None:
    quiet = ShopHabits(shoppers_per_hour=0.0, staff_round_min=(600.0, 601.0))
    shop = opened(planogram, habits=quiet)
    before = shop.units()["bay-1-shelf-1", "cola-033"]
    shop.call_staff("bay-1-shelf-1", "cola-033")
    shop.advance(MONDAY_NOON_MS + 30 * 60_000)
    assert before < shop.units()["bay-1-shelf-1", "cola-033"] == 36


def test_what_the_till_says_is_the_truth_but_for_its_told_errors(planogram: Planogram) -> None:
    shop = opened(planogram)
    shop.advance(MONDAY_NOON_MS + 10 * HOUR_MS)
    receipts: Counter[str] = Counter()
    for posting in shop.all_postings():
        if posting.door == "/v1/sales":
            for line in posting.body["lines"]:
                receipts[line["sku"]] += line["units"]
    sold = Counter[str]()
    errors: list[TruthEvent] = []
    for event in shop.truth.events:
        if event.kind == "sale":
            sold[event.sku] += event.units
        elif event.kind == "till_error":
            errors.append(event)
    differing = sum(abs(receipts[sku] - sold[sku]) for sku in receipts | sold)
    print(f"{sum(sold.values())} units sold, {differing} wrong on receipts, {len(errors)} errors told")
    assert (differing > 0) == bool(errors)
    assert differing <= 10 * len(errors)


def test_a_tag_carries_its_gtin() -> None:
    # GS1 EPC Tag Data Standard, SGTIN-96 example: company 0614141, item 812345, serial 6789, filter 3.
    assert sgtin_96("0614141123452", 6789)[:2] == "30"
    bits = int(sgtin_96("9521234000396", 12), 16)
    assert (bits >> 58) & (2**24 - 1) == 9521234
    assert (bits >> 38) & (2**20 - 1) == 39
    assert bits & (2**38 - 1) == 12
