"""Notices a data bit that hangs while the others move: a cold joint or a dying converter, which shifts some weights and not others.

A bit that never changes proves nothing while the reading hardly does. So a bit is only looked at when the bits above it have changed
since it was last looked at, which noise does for the lowest and a hand for the others; and it counts as hanging only when the bits above
took many values, those below it all values, and it alone stayed as it was. Of a healthy converter each such look is a toss of a coin.
"""

from __future__ import annotations

LOOKS_MIN = 64
"""Looks in a row without a change: of a healthy bit, one in 2⁶⁴ rows."""
VALUES_ABOVE_MIN = 12
"""Different values of the bits above: a few weights that come again and again, of equal goods, may leave a bit alone for ever."""
PARTS_BELOW = 8
PARTS_BELOW_MIN = 7
BITS = range(3, 20)
"""Below bit 3 a hanging bit shifts a weight by less than its noise. The highest bits change with no load that a scale bears."""


class BitWatch:
    """Takes a scale's raw counts; `hanging` is the bit that hangs, from 0, or None."""

    def __init__(self) -> None:
        self.hanging: int | None = None
        self._last: int | None = None
        self._seen = [0] * 24
        self._looks = [0] * 24
        self._above: list[set[int]] = [set() for _ in range(24)]
        self._below = [0] * 24

    def take(self, raw_counts: int) -> None:
        """Add a reading that is not at the rails."""
        last, self._last = self._last, raw_counts
        if last is None:
            return
        for bit in range(BITS.start, min((raw_counts ^ last).bit_length() - 1, BITS.stop) if raw_counts ^ last >= 0 else BITS.stop):
            self._look(bit, raw_counts)

    def _look(self, bit: int, raw_counts: int) -> None:
        """The bits above this one have changed: so should it, every other time."""
        value = raw_counts >> bit & 1
        if self._looks[bit] and value != self._seen[bit]:
            self._looks[bit] = self._below[bit] = 0
            self._above[bit].clear()
            if self.hanging == bit:
                self.hanging = None
        self._seen[bit] = value
        self._looks[bit] += 1
        self._below[bit] |= 1 << ((raw_counts & ((1 << bit) - 1)) * PARTS_BELOW >> bit)
        above = self._above[bit]
        if len(above) < VALUES_ABOVE_MIN:
            above.add(raw_counts >> (bit + 1))
        elif self.hanging is None and self._looks[bit] >= LOOKS_MIN and self._below[bit].bit_count() >= min(PARTS_BELOW_MIN, 1 << bit):
            self.hanging = bit
