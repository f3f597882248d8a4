"""A load cell under a shelf of the simulated shop."""

from __future__ import annotations

from collections import deque

import numpy as np

from edge_agent.adapters.simulated_playhead import SimulatedPlayhead
from edge_agent.errors import LoadCellSilent
from edge_agent.readings import RawReading
from edge_agent.simulated_store.shop import Shop
from edge_agent.simulated_store.weighing import ShelfScale, WeighedBlock

_THINNED_TO_MS = 1_000
_BEFORE_TOUCH_MS, _AFTER_TOUCH_MS = 1_500, 12_000


class SimulatedLoadCell:
    """Ten conversions a second. While it catches up with the past, a shelf that nobody touches gives one a second.

    Args:
        playhead: the shop's story, shared by all its sensors.
        scale: the physics of this shelf.
    """

    def __init__(self, playhead: SimulatedPlayhead, scale: ShelfScale) -> None:
        self.calibration = scale.calibration
        self.shelf_id = scale.calibration.shelf_id
        self._playhead = playhead
        self._scale = scale
        self._sensor = f"scale {self.shelf_id}"
        self._position_ms = playhead.booted_at_ms
        self._ready: deque[RawReading] = deque()
        playhead.join(self._sensor)

    def read(self, timeout_ms: int) -> RawReading | None:
        """Wait for the next conversion; None when the story has ended.

        Raises:
            LoadCellSilent: nothing came within `timeout_ms`.
        """
        if not self._ready:
            self._convert(timeout_ms)
        if self._ready:
            return self._ready.popleft()
        if self._playhead.over(self._position_ms):
            return None
        raise LoadCellSilent(shelf_id=self.shelf_id, waited_ms=timeout_ms)

    def close(self) -> None:
        """Stop weighing."""
        self._playhead.leave(self._sensor)

    def _convert(self, timeout_ms: int) -> None:
        until_ms = self._playhead.wait_beyond(self._position_ms, sensor=self._sensor, timeout_ms=timeout_ms)
        if until_ms <= self._position_ms:
            return
        with self._playhead.story() as shop:
            loads = [step for step in shop.loads(self.shelf_id) if step.at_ms < until_ms]
            block = self._scale.sample(self._position_ms, until_ms, loads, shop.hands(self.shelf_id))
            if self._playhead.in_the_past(until_ms):
                block = self._thinned(block, shop)
        self._position_ms = until_ms
        since_boot_ms = (block.at_ms - self._playhead.booted_at_ms).tolist()
        self._ready.extend(map(RawReading, since_boot_ms, block.raw_counts.tolist(), block.temperature_c.tolist()))

    def _thinned(self, block: WeighedBlock, shop: Shop) -> WeighedBlock:
        keep = block.at_ms % _THINNED_TO_MS == 0
        for hand in shop.hands(self.shelf_id):
            keep |= (block.at_ms >= hand.start_ms - _BEFORE_TOUCH_MS) & (block.at_ms <= hand.end_ms + _AFTER_TOUCH_MS)
        for step in shop.loads(self.shelf_id):
            keep |= np.abs(block.at_ms - step.at_ms) <= _AFTER_TOUCH_MS
        return WeighedBlock(*(column[keep] for column in block))
