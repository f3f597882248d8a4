"""Small observations for tests of the outbox, and how its letters read."""

from __future__ import annotations

from edge_agent.adapters.outbox import Letter
from wire_format import codec
from wire_format.observations import Observation, ShelfWeight

MINUTE_MS = 60_000


def weight(minute: int, *, shelf: str = "s1", weight_g: float = 500.0) -> ShelfWeight:
    """A weight of a shelf at a minute."""
    at_ms = minute * MINUTE_MS
    return ShelfWeight(
        device_id="shelves-1", boot_id="00c0ffee", monotonic_ms=at_ms, observed_at_ms=at_ms, shelf_id=shelf, weight_g=weight_g, spread_g=1.0
    )


def read(letters: list[Letter]) -> list[Observation]:
    """What letters say."""
    return [codec.observations.decode(letter.payload) for letter in letters]
