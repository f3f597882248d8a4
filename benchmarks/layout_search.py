"""The search for places of bays beside plain annealing, compiled alike, with the same processor time: gap to the best known, many shops.

A shop is drawn by seed: aisles to scale, bays of categories that are bought together, cooled places, racks that bear little, fixed bays.
Two kinds: pulls that cluster by category, and pulls drawn at random (as Nugent's instances). Annealing has four schedules, and the best of
them on average is what ours is measured against. The best known is the best of every run made here, tenfold ones of both among them.

`python -m benchmarks.layout_search [--shops 8]`
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cloud_api.rules.layout_annealing import compiled, moved_change
from cloud_api.rules.layout_search import STEPS, Assignment, Floats, Places, search, swap_change

SIZES = (24, 60, 120)
SHOPS = 8
MOVED_AT_ONCE = 8
LONG_TRIALS = 40_000_000
SCHEDULES = ((1.0, 0.01), (0.5, 0.01), (0.3, 0.01), (0.2, 0.003))
"""First and last temperature, as a share of the mean change of a swap in the shop as it stands."""


def draw_shop(count: int, seed: int, *, is_clustered: bool, moves_max: int | None = None) -> Assignment:
    """A shop whose present layout is feasible and far from good."""
    draw = np.random.default_rng([count, seed])
    across = int(np.ceil(np.sqrt(count * 1.5)))
    at_m = np.array([(place % across * 1.3, place // across * 2.5) for place in range(count)])
    distance = np.abs(at_m[:, None] - at_m[None]).sum(axis=2)
    if is_clustered:
        kinds = max(3, count // 8)
        kind = draw.integers(kinds, size=count)
        between = draw.gamma(0.5, 1.0, (kinds, kinds))
        pull = between[kind][:, kind] * draw.lognormal(0.0, 0.8, (count, count))
    else:
        pull = draw.integers(0, 10, (count, count)) * (draw.random((count, count)) < 0.6)
    pull = np.triu(pull.astype(float), 1)
    pull = pull + pull.T
    price = -np.outer(draw.lognormal(0.0, 1.0, count), draw.gamma(2.0, 1.0, count))
    price *= 0.15 * count * pull.mean() * distance.mean() / np.abs(price).mean()
    home = np.arange(count)
    is_cold = home < max(2, count // 6)
    weight, borne = draw.random(count), np.where(draw.random(count) < 0.3, 0.8, 2.0)
    allowed = (is_cold[:, None] == is_cold[None]) & (weight[:, None] <= np.maximum(borne, weight)[None])
    for bay in draw.choice(count, max(1, count // 12), replace=False):
        allowed[bay, :], allowed[:, bay], allowed[bay, bay] = False, False, True
    return Assignment(pull=pull, distance=distance, price=price, allowed=allowed, home=home, moves_max=moves_max)


@compiled
def plain_anneal(
    pull: Floats,
    distance: Floats,
    price: Floats,
    allowed: Any,
    home: Places,
    bound: int,
    trials: int,
    seed: int,
    hot: float,
    cold: float,
) -> Places:
    """Annealing as it is usually written, from today's places: each swap is added up anew.

    `hot` and `cold` are the first and last temperature over the mean change of a swap made today.
    """
    np.random.seed(seed)  # numba keeps its own generator, which only this seeds.
    count = len(home)
    places, best = home.copy(), home.copy()
    total, looked_at = 0.0, 0
    for _ in range(20 * count):
        r, s = np.random.randint(count), np.random.randint(count)
        if r != s and allowed[r, places[s]] and allowed[s, places[r]]:
            total, looked_at = total + abs(swap_change(pull, distance, price, places, r, s)), looked_at + 1
    heat = hot * total / max(1, looked_at)
    cooling = (cold / hot) ** (1.0 / max(1, trials))
    over, least_over, moved = 0.0, 0.0, 0
    for _ in range(trials):
        heat *= cooling
        r, s = np.random.randint(count), np.random.randint(count)
        if r == s or not (allowed[r, places[s]] and allowed[s, places[r]]):
            continue
        more = moved_change(places, home, r, s) if bound < count else 0
        if moved + more > bound:
            continue
        change = swap_change(pull, distance, price, places, r, s)
        if change < 0.0 or np.random.random() < np.exp(-change / heat):
            places[r], places[s] = places[s], places[r]
            over, moved = over + change, moved + more
            if over < least_over - 1e-9:
                least_over = over
                best[:] = places
    return best


def annealed(task: Assignment, *, trials: int, seed: int, schedule: tuple[float, float]) -> Places:
    """The peer: places by plain annealing."""
    found: Places = plain_anneal(task.pull, task.distance, task.price, task.allowed, task.home, task.bound, trials, seed, *schedule)
    return found


def timed(work: Callable[..., Places], *given: Any, **named: Any) -> tuple[Places, float]:
    """What the work returns, and the processor time it took, seconds."""
    started = time.thread_time()
    found = work(*given, **named)
    return found, time.thread_time() - started


def costs(task: Assignment, seed: int) -> tuple[dict[str, float], float]:
    """Cost of ours, and of annealing by each schedule in at least the same time; and that time, seconds."""
    places, took_s = timed(search, task, seed=seed)
    assert task.is_feasible(places)
    cost = {"ours": task.cost(places)}
    for schedule in SCHEDULES:
        trials, peer_s = 200_000, 0.0
        while peer_s < took_s:  # Until the peer had the time that ours took.
            peer, peer_s = timed(annealed, task, trials=trials, seed=seed, schedule=schedule)
            trials = int(trials * max(1.05, 1.02 * took_s / peer_s))
        cost[f"annealing {schedule[0]:g}"] = task.cost(peer)
    return cost, took_s


def gaps(count: int, shops: int, *, is_clustered: bool, moves_max: int | None) -> dict[str, float]:
    """Mean gap to the best known in per cent: ours, and each schedule of annealing; and the mean time in seconds."""
    found: dict[str, list[float]] = {"seconds": []}
    for seed in range(shops):
        task = draw_shop(count, seed, is_clustered=is_clustered, moves_max=moves_max)
        cost, took_s = costs(task, seed)
        found["seconds"].append(took_s)
        longer = [search(task, steps=10 * STEPS, seed=99), annealed(task, trials=LONG_TRIALS, seed=99, schedule=SCHEDULES[2])]
        best = min(*cost.values(), *(task.cost(each) for each in longer))
        for name, value in cost.items():
            found.setdefault(name, []).append(100.0 * (value - best) / abs(best))
    return {name: float(np.mean(values)) for name, values in found.items()}


def measure(shops: int = SHOPS, sizes: Sequence[int] = SIZES) -> dict[str, float | int | str]:
    """Return ours and the best schedule of annealing for every size, kind and bound."""
    search(draw_shop(8, 0, is_clustered=True))  # Compile, or read what was compiled.
    annealed(draw_shop(8, 0, is_clustered=True), trials=10, seed=0, schedule=SCHEDULES[0])
    figures: dict[str, float | int | str] = {"shops of each size and kind": shops}
    for count in sizes:
        for kind, is_clustered in (("by category", True), ("at random", False)):
            for words, moves_max in (("all may move", None), (f"{MOVED_AT_ONCE} may move", MOVED_AT_ONCE)):
                gap = gaps(count, shops, is_clustered=is_clustered, moves_max=moves_max)
                peer = min((name for name in gap if name.startswith("annealing")), key=lambda name: gap[name])
                name = f"{count} bays {kind}, {words}"
                figures[name] = f"{gap['ours']:.3f} % in {gap['seconds']:.3f} s; annealing {gap[peer]:.3f} %"
    return figures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shops", type=int, default=SHOPS)
    parser.add_argument("--bays", type=int, nargs="*", default=SIZES)
    given = parser.parse_args()
    for name, value in measure(given.shops, given.bays).items():
        print(f"{name}: {value}", flush=True)
