"""How soon after the hand has left the hub hears of it: for every true touch of a recording, named right or not."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import hypot, sqrt
from statistics import median
from typing import NamedTuple

SOON_S = 2.0
UNIT_SPREAD = 0.012
HIDDEN_SDS = 3.0
LAST_WEIGHTS = 5


class _Weight(NamedTuple):
    at_s: float
    weight_g: float
    has_moved: bool


def known_after_s(truth: Iterable[tuple[float, str, int]], settled: Sequence[str], unit_g: Mapping[str, float]) -> list[float]:
    """Seconds from each true touch to the first settled weight that shows it, or to infinity.

    A weight shows the touch if it is nearer to what truly lay there by then than to what lay there before. Where the difference is not
    beyond the units' scatter (two look-alikes changed places), the first weight after the motion counts.

    Args:
        truth: (seconds, SKU, signed units); what changed at one instant is one touch. The hand leaves at that instant.
        settled: JSON lines of `edge-agent replay scale`.
        unit_g: what one unit of each article weighs.
    """
    rows = [json.loads(line) for line in settled]
    weights = [_Weight(row["t_s"], row["weight_g"], row["moved_at_s"] is not None) for row in rows]
    changes: dict[float, float] = defaultdict(float)
    doubts: dict[float, float] = defaultdict(float)
    for at_s, sku, units in truth:
        changes[at_s] += units * unit_g[sku]
        doubts[at_s] = hypot(doubts[at_s], UNIT_SPREAD * unit_g[sku] * sqrt(abs(units)))
    moments = sorted(changes)
    loads = [0.0]
    for moment in moments:
        loads.append(loads[-1] + changes[moment])
    hidden = [abs(changes[moment]) < HIDDEN_SDS * doubts[moment] for moment in moments]
    return [_after_s(moment, loads[number], moments, loads, weights, is_hidden=hidden[number]) for number, moment in enumerate(moments)]


def _after_s(
    moment: float,
    load_before_g: float,
    moments: Sequence[float],
    loads: Sequence[float],
    weights: Sequence[_Weight],
    *,
    is_hidden: bool,
) -> float:
    first = bisect_right(weights, moment, key=lambda weight: weight.at_s)
    zeros_g = [weight.weight_g - loads[bisect_right(moments, weight.at_s)] for weight in weights[max(0, first - LAST_WEIGHTS) : first]]
    zero_g = median(zeros_g) if zeros_g else 0.0  # One of them may have been a hand.
    for weight in weights[first:]:
        now_g = loads[bisect_right(moments, weight.at_s)] + zero_g
        if is_hidden and weight.has_moved:
            return weight.at_s - moment
        if abs(weight.weight_g - now_g) <= abs(weight.weight_g - load_before_g - zero_g):
            return weight.at_s - moment
    return float("inf")
