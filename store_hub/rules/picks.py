"""From settled weights to who took what: a belief over the units on one shelf, kept sharp by weights, the till and counts.

The belief holds many hypotheses of *how many units of each article are on the board*, not a single one. A touch extends each by every
change that could explain the new weight; because a hypothesis must explain the absolute weight as well as the difference, an early
mistake makes later weights unlikely, and heals. What the scale alone cannot tell (two lemonades of equal weight), the till's sales do.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot, sqrt

import numpy as np
from msgspec import structs

from store_hub.rules.picks_beam import Beam
from store_hub.rules.picks_blind import blind_table, is_blind
from store_hub.rules.picks_changes import Article, ChangeTable, Floats, Habits, Ints, change_table, reweighed
from store_hub.rules.picks_counts import Board, counted_as
from store_hub.rules.picks_evidence import paid, refilled_by, waited
from store_hub.rules.picks_likelihood import WeightStep, explain, jitter_learned
from store_hub.rules.picks_rule import PickRule, extended, numbers_of
from store_hub.rules.picks_state import BeamWriter, BeliefState, beam_from, picked_columns, weights_over
from store_hub.rules.picks_story import WeighedTouch
from store_hub.rules.picks_tags import BOTH, LAG_MS, STRAY, UNREAD, TagsHere, judged, no_tags
from store_hub.rules.picks_telling import PickEvent, UnitsEstimate, chances_of, corrections, estimated, lesson_of, misweighed, read, tell
from store_hub.rules.unit_weights import LearnedWeight, Lesson, learned, planned

__all__ = ["Article", "BeliefState", "Habits", "PickEvent", "PickRule", "ShelfBelief", "UnitsEstimate"]


class ShelfBelief:
    """What the hub believes of one weighed shelf. Pure, deterministic, and small enough to be kept in the ledger.

    The sum of all events ever returned, added to the starting units, always equals `told_units()`.

    Args:
        articles: the shelf's own, then (`stranger=True`) those of other shelves worth naming.
        rule: how wide to look.
    """

    def __init__(self, articles: Sequence[Article], rule: PickRule | None = None) -> None:
        self._articles = tuple(sorted(articles, key=lambda a: a.stranger))
        self._rule = rule or PickRule()
        self._skus = [a.sku for a in self._articles]
        self._planned_table: ChangeTable = change_table(self._articles, self._rule.habits)
        self._lesson: Lesson | None = None
        self._believe_weights([planned(a.unit_weight_g) for a in self._articles])
        self._capacity: Ints = np.array([2 if a.stranger else a.capacity_units for a in self._articles], dtype=np.int64)
        self._unit_variance_g2: Floats = np.array([a.spread_g**2 for a in self._articles], dtype=np.float64)
        self._numbers = numbers_of(self._articles, self._rule)
        start: Ints = np.array([[a.start_units for a in self._articles]], dtype=np.int64)
        self._beam = Beam(start, np.zeros_like(start), np.zeros(1), np.zeros(1), np.zeros((1, 2)), ((),))
        self._before: Beam | None = None
        self._before_weight_g = 0.0
        self._weight_g: float | None = None
        self._moved_at_ms: int | None = None
        self._jitter_g2 = self._rule.drift_sd_g**2
        self._at_ms = self._touched_at_ms = 0
        self._felt: dict[int, WeightStep] = {}
        self._told: Ints = start[0].copy()
        self._told_last: Ints = np.zeros_like(self._told)
        self._till_heard = False
        self._unfelt = [0] * len(self._skus)
        self._tags: TagsHere = no_tags(len(self._skus))
        self._estimated: tuple[Beam, dict[str, UnitsEstimate]] | None = None
        self._writer = BeamWriter()
        self._chances: tuple[Beam, dict[str, dict[int, float]]] = (self._beam, {})

    def take(
        self, weight_g: float, spread_g: float, at_ms: int, moved_at_ms: int | None = None, heard_at_ms: int | None = None
    ) -> list[PickEvent]:
        """Hear a settled weight; say what happened.

        Args:
            weight_g, spread_g: as in `ShelfWeight`.
            at_ms: when it settled; any clock, but always the same one.
            moved_at_ms: when the motion began, same clock. A second weight of one motion replaces the first; None: nothing moved.
            heard_at_ms: when the scale was last heard, where it should confirm its weight every few minutes.
        """
        unfelt, self._unfelt = self._unfelt, [0] * len(self._skus)
        if self._weight_g is None:
            self._weight_g, self._at_ms = weight_g, at_ms  # The shelf holds what the plan says, give or take the zero.
            return []
        refined = moved_at_ms is not None and moved_at_ms == self._moved_at_ms and self._before is not None
        if not refined and moved_at_ms is None and abs(weight_g - self._weight_g) < self._creep_g:
            self._jitter_g2 = jitter_learned(self._jitter_g2, weight_g - self._weight_g)
            self._weight_g = weight_g  # Creep: every hypothesis is off by as much.
            return self._late_tags(at_ms)
        taught: list[PickEvent] = []
        if not refined or self._before is None:
            taught = self._late_tags(at_ms) + self._learn(at_ms)
            self._before, self._before_weight_g = self._waited(at_ms), self._weight_g
            self._told_last = np.zeros_like(self._told)
            self._touched_at_ms = at_ms
            self._tags = structs.replace(self._tags, are_judged=not self._tags.are_known)
        step = WeightStep(self._before_weight_g, weight_g, hypot(0.3 * spread_g + 0.1, sqrt(self._jitter_g2)))
        blind = heard_at_ms is not None and is_blind(at_ms - heard_at_ms, unfelt, step.change_g, self._creep_g)
        table = blind_table(self._articles, unfelt, self._unit_g) if blind else self._table
        rows = explain(self._before, step, table, self._unit_g, self._unit_variance_g2, self._capacity, self._numbers)
        self._weight_g, self._moved_at_ms = weight_g, moved_at_ms
        if self._rule.history_length:
            self._felt[self._touched_at_ms] = step
        self._beam = extended(rows, self._before, self._touched_at_ms, self._rule)
        reading = read(rows, table, self._articles)
        events = tell(reading, self._articles, self._numbers.sweep_from, step.change_g, at_ms, self._told_last, refined=refined)
        self._told = self._told - self._told_last + np.array(reading.units, dtype=np.int64)
        self._told_last = np.array(reading.units, dtype=np.int64)
        self._lesson = None if blind else lesson_of(reading, self._articles, step.change_g)
        return taught + events + self._corrected(at_ms)

    def sold(self, sku: str, units: int, at_ms: int) -> list[PickEvent]:
        """Hear from the till that units were paid (negative: returned for money). Unknown articles are none of this shelf's business."""
        if sku not in self._skus or units == 0:
            return []
        self._till_heard = True
        self._unfelt[self._skus.index(sku)] += max(0, units - int(self._beam.unpaid[0, self._skus.index(sku)]))
        self._beam = self._paid(self._waited(at_ms), self._skus.index(sku), units, at_ms)
        if self._before is not None:
            self._before = self._paid(self._before, self._skus.index(sku), units, at_ms)
        return self._corrected(at_ms)

    def counted(self, sku: str, units: int, at_ms: int | None = None, *, is_dead: bool = False) -> list[PickEvent]:
        """Hear a count by hand: it is right. Of a scale that is dead it also says what the board must weigh by now."""
        if sku not in self._skus:
            return []
        index = self._skus.index(sku)
        self._tags = self._tags.counted(index, units)
        rule, shift_g = self._rule, float((units - self._beam.counts[0, index]) * self._unit_g[index]) if is_dead else 0.0
        load_g = None if is_dead else self._weight_g
        board = Board(load_g, self._capacity, self._unit_g, self._unit_variance_g2, self._numbers.own, self._numbers.zero_sd_g)
        counted = counted_as(self._beam, index, units, board, width=rule.width, log_range=rule.log_range, load_shift_g=shift_g)
        if is_dead:
            self._weight_g = None if self._weight_g is None else self._weight_g + shift_g
            self._unfelt[index] = 0
        self._beam, self._before = judged(counted, self._tags, BOTH), None
        return self._corrected(self._at_ms if at_ms is None else at_ms, ratio=1.0)

    def refilled(self, sku: str, units: int, at_ms: int) -> list[PickEvent]:
        """Hear that staff put units on this shelf: a put of as many was not a shopper's, so nothing is owed to the till for it."""
        if sku not in self._skus or units <= 0:
            return []
        self._beam = refilled_by(
            self._beam, self._skus.index(sku), units, self._capacity, self._unit_g, self._unit_variance_g2, self._numbers.own,
            width=self._rule.width, log_range=self._rule.log_range,
        )  # fmt: skip
        return self._corrected(at_ms)

    def put_unfelt(self, sku: str, units: int) -> None:
        """Hear that staff put units here that the scale has not felt: it was silent, or they are on their way."""
        if sku in self._skus:
            self._unfelt[self._skus.index(sku)] -= units  # Forgotten with the scale's next word.

    def tagged(self, sku: str, tags: int | None, at_ms: int) -> list[PickEvent]:
        """Hear how many tags of an article are read on this board; None: nobody can say any more.

        Tags come and go some seconds after the units. While a touch is fresh, tags that left say that more units must have left than a
        hypothesis believes, and tags that came the contrary; every tag counts either way once shelf and tags have been quiet for a while.
        """
        index = self._skus.index(sku) if sku in self._skus else None
        if index is None or tags == self._tags.tags[index]:
            return []
        before, self._tags = self._tags.tags[index], self._tags.read(index, tags, at_ms)
        if before is None or tags is None or at_ms >= self._touched_at_ms + LAG_MS:
            return []
        self._beam = judged(self._beam, self._tags, UNREAD if tags < before else STRAY)
        return self._corrected(at_ms)

    def units(self) -> dict[str, UnitsEstimate]:
        """What is on the shelf now, per article (strangers only while one may be here)."""
        if self._estimated is None or self._estimated[0] is not self._beam:  # Most weights only confirm: the hypotheses are the very same.
            self._estimated = (self._beam, estimated(self._beam, self._articles))
        return self._estimated[1]

    def chances_of(self, sku: str) -> dict[int, float]:
        """How probable each number of units of an article is; sums to 1."""
        if self._chances[0] is not self._beam:
            self._chances = (self._beam, {})
        known = self._chances[1]
        return known.get(sku) or known.setdefault(sku, chances_of(self._beam, self._skus.index(sku)))

    def unfelt(self, sku: str) -> int:
        """How many units of an article the till has sold since the last weight that no touch explains; below zero, staff have put there."""
        return self._unfelt[self._skus.index(sku)] if sku in self._skus else 0

    def told_units(self) -> dict[str, int]:
        """The starting units plus all events told so far."""
        return dict(zip(self._skus, self._told.tolist(), strict=True))

    def likeliest_touches(self) -> list[WeighedTouch]:
        """What the likeliest hypothesis believes happened, oldest first, as far back as the rule keeps histories (`history_length`)."""
        return [
            WeighedTouch(at_ms / 1000.0, self._felt[at_ms].change_g, self._felt[at_ms].reading_sd_g, units)
            for at_ms, units in self._beam.histories[0]
            if any(units)
        ]

    @property
    def articles(self) -> tuple[Article, ...]:
        """The shelf's own articles, then strangers: the order of every list of units."""
        return self._articles

    @property
    def sweep_from(self) -> int:
        """So many units of one article at once are swept, not picked."""
        return self._numbers.sweep_from

    def state(self) -> BeliefState:
        """Everything the belief knows, ready for JSON; histories are left out."""
        return BeliefState(
            skus=list(self._skus),
            beam=self._writer.state(self._beam),
            before=None if self._before is None else self._writer.state(self._before),
            before_weight_g=self._before_weight_g,
            weight_g=self._weight_g,
            moved_at_ms=self._moved_at_ms,
            at_ms=self._at_ms,
            told=self._told.tolist(),
            told_last=self._told_last.tolist(),
            till_heard=self._till_heard,
            jitter_g2=self._jitter_g2,
            weights=list(self._weights),
            lesson=self._lesson,
            tags=self._tags,
            touched_at_ms=self._touched_at_ms,
            unfelt=list(self._unfelt),
        )

    @classmethod
    def from_state(cls, articles: Sequence[Article], state: BeliefState, rule: PickRule | None = None) -> ShelfBelief:
        """Go on from `state()`. An article that the planogram has since gained starts at its `start_units`; one it lost is forgotten."""
        belief = cls(articles, rule)
        columns = [state.skus.index(sku) if sku in state.skus else None for sku in belief._skus]
        start = [a.start_units for a in belief._articles]
        weights, left_g = weights_over(state, belief._skus, belief._weights)
        belief._believe_weights(weights)
        belief._beam = beam_from(state.beam, columns, start, left_g)
        belief._before = None if state.before is None else beam_from(state.before, columns, start, left_g)
        belief._before_weight_g = state.before_weight_g
        belief._weight_g, belief._moved_at_ms, belief._at_ms = state.weight_g, state.moved_at_ms, state.at_ms
        belief._told = picked_columns(state.told, columns, start)
        belief._told_last = picked_columns(state.told_last, columns, [0] * len(start))
        belief._till_heard = state.till_heard
        belief._jitter_g2 = belief._jitter_g2 if state.jitter_g2 is None else state.jitter_g2
        belief._touched_at_ms = state.touched_at_ms
        belief._unfelt = [0 if i is None or not state.unfelt else state.unfelt[i] for i in columns]
        belief._tags = state.tags.picked(columns) if state.tags is not None else belief._tags
        belief._lesson = state.lesson if state.skus == belief._skus else None
        return belief

    def unit_weights_g(self) -> dict[str, float]:
        """What one unit of each article is now taken to weigh, grams."""
        return {sku: weight.unit_g for sku, weight in zip(self._skus, self._weights, strict=True)}

    def _believe_weights(self, weights: list[LearnedWeight]) -> None:
        self._weights = weights
        self._unit_g: Floats = np.array([w.unit_g for w in weights], dtype=np.float64)
        self._table: ChangeTable = reweighed(self._planned_table, self._unit_g)
        self._creep_g = 0.5 * float(self._unit_g.min(initial=np.inf))

    def _learn(self, at_ms: int) -> list[PickEvent]:
        """Let the touch that is over teach what units weigh; tell an article whose planned weight is wrong, once."""
        lesson, self._lesson = self._lesson, None
        if lesson is None:
            return []
        planned_g = [(article.unit_weight_g, article.spread_g) for article in self._articles]
        index, weights = learned(self._weights, lesson, planned_g, self._numbers.own)
        if index is None:
            return []
        is_news = weights[index].told and not self._weights[index].told
        self._believe_weights(weights)
        return [misweighed(self._articles[index], weights[index].unit_g, at_ms)] if is_news else []

    def _late_tags(self, at_ms: int) -> list[PickEvent]:
        """Once neither shelf nor tags have moved for a while, let every tag count, those too that neither came nor left."""
        if self._tags.are_judged or at_ms < max(self._touched_at_ms, self._tags.news_at_ms) + LAG_MS:
            return []
        self._tags = structs.replace(self._tags, are_judged=True)
        self._beam = judged(self._beam, self._tags, BOTH)
        return self._corrected(at_ms)

    def _waited(self, at_ms: int) -> Beam:
        waited_ms = max(at_ms - self._at_ms, 0)
        self._at_ms = max(at_ms, self._at_ms)
        if not self._till_heard:
            return self._beam
        rule = self._rule
        return waited(self._beam, waited_ms, rule.unpaid_mean_s, width=rule.width, log_range=rule.log_range)

    def _paid(self, beam: Beam, index: int, units: int, at_ms: int) -> Beam:
        rule = self._rule
        return paid(
            beam, index, units, at_ms, self._unit_g, self._unit_variance_g2, self._numbers, width=rule.width, log_range=rule.log_range
        )

    def _corrected(self, at_ms: int, **ratio: float) -> list[PickEvent]:
        events = corrections(self._beam, self._told, self._articles, at_ms, **ratio)
        for event in events:
            self._told[self._skus.index(event.sku or "")] += event.units
        return events
