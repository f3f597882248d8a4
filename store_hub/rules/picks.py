"""From settled weights to who took what: a belief over the units on one shelf, kept sharp by weights, the till and counts.

The belief holds many hypotheses of *how many units of each article are on the board*, not a single one. A touch extends each by every
change that could explain the new weight; because a hypothesis must explain the absolute weight as well as the difference, an early
mistake makes later weights unlikely, and heals. What the scale alone cannot tell (two lemonades of equal weight), the till's sales do.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot, log, sqrt
from typing import NamedTuple

import numpy as np
from msgspec import structs

from store_hub.rules.picks_beam import Beam, merged
from store_hub.rules.picks_changes import Article, ChangeTable, Floats, Habits, Ints, change_table, reweighed
from store_hub.rules.picks_evidence import counted_as, paid, refilled_by, waited
from store_hub.rules.picks_likelihood import BeliefNumbers, Explanation, WeightStep, explain, jitter_learned
from store_hub.rules.picks_state import BeliefState, beam_from, beam_state, picked_columns
from store_hub.rules.picks_story import WeighedTouch
from store_hub.rules.picks_telling import CORRECTED_FROM_RATIO, PickEvent, UnitsEstimate, corrections, lesson_of, misweighed, read, tell
from store_hub.rules.unit_weights import LearnedWeight, Lesson, is_wrong, puzzled, suspected, taught

__all__ = ["Article", "BeliefState", "Habits", "PickEvent", "PickRule", "ShelfBelief", "UnitsEstimate"]


class PickRule(NamedTuple):
    """How widely the belief looks, and what it takes for granted.

    `width`: hypotheses kept. `zero_sd_g`: how far the empty scale may be off. `drift_sd_g`: what may creep in between two settled
    weights, until the cell itself has shown it. `unpaid_mean_s`: how long taken goods are carried before the till sells them, in the mean.
    """

    width: int = 64
    log_range: float = 18.0
    zero_sd_g: float = 8.0
    drift_sd_g: float = 0.5
    unpaid_mean_s: float = 400.0
    unseen_sale: float = 5.0
    history_length: int = 0
    habits: Habits = Habits()


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
        self._believe_weights([LearnedWeight(unit_g=a.unit_weight_g) for a in self._articles])
        self._capacity: Ints = np.array([2 if a.stranger else a.capacity_units for a in self._articles], dtype=np.int64)
        self._unit_variance_g2: Floats = np.array([a.spread_g**2 for a in self._articles], dtype=np.float64)
        self._numbers = _numbers(self._articles, self._rule)
        start: Ints = np.array([[a.start_units for a in self._articles]], dtype=np.int64)
        self._beam = Beam(start, np.zeros_like(start), np.zeros(1), np.zeros(1), ((),))
        self._before: Beam | None = None
        self._before_weight_g = 0.0
        self._weight_g: float | None = None
        self._moved_at_ms: int | None = None
        self._jitter_g2 = self._rule.drift_sd_g**2
        self._at_ms = 0
        self._touched_at_ms = 0
        self._felt: dict[int, WeightStep] = {}
        self._told: Ints = start[0].copy()
        self._told_last: Ints = np.zeros_like(self._told)
        self._till_heard = False
        self._estimated: tuple[Beam, dict[str, UnitsEstimate]] | None = None

    def take(self, weight_g: float, spread_g: float, at_ms: int, moved_at_ms: int | None = None) -> list[PickEvent]:
        """Hear a settled weight; say what happened.

        Args:
            weight_g, spread_g: as in `ShelfWeight`.
            at_ms: when it settled; any clock, but always the same one.
            moved_at_ms: when the motion began, same clock. A second weight of one motion replaces the first; None: nothing moved.
        """
        if self._weight_g is None:
            self._weight_g, self._at_ms = weight_g, at_ms  # The shelf holds what the plan says, give or take the zero.
            return []
        refined = moved_at_ms is not None and moved_at_ms == self._moved_at_ms and self._before is not None
        if not refined and moved_at_ms is None and abs(weight_g - self._weight_g) < 0.5 * self._unit_g.min(initial=np.inf):
            self._jitter_g2 = jitter_learned(self._jitter_g2, weight_g - self._weight_g)
            self._weight_g = weight_g  # Creep: every hypothesis is off by as much.
            return []
        taught: list[PickEvent] = []
        if not refined or self._before is None:
            taught = self._learn(at_ms)
            self._before, self._before_weight_g = self._waited(at_ms), self._weight_g
            self._told_last = np.zeros_like(self._told)
            self._touched_at_ms = at_ms
        step = WeightStep(self._before_weight_g, weight_g, hypot(0.3 * spread_g + 0.1, sqrt(self._jitter_g2)))
        rows = explain(self._before, step, self._table, self._unit_g, self._unit_variance_g2, self._capacity, self._numbers)
        self._weight_g, self._moved_at_ms = weight_g, moved_at_ms
        if self._rule.history_length:
            self._felt[self._touched_at_ms] = step
        self._beam = self._kept(rows, self._before, self._touched_at_ms)
        reading = read(rows, self._table, self._articles)
        events = tell(reading, self._articles, self._numbers.sweep_from, step.change_g, at_ms, self._told_last, refined=refined)
        self._told = self._told - self._told_last + np.array(reading.units, dtype=np.int64)
        self._told_last = np.array(reading.units, dtype=np.int64)
        self._lesson = lesson_of(reading, self._articles, step.change_g)
        return taught + events + self._corrected(at_ms)

    def sold(self, sku: str, units: int, at_ms: int) -> list[PickEvent]:
        """Hear from the till that units were paid (negative: returned for money). Unknown articles are none of this shelf's business."""
        if sku not in self._skus or units == 0:
            return []
        self._till_heard = True
        self._beam = self._paid(self._waited(at_ms), self._skus.index(sku), units, at_ms)
        if self._before is not None:
            self._before = self._paid(self._before, self._skus.index(sku), units, at_ms)
        return self._corrected(at_ms)

    def counted(self, sku: str, units: int, at_ms: int | None = None) -> list[PickEvent]:
        """Hear a count by hand: it is right."""
        if sku not in self._skus:
            return []
        self._beam, self._before = counted_as(self._beam, self._skus.index(sku), units), None
        return self._corrected(self._at_ms if at_ms is None else at_ms, ratio=1.0)

    def refilled(self, sku: str, units: int, at_ms: int) -> list[PickEvent]:
        """Hear that staff put units on this shelf: a put of as many was not a shopper's, so nothing is owed to the till for it."""
        if sku not in self._skus or units <= 0:
            return []
        index = self._skus.index(sku)
        self._beam = refilled_by(self._beam, index, units, int(self._capacity[index]))
        return self._corrected(at_ms)

    def units(self) -> dict[str, UnitsEstimate]:
        """What is on the shelf now, per article (strangers only while one may be here)."""
        if self._estimated is not None and self._estimated[0] is self._beam:
            return self._estimated[1]  # Most weights only confirm: the hypotheses are the very same.
        chances = self._beam.chances()
        estimates: dict[str, UnitsEstimate] = {}
        for index, article in enumerate(self._articles):
            counts = self._beam.counts[:, index]
            if article.stranger and not counts.any():
                continue
            order = np.argsort(counts, kind="stable")
            running = np.cumsum(chances[order])
            low = int(counts[order[int(np.searchsorted(running, 0.05))]])
            high = int(counts[order[min(int(np.searchsorted(running, 0.95)), len(order) - 1)]])
            estimates[article.sku] = UnitsEstimate(float(chances @ counts), low, high)
        self._estimated = (self._beam, estimates)
        return estimates

    def chances_of(self, sku: str) -> dict[int, float]:
        """How probable each number of units of an article is; sums to 1."""
        counts = self._beam.counts[:, self._skus.index(sku)]
        return {int(units): float(self._beam.chances()[counts == units].sum()) for units in np.unique(counts)}

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
            beam=beam_state(self._beam),
            before=None if self._before is None else beam_state(self._before),
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
        )

    @classmethod
    def from_state(cls, articles: Sequence[Article], state: BeliefState, rule: PickRule | None = None) -> ShelfBelief:
        """Go on from `state()`. An article that the planogram has since gained starts at its `start_units`; one it lost is forgotten."""
        belief = cls(articles, rule)
        columns = [state.skus.index(sku) if sku in state.skus else None for sku in belief._skus]
        start = [a.start_units for a in belief._articles]
        weights = [weight.unit_g for weight in state.weights] if len(state.weights) == len(state.skus) else [0.0] * len(state.skus)
        gone_g = [0.0 if sku in belief._skus else unit_g for sku, unit_g in zip(state.skus, weights, strict=True)]
        belief._beam = beam_from(state.beam, columns, start, gone_g)
        belief._before = None if state.before is None else beam_from(state.before, columns, start, gone_g)
        belief._before_weight_g = state.before_weight_g
        belief._weight_g, belief._moved_at_ms, belief._at_ms = state.weight_g, state.moved_at_ms, state.at_ms
        belief._told = picked_columns(state.told, columns, start)
        belief._told_last = picked_columns(state.told_last, columns, [0] * len(start))
        belief._till_heard = state.till_heard
        belief._jitter_g2 = belief._jitter_g2 if state.jitter_g2 is None else state.jitter_g2
        if len(state.weights) == len(state.skus):
            old = [fresh if c is None else state.weights[c] for fresh, c in zip(belief._weights, columns, strict=True)]
            belief._believe_weights(old)
        belief._lesson = state.lesson if state.skus == belief._skus else None
        return belief

    def unit_weights_g(self) -> dict[str, float]:
        """What one unit of each article is now taken to weigh, grams."""
        return {sku: weight.unit_g for sku, weight in zip(self._skus, self._weights, strict=True)}

    def _believe_weights(self, weights: list[LearnedWeight]) -> None:
        self._weights = weights
        self._unit_g: Floats = np.array([w.unit_g for w in weights], dtype=np.float64)
        self._table: ChangeTable = reweighed(self._planned_table, self._unit_g)

    def _learn(self, at_ms: int) -> list[PickEvent]:
        """Let the touch that is over teach what units weigh; tell an article whose planned weight is wrong, once."""
        lesson, self._lesson = self._lesson, None
        if lesson is None:
            return []
        index = lesson.article
        if index is None:
            index = suspected(self._weights[: self._numbers.own], lesson.change_g)
        if index is None:
            return []
        known, article = self._weights[index], self._articles[index]
        learned = puzzled(known, lesson.change_g) if lesson.article is None else taught(known, lesson)
        wrong = is_wrong(learned, article.unit_weight_g, article.spread_g)
        told = learned.told and wrong
        weights = list(self._weights)
        weights[index] = structs.replace(learned, told=wrong)
        self._believe_weights(weights)
        return [misweighed(article, learned.unit_g, at_ms)] if wrong and not told else []

    def _waited(self, at_ms: int) -> Beam:
        waited_ms = max(at_ms - self._at_ms, 0)
        self._at_ms = max(at_ms, self._at_ms)
        return waited(self._beam, waited_ms, self._rule.unpaid_mean_s) if self._till_heard else self._beam

    def _paid(self, beam: Beam, index: int, units: int, at_ms: int) -> Beam:
        rule = self._rule
        return paid(
            beam, index, units, at_ms, self._unit_g, self._unit_variance_g2, self._numbers, width=rule.width, log_range=rule.log_range
        )

    def _kept(self, rows: Explanation, before: Beam, at_ms: int) -> Beam:
        kept = merged(rows.counts, rows.unpaid, rows.foreign_g, rows.log_weight, width=self._rule.width, log_range=self._rule.log_range)
        chosen, longest = kept.rows, self._rule.history_length
        histories = tuple(
            (*before.histories[parent], (at_ms, tuple(units)))[-longest:] if longest else ()
            for parent, units in zip(rows.parent[chosen].tolist(), rows.units[chosen].tolist(), strict=True)
        )
        return Beam(rows.counts[chosen], rows.unpaid[chosen], rows.foreign_g[chosen], kept.log_weight, histories)

    def _corrected(self, at_ms: int, *, ratio: float = CORRECTED_FROM_RATIO) -> list[PickEvent]:
        events = corrections(self._beam, self._told, self._articles, at_ms, ratio=ratio)
        for event in events:
            self._told[self._skus.index(event.sku or "")] += event.units
        return events


def _numbers(articles: tuple[Article, ...], rule: PickRule) -> BeliefNumbers:
    habits = rule.habits
    most = np.array([min(a.capacity_units, 60) for a in articles], dtype=np.float64)
    own = np.array([not a.stranger for a in articles])
    return BeliefNumbers(
        zero_sd_g=rule.zero_sd_g,
        log_unknown=log(habits.unknown),
        log_full_bonus=np.where(own, np.log(habits.refill_to_full / habits.refill_partly * most), 0.0),
        log_sweep_bonus=np.where(own, np.log(most), 0.0),
        sweep_from=len(habits.take) + 1,
        unseen_sale=rule.unseen_sale,
        own=int(own.sum()),
    )
