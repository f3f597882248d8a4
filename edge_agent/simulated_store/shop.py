"""The simulated shop as a whole: moves time forward, happening by happening, and answers where people and goods are."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from edge_agent.simulated_store.floor_plan import FloorPlan
from edge_agent.simulated_store.habits import ShopHabits
from edge_agent.simulated_store.shoppers import Shoppers
from edge_agent.simulated_store.staff import Staff
from edge_agent.simulated_store.stage import HandForce, LoadStep, Posting, Stage, StageState, TagMove
from edge_agent.simulated_store.troubles import Troubles
from edge_agent.simulated_store.truth import TruthLog
from wire_format.plans import Planogram

Floats = npt.NDArray[np.float64]


class Presence(NamedTuple):
    """Who is where at some moments: one row per person and moment. `moment` indexes the asked times; metres."""

    moment: npt.NDArray[np.intp]
    person: npt.NDArray[np.intp]
    x_m: Floats
    y_m: Floats
    height_m: Floats


class Shop:
    """A seeded shop. The same planogram, habits, seed and start tell the same story, bit for bit.

    Args:
        start_ms: Unix milliseconds of the story's begin; ignored when `state` continues an earlier one.
        state: what `snapshot` gave.
    """

    def __init__(
        self,
        planogram: Planogram,
        *,
        seed: int,
        start_ms: int,
        habits: ShopHabits | None = None,
        truth: TruthLog | None = None,
        state: StageState | None = None,
    ) -> None:
        self.truth = truth or TruthLog()
        self._stage = Stage(planogram, habits or ShopHabits(), seed=seed, start_ms=start_ms, truth=self.truth, state=state)
        self.seed = seed
        self._shoppers, self._staff = Shoppers(self._stage), Staff(self._stage)
        self._troubles = Troubles(self._stage)
        self._acts = {**self._shoppers.acts, **self._staff.acts, **self._troubles.acts}
        self.known_through_ms = self._stage.state.now_ms
        if self._stage.fresh:
            self._shoppers.open_doors()
            self._staff.begin()
            self._troubles.begin()

    @property
    def planogram(self) -> Planogram:
        """The plan of this shop."""
        return self._stage.planogram

    @property
    def floor(self) -> FloorPlan:
        """Where one can walk."""
        return self._stage.floor

    @property
    def tagged_skus(self) -> frozenset[str]:
        """The articles whose units carry tags."""
        return self._stage.maker.tagged_skus

    @property
    def shelf_ids(self) -> list[str]:
        """All boards, weighed or not."""
        return list(self._stage.loads)

    def advance(self, until_ms: int) -> None:
        """Let everything happen that is due by then."""
        while (happening := self._stage.next_until(until_ms)) is not None:
            self._acts[happening.kind](happening)
        self._stage.state.now_ms = max(self._stage.state.now_ms, until_ms)
        self.known_through_ms = self._stage.state.now_ms

    def forget_before(self, at_ms: int) -> None:
        """Let go of timelines that all sensors have passed."""
        self._stage.forget_before(at_ms)

    def call_staff(self, shelf_id: str, sku: str) -> None:
        """Tell the staff that a place needs goods."""
        self._stage.call_staff(shelf_id, sku)

    def loads(self, shelf_id: str) -> list[LoadStep]:
        """The true load of a shelf, as steps; oldest first, at least one."""
        return self._stage.loads[shelf_id]

    def hands(self, shelf_id: str) -> list[HandForce]:
        """Hands on a shelf, past and those already reaching out."""
        return self._stage.hands[shelf_id]

    def tag_moves(self) -> list[TagMove]:
        """How tags changed hands, oldest first."""
        return self._stage.tag_moves

    def tag_holders(self) -> dict[str, str]:
        """Who holds each tag now; see `TagMove.holder`."""
        state = self._stage.state
        holders = {u.epc: f"shelf:{p.shelf_id}" for p in state.goods.places for u in p.units if u.epc}
        holders |= {u.epc: "back_room" for units in state.goods.back_room.values() for u in units if u.epc}
        return holders | {u.epc: f"person:{p.number}" for p in state.people.values() for u in p.hands if u.epc}

    def units(self) -> dict[tuple[str, str], int]:
        """True units by (shelf_id, SKU), strays included."""
        return self._stage.state.goods.units()

    def back_room(self) -> dict[str, int]:
        """True units in the back room by SKU."""
        return {sku: len(units) for sku, units in self._stage.state.goods.back_room.items()}

    def books(self) -> dict[str, int]:
        """Units in the shop by the shop's own books."""
        return dict(self._stage.state.books)

    def count(self, sku: str) -> int:
        """Staff count an article in the whole shop, and put the shop's own books right; what shoppers carry is not seen."""
        units = self._stage.state.goods.totals().get(sku, 0)
        self._stage.state.books[sku] = units
        return units

    def in_hands(self) -> dict[str, int]:
        """True units that somebody carries, by SKU."""
        return dict(Counter(unit.sku for person in self._stage.state.people.values() for unit in person.hands))

    def presence(self, at_ms: npt.NDArray[np.int64]) -> Presence:
        """Where everybody is at the asked moments (ascending, Unix ms), as far as the story is told."""
        rows: list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Floats, Floats, Floats]] = []
        for person in self._stage.state.people.values():
            path = np.array(person.path, dtype=np.float64)
            first, last = np.searchsorted(at_ms, (path[0, 0], path[-1, 0]))
            moments = np.arange(first, last)
            if moments.size:
                when = at_ms[moments].astype(np.float64)
                x_m, y_m = np.interp(when, path[:, 0], path[:, 1]), np.interp(when, path[:, 0], path[:, 2])
                rows.append((moments, np.full_like(moments, person.number), x_m, y_m, np.full(moments.size, person.height_m)))
        if not rows:
            nobody = np.zeros(0, dtype=np.intp)
            return Presence(nobody, nobody, np.zeros(0), np.zeros(0), np.zeros(0))
        columns = [np.concatenate(column) for column in zip(*rows, strict=True)]
        order = np.lexsort((columns[1], columns[0]))
        return Presence(*(column[order] for column in columns))

    def due_postings(self) -> list[Posting]:
        """What till and goods-in desk would have told the hub by now; stays until acknowledged."""
        return [p for p in self._stage.state.postings if p.due_at_ms <= self._stage.state.now_ms]

    def all_postings(self) -> list[Posting]:
        """Everything not yet acknowledged, due or not."""
        return list(self._stage.state.postings)

    def acknowledge(self, key: str) -> None:
        """The hub has booked a posting."""
        self._stage.state.postings = [p for p in self._stage.state.postings if p.key != key]

    def snapshot(self) -> bytes:
        """Everything a second start needs, as JSON."""
        return msgspec.json.encode(self._stage.snapshot())


def read_snapshot(snapshot: bytes) -> StageState:
    """Read what `Shop.snapshot` wrote.

    Raises:
        msgspec.ValidationError, msgspec.DecodeError: it is no snapshot of this version.
    """
    return msgspec.json.decode(snapshot, type=StageState)
