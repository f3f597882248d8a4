"""What the sensors of an edge see: a sequence that follows from the seed alone, as plain dictionaries, and the file of what was seen.

A group is written to the truth before it is put into the outbox, and its acknowledgement after. So a kill in between leaves at most one
group in doubt: it may be booked once or not at all. Everything acknowledged must be booked once.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

SHELVES_EACH = 4
GROUP_MAX = 20
WEIGHTS = 0.5
"""The share of observations that are weights. What was picked is worked out from each, which is most of what an observation costs."""

CLOSING_TIME = "closing-time"
"""The file after which nothing goes wrong any more, so that an edge that has told all may end."""

JUMP_EVERY = 400
"""Every so many observations the wall clock may jump: to 1970, or back to the present."""


def shelf_name(device: int, shelf: int) -> str:
    """A shelf that only this device weighs."""
    return f"shelf-{device}-{shelf}"


def is_in_1970(seed: int, device: int, number: int) -> bool:
    """Whether the device's wall clock is wrong while it makes this observation."""
    return random.Random(f"clock {seed} {device} {number // JUMP_EVERY}").random() < 0.35


def group_size(seed: int, device: int, number: int, most: int) -> int:
    """How many observations are put together, from this one on."""
    return random.Random(f"group {seed} {device} {number}").choice((1, 1, 1, 2, 5, most))


def observation(
    seed: int, device: int, number: int, *, boot_id: str, monotonic_ms: int, wall_ms: int, weights: float = WEIGHTS
) -> dict[str, Any]:
    """The observation of this number, with every field that the wire knows. `weights`: the share that are weights."""
    chance = random.Random(f"seen {seed} {device} {number}")
    seen: dict[str, Any] = {
        "device_id": f"pi-{device}", "boot_id": boot_id, "monotonic_ms": monotonic_ms, "observed_at_ms": wall_ms,
    }  # fmt: skip
    kind = chance.random()
    if kind < weights:
        return seen | {
            "type": "shelf_weight",
            "shelf_id": shelf_name(device, chance.randrange(SHELVES_EACH)),
            "weight_g": 350.0 * chance.randrange(11) + number % 7 / 8,
            "spread_g": number / 1024,
            "moved_at_ms": None if chance.random() < 0.5 else max(0, wall_ms - 900),
            "temperature_c": chance.choice((None, 21.5)),
            "drift_g": 0.0,
        }
    if kind < weights + (1 - weights) * 0.5:
        people = {"people_in": chance.randrange(4), "people_out": chance.randrange(4), "staff_in": 0, "staff_out": 0, "groups_in": None}
        return seen | {"type": "door_crossing", "door_id": f"door-{device}", "started_at_ms": wall_ms, "duration_ms": number} | people
    tag = {"epc": f"30{chance.randrange(200):022X}", "zone_id": "front", "confidence": 0.5 + number % 2 / 4}
    if kind < weights + (1 - weights) * 0.8:
        return seen | tag | {"type": "tag_seen", "rssi_dbm": -60.5}
    return seen | tag | {"type": "tag_left", "last_read_at_ms": wall_ms}


class TruthFile:
    """Appends to, or goes on with, the truth of one device. One line for each group, and one when it was acknowledged."""

    def __init__(self, path: Path) -> None:
        self.observed = 0
        if path.exists():
            for line in path.read_bytes().split(b"\n"):
                if line.startswith(b"{"):
                    self.observed += len(json.loads(line)["seen"])
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def will_put(self, seen: list[dict[str, Any]]) -> None:
        """These were observed: from here on a kill leaves them in doubt. One system call, so no kill tears the line."""
        self._say(json.dumps({"seen": seen}))
        self.observed += len(seen)

    def was_put(self) -> None:
        """The outbox has acknowledged the last group."""
        self._say("put")

    def _say(self, line: str) -> None:
        data = f"{line}\n".encode()
        written = os.write(self._file, data)
        assert written == len(data), "the truth's disk is full"
