"""Which crossings of a door were staff's, told by the badges that a tag antenna saw there at the time.

A badge may be heard before or after the minute of the door is: crossings and sightings of the last minutes wait for each other. Which badge
it was is not kept: one sighting claims one crossing, and is forgotten.
"""

from __future__ import annotations

from typing import NamedTuple

from store_hub.rows import BadgeSightingRow, DoorRecentRow, Effect, Gone
from wire_format.plans import Planogram

NEAR_MS = 15_000
"""A badge is seen this much before or after its bearer crosses."""

KEPT_MS = 600_000
"""How long a crossing or a sighting waits for the other: as long as one of the two devices may lag behind."""


class Claim(NamedTuple):
    """A crossing that was staff's."""

    door_id: str
    started_at_ms: int
    came_in: bool


class BadgeBook:
    """Crossings and sightings that wait for each other. Without badges in the planogram it stays empty."""

    def __init__(self) -> None:
        self._badges: frozenset[str] = frozenset()
        self._zone_of_door: dict[str, str] = {}
        self._recent: dict[tuple[str, int], DoorRecentRow] = {}
        self._sightings: dict[tuple[str, int], BadgeSightingRow] = {}

    def use_planogram(self, planogram: Planogram) -> None:
        """Know badges and doors from now on."""
        self._badges = frozenset(planogram.staff_badges)
        self._zone_of_door = {door.door_id: door.badge_zone_id for door in planogram.doors if door.badge_zone_id is not None}

    def restore(self, row: DoorRecentRow | BadgeSightingRow) -> None:
        """Go on from what the ledger holds."""
        if isinstance(row, DoorRecentRow):
            self._recent[row.door_id, row.started_at_ms] = row
        else:
            self._sightings[row.badge_zone_id, row.journal_id] = row

    def is_badge(self, epc: str) -> bool:
        """Whether a tag is a staff badge: it is no article, wherever it is seen."""
        return epc in self._badges

    def seen(self, zone_id: str, at_ms: int, journal_id: int) -> tuple[list[Effect], Claim | None]:
        """A badge was seen; returns what changes, and the crossing it claims."""
        effects = self._forget(at_ms)
        if zone_id not in self._zone_of_door.values():
            return effects, None
        for row in self._recent.values():
            if self._zone_of_door.get(row.door_id) == zone_id and _near(row, at_ms):
                claim, changed = _claim(row)
                effects += self._put(changed)
                return effects, claim
        sighting = BadgeSightingRow(zone_id, journal_id, at_ms)
        self._sightings[zone_id, journal_id] = sighting
        return [*effects, sighting], None

    def crossed(self, row: DoorRecentRow) -> tuple[list[Effect], list[Claim]]:
        """Visitors crossed a door; returns what changes, and which of them were staff."""
        zone_id = self._zone_of_door.get(row.door_id)
        if zone_id is None or not self._badges:
            return [], []
        effects, claims = self._forget(row.ended_at_ms), list[Claim]()
        for key, sighting in list(self._sightings.items()):
            if sighting.badge_zone_id == zone_id and row.people_in + row.people_out > 0 and _near(row, sighting.seen_at_ms):
                claim, row = _claim(row)
                claims.append(claim)
                del self._sightings[key]
                effects.append(Gone(BadgeSightingRow, key))
        return [*effects, *self._put(row)], claims

    def _put(self, row: DoorRecentRow) -> list[Effect]:
        key = (row.door_id, row.started_at_ms)
        if row.people_in + row.people_out > 0:
            self._recent[key] = row
            return [row]
        return [Gone(DoorRecentRow, key)] if self._recent.pop(key, None) is not None else []

    def _forget(self, now_ms: int) -> list[Effect]:
        old = [key for key, row in self._recent.items() if row.ended_at_ms < now_ms - KEPT_MS]
        lost = [key for key, row in self._sightings.items() if row.seen_at_ms < now_ms - KEPT_MS]
        for key in old:
            del self._recent[key]
        for key in lost:
            del self._sightings[key]
        return [*(Gone(DoorRecentRow, key) for key in old), *(Gone(BadgeSightingRow, key) for key in lost)]


def _near(row: DoorRecentRow, at_ms: int) -> bool:
    return row.started_at_ms - NEAR_MS <= at_ms <= row.ended_at_ms + NEAR_MS


def _claim(row: DoorRecentRow) -> tuple[Claim, DoorRecentRow]:
    """Of an interval in which people went both ways, the way that more of them went; a tie came in."""
    came_in = row.people_in >= row.people_out
    left = row._replace(people_in=row.people_in - 1) if came_in else row._replace(people_out=row.people_out - 1)
    return Claim(row.door_id, row.started_at_ms, came_in), left
