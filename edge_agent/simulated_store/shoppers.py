"""Shoppers: they come in, walk, stop, take, put back, now and then put down elsewhere, pay or do not, and leave."""

from __future__ import annotations

import numpy as np

from edge_agent.simulated_store.floor_plan import Facing, Point, distance_m
from edge_agent.simulated_store.goods import Place
from edge_agent.simulated_store.stage import Happening, Person, Stage
from edge_agent.simulated_store.till import ring_up

_CROWD_MAX = 25


class Shoppers:
    """Decides what each shopper does; every act is a happening on the stage's agenda."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.acts = {
            "arrive": self._arrive,
            "cross_in": self._cross_in,
            "cross_out": self._cross_out,
            "reach": self._reach,
            "take": self._take,
            "put_back": self._put_back,
            "put_elsewhere": self._put_elsewhere,
            "done": self._done,
            "join": self._join,
            "paid": self._paid,
        }

    def open_doors(self) -> None:
        """Put the first arrival on the agenda."""
        self._plan_arrival()

    def _plan_arrival(self) -> None:
        """Draw the next candidate at the day's highest rate; `_arrive` thins it out (Lewis and Shedler 1979)."""
        habits = self._stage.habits
        rate_per_ms = habits.shoppers_per_hour * max(habits.arrivals_by_hour) / 3_600_000.0
        if rate_per_ms > 0:
            gap_ms = self._stage.random.exponential(1.0 / rate_per_ms)
            self._stage.plan(self._stage.state.now_ms + max(1, round(gap_ms)), "arrive")

    def _arrive(self, _: Happening) -> None:
        stage, habits = self._stage, self._stage.habits
        self._plan_arrival()
        hour = stage.local_hour(stage.state.now_ms)
        wanted = habits.arrivals_by_hour[int(hour)] / max(habits.arrivals_by_hour)
        is_open = habits.opens_hour <= hour < habits.closes_hour - 0.25
        inside = sum(1 for p in stage.state.people.values() if not p.departed)
        if not stage.chance(wanted) or not is_open or inside >= _CROWD_MAX:
            return
        person = self._newcomer()
        outside, inside_door = stage.floor.door_points(float(stage.random.uniform(-1.0, 1.0)))
        person.path = [(stage.state.now_ms, outside.x_m, outside.y_m)]
        if stage.chance(habits.turns_back_at_door):
            self._turn_back(person, outside)
            return
        at_ms = stage.walk(person, inside_door, leave_ms=stage.state.now_ms)
        stage.plan(self._crossing_ms(person, 0), "cross_in", person=person.number)
        self._go_shopping(person, at_ms)

    def _newcomer(self) -> Person:
        stage = self._stage
        number = stage.state.next_person
        stage.state.next_person += 1
        person = Person(
            number=number,
            thief=stage.chance(stage.habits.steals),
            speed_m_per_s=stage.between(stage.habits.walking_speed_m_per_s),
            height_m=float(np.clip(stage.random.normal(1.71, 0.09), 1.4, 2.0)),
        )
        stage.state.people[number] = person
        return person

    def _turn_back(self, person: Person, outside: Point) -> None:
        """Look in, stop short of the door line, and go away again."""
        stage, floor = self._stage, self._stage.floor
        before_line = Point(
            person.path[0][1] + (floor.door_middle.x_m - person.path[0][1]) * 0.1, person.path[0][2] + floor.inwards.y_m * 0.9
        )
        at_ms = stage.walk(person, before_line, leave_ms=stage.state.now_ms)
        at_ms = stage.walk(person, outside, leave_ms=at_ms + 3000)
        person.departed = True
        stage.tell("turn_back", person=person.number)

    def _crossing_ms(self, person: Person, step: int) -> int:
        """When the straight way from path entry `step` to the next passes the door line."""
        floor = self._stage.floor
        (t0, x0, y0), (t1, x1, y1) = person.path[step], person.path[step + 1]
        before = (x0 - floor.door_middle.x_m) * floor.inwards.x_m + (y0 - floor.door_middle.y_m) * floor.inwards.y_m
        after = (x1 - floor.door_middle.x_m) * floor.inwards.x_m + (y1 - floor.door_middle.y_m) * floor.inwards.y_m
        return round(t0 + (t1 - t0) * before / (before - after))

    def _cross_in(self, happening: Happening) -> None:
        self._stage.tell("enter", person=happening.person)

    def _cross_out(self, happening: Happening) -> None:
        stage = self._stage
        person = stage.state.people[happening.person]
        stage.tell("exit", person=person.number)
        for unit in person.hands:
            stage.tell("theft", person=person.number, sku=unit.sku, units=-1, epc=unit.epc)
            stage.move_tag(unit, "", at_ms=person.path[-1][0])  # A door's antennas hear it for a few steps more.
        person.hands = []
        person.departed = True

    def _go_shopping(self, person: Person, at_ms: int) -> None:
        stage = self._stage
        for facing in self._route(person):
            arrived_ms = stage.walk(person, facing.stand, leave_ms=at_ms)
            looks_ms = round(stage.between((3000.0, 9000.0)))
            stage.plan(arrived_ms + looks_ms, "reach", person=person.number, shelf_id=facing.shelf_id, sku=facing.sku)
            at_ms = arrived_ms + looks_ms + round(stage.between((3500.0, 12_000.0)))
            person.path.append((at_ms, facing.stand.x_m, facing.stand.y_m))
        stage.plan(at_ms, "done", person=person.number)

    def _route(self, person: Person) -> list[Facing]:
        """The facings one goes to, nearest first; a thief prefers what is small and dear."""
        stage = self._stage
        facings = stage.floor.facings
        weights = np.array([stage.popularity[f.sku] for f in facings])
        if person.thief:
            prices = np.array([stage.maker.products[f.sku].price_minor or 100 for f in facings], dtype=float)
            weights = weights * prices**1.5
        count = min(len(facings), 1 + int(stage.random.poisson(max(stage.habits.articles_mean - 1.0, 0.0))))
        chosen = stage.random.choice(len(facings), size=count, replace=False, p=weights / weights.sum())
        left, here, route = [facings[i] for i in chosen], Point(*person.path[-1][1:]), []
        while left:
            nearest = min(left, key=lambda facing: distance_m(here, facing.stand))
            left.remove(nearest)
            route.append(nearest)
            here = nearest.stand
        return route

    def _reach(self, happening: Happening) -> None:
        """A hand goes to the shelf: the scale feels it before the goods move."""
        stage, habits = self._stage, self._stage.habits
        now_ms = stage.state.now_ms
        if stage.chance(habits.leans_on_shelf):
            peak_g, lasts_ms = stage.between((400.0, 2500.0)), stage.between((1000.0, 3000.0))
            stage.touch(happening.shelf_id, start_ms=now_ms, end_ms=round(now_ms + lasts_ms), peak_g=peak_g)
        if stage.chance(habits.browses_only):
            return
        units = int(stage.random.choice([1, 2, 3, 4], p=[0.78, 0.16, 0.04, 0.02]))
        take_ms = now_ms + round(stage.between((400.0, 1200.0)))
        stage.touch(happening.shelf_id, start_ms=take_ms - 300, end_ms=take_ms + 500, peak_g=stage.between((-150.0, 350.0)))
        stage.plan(take_ms, "take", person=happening.person, shelf_id=happening.shelf_id, sku=happening.sku, units=units)

    def _take(self, happening: Happening) -> None:
        stage, habits, person = self._stage, self._stage.habits, self._stage.state.people[happening.person]
        place = stage.state.goods.place(happening.shelf_id, happening.sku)
        if not place.units:
            stage.tell("missed", person=person.number, shelf_id=place.shelf_id, sku=place.sku)
            beside = [p for p in stage.state.goods.places if p.shelf_id == place.shelf_id and p.units]
            if not beside or not stage.chance(habits.substitutes):
                return
            place = beside[int(stage.random.integers(len(beside)))]
        count = min(happening.units, len(place.units))
        taken = [stage.take(place, f"person:{person.number}") for _ in range(count)]
        person.hands.extend(taken)
        stage.tell("pick", person=person.number, shelf_id=place.shelf_id, sku=place.sku, units=-count, epc=taken[0].epc)
        if place.capacity_units and len(place.units) <= place.low_units and stage.chance(habits.staff_hears_of_low_place):
            stage.call_staff(place.shelf_id, place.sku)
        self._think_again(person, place)

    def _think_again(self, person: Person, place: Place) -> None:
        """What was taken goes back at once, or is put down elsewhere later, or is bought."""
        stage, habits = self._stage, self._stage.habits
        if stage.chance(habits.puts_back):
            back_ms = stage.state.now_ms + round(stage.between((1200.0, 2400.0)))
            stage.touch(place.shelf_id, start_ms=back_ms - 300, end_ms=back_ms + 500, peak_g=stage.between((-100.0, 300.0)))
            stage.plan(back_ms, "put_back", person=person.number, shelf_id=place.shelf_id, sku=place.sku)
        elif stage.chance(habits.puts_down_elsewhere):
            self._plan_to_put_elsewhere(person, place.sku, place.shelf_id)

    def _plan_to_put_elsewhere(self, person: Person, sku: str, from_shelf_id: str) -> None:
        """Put it down at a later stop of the way, if there is one."""
        stage = self._stage
        later = [h for _, _, h in sorted(stage.agenda) if h.person == person.number and h.kind == "reach" and h.shelf_id != from_shelf_id]
        if later:
            at_ms = later[0].at_ms - 900
            stage.touch(later[0].shelf_id, start_ms=at_ms - 300, end_ms=at_ms + 500, peak_g=stage.between((50.0, 300.0)))
            stage.plan(at_ms, "put_elsewhere", person=person.number, shelf_id=later[0].shelf_id, sku=sku)

    def _put_back(self, happening: Happening) -> None:
        self._lay_down(happening, "put_back")

    def _put_elsewhere(self, happening: Happening) -> None:
        self._lay_down(happening, "put_elsewhere")

    def _lay_down(self, happening: Happening, kind: str) -> None:
        stage, person = self._stage, self._stage.state.people[happening.person]
        unit = next((u for u in person.hands if u.sku == happening.sku), None)
        if unit is None:
            return
        person.hands.remove(unit)
        stage.put(stage.state.goods.place(happening.shelf_id, happening.sku), unit)
        stage.tell(kind, person=person.number, shelf_id=happening.shelf_id, sku=unit.sku, units=1, epc=unit.epc)

    def _done(self, happening: Happening) -> None:
        stage, person = self._stage, self._stage.state.people[happening.person]
        if not person.hands or person.thief:
            self._walk_out(person, stage.state.now_ms)
            return
        at_ms = stage.walk(person, stage.floor.queue_spot(len(stage.state.till_ends_ms)), leave_ms=stage.state.now_ms)
        stage.plan(at_ms, "join", person=person.number)

    def _join(self, happening: Happening) -> None:
        """Wait until those in front have paid, moving up as they do, then pay."""
        stage, person = self._stage, self._stage.state.people[happening.person]
        now_ms = stage.state.now_ms
        ends_ms = stage.state.till_ends_ms = [end_ms for end_ms in stage.state.till_ends_ms if end_ms > now_ms]
        for index, end_ms in enumerate(ends_ms):
            spot = stage.floor.queue_spot(len(ends_ms) - 1 - index)
            stage.walk(person, spot, leave_ms=max(person.path[-1][0], end_ms - 500))
        starts_ms = stage.walk(person, stage.floor.till, leave_ms=max([now_ms, person.path[-1][0], *ends_ms[-1:]]))
        ends_at_ms = starts_ms + round(stage.between((9000.0, 18_000.0))) + 2500 * len(person.hands)
        ends_ms.append(ends_at_ms)
        person.path.append((ends_at_ms, *stage.floor.till))
        stage.plan(ends_at_ms, "paid", person=person.number)

    def _paid(self, happening: Happening) -> None:
        stage, person = self._stage, self._stage.state.people[happening.person]
        ring_up(stage, person)
        for unit in person.hands:
            stage.move_tag(unit, "")  # The till takes the tag off.
        person.hands = []
        self._walk_out(person, stage.state.now_ms)

    def _walk_out(self, person: Person, leave_ms: int) -> None:
        stage = self._stage
        outside, inside_door = stage.floor.door_points(float(stage.random.uniform(-1.0, 1.0)))
        at_ms = stage.walk(person, inside_door, leave_ms=leave_ms)
        stage.walk(person, outside, leave_ms=at_ms)
        stage.plan(self._crossing_ms(person, len(person.path) - 2), "cross_out", person=person.number)
