"""What a UHF reader hears of the shop's tags: two reads in three, in bursts, and strays from the zone next door."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from edge_agent.config import AntennaConfig
from edge_agent.readings import TagRead
from edge_agent.simulated_store.shop import Shop
from edge_agent.simulated_store.stage import TagMove
from edge_agent.simulated_store.tag_gate import TagGate
from wire_format.plans import Planogram, Zone

CYCLE_MS = 1_000
READ_PROBABILITY = 0.65
STRAY_PROBABILITY = 0.02
_BURST_PROBABILITY = 0.25


class TagRadio:
    """Antennas over every zone with tagged goods, the till, the back room and the way out, and at the door. Asked in order, by cycles."""

    def __init__(self, shop: Shop, *, seed: int) -> None:
        self._shop = shop
        self._key = [seed, 21]
        self._zones = _antenna_zones(shop)
        self._gate = TagGate(shop, seed=seed, first_antenna=len(self._zones) + 1)
        over_zones = [AntennaConfig(antenna=n, zone_id=zone.zone_id) for n, zone in enumerate(self._zones, start=1)]
        self.antennas = [*over_zones, *self._gate.antennas]
        self.doors = [self._gate.door]
        self._neighbour = [_nearest_other(index, self._zones) for index in range(len(self._zones))]
        self._static = self._zones_of_fixed_holders()
        self._holders: dict[str, str] = shop.tag_holders()
        self._moved_through_ms = shop.known_through_ms
        self._kept: tuple[list[str], list[int]] | None = None

    def reads(self, from_ms: int, until_ms: int) -> list[TagRead]:
        """Reads of every cycle that begins in `[from_ms, until_ms)`; `read_at_ms` is Unix time here."""
        heard: list[TagRead] = []
        for cycle in range(-(-from_ms // CYCLE_MS), -(-until_ms // CYCLE_MS)):
            heard.extend(self._cycle(cycle))
        return heard

    def zone_of(self, epc: str, at_ms: int) -> str | None:
        """The true zone of a tag, where an antenna looks; for holding estimates against."""
        self._apply(self._shop.tag_moves(), at_ms)
        index = self._zone_index(self._holders.get(epc, ""), self._carriers(at_ms))
        return None if index is None else self._zones[index].zone_id

    def _cycle(self, cycle: int) -> list[TagRead]:
        at_ms = cycle * CYCLE_MS
        self._apply(self._shop.tag_moves(), at_ms)
        epcs, zones = self._placed(at_ms)
        if not epcs:
            return []
        chance = np.random.Generator(np.random.PCG64([*self._key, cycle]))
        heard, strayed, again = chance.random((3, len(epcs)))
        when = at_ms + chance.integers(0, CYCLE_MS - 50, len(epcs))
        strength = chance.normal(0.0, 3.5, len(epcs))
        reads = self._hear(epcs, zones, np.flatnonzero(heard < READ_PROBABILITY), when, strength - 55.0, late_ms=0)
        bursts = np.flatnonzero((heard < READ_PROBABILITY) & (again < _BURST_PROBABILITY))
        reads += self._hear(epcs, zones, bursts, when, strength - 55.0, late_ms=12)
        strays = np.flatnonzero(strayed < STRAY_PROBABILITY)
        reads += self._hear(epcs, [self._neighbour[zone] for zone in zones], strays, when, strength - 71.0, late_ms=40)
        reads += self._gate.reads(at_ms, CYCLE_MS, self._carried())
        reads.sort()
        return reads

    def _carried(self) -> dict[int, list[str]]:
        carried: dict[int, list[str]] = {}
        for epc, holder in self._holders.items():
            if holder.startswith("person:"):
                carried.setdefault(int(holder[7:]), []).append(epc)
        return carried

    @staticmethod
    def _hear(
        epcs: Sequence[str],
        zones: Sequence[int],
        rows: npt.NDArray[np.intp],
        when: npt.NDArray[np.int64],
        strength_dbm: npt.NDArray[np.float64],
        *,
        late_ms: int,
    ) -> list[TagRead]:
        moments, levels = (when[rows] + late_ms).tolist(), np.round(strength_dbm[rows], 1).tolist()
        return [
            TagRead(moment, epcs[row], zones[row] + 1, level) for row, moment, level in zip(rows.tolist(), moments, levels, strict=True)
        ]

    def _placed(self, at_ms: int) -> tuple[list[str], list[int]]:
        """Every tag that an antenna can hear, and the index of its zone; kept while no tag moves and nobody carries one."""
        if self._kept is None:
            carriers = self._carriers(at_ms)
            placed = [(epc, zone) for epc, holder in self._holders.items() if (zone := self._zone_index(holder, carriers)) is not None]
            found = [epc for epc, _ in placed], [zone for _, zone in placed]
            if any(holder.startswith("person:") for holder in self._holders.values()):
                return found
            self._kept = found
        return self._kept

    def _apply(self, moves: Sequence[TagMove], through_ms: int) -> None:
        for move in moves:
            if self._moved_through_ms < move.at_ms <= through_ms:
                self._kept = None
                if move.holder:
                    self._holders[move.epc] = move.holder
                else:
                    self._holders.pop(move.epc, None)
        self._moved_through_ms = max(self._moved_through_ms, through_ms)

    def _carriers(self, at_ms: int) -> dict[str, int]:
        """The antenna zone of everybody who carries a tag."""
        numbers = {int(holder[7:]) for holder in self._holders.values() if holder.startswith("person:")}
        if not numbers:
            return {}
        present = self._shop.presence(np.array([at_ms], dtype=np.int64))
        zones = {}
        for number, x_m, y_m in zip(present.person.tolist(), present.x_m.tolist(), present.y_m.tolist(), strict=True):
            index = _zone_at(self._zones, x_m, y_m)
            if number in numbers and index is not None:
                zones[f"person:{number}"] = index
        return zones

    def _zone_index(self, holder: str, carriers: Mapping[str, int]) -> int | None:
        return carriers.get(holder) if holder.startswith("person:") else self._static.get(holder)

    def _zones_of_fixed_holders(self) -> dict[str, int]:
        found = {}
        for facing in self._shop.floor.facings:
            index = _zone_at(self._zones, *facing.stand)
            if index is not None:
                found[f"shelf:{facing.shelf_id}"] = index
        for index, zone in enumerate(self._zones):
            if zone.kind == "back_room":
                found["back_room"] = index
        return found


def zones_with_tags(planogram: Planogram, shop: Shop) -> set[str]:
    """Zones in front of shelves that hold tagged articles."""
    stands = [f.stand for f in shop.floor.facings if f.sku in shop.tagged_skus]
    found = (_zone_at(planogram.zones, *stand) for stand in stands)
    return {planogram.zones[index].zone_id for index in found if index is not None}


def _antenna_zones(shop: Shop) -> list[Zone]:
    tagged = zones_with_tags(shop.planogram, shop)
    return [z for z in shop.planogram.zones if z.zone_id in tagged or z.kind in ("till", "back_room", "entrance")]


def _zone_at(zones: Sequence[Zone], x_m: float, y_m: float) -> int | None:
    for index, zone in enumerate(zones):
        place = zone.place
        if place.x_m <= x_m < place.x_m + place.width_m and place.y_m <= y_m < place.y_m + place.depth_m:
            return index
    return None


def _nearest_other(index: int, zones: Sequence[Zone]) -> int:
    def away_m(other: int) -> float:
        a, b = zones[index].place, zones[other].place
        return math.hypot(a.x_m + a.width_m / 2 - b.x_m - b.width_m / 2, a.y_m + a.depth_m / 2 - b.y_m - b.depth_m / 2)

    return min((n for n in range(len(zones)) if n != index), key=away_m, default=index)
