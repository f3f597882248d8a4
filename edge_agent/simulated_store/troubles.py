"""What goes wrong in a shop now and then: a facing swept into a bag, goods that spoil, goods that are brought back. Off by default."""

from __future__ import annotations

import numpy as np

from edge_agent.simulated_store.floor_plan import Point
from edge_agent.simulated_store.stage import Happening, Person, Stage

SWEPT_FROM_UNITS = 4
_DAY_MS = 86_400_000


class Troubles:
    """Plans trouble at random moments of opening hours."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.acts = {
            "sweeper": self._sweeper,
            "sweep": self._sweep,
            "write_off": self._write_off,
            "bring_back": self._bring_back,
        }
        habits = stage.habits
        self._per_day = {
            "sweeper": habits.sweeps_per_day, "write_off": habits.written_off_per_day, "bring_back": habits.brought_back_per_day
        }  # fmt: skip

    def begin(self) -> None:
        """Put the first of each kind on the agenda."""
        for kind in self._per_day:
            self._plan(kind)

    def _plan(self, kind: str) -> None:
        if self._per_day[kind] > 0.0:
            gap_ms = self._stage.random.exponential(_DAY_MS / self._per_day[kind])
            self._stage.plan(self._stage.state.now_ms + max(1, round(gap_ms)), kind)

    def _is_open(self) -> bool:
        hour = self._stage.local_hour(self._stage.state.now_ms)
        return self._stage.habits.opens_hour <= hour < self._stage.habits.closes_hour - 0.5

    def _sweeper(self, _: Happening) -> None:
        """Somebody comes for one facing, the dear ones first."""
        self._plan("sweeper")
        stage = self._stage
        full = [p for p in stage.state.goods.places if p.capacity_units and len(p.units) >= SWEPT_FROM_UNITS]
        if not self._is_open() or not full:
            return
        prices = np.array([stage.maker.products[place.sku].price_minor or 100 for place in full], dtype=float)
        place = full[int(stage.random.choice(len(full), p=prices / prices.sum()))]
        outside, inside = stage.floor.door_points(0.0)
        number = stage.state.next_person
        stage.state.next_person += 1
        person = Person(number=number, thief=True, speed_m_per_s=1.3, path=[(stage.state.now_ms, outside.x_m, outside.y_m)])
        stage.state.people[number] = person
        at_ms = stage.walk(person, Point(*inside), leave_ms=stage.state.now_ms)
        at_ms = stage.walk(person, stage.facings[place.shelf_id, place.sku].stand, leave_ms=at_ms) + 4_000
        stage.touch(place.shelf_id, start_ms=at_ms - 400, end_ms=at_ms + 3_000, peak_g=stage.between((-200.0, 400.0)))
        stage.plan(at_ms, "sweep", person=number, shelf_id=place.shelf_id, sku=place.sku)
        stage.plan(at_ms + 5_000, "done", person=number)

    def _sweep(self, happening: Happening) -> None:
        stage, person = self._stage, self._stage.state.people[happening.person]
        place = stage.state.goods.place(happening.shelf_id, happening.sku)
        count = len(place.units)
        person.hands.extend(stage.take(place, f"person:{person.number}") for _ in range(count))
        if count:
            stage.tell("swept", person=person.number, shelf_id=place.shelf_id, sku=place.sku, units=-count)

    def _write_off(self, _: Happening) -> None:
        """Staff take what is spoilt or broken off a shelf and throw it away; most of it is booked."""
        self._plan("write_off")
        stage = self._stage
        places = [p for p in stage.state.goods.places if p.capacity_units and p.units]
        if not self._is_open() or not places:
            return
        place = places[int(stage.random.integers(len(places)))]
        units = min(len(place.units), int(stage.random.integers(1, 4)))
        for _unit in range(units):
            stage.take(place, "")
        now_ms, booked = stage.state.now_ms, stage.chance(stage.habits.write_off_booked)
        stage.tell("write_off", shelf_id=place.shelf_id, sku=place.sku, units=-units, note="" if booked else "not booked")
        if booked:
            stage.enter_books(place.sku, -units)
            lines = [{"sku": place.sku, "units": units, "place": place.shelf_id}]
            body = {"lines": lines, "reason": "spoilt", "written_off_at_ms": now_ms}
            stage.post("/v1/write-offs", f"write-off-{now_ms}-{place.sku}", body, due_at_ms=now_ms + 60_000)

    def _bring_back(self, _: Happening) -> None:
        """A customer brings an article back: the till pays, and it goes to the back room; its tag is off."""
        self._plan("bring_back")
        stage = self._stage
        if not self._is_open():
            return
        facing = stage.floor.facings[int(stage.random.integers(len(stage.floor.facings)))]
        (unit,) = stage.maker.make(stage.state.goods, facing.sku, 1, stage.random)
        unit.epc = ""
        stage.state.goods.back_room.setdefault(facing.sku, []).append(unit)
        now_ms, price_minor = stage.state.now_ms, stage.maker.products[facing.sku].price_minor or 0
        stage.tell("brought_back", sku=facing.sku, units=1)
        stage.enter_books(facing.sku, 1)
        body = {"sold_at_ms": now_ms, "till": "till-1", "lines": [{"sku": facing.sku, "units": -1, "price_minor": price_minor}]}
        stage.post("/v1/sales", f"return-{now_ms}-{facing.sku}", body, due_at_ms=now_ms + 30_000)
