"""The senses of a simulated shop, one device each, driven by the same flows as the real ones."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from msgspec import structs

from edge_agent.adapters.clock import AgentClock
from edge_agent.adapters.simulated_load_cell import SimulatedLoadCell
from edge_agent.adapters.simulated_person_finder import SimulatedPersonFinder
from edge_agent.adapters.simulated_playhead import SimulatedPlayhead
from edge_agent.adapters.simulated_tag_reader import SimulatedTagReader
from edge_agent.config import BrokerConfig, EdgeConfig, OutboxConfig, ReaderConfig
from edge_agent.flows.fault_board import FaultBoard
from edge_agent.flows.recorder import Recorder
from edge_agent.flows.scan import ScanFlow
from edge_agent.flows.watch import WatchFlow
from edge_agent.flows.weigh import WeighFlow
from edge_agent.simulated_store.camera_view import SceneCamera, camera_config
from edge_agent.simulated_store.shop import Shop
from edge_agent.simulated_store.tag_radio import TagRadio
from edge_agent.simulated_store.weighing import scales_of

T = TypeVar("T")
Work = tuple[str, Callable[[threading.Event], None]]
"""What a user calls a part, and what its thread does."""


class SimulatedSense:
    """One simulated device: its configuration, and its flows once it has an outbox."""

    def __init__(self, config: EdgeConfig, works: Callable[[Recorder, AgentClock, FaultBoard], list[Work]]) -> None:
        self.config = config
        self.works = works


def senses_of(shop: Shop, playhead: SimulatedPlayhead, *, broker: BrokerConfig, folder: Path, seed: int) -> list[SimulatedSense]:
    """All scales as device `shelves-1`, the reader as `reader-1`, the camera as `camera-1`."""

    def config(device_id: str) -> EdgeConfig:
        outbox = OutboxConfig(path=str(folder / f"{device_id}.outbox.sqlite"))
        return EdgeConfig(store_id=shop.planogram.store_id, device_id=device_id, broker=broker, outbox=outbox)

    senses = [_shelves(shop, playhead, config("shelves-1"), seed), _camera(shop, playhead, config("camera-1"), seed)]
    if shop.tagged_skus:
        senses.append(_reader(shop, playhead, config("reader-1"), seed))
    return senses


def _shelves(shop: Shop, playhead: SimulatedPlayhead, config: EdgeConfig, seed: int) -> SimulatedSense:
    cells = [SimulatedLoadCell(playhead, scale) for scale in scales_of(shop.planogram, seed=seed).values()]
    scales = [cell.calibration for cell in cells]

    def works(record: Recorder, clock: AgentClock, faults: FaultBoard) -> list[Work]:
        device_id = config.device_id
        return [
            (f"shelf {c.shelf_id}", WeighFlow(_always(c), c.calibration, record, clock, faults, device_id=device_id).run) for c in cells
        ]

    return SimulatedSense(structs.replace(config, scales=scales), works)


def _camera(shop: Shop, playhead: SimulatedPlayhead, config: EdgeConfig, seed: int) -> SimulatedSense:
    camera = camera_config(shop.planogram)
    finder = SimulatedPersonFinder(playhead, SceneCamera(shop, seed=seed), area_id=camera.area_id)

    def works(record: Recorder, clock: AgentClock, faults: FaultBoard) -> list[Work]:
        flow = WatchFlow(_always(finder), camera, record, clock, faults, device_id=config.device_id)
        return [(f"camera {camera.area_id}", flow.run)]

    return SimulatedSense(structs.replace(config, cameras=[camera]), works)


def _reader(shop: Shop, playhead: SimulatedPlayhead, config: EdgeConfig, seed: int) -> SimulatedSense:
    radio = TagRadio(shop, seed=seed)
    tag_reader = SimulatedTagReader(playhead, radio)
    reader = ReaderConfig(reader_id=tag_reader.reader_id, host="simulated", antennas=radio.antennas, doors=radio.doors)

    def works(record: Recorder, clock: AgentClock, faults: FaultBoard) -> list[Work]:
        # The story's own time, not the clock's: while it catches up, an empty answer says nothing of the present.
        flow = ScanFlow(_always(tag_reader), reader, record, clock, faults, device_id=config.device_id, live=False)
        return [(f"reader {reader.reader_id}", flow.run)]

    return SimulatedSense(structs.replace(config, readers=[reader]), works)


def _always(sensor: T) -> Callable[[], T]:
    """Opens the one sensor there is; opened again, it goes on where it was."""
    return lambda: sensor
