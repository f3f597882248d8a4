"""Simulated readers and cameras keep what `readings.py` promises of real ones; the load cell is in the suite of load cells."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from edge_agent.adapters.simulated_load_cell import SimulatedLoadCell
from edge_agent.adapters.simulated_person_finder import SimulatedPersonFinder
from edge_agent.adapters.simulated_playhead import STEP_MS, SimulatedPlayhead
from edge_agent.adapters.simulated_tag_reader import SimulatedTagReader
from edge_agent.errors import LoadCellSilent, SensorUnavailable
from edge_agent.simulated_store.camera_view import SceneCamera
from edge_agent.simulated_store.habits import ROUND_THE_CLOCK_HOURS, ShopHabits
from edge_agent.simulated_store.shop import Shop
from edge_agent.simulated_store.tag_radio import TagRadio
from edge_agent.simulated_store.weighing import scales_of
from wire_format import codec
from wire_format.plans import Planogram

START_MS = 1_763_982_000_000
BUSY = ShopHabits(shoppers_per_hour=120.0, arrivals_by_hour=ROUND_THE_CLOCK_HOURS, opens_hour=0.0, closes_hour=25.0)


@pytest.fixture
def shop() -> Shop:
    plan = codec.plans.decode((Path(__file__).parents[2] / "demo" / "planogram.json").read_bytes())
    assert isinstance(plan, Planogram)
    return Shop(plan, seed=2, start_ms=START_MS, habits=BUSY)


class Clock:
    """A present that the test moves."""

    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms


def test_reads_are_upper_case_in_order_of_time_and_never_of_the_future(shop: Shop) -> None:
    clock = Clock(START_MS)
    playhead = SimulatedPlayhead(shop, now_ms=clock, booted_at_ms=START_MS, end_ms=START_MS + 30_000)
    reader = SimulatedTagReader(playhead, TagRadio(shop, seed=2))
    times: list[int] = []
    while (reads := reader.read(1)) is not None:
        for read in reads:
            assert re.fullmatch(r"(?:[0-9A-F]{4}){1,31}", read.epc)
            assert 1 <= read.antenna <= 6
            assert -100.0 < read.rssi_dbm < -30.0
            assert read.read_at_ms <= clock.now_ms - START_MS
            times.append(read.read_at_ms)
        clock.now_ms += 700
    assert len(times) > 1000
    assert times == sorted(times)
    assert times[0] >= 0
    reader.close()
    reader.close()


def test_frames_are_numbered_from_one_in_order_and_hold_boxes_of_the_picture(shop: Shop) -> None:
    playhead = SimulatedPlayhead(shop, now_ms=lambda: START_MS + 3_600_000, booted_at_ms=START_MS, end_ms=START_MS + 600_000)
    finder = SimulatedPersonFinder(playhead, SceneCamera(shop, seed=2), area_id="whole-floor")
    numbers, times, people = [], [], 0
    while (found := finder.next(1000)) is not None:
        numbers.append(found.number)
        times.append(found.taken_at_ms)
        people += len(found.boxes)
        assert found.boxes.dtype == found.scores.dtype == np.float32
        assert found.boxes.shape == (len(found.scores), 4)
        assert (found.boxes[:, 2:] > found.boxes[:, :2]).all()
        assert ((found.scores > 0.0) & (found.scores < 1.0)).all()
    assert people > 500
    assert numbers[0] == 1
    assert numbers == sorted(set(numbers))
    assert times == sorted(set(times))
    assert finder.next(10) is None
    finder.close()
    finder.close()


def test_when_the_present_stands_still_a_scale_is_silent_and_a_camera_unavailable(shop: Shop) -> None:
    playhead = SimulatedPlayhead(shop, now_ms=lambda: START_MS, booted_at_ms=START_MS)
    cell = SimulatedLoadCell(playhead, scales_of(shop.planogram, seed=2)["bay-8-shelf-1"])
    finder = SimulatedPersonFinder(playhead, SceneCamera(shop, seed=2), area_id="whole-floor")
    with pytest.raises(LoadCellSilent):
        cell.read(20)
    with pytest.raises(SensorUnavailable):
        finder.next(20)


def test_no_sensor_runs_far_ahead_of_a_slow_one_and_nobody_waits_for_one_that_left(shop: Shop) -> None:
    playhead = SimulatedPlayhead(shop, now_ms=lambda: START_MS + 3_600_000, booted_at_ms=START_MS)
    slow = SimulatedTagReader(playhead, TagRadio(shop, seed=2))
    cell = SimulatedLoadCell(playhead, scales_of(shop.planogram, seed=2)["bay-8-shelf-1"])
    newest_ms = [0]

    def weigh() -> None:
        while newest_ms[0] < 20 * STEP_MS and (reading := cell.read(100)) is not None:
            newest_ms[0] = reading.taken_at_ms

    weighing = threading.Thread(target=weigh, name="weigh", daemon=True)
    weighing.start()
    weighing.join(0.5)
    assert weighing.is_alive()
    assert newest_ms[0] <= 4 * STEP_MS
    slow.close()
    weighing.join(20)
    assert newest_ms[0] >= 20 * STEP_MS
    playhead.close()


def test_closing_the_story_ends_every_sensor_at_the_same_moment(shop: Shop) -> None:
    playhead = SimulatedPlayhead(shop, now_ms=lambda: START_MS + 3_600_000, booted_at_ms=START_MS)
    cell = SimulatedLoadCell(playhead, scales_of(shop.planogram, seed=2)["bay-8-shelf-1"])
    finder = SimulatedPersonFinder(playhead, SceneCamera(shop, seed=2), area_id="whole-floor")
    first = cell.read(1000)
    playhead.close()
    began = time.monotonic()
    last = first
    while (reading := cell.read(1000)) is not None:
        last = reading
    frame = found = finder.next(1000)
    while (found := finder.next(1000)) is not None:
        frame = found
    assert last is not None
    assert frame is not None
    assert abs(last.taken_at_ms - frame.taken_at_ms) <= 1000
    assert time.monotonic() - began < 10.0
