"""The memory of tag presence: a row for each (tag, zone) that was heard, bounded, in columns that numpy works on at once."""

from __future__ import annotations

import numpy as np

from edge_agent.rules.tag_chances import Bools, Floats, Ints
from edge_agent.rules.tag_zones import Places

_GROWTH = 256
_NEVER_MS = -(2**62)


class TagRows:
    """Rows without gaps: the last row takes the place of one that is dropped. Columns are views on the rows in use.

    Args:
        states: how many columns a belief has.
    """

    def __init__(self, states: int) -> None:
        self.keys: list[tuple[str, str]] = []
        self._rows: dict[tuple[str, str], int] = {}
        self._slots: dict[str, int] = {}
        self._free: list[int] = []
        self._belief: Floats = np.empty((0, states))
        self._levels: Floats = np.empty((6, 0))
        self._flags: Bools = np.empty((3, 0), dtype=np.bool_)
        self._numbers: Ints = np.empty((5, 0), dtype=np.int64)

    def __len__(self) -> int:
        """How many rows are in use."""
        return len(self.keys)

    @property
    def belief(self) -> Floats:
        """(n, k) what is believed of each row's rates."""
        return self._belief[: len(self.keys)]

    @property
    def chance(self) -> Floats:
        """(n,) the chance to be in the zone, as last judged."""
        return self._levels[0, : len(self.keys)]

    @property
    def rssi_dbm(self) -> Floats:
        """(n,) how loud the tag answers there, smoothed."""
        return self._levels[1, : len(self.keys)]

    @property
    def doubt_s(self) -> Floats:
        """(n,) for how many sure seconds what is told has been the less likely."""
        return self._levels[2, : len(self.keys)]

    @property
    def places(self) -> Places:
        """Where each tag is, by its reads alone."""
        return Places(*self._levels[3:, : len(self.keys)])

    @property
    def read(self) -> Bools:
        """(n,) read in this cycle."""
        return self._flags[0, : len(self.keys)]

    @property
    def was_read(self) -> Bools:
        """(n,) read in the cycle before."""
        return self._flags[1, : len(self.keys)]

    @property
    def present(self) -> Bools:
        """(n,) told to have arrived and not to have left."""
        return self._flags[2, : len(self.keys)]

    @property
    def last_read_ms(self) -> Ints:
        """(n,) when it was last read there."""
        return self._numbers[0, : len(self.keys)]

    @property
    def changed_ms(self) -> Ints:
        """(n,) when it last arrived or left."""
        return self._numbers[1, : len(self.keys)]

    @property
    def tag(self) -> Ints:
        """(n,) a small number for the tag, shared by its rows in all zones."""
        return self._numbers[2, : len(self.keys)]

    @property
    def zone(self) -> Ints:
        """(n,) the zone's number."""
        return self._numbers[3, : len(self.keys)]

    @property
    def cycles_read(self) -> Ints:
        """(n,) in how many cycles it was read."""
        return self._numbers[4, : len(self.keys)]

    def find(self, key: tuple[str, str]) -> int | None:
        """The row of a (tag, zone), None when it was not heard or is forgotten."""
        return self._rows.get(key)

    def note(self, row: int, at_ms: int, rssi_dbm: float, *, smoothing: float) -> None:
        """A read of a row's tag. Called for every read: no views here."""
        levels, flags, numbers = self._levels, self._flags, self._numbers
        levels[1, row] += smoothing * (rssi_dbm - levels[1, row])
        if not flags[0, row]:
            flags[0, row] = True
            numbers[4, row] += 1
        numbers[0, row] = at_ms

    def add(self, key: tuple[str, str], zone: int, belief: Floats, rssi_dbm: float) -> int:
        """Begin a row and return it."""
        row = len(self.keys)
        if row >= len(self._belief):
            self._grow()
        self.keys.append(key)
        self._rows[key] = row
        self._belief[row] = belief
        self._levels[:, row] = (0.0, rssi_dbm, 0.0, 0.0, 0.0, 0.0)
        self._flags[:, row] = False
        self._numbers[:, row] = (_NEVER_MS, _NEVER_MS, self._slot_of(key[0]), zone, 0)
        return row

    def drop(self, row: int) -> None:
        """Forget a row."""
        key, last = self.keys[row], len(self.keys) - 1
        slot = int(self._numbers[2, row])
        if np.count_nonzero(self.tag == slot) == 1:
            del self._slots[key[0]]
            self._free.append(slot)
        del self._rows[key]
        if row != last:
            self.keys[row] = self.keys[last]
            self._rows[self.keys[row]] = row
            self._belief[row], self._levels[:, row] = self._belief[last], self._levels[:, last]
            self._flags[:, row], self._numbers[:, row] = self._flags[:, last], self._numbers[:, last]
        self.keys.pop()

    def _slot_of(self, epc: str) -> int:
        slot = self._slots.get(epc)
        if slot is None:
            slot = self._free.pop() if self._free else len(self._slots)
            self._slots[epc] = slot
        return slot

    def _grow(self) -> None:
        more = max(_GROWTH, len(self._belief) // 2)
        self._belief = np.vstack([self._belief, np.zeros((more, self._belief.shape[1]))])
        self._levels = np.concatenate([self._levels, np.zeros((6, more))], axis=1)
        self._flags = np.concatenate([self._flags, np.zeros((3, more), dtype=np.bool_)], axis=1)
        self._numbers = np.concatenate([self._numbers, np.zeros((5, more), dtype=np.int64)], axis=1)

    def store(self, belief: Floats, places: Places) -> None:
        """Put what is now believed of all rows in use."""
        self._belief[: len(self.keys)] = belief
        self._levels[3:, : len(self.keys)] = places
