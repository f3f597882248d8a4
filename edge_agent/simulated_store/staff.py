"""Staff: they walk rounds or come when called, refill from the back room, tidy what lies astray, and take deliveries in."""

from __future__ import annotations

from datetime import datetime, timedelta

from edge_agent.simulated_store.goods import Place
from edge_agent.simulated_store.stage import Happening, Person, Stage

_ARTICLES_A_ROUND = 8
_UNITS_A_GRIP = 4
_GRIP_MS = 3000
_MINUTE_MS = 60_000


class Staff:
    """One shop assistant, and the goods-in desk."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.acts = {
            "round": self._round,
            "called": self._called,
            "grip": self._grip,
            "tidy": self._tidy,
            "back": self._back,
            "delivery": self._delivery,
        }

    def begin(self) -> None:
        """Put the first round and the first delivery on the agenda."""
        self._plan_round()
        self._plan_delivery()

    def _plan_round(self) -> None:
        minutes = self._stage.between(self._stage.habits.staff_round_min)
        self._stage.plan(self._stage.state.now_ms + round(minutes * _MINUTE_MS), "round")

    def _round(self, _: Happening) -> None:
        self._plan_round()
        if not self._stage.state.staff_busy:
            places = [p for p in self._stage.state.goods.places if p.capacity_units and self._can_refill(p)]
            places.sort(key=lambda place: len(place.units) / place.capacity_units)
            wanting = [p for p in places if len(p.units) < 0.7 * p.capacity_units]
            self._set_out(wanting[:_ARTICLES_A_ROUND])

    def _called(self, happening: Happening) -> None:
        stage = self._stage
        if stage.state.staff_busy:
            stage.plan(stage.state.now_ms + 2 * _MINUTE_MS, "called")
            return
        wanted, stage.state.called = stage.state.called[:_ARTICLES_A_ROUND], stage.state.called[_ARTICLES_A_ROUND:]
        if stage.state.called:
            stage.plan(stage.state.now_ms + 10 * _MINUTE_MS, "called")
        self._set_out([p for p in (stage.state.goods.place(*key) for key in wanted) if self._can_refill(p)])

    def _can_refill(self, place: Place) -> bool:
        return len(place.units) < place.capacity_units and bool(self._stage.state.goods.back_room.get(place.sku))

    def _set_out(self, places: list[Place]) -> None:
        """Take what fits from the back room, and walk from place to place; a stray article is picked up on the way."""
        stage = self._stage
        strays = [p for p in stage.state.goods.places if not p.capacity_units and p.units]
        if not places and not strays:
            return
        stage.state.staff_busy = True
        number = stage.state.next_person
        stage.state.next_person += 1
        start = stage.floor.back_room
        person = Person(number=number, staff=True, path=[(stage.state.now_ms, start.x_m, start.y_m)], speed_m_per_s=1.2, height_m=1.75)
        stage.state.people[number] = person
        at_ms = stage.state.now_ms + 2000
        for stray in strays:
            at_ms = self._plan_tidying(person, stray, at_ms)
        for place in places:
            at_ms = self._plan_refill(person, place, at_ms)
        at_ms = stage.walk(person, start, leave_ms=at_ms)
        stage.plan(at_ms, "back", person=number)

    def _book_refill(self, person: Person, place: Place, units: int, at_ms: int) -> None:
        """Some who refill say so to the hub: what went from the back room to which shelf."""
        habits = self._stage.habits
        if units and habits.refill_booked and self._stage.chance(habits.refill_booked):
            body = {"sku": place.sku, "units": units, "from_place": "back_room", "to_place": place.shelf_id, "moved_at_ms": at_ms}
            self._stage.post("/v1/moves", f"move-{person.number}-{place.shelf_id}-{place.sku}-{at_ms}", body, due_at_ms=at_ms + 20_000)

    def _plan_refill(self, person: Person, place: Place, at_ms: int) -> int:
        stage = self._stage
        back_room = stage.state.goods.back_room[place.sku]
        count = min(place.capacity_units - len(place.units), len(back_room))
        carried = back_room[:count]
        del back_room[:count]
        person.hands.extend(carried)
        for unit in carried:
            stage.move_tag(unit, f"person:{person.number}")
        at_ms = stage.walk(person, stage.facings[place.shelf_id, place.sku].stand, leave_ms=at_ms) + 2000
        while count > 0:
            grip = min(_UNITS_A_GRIP, count)
            stage.touch(place.shelf_id, start_ms=at_ms - 400, end_ms=at_ms + 700, peak_g=stage.between((50.0, 600.0)))
            stage.plan(at_ms, "grip", person=person.number, shelf_id=place.shelf_id, sku=place.sku, units=grip)
            count -= grip
            at_ms += _GRIP_MS
        self._book_refill(person, place, len(carried), at_ms)
        return at_ms

    def _plan_tidying(self, person: Person, stray: Place, at_ms: int) -> int:
        """Take a stray away; its own place gets it back, if it has one."""
        stage = self._stage
        stand = next(f.stand for f in stage.floor.facings if f.shelf_id == stray.shelf_id)
        at_ms = stage.walk(person, stand, leave_ms=at_ms) + 3000
        stage.touch(stray.shelf_id, start_ms=at_ms - 400, end_ms=at_ms + 500, peak_g=stage.between((-100.0, 300.0)))
        stage.plan(at_ms, "tidy", person=person.number, shelf_id=stray.shelf_id, sku=stray.sku)
        home = next(f for f in stage.floor.facings if f.sku == stray.sku)
        at_ms = stage.walk(person, home.stand, leave_ms=at_ms + 1500) + 2000
        stage.touch(home.shelf_id, start_ms=at_ms - 400, end_ms=at_ms + 500, peak_g=stage.between((50.0, 300.0)))
        stage.plan(at_ms, "grip", person=person.number, shelf_id=home.shelf_id, sku=stray.sku, units=len(stray.units))
        return at_ms + _GRIP_MS

    def _grip(self, happening: Happening) -> None:
        stage, person = self._stage, self._stage.state.people[happening.person]
        place = stage.state.goods.place(happening.shelf_id, happening.sku)
        units = [u for u in person.hands if u.sku == happening.sku][: happening.units]
        for unit in units:
            person.hands.remove(unit)
            stage.put(place, unit)
        if units:
            stage.tell("refill", person=person.number, shelf_id=place.shelf_id, sku=place.sku, units=len(units))

    def _tidy(self, happening: Happening) -> None:
        stage, person = self._stage, self._stage.state.people[happening.person]
        stray = stage.state.goods.place(happening.shelf_id, happening.sku)
        taken = [stage.take(stray, f"person:{person.number}") for _ in range(len(stray.units))]
        person.hands.extend(taken)
        stage.tell("tidy", person=person.number, shelf_id=stray.shelf_id, sku=stray.sku, units=-len(taken))

    def _back(self, happening: Happening) -> None:
        stage, person = self._stage, self._stage.state.people[happening.person]
        for unit in person.hands:
            stage.state.goods.back_room.setdefault(unit.sku, []).append(unit)
            stage.move_tag(unit, "back_room")
        person.hands = []
        person.departed = True
        stage.state.staff_busy = False

    def _plan_delivery(self) -> None:
        stage = self._stage
        now = datetime.fromtimestamp(stage.state.now_ms / 1000.0, stage.zone)
        for day in range(3):
            midnight = (now + timedelta(days=day)).replace(hour=0, minute=0, second=0, microsecond=0)
            for hour in sorted(stage.habits.delivery_hours):
                at_ms = round((midnight + timedelta(hours=hour)).timestamp() * 1000)
                if at_ms > stage.state.now_ms + 1000:
                    stage.plan(at_ms, "delivery")
                    return

    def _delivery(self, happening: Happening) -> None:
        """What runs low in the back room comes in whole cases; rarely a case is missing from what the papers say."""
        stage, goods = self._stage, self._stage.state.goods
        self._plan_delivery()
        lines = []
        for sku, product in stage.maker.products.items():
            missing = self._missing(sku)
            if missing < product.case_pack_units // 2 + 1:
                continue
            cases = -(-missing // product.case_pack_units)
            arrived = cases - (1 if stage.chance(stage.habits.delivery_short) else 0)
            if stage.habits.delivery_over:
                arrived += 1 if stage.chance(stage.habits.delivery_over) else 0
            units = stage.maker.make(goods, sku, arrived * product.case_pack_units, stage.random)
            goods.back_room.setdefault(sku, []).extend(units)
            for unit in units:
                stage.move_tag(unit, "back_room")
            lines.append({"sku": sku, "units": cases * product.case_pack_units})
            stage.enter_books(sku, cases * product.case_pack_units)
            note = "" if arrived == cases else f"a case {'short of' if arrived < cases else 'more than'} the papers"
            stage.tell("order_in", sku=sku, units=len(units), note=note)
        if lines:
            self._announce(lines, happening.at_ms)

    def _missing(self, sku: str) -> int:
        """Units to order: what the shelves hold and so many times more is wanted in the shop."""
        goods, habits = self._stage.state.goods, self._stage.habits
        capacity = sum(p.capacity_units for p in goods.places if p.sku == sku)
        if habits.orders_by_books:
            return round((1.0 + habits.back_room_cover) * capacity) - self._stage.state.books.get(sku, 0)
        return round(habits.back_room_cover * capacity) - len(goods.back_room.get(sku, []))

    def _announce(self, lines: list[dict[str, object]], at_ms: int) -> None:
        delivery_id = f"delivery-{at_ms}"
        body = {"delivery_id": delivery_id, "arrived_at_ms": at_ms, "lines": lines, "to": "back_room"}
        self._stage.post("/v1/deliveries", delivery_id, body, due_at_ms=at_ms + 2 * _MINUTE_MS)
