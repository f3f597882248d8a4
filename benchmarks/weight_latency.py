"""How soon after the hand has left the hub hears of it: for every true touch of a recording, named right or not."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

SOON_S = 2.0


class _Weight(NamedTuple):
    at_s: float
    weight_g: float


def known_after_s(truth: Iterable[tuple[float, str, int]], settled: Sequence[str], unit_g: Mapping[str, float]) -> list[float]:
    """Seconds from each true touch to the first settled weight that shows it, or to infinity.

    A weight shows the touch if it is nearer to what truly lay there by then than to what lay there before. Where two look-alikes changed
    places there is hardly a difference; the first weight after the motion then counts.

    Args:
        truth: (seconds, SKU, signed units); what changed at one instant is one touch. The hand leaves at that instant.
        settled: JSON lines of `edge-agent replay scale`.
        unit_g: what one unit of each article weighs.
    """
    weights = [_Weight(row["t_s"], row["weight_g"]) for row in map(json.loads, settled)]
    changes: dict[float, float] = defaultdict(float)
    for at_s, sku, units in truth:
        changes[at_s] += units * unit_g[sku]
    moments = sorted(changes)
    loads = [0.0]
    for moment in moments:
        loads.append(loads[-1] + changes[moment])
    return [_after_s(moment, loads[number], moments, loads, weights) for number, moment in enumerate(moments)]


def _after_s(moment: float, load_before_g: float, moments: Sequence[float], loads: Sequence[float], weights: Sequence[_Weight]) -> float:
    first = bisect_right(weights, moment, key=lambda weight: weight.at_s)
    zero_g = (weights[first - 1].weight_g if first else 0.0) - load_before_g
    for weight in weights[first:]:
        now_g = loads[bisect_right(moments, weight.at_s)] + zero_g
        if abs(weight.weight_g - now_g) <= abs(weight.weight_g - load_before_g - zero_g):
            return weight.at_s - moment
    return float("inf")
