"""The stage that shoppers and staff act on: time, chance, goods, people, and what the sensors will feel.

Time is Unix milliseconds, and nothing here reads a clock. All state that must survive a restart is in `StageState`, a plain value.
"""

from __future__ import annotations

import heapq
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from msgspec import Struct

from edge_agent.simulated_store.floor_plan import Facing, FloorPlan, Point
from edge_agent.simulated_store.goods import Goods, Maker, Place, Unit, opening_goods
from edge_agent.simulated_store.habits import ShopHabits
from edge_agent.simulated_store.truth import TruthEvent, TruthLog
from wire_format.plans import Planogram

KEEP_TIMELINES_MS = 600_000


class Happening(Struct, kw_only=True):
    """Something that is going to happen. `order` settles ties, so that a seed tells one story only."""

    at_ms: int
    order: int
    kind: str
    person: int = 0
    shelf_id: str = ""
    sku: str = ""
    units: int = 0


class Person(Struct, kw_only=True):
    """Somebody in the shop. `path` is (when, x, y) in metres; between two entries one walks straight on."""

    number: int
    staff: bool = False
    thief: bool = False
    departed: bool = False
    speed_m_per_s: float = 1.0
    height_m: float = 1.7
    path: list[tuple[int, float, float]] = []
    hands: list[Unit] = []


class Posting(Struct, kw_only=True):
    """What the till or the goods-in desk will tell the hub, when it is due. `key` never changes: it is the idempotency key."""

    key: str
    door: str
    due_at_ms: int
    body: dict[str, Any]


class LoadStep(NamedTuple):
    """From this moment on the goods on a shelf weigh so much."""

    at_ms: int
    load_g: float


class HandForce(NamedTuple):
    """A hand or elbow presses on a shelf for a while, hardest in the middle."""

    start_ms: int
    end_ms: int
    peak_g: float
    wobble_hz: float


class TagMove(NamedTuple):
    """A tag changes hands. `holder` is `shelf:ID`, `person:N`, `back_room`, or empty when it has left the shop."""

    at_ms: int
    epc: str
    holder: str


class StageState(Struct, kw_only=True):
    """Everything that a second start needs to go on with the same story."""

    now_ms: int
    goods: Goods
    people: dict[int, Person] = {}
    agenda: list[Happening] = []
    next_order: int = 0
    next_person: int = 1
    till_ends_ms: list[int] = []
    called: list[tuple[str, str]] = []
    staff_busy: bool = False
    postings: list[Posting] = []
    books: dict[str, int] = {}
    random_state: str = ""


