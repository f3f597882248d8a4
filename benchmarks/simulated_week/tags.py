"""What the edge tells of tags: seen in a zone, left it, with the errors that its rules are measured to make (`benchmarks.tag_score`)."""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numpy as np

from edge_agent.simulated_store.shop import Shop

LEAVES_MS = (5_000.0, 30_000.0)
ARRIVES_MS = (2_000.0, 6_000.0)
FALSE_DEPARTURES_PER_HOUR = 0.25
FALSE_ARRIVALS_PER_HOUR = 0.1
FALSE_LASTS_MS = (20_000.0, 90_000.0)
LOOK_MS = 60_000


class Heard(NamedTuple):
    """A tag is seen in a zone, or has left it.

    `only_if`: said only if it is there then (True), or is not (False): what is put back before a reader would have told its departure has
    never left, as far as the reader knows. None: an error, said anyhow.
    """

    at_ms: int
    epc: str
    zone_id: str
    seen: bool
    only_if: bool | None


class Tags:
    """The tags of the shop, and what readers make of them."""

    def __init__(self, shop: Shop, *, seed: int, start_ms: int) -> None:
        self._shop = shop
        self._chance = np.random.default_rng([seed, 32])
        zones = shop.planogram.zones
        self._zone_of = {f"shelf:{shelf}": zone.zone_id for zone in zones for shelf in zone.shelf_ids}
        self._zone_of["back_room"] = next(zone.zone_id for zone in zones if zone.kind == "back_room")
        self._aisles = sorted({zone.zone_id for zone in zones if zone.shelf_ids})
        self._where: dict[str, str] = {}
        self._due: list[Heard] = []
        self._through_ms = self._looked_ms = start_ms
        for epc, holder in sorted(shop.tag_holders().items()):
            if holder in self._zone_of:
                self._move(epc, self._zone_of[holder], start_ms)

    def advance(self, until_ms: int) -> list[Heard]:
        """Everything told until then, in the order of time."""
        for move in self._shop.tag_moves():
            if self._through_ms < move.at_ms <= until_ms:
                self._move(move.epc, self._zone_of.get(move.holder), move.at_ms)
        while self._looked_ms + LOOK_MS <= until_ms:
            self._err(self._looked_ms)
            self._looked_ms += LOOK_MS
        self._through_ms = until_ms
        told = []
        while self._due and self._due[0].at_ms <= until_ms:
            heard = heapq.heappop(self._due)
            if heard.only_if is None or heard.only_if == (self._where.get(heard.epc) == heard.zone_id):
                told.append(heard)
        return told

    def _move(self, epc: str, zone_id: str | None, at_ms: int) -> None:
        before = self._where.pop(epc, None)
        if zone_id is not None:
            self._where[epc] = zone_id
        if before == zone_id:
            return
        if before is not None:
            self._tell(at_ms, LEAVES_MS, epc, before, seen=False, only_if=False)
        if zone_id is not None:
            self._tell(at_ms, ARRIVES_MS, epc, zone_id, seen=True, only_if=True)

    def _err(self, at_ms: int) -> None:
        """Some tags are hidden for a while, and some are heard from next door."""
        minute = LOOK_MS / 3_600_000
        epcs = sorted(self._where)
        draws = self._chance.random((2, len(epcs)))
        for epc in [e for e, draw in zip(epcs, draws[0], strict=True) if draw < FALSE_DEPARTURES_PER_HOUR * minute]:
            self._tell(at_ms, (0.0, LOOK_MS), epc, self._where[epc], seen=False)
            self._tell(at_ms + LOOK_MS, FALSE_LASTS_MS, epc, self._where[epc], seen=True, only_if=True)
        for epc in [e for e, draw in zip(epcs, draws[1], strict=True) if draw < FALSE_ARRIVALS_PER_HOUR * minute]:
            other = str(self._chance.choice([zone for zone in self._aisles if zone != self._where[epc]]))
            self._tell(at_ms, (0.0, LOOK_MS), epc, other, seen=True)
            self._tell(at_ms + LOOK_MS, FALSE_LASTS_MS, epc, other, seen=False)

    def _tell(self, at_ms: int, after_ms: tuple[float, float], epc: str, zone_id: str, *, seen: bool, only_if: bool | None = None) -> None:
        heard = Heard(at_ms + round(float(self._chance.uniform(*after_ms))), epc, zone_id, seen, only_if)
        heapq.heappush(self._due, heard)
