"""The live rules, fed by the simulated shop's sensors, find out what really happened. The errors are printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge_agent.adapters.simulated_load_cell import SimulatedLoadCell
from edge_agent.adapters.simulated_person_finder import SimulatedPersonFinder
from edge_agent.adapters.simulated_playhead import SimulatedPlayhead
from edge_agent.adapters.simulated_tag_reader import SimulatedTagReader
from edge_agent.config import ReaderConfig
from edge_agent.flows.camera_rules import footfall_watcher
from edge_agent.flows.scale_rules import weigher_for
from edge_agent.flows.scan import presence_for
from edge_agent.readings import Detections, RawReading
from edge_agent.rules.tag_presence import TagArrived, TagShifted
from edge_agent.rules.weighing import Settled
from edge_agent.simulated_store.camera_view import SceneCamera, camera_config
from edge_agent.simulated_store.habits import ROUND_THE_CLOCK_HOURS, ShopHabits
from edge_agent.simulated_store.shop import Shop
from edge_agent.simulated_store.tag_radio import TagRadio
from edge_agent.simulated_store.weighing import scales_of
from wire_format import codec
from wire_format.plans import Planogram

NOON_MS = 1_763_982_000_000
HOUR_MS = 3_600_000
BUSY = ShopHabits(shoppers_per_hour=60.0, arrivals_by_hour=ROUND_THE_CLOCK_HOURS, opens_hour=0.0, closes_hour=25.0)
SETTLES_WITHIN_MS = 4_000


@pytest.fixture(scope="module")
def planogram() -> Planogram:
    plan = codec.plans.decode((Path(__file__).parents[2] / "demo" / "planogram.json").read_bytes())
    assert isinstance(plan, Planogram)
    return plan


def story(planogram: Planogram, *, hours: float = 1.0, in_the_past: bool = True) -> tuple[Shop, SimulatedPlayhead]:
    """A shop and its playhead, `hours` long; told as a past that is caught up with, or as the present."""
    shop = Shop(planogram, seed=3, start_ms=NOON_MS, habits=BUSY)
    end_ms = NOON_MS + round(hours * HOUR_MS)
    now_ms = (lambda: end_ms + HOUR_MS) if in_the_past else (lambda: min(end_ms, shop.known_through_ms + 20_000))
    return shop, SimulatedPlayhead(shop, now_ms=now_ms, booted_at_ms=NOON_MS, end_ms=end_ms)


def all_readings(cell: SimulatedLoadCell) -> Iterator[RawReading]:
    while (reading := cell.read(1000)) is not None:
        yield reading


def all_frames(finder: SimulatedPersonFinder) -> Iterator[Detections]:
    while (frame := finder.next(1000)) is not None:
        yield frame


def test_weighing_a_simulated_hour_tells_every_change_of_every_shelf(planogram: Planogram) -> None:
    """What counts is how weights change: a scale's zero is off by a few grams from the start, as a real one's is."""
    shop, _ = story(planogram)
    shop.advance(NOON_MS + HOUR_MS)
    wrong_g, drifted_g, changes = [], [], 0
    for shelf_id, scale in scales_of(planogram, seed=3).items():
        weigher = weigher_for(scale.calibration)
        block = scale.sample(NOON_MS, NOON_MS + HOUR_MS, shop.loads(shelf_id), shop.hands(shelf_id))
        rows = zip((block.at_ms - NOON_MS).tolist(), block.raw_counts.tolist(), block.temperature_c.tolist(), strict=True)
        settled = [said for row in rows if isinstance(said := weigher.take(RawReading(*row)), Settled)]
        steps = shop.loads(shelf_id)
        offset_g = settled[0].weight_g - steps[0].load_g
        steps_ms = np.array([step.at_ms - NOON_MS for step in steps])
        for said in settled:
            known = int(np.searchsorted(steps_ms, said.at_ms - SETTLES_WITHIN_MS, side="right")) - 1
            newest = int(np.searchsorted(steps_ms, said.at_ms, side="right")) - 1
            if known == newest and known >= 0:
                wrong_g.append(abs(said.weight_g - offset_g - steps[known].load_g))
        if steps_ms[-1] < HOUR_MS - 20_000:
            drifted_g.append(abs(settled[-1].weight_g - offset_g - steps[-1].load_g))
        changes += len(steps) - 1
    print(
        f"{changes} changes, {len(wrong_g)} settled weights compared: median error {np.median(wrong_g):.2f} g, "
        f"99 % below {np.quantile(wrong_g, 0.99):.2f} g; at the end at most {max(drifted_g):.2f} g"
    )
    assert changes > 150
    assert np.quantile(wrong_g, 0.99) < 8.0
    assert max(drifted_g) < 8.0


def test_a_scale_that_catches_up_is_weighed_like_one_in_the_present(planogram: Planogram) -> None:
    finals, counts = [], []
    for in_the_past in (True, False):
        shop, playhead = story(planogram, hours=0.5, in_the_past=in_the_past)
        cell = SimulatedLoadCell(playhead, scales_of(planogram, seed=3)["bay-1-shelf-2"])
        weigher, settled, count = weigher_for(cell.calibration), [], 0
        for reading in all_readings(cell):
            count += 1
            if isinstance(said := weigher.take(reading), Settled):
                settled.append(said.weight_g)
        assert len(shop.loads("bay-1-shelf-2")) > 0
        finals.append(settled[-1])
        counts.append(count)
    print(f"final weights {finals} g from {counts} conversions")
    assert counts[1] == 18_000
    assert counts[0] < counts[1] / 3
    assert abs(finals[0] - finals[1]) < 2.0


def test_the_camera_counts_who_came_and_went(planogram: Planogram) -> None:
    shop, playhead = story(planogram)
    config = camera_config(planogram)
    watcher = footfall_watcher(config)
    finder = SimulatedPersonFinder(playhead, SceneCamera(shop, seed=3), area_id=config.area_id)
    counted: Counter[str] = Counter()
    dwelt_s = 0.0
    intervals = [interval for frame in all_frames(finder) for interval in watcher.take(frame).intervals] + watcher.finish().intervals
    for interval in intervals:
        for total in interval.doors.values():
            counted["enter"] += total.people_in
            counted["exit"] += total.people_out
        dwelt_s += sum(cell.person_s for cell in interval.cells)
    true = {kind: shop.truth.count(kind) for kind in ("enter", "exit", "turn_back")}
    print(f"counted {dict(counted)}, truly {true}; dwell {dwelt_s / 60:.1f} person-minutes")
    assert abs(counted["enter"] - true["enter"]) <= max(2, 0.06 * true["enter"])
    assert abs(counted["exit"] - true["exit"]) <= max(2, 0.06 * true["exit"])


def test_dwell_lies_where_people_truly_stood(planogram: Planogram) -> None:
    shop, playhead = story(planogram, hours=0.5)
    config = camera_config(planogram)
    watcher = footfall_watcher(config)
    finder = SimulatedPersonFinder(playhead, SceneCamera(shop, seed=3), area_id=config.area_id)
    seen, true = np.zeros((32, 20)), np.zeros((32, 20))
    at_ms = np.arange(NOON_MS, NOON_MS + HOUR_MS // 2, 200, dtype=np.int64)
    frames = list(all_frames(finder))
    retold = Shop(planogram, seed=3, start_ms=NOON_MS, habits=BUSY)
    retold.advance(NOON_MS + HOUR_MS // 2)
    present = retold.presence(at_ms)
    inside = (present.y_m < planogram.depth_m + 1.5) & ~((present.x_m >= 9.4) & (present.y_m < 2.8))
    np.add.at(true, ((present.x_m[inside] / 0.5).astype(int), (present.y_m[inside] / 0.5).astype(int)), 0.2)
    for interval in [i for frame in frames for i in watcher.take(frame).intervals] + watcher.finish().intervals:
        for cell in interval.cells:
            if cell.column < 32 and cell.row < 20:
                seen[cell.column, cell.row] += cell.person_s
    correlation = float(np.corrcoef(seen.ravel(), true.ravel())[0, 1])
    print(f"correlation of dwell cells with the truth {correlation:.3f}; {seen.sum():.0f} of {true.sum():.0f} person-seconds")
    assert correlation > 0.8
    assert abs(seen.sum() / true.sum() - 1.0) < 0.15


def test_tags_are_believed_where_they_truly_are(planogram: Planogram) -> None:
    shop, playhead = story(planogram, hours=0.5)
    radio = TagRadio(shop, seed=3)
    reader = SimulatedTagReader(playhead, radio)
    presence = presence_for(ReaderConfig(reader_id="reader-1", host="simulated", antennas=radio.antennas))
    believed: dict[str, set[str]] = {epc: set() for epc in shop.tag_holders()}
    reads = 0
    while (heard := reader.read(1000)) is not None:
        reads += len(heard)
        for event in presence.take(heard, heard[-1].read_at_ms) if heard else []:
            if isinstance(event, TagShifted):
                continue
            zones = believed.setdefault(event.epc, set())
            zones.add(event.zone_id) if isinstance(event, TagArrived) else zones.discard(event.zone_id)
    true = {epc: radio.zone_of(epc, NOON_MS + HOUR_MS // 2 - 3000) for epc in believed}
    right = sum(believed[epc] == ({zone} if zone is not None else set()) for epc, zone in true.items())
    left_shelf = shop.truth.count("pick")
    print(f"{right} of {len(true)} tags right after {reads} reads and {left_shelf} picks of all goods")
    assert right >= 0.97 * len(true)
