"""Follows each tag from when it comes before the antennas until it goes, and then says which way it was carried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from edge_agent.readings import Spot, TagRead
from edge_agent.rules.tag_path import READS_MIN, Passage, passage_of

SILENT_MS = 2_000
LONGEST_MS = 30_000
_READS_MAX = 600
_FOLLOWED_MAX = 10_000
_TOLD_FROM = 0.2  # Who lies still is given less than 0.01.
_READS_PER_S_MIN = 3.0
_THROUGH_FROM = 0.5


class DoorLine(NamedTuple):
    """A door on the plan: `in` is from its left to its right, seen from its first point, and the zones on either side."""

    door_id: str
    first: Spot
    second: Spot
    left_zone_id: str | None = None
    right_zone_id: str | None = None


class TagPassed(NamedTuple):
    """A tag was carried past the antennas. `confidence` is that of the direction where there is a door, else that of the heading."""

    at_ms: int
    epc: str
    heading_deg: float
    speed_m_s: float
    confidence: float
    door_id: str | None = None
    direction: Literal["in", "out"] | None = None
    from_zone_id: str | None = None
    to_zone_id: str | None = None


class TagPassing:
    """Bounded in tags and in reads of each: a tag that lies before an antenna for long is no passer-by, and is let go.

    Args:
        antennas: where they are; with fewer than two in different places nothing is ever told.
        doors: lines through which tags go.
        carrier_mhz: the middle of the band.
    """

    def __init__(self, antennas: Mapping[int, Spot], doors: Sequence[DoorLine] = (), *, carrier_mhz: float = 915.0) -> None:
        self._antennas = dict(antennas) if len(set(antennas.values())) > 1 else {}
        self._doors = tuple(doors)
        self._carrier_mhz = carrier_mhz
        self._followed: dict[str, list[TagRead]] = {}
        self._checked_ms: int | None = None
        self.not_followed = 0

    def take(self, reads: Sequence[TagRead], now_ms: int) -> list[TagPassed]:
        """Add reads, oldest first, and say who has passed by `now_ms`."""
        told: list[TagPassed] = []
        for read in reads if self._antennas else ():
            if read.antenna in self._antennas:
                told += self._expire(read.read_at_ms)
                self._follow(read)
        return told + self._expire(now_ms)

    def _follow(self, read: TagRead) -> None:
        reads = self._followed.get(read.epc)
        if reads is None:
            if len(self._followed) >= _FOLLOWED_MAX:
                self.not_followed += 1
                return
            reads = self._followed[read.epc] = []
        if len(reads) < _READS_MAX and read.read_at_ms - reads[0].read_at_ms <= LONGEST_MS if reads else True:
            reads.append(read)
        else:
            reads[-1] = read  # It lies there: only when it goes matters.

    def _expire(self, now_ms: int) -> list[TagPassed]:
        if self._checked_ms is not None and now_ms < self._checked_ms + SILENT_MS // 4:
            return []
        self._checked_ms = now_ms
        gone = [epc for epc, reads in self._followed.items() if reads[-1].read_at_ms <= now_ms - SILENT_MS]
        return [passed for epc in gone if (passed := self._judge(epc, self._followed.pop(epc))) is not None]

    def _judge(self, epc: str, reads: list[TagRead]) -> TagPassed | None:
        lasted_ms = reads[-1].read_at_ms - reads[0].read_at_ms
        if len(reads) < max(READS_MIN, _READS_PER_S_MIN * lasted_ms / 1000.0) or lasted_ms > LONGEST_MS:
            return None
        passage = passage_of(reads, self._antennas, carrier_mhz=self._carrier_mhz)
        if passage is None or passage.moved < _TOLD_FROM:
            return None
        told = TagPassed(reads[-1].read_at_ms + SILENT_MS, epc, passage.heading_deg, passage.speed_m_s, passage.confidence)
        return self._through(passage, told)

    def _through(self, passage: Passage, told: TagPassed) -> TagPassed:
        """The door that the tag surely went through, if any; who walks past it, or stops before it, has not gone through."""
        for door in self._doors:
            inwards, outwards = passage.crossed(door.first, door.second)
            left, right = door.left_zone_id, door.right_zone_id
            if inwards >= _THROUGH_FROM:
                return told._replace(confidence=inwards, door_id=door.door_id, direction="in", from_zone_id=left, to_zone_id=right)
            if outwards >= _THROUGH_FROM:
                return told._replace(confidence=outwards, door_id=door.door_id, direction="out", from_zone_id=right, to_zone_id=left)
        return told
