"""Turns what the hypotheses say into events: what happened, how likely it is, and what else it may have been."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from msgspec import Struct

from store_hub.rules.picks_beam import Beam
from store_hub.rules.picks_changes import Article, ChangeTable, Floats, Ints
from store_hub.rules.picks_likelihood import FOREIGN_LEFT, UNKNOWN, Explanation
from store_hub.rules.unit_weights import SURE, SURE_OF_REFILL, Lesson

Kind = Literal["pick", "put", "refill", "sweep", "stranger", "unknown", "corrected", "misweighed"]

CORRECTED_FROM_RATIO = 3.0
"""How many times likelier other counts must be than those told before a correction is told."""


class PickEvent(Struct, frozen=True, kw_only=True):
    """Something happened to an article. `units` is signed: negative when taken. `sku` is None where no article explains the weight.

    `probability` is that of the whole reading of this touch; `runner_up` says in words what else it may have been.
    `corrected` events repair what earlier events told: they are new entries, nothing is rewritten.
    """

    at_ms: int
    kind: Kind
    sku: str | None
    units: int
    weight_g: float
    probability: float
    runner_up: str = ""
    runner_up_probability: float = 0.0


class UnitsEstimate(NamedTuple):
    """How many units are on the shelf: the mean, and the interval that holds the truth nine times in ten."""

    mean: float
    low: int
    high: int


class Reading(Struct, frozen=True):
    """What a touch was, as the hypotheses have it together.

    `no_other`: how probable it is that the article refilled was no other one, whatever else moved and however many they were.
    """

    change: int
    units: list[int]
    refill: list[bool]
    probability: float
    runner_up: str
    runner_up_probability: float
    no_other: float = 0.0


def read(rows: Explanation, table: ChangeTable, articles: Sequence[Article]) -> Reading:
    """The likeliest change over all hypotheses, and the second likeliest in words."""
    weights = np.exp(rows.log_weight - rows.log_weight.max())
    changes, places = np.unique(rows.change, return_inverse=True)
    sums = np.bincount(places, weights=weights)
    order = np.argsort(-sums, kind="stable")
    total = float(sums.sum())
    best = int(changes[order[0]])
    known = best >= 0
    size = len(articles)
    second = _words(int(changes[order[1]]), table, articles) if len(order) > 1 else ""
    return Reading(
        best,
        table.units[best].tolist() if known else [0] * size,
        table.refill[best].tolist() if known else [False] * size,
        float(sums[order[0]]) / total,
        second,
        float(sums[order[1]]) / total if len(order) > 1 else 0.0,
        _no_other(best, changes, sums / total, table),
    )


def _no_other(best: int, changes: Ints, chances: Floats, table: ChangeTable) -> float:
    """The probability of all changes that refill what the best one refills, or that no article explains; 0 if it refills nothing."""
    if best < 0 or not table.refill[best].any():
        return 0.0
    index = int(np.argmax(table.refill[best]))
    alike = (changes < 0) | table.refill[changes, index]
    return float(chances[alike].sum())


def tell(
    reading: Reading, articles: Sequence[Article], sweep_from: int, change_g: float, at_ms: int, told_before: Ints, *, refined: bool
) -> list[PickEvent]:
    """The events of one touch. `told_before`: what an earlier weight of the same touch already told, signed units."""
    events: list[PickEvent] = []
    for article, units, refill, before in zip(articles, reading.units, reading.refill, told_before.tolist(), strict=True):
        if units == before:
            continue
        kind = "corrected" if before else _kind(article, units, refill=refill, sweep_from=sweep_from)
        events.append(_event(reading, at_ms, kind, article.sku, units - before, change_g))
    if reading.change in (UNKNOWN, FOREIGN_LEFT) and not refined:
        events.append(_event(reading, at_ms, "unknown", None, 0, change_g))
    return events


def estimated(beam: Beam, articles: Sequence[Article]) -> dict[str, UnitsEstimate]:
    """What is on the shelf, per article (strangers only while one may be here)."""
    chances = beam.chances()
    estimates: dict[str, UnitsEstimate] = {}
    for index, article in enumerate(articles):
        counts = beam.counts[:, index]
        if article.stranger and not counts.any():
            continue
        order = np.argsort(counts, kind="stable")
        running = np.cumsum(chances[order])
        low = int(counts[order[int(np.searchsorted(running, 0.05))]])
        high = int(counts[order[min(int(np.searchsorted(running, 0.95)), len(order) - 1)]])
        estimates[article.sku] = UnitsEstimate(float(chances @ counts), low, high)
    return estimates


def chances_of(beam: Beam, index: int) -> dict[int, float]:
    """How probable each number of units of an article is."""
    counts, chances = beam.counts[:, index], beam.chances()
    return {int(units): float(chances[counts == units].sum()) for units in np.unique(counts)}


def corrections(beam: Beam, told: Ints, articles: Sequence[Article], at_ms: int, *, ratio: float = CORRECTED_FROM_RATIO) -> list[PickEvent]:
    """What must be added to everything told so far, because the hypotheses have moved away from it.

    All articles are corrected together, to the counts that are likeliest as a whole: each by itself could add up to what nobody believes
    and the scale does not show. `ratio`: how many times likelier they must be than what was told, or the ledger would flip to and fro.
    """
    chances = beam.chances()
    states, places = np.unique(beam.counts, axis=0, return_inverse=True)
    sums = np.bincount(places.reshape(-1), weights=chances)
    best = states[int(np.argmax(sums))]
    if float(sums.max()) < ratio * float(sums[(states == told).all(axis=1)].sum()) or (best == told).all():
        return []
    events: list[PickEvent] = []
    for index, (article, units) in enumerate(zip(articles, (best - told).tolist(), strict=True)):
        if units:
            right = min(float(chances[beam.counts[:, index] == best[index]].sum()), 1.0)
            words, chance = _second_count(beam, chances, index, int(best[index]), article.sku)
            events.append(
                PickEvent(
                    at_ms=at_ms, kind="corrected", sku=article.sku, units=units, weight_g=0.0, probability=right,
                    runner_up=words, runner_up_probability=chance,
                )
            )  # fmt: skip
    return events


def _second_count(beam: Beam, chances: Floats, index: int, best: int, sku: str) -> tuple[str, float]:
    """The second likeliest number of units on the shelf, in words, and how likely it is."""
    counts = beam.counts[:, index]
    others = {int(n): float(chances[counts == n].sum()) for n in np.unique(counts) if n != best}
    if not others:
        return "", 0.0
    second = max(others, key=lambda n: (others[n], -n))
    return f"{second} {sku} on the shelf", min(others[second], 1.0)


def lesson_of(reading: Reading, articles: Sequence[Article], change_g: float) -> Lesson | None:
    """What a touch teaches about unit weights: only what was one of the shelf's own articles beyond doubt, or nothing known.

    Of a refill it is enough that it was no other article: a lighter batch leaves a doubt of how many, and yet must be known at once.
    """
    sure = SURE if reading.no_other < SURE else SURE_OF_REFILL
    if reading.probability < sure:
        return None
    moved = [a for a, units in enumerate(reading.units) if units]
    if reading.change == UNKNOWN:
        return Lesson(article=None, units=0, change_g=change_g)
    if len(moved) != 1 or articles[moved[0]].stranger:
        return None
    return Lesson(article=moved[0], units=reading.units[moved[0]], change_g=change_g)


def misweighed(article: Article, learned_g: float, at_ms: int) -> PickEvent:
    """The planogram's unit weight of an article is not what the scale finds. Moves no units; `weight_g` is what one weighs."""
    words = f"the plan says {article.unit_weight_g:.1f} g a unit, the scale finds {learned_g:.1f} g; weigh one and correct the plan"
    return PickEvent(
        at_ms=at_ms, kind="misweighed", sku=article.sku, units=0, weight_g=round(learned_g, 1), probability=SURE, runner_up=words
    )


def _event(reading: Reading, at_ms: int, kind: Kind, sku: str | None, units: int, change_g: float) -> PickEvent:
    return PickEvent(
        at_ms=at_ms,
        kind=kind,
        sku=sku,
        units=units,
        weight_g=change_g,
        probability=min(reading.probability, 1.0),
        runner_up=reading.runner_up,
        runner_up_probability=min(reading.runner_up_probability, 1.0),
    )


def _kind(article: Article, units: int, *, refill: bool, sweep_from: int) -> Kind:
    if article.stranger:
        return "stranger"
    if refill:
        return "refill" if units > 0 else "pick"  # Picks that were missed are settled already, as a refill is.
    if units > 0:
        return "put"
    return "sweep" if units <= -sweep_from else "pick"


def _words(change: int, table: ChangeTable, articles: Sequence[Article]) -> str:
    if change == UNKNOWN:
        return "something unknown"
    if change == FOREIGN_LEFT:
        return "the unknown thing went again"
    parts = [f"{units:+d} {a.sku}" for a, units in zip(articles, table.units[change].tolist(), strict=True) if units]
    return ", ".join(parts) or "nothing"