class Stage:
    """State, agenda and timelines, with the few acts that everybody needs."""

    def __init__(
        self, planogram: Planogram, habits: ShopHabits, *, seed: int, start_ms: int, truth: TruthLog, state: StageState | None
    ) -> None:
        self.planogram, self.habits, self.truth = planogram, habits, truth
        self.floor = FloorPlan(planogram)
        self.zone = ZoneInfo(planogram.time_zone)
        self.maker = Maker(planogram, tagged_from_price_minor=habits.tagged_from_price_minor)
        self.random = np.random.Generator(np.random.PCG64(seed))
        self.facings: dict[tuple[str, str], Facing] = {(f.shelf_id, f.sku): f for f in self.floor.facings}
        self.popularity = self._draw_popularity(seed)
        self.fresh = state is None
        if state is None:
            state = StageState(now_ms=start_ms, goods=opening_goods(planogram, self.maker, self.random))
            state.books = state.goods.totals()
        else:
            self._restore_chance(state.random_state)
        self.state = state
        self.agenda = [(h.at_ms, h.order, h) for h in state.agenda]
        heapq.heapify(self.agenda)
        shelf_ids = [shelf.shelf_id for bay in planogram.bays for shelf in bay.shelves]
        self.loads = {s: [LoadStep(state.now_ms, state.goods.shelf_weight_g(s))] for s in shelf_ids}
        self.hands: dict[str, list[HandForce]] = {s: [] for s in shelf_ids}
        self.tag_moves: list[TagMove] = []

    def snapshot(self) -> StageState:
        """The state with chance's own state written into it; encode it before the stage moves on."""
        chance = self.random.bit_generator.state["state"]
        self.state.random_state = f"{chance['state']:x} {chance['inc']:x}"
        self.state.agenda = [happening for _, _, happening in sorted(self.agenda)]
        return self.state

    def plan(self, at_ms: int, kind: str, *, person: int = 0, shelf_id: str = "", sku: str = "", units: int = 0) -> None:
        """Put something on the agenda."""
        self.state.next_order += 1
        happening = Happening(
            at_ms=int(at_ms), order=self.state.next_order, kind=kind, person=person, shelf_id=shelf_id, sku=sku, units=units
        )
        heapq.heappush(self.agenda, (happening.at_ms, happening.order, happening))

    def tell(self, kind: str, *, person: int = 0, shelf_id: str = "", sku: str = "", units: int = 0, epc: str = "", note: str = "") -> None:
        """Write a true happening down, now."""
        self.truth.add(
            TruthEvent(at_ms=self.state.now_ms, kind=kind, person=person, shelf_id=shelf_id, sku=sku, units=units, epc=epc, note=note)
        )

    def touch(self, shelf_id: str, *, start_ms: int, end_ms: int, peak_g: float) -> None:
        """A hand presses on a shelf. Tell it before its time comes: the scales feel it as it begins."""
        self.hands[shelf_id].append(HandForce(int(start_ms), int(end_ms), peak_g, float(self.random.uniform(1.0, 4.0))))

    def take(self, place: Place, holder: str) -> Unit:
        """Lift one unit off a place."""
        unit = place.units.pop(int(self.random.integers(len(place.units))))
        self._feel(place.shelf_id, unit, holder)
        return unit

    def put(self, place: Place, unit: Unit) -> None:
        """Lay one unit down."""
        place.units.append(unit)
        self._feel(place.shelf_id, unit, f"shelf:{place.shelf_id}")

    def move_tag(self, unit: Unit, holder: str, *, at_ms: int | None = None) -> None:
        """Tell the readers who holds a unit now, or from a later moment on."""
        if unit.epc:
            self.tag_moves.append(TagMove(self.state.now_ms if at_ms is None else at_ms, unit.epc, holder))

    def post(self, door: str, key: str, body: dict[str, Any], *, due_at_ms: int) -> None:
        """Something is to be told to the hub then."""
        self.state.postings.append(Posting(key=key, door=door, due_at_ms=due_at_ms, body=body))

    def enter_books(self, sku: str, units: int) -> None:
        """The shop's own books gain units of an article, rightly or not."""
        self.state.books[sku] = self.state.books.get(sku, 0) + units

    def call_staff(self, shelf_id: str, sku: str) -> None:
        """Tell the staff that a place needs goods: they come within minutes."""
        if (shelf_id, sku) not in self.state.called:
            self.state.called.append((shelf_id, sku))
            self.plan(self.state.now_ms + round(self.between(self.habits.staff_reacts_min) * 60_000), "called")

    def walk(self, person: Person, goal: Point, *, leave_ms: int) -> int:
        """Walk around the bays to a goal; returns when one arrives."""
        at_ms, here = float(leave_ms), Point(*person.path[-1][1:])
        if leave_ms > person.path[-1][0]:
            person.path.append((leave_ms, here.x_m, here.y_m))
        for step in self.floor.way(here, goal)[1:]:
            at_ms += 1000.0 * float(np.hypot(step.x_m - here.x_m, step.y_m - here.y_m)) / person.speed_m_per_s
            person.path.append((round(at_ms), round(step.x_m, 3), round(step.y_m, 3)))
            here = step
        return round(at_ms)

    def local_hour(self, at_ms: float) -> float:
        """The shop's own time of day in hours."""
        local = datetime.fromtimestamp(at_ms / 1000.0, self.zone)
        return local.hour + local.minute / 60.0 + local.second / 3600.0

    def between(self, low_high: tuple[float, float]) -> float:
        """A chance number from a range."""
        return float(self.random.uniform(*low_high))

    def chance(self, probability: float) -> bool:
        """True so often."""
        return bool(self.random.random() < probability)

    def forget_before(self, at_ms: int) -> None:
        """Let go of what every sensor has already felt, keeping the load that still holds."""
        for shelf_id, steps in self.loads.items():
            kept = next((i for i in range(len(steps) - 1, -1, -1) if steps[i].at_ms <= at_ms), 0)
            del steps[:kept]
            self.hands[shelf_id] = [h for h in self.hands[shelf_id] if h.end_ms >= at_ms]
        self.tag_moves = [m for m in self.tag_moves if m.at_ms >= at_ms]
        for number in [n for n, p in self.state.people.items() if p.departed and p.path[-1][0] < at_ms]:
            del self.state.people[number]

    def next_until(self, until_ms: int) -> Happening | None:
        """Take the next happening off the agenda and move time to it; None when nothing is due by then."""
        if not self.agenda or self.agenda[0][0] > until_ms:
            return None
        happening = heapq.heappop(self.agenda)[2]
        self.state.now_ms = max(self.state.now_ms, happening.at_ms)
        return happening

    def _restore_chance(self, random_state: str) -> None:
        state, increment = (int(word, 16) for word in random_state.split())
        words = {"state": state, "inc": increment}
        self.random.bit_generator.state = {"bit_generator": "PCG64", "state": words, "has_uint32": 0, "uinteger": 0}

    def _draw_popularity(self, seed: int) -> dict[str, float]:
        """How much each article is wanted: few are wanted much, and dear ones less. The same for a seed at every start."""
        taste = np.random.Generator(np.random.PCG64([seed, 7]))
        popularity = {}
        for sku, product in self.maker.products.items():
            price_minor = product.price_minor or 200
            popularity[sku] = float(taste.gamma(4.0)) * (150.0 / max(price_minor, 50)) ** 0.6
        return popularity

    def _feel(self, shelf_id: str, unit: Unit, holder: str) -> None:
        self.loads[shelf_id].append(LoadStep(self.state.now_ms, self.state.goods.shelf_weight_g(shelf_id)))
        self.move_tag(unit, holder)
