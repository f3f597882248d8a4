"""Turns what the hypotheses say into events: what happened, how likely it is, and what else it may have been."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from msgspec import Struct

from store_hub.rules.picks_beam import Beam
from store_hub.rules.picks_changes import Article, ChangeTable, Ints
from store_hub.rules.picks_likelihood import FOREIGN_LEFT, UNKNOWN, Explanation

Kind = Literal["pick", "put", "refill", "sweep", "stranger", "unknown", "corrected"]

CORRECTED_FROM_UNITS = 0.8
"""How far the mean must be from what was told before a correction is told: half a unit would flip to and fro."""


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
    """What a touch was, as the hypotheses have it together."""

    change: int
    units: list[int]
    refill: list[bool]
    probability: float
    runner_up: str
    runner_up_probability: float


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
    )


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


def corrections(
    beam: Beam, told: Ints, articles: Sequence[Article], at_ms: int, *, from_units: float = CORRECTED_FROM_UNITS
) -> list[PickEvent]:
    """What must be added to everything told so far, because the hypotheses have moved away from it."""
    chances = beam.chances()
    means = chances @ beam.counts
    events: list[PickEvent] = []
    for index, article in enumerate(articles):
        off = float(means[index]) - int(told[index])
        if abs(off) < from_units:
            continue
        units = round(off)
        right = float(chances[beam.counts[:, index] == int(told[index]) + units].sum())
        events.append(PickEvent(at_ms=at_ms, kind="corrected", sku=article.sku, units=units, weight_g=0.0, probability=min(right, 1.0)))
    return events


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
        return "refill"
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
