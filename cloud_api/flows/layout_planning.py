"""Works out moves of bays for a shop from what its visitors and its baskets told."""

from __future__ import annotations

from datetime import date

import msgspec

from cloud_api.adapters.basket_records import BasketBook
from cloud_api.errors import MessageInvalid
from cloud_api.flows.jobs import Progress
from cloud_api.flows.reviewing import LayoutView, Reviewing
from cloud_api.rules.layout_moves import LayoutProposal, PairCounts, assignment, floor_task, propose

MOVES_MAX = 6
BAYS_MAX = 400
"""The search keeps a figure for every pair of bays; a shop of more is planned by parts."""
_TRIES = 4


class LayoutWork(msgspec.Struct, frozen=True, kw_only=True):
    """A shop as it stands, and the moves proposed. `baskets` were counted in the window."""

    view: LayoutView
    baskets: int
    proposal: LayoutProposal


class LayoutPlanning:
    """Reads a shop's figures and searches for better places."""

    def __init__(self, *, reviewing: Reviewing, baskets: BasketBook) -> None:
        self._reviewing, self._baskets = reviewing, baskets

    def propose(
        self,
        store_id: str,
        *,
        first: date | None = None,
        last: date | None = None,
        moves_max: int = MOVES_MAX,
        progress: Progress = lambda share: None,
    ) -> LayoutWork:
        """Search from several seeds and return the best; with the same figures the same answer.

        Raises:
            StoreUnknown, PlanogramMissing, MessageInvalid: there is nothing to plan.
            JobCancelled: `progress` was told to stop.
        """
        from cloud_api.rules.layout_search import search  # It imports numba, and compiles on first use: only who searches waits for it.

        view = self._reviewing.layout(store_id, first=first, last=last)
        if len(view.planogram.bays) > BAYS_MAX:
            raise MessageInvalid(field="bays", problem=f"the shop has {len(view.planogram.bays)}; at most {BAYS_MAX} are planned at once")
        together = self._baskets.together([store_id], first=view.first, last=view.last)
        pairs = PairCounts(baskets=together.baskets, categories=together.categories, pairs=together.pairs)
        task = floor_task(view.planogram, view.review, pairs)
        problem = assignment(task, moves_max=moves_max)
        found = []
        for seed in range(_TRIES):
            progress(seed / _TRIES)
            found.append(search(problem, seed=seed))
        best = min(found, key=problem.cost)
        return LayoutWork(view=view, baskets=together.baskets, proposal=propose(store_id, task, [int(place) for place in best]))
