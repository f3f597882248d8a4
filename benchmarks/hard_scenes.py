"""Makes hard shelf scenes by seed, ours to the last number: look-alikes, swaps, strangers, leans, an unpaid sweep, weak cells.

    python -m benchmarks.hard_scenes FOLDER [--scenes 12] [--seed 1] [--minutes 60]
    python -m benchmarks.weight_score --data FOLDER

Shoppers arrive, take, put back and exchange, and pay for what they still hold minutes later. Every unit has a weight of its own. The files
are those of the recordings: a trace, what truly happened, what the till sold, and one plan.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

RATE_HZ = 10
COUNTS_MAX = 8_388_607
UNIT_SPREAD = 0.012
WEIGHTS_G = (30.0, 58.0, 62.0, 112.0, 185.0, 220.0, 368.0, 430.0)
APART_MIN_S = 1.5
STRANGER = "stranger"

Floats = npt.NDArray[np.float64]


class Happening(NamedTuple):
    """What truly changed: seconds, SKU, signed units."""

    at_s: float
    sku: str
    units: int


class Shelf:
    """Units with weights of their own, and the hands that move them."""

    def __init__(self, chance: np.random.Generator, lasts_s: float) -> None:
        self.chance, self.lasts_s = chance, lasts_s
        count = int(chance.integers(2, 5))
        base_g = float(chance.choice(WEIGHTS_G))
        off = np.sort(np.where(chance.random(count) < 0.3, 0.0, chance.uniform(0.0, 0.05, count)))
        if chance.random() < 0.4:
            off[-1] = chance.uniform(0.15, 0.9)  # Not everything on a shelf looks alike.
        self.unit_g = {f"sku-{i}": round(base_g * (1.0 + float(x)), 1) for i, x in enumerate(off)}
        self.unit_g[STRANGER] = round(float(chance.choice([w for w in WEIGHTS_G if abs(w - base_g) > 0.2 * base_g])), 1)
        self.skus = [sku for sku in self.unit_g if sku != STRANGER]
        self.start = {sku: int(chance.integers(9, 20)) for sku in self.skus}
        self.capacity = {sku: units + 5 for sku, units in self.start.items()}
        self.on_shelf = {sku: [self._new(sku) for _ in range(units)] for sku, units in self.start.items()} | {STRANGER: []}
        self.liking = dict(zip(self.skus, chance.dirichlet([4.0] * count).tolist(), strict=True))
        self.happened: list[Happening] = []
        self.sold: list[Happening] = []
        self.steps: list[tuple[float, float]] = [(0.0, sum(map(sum, self.on_shelf.values())))]
        self._busy_until_s = 0.0
        self._awaited: set[str] = set()

    def _new(self, sku: str) -> float:
        return float(self.chance.normal(self.unit_g[sku], UNIT_SPREAD * self.unit_g[sku]))

    def play(self) -> None:
        """Let an hour of shopping happen, in the order of time."""
        plans = self._plans()
        carried: dict[int, list[tuple[str, float]]] = {}
        while plans:
            at_s, who, what = plans.pop(0)
            if what == "pay":
                self._pay(at_s, carried.pop(who, []))
            elif at_s < self.lasts_s - 3.0:
                at_s = max(at_s, self._busy_until_s + APART_MIN_S)
                if self._touch(at_s, what, carried.setdefault(who, [])):
                    self._busy_until_s = at_s
                    plans += self._refills(at_s)
                    plans.sort()

    def _plans(self) -> list[tuple[float, int, str]]:
        chance, plans = self.chance, []
        at_s, who = float(chance.uniform(5.0, 60.0)), 0
        while at_s < self.lasts_s:
            stays_s = float(chance.uniform(150.0, 480.0))
            touch_s = at_s
            for _ in range(int(chance.integers(1, 5))):
                what = str(chance.choice(["take", "back", "swap"], p=[0.78, 0.13, 0.09]))
                plans.append((round(touch_s, 1), who, what))
                touch_s += float(chance.uniform(1.5, 4.0)) if chance.random() < 0.25 else float(chance.exponential(70.0))
                touch_s = min(touch_s, at_s + stays_s - 20.0)
            plans.append((round(at_s + stays_s, 1), who, "pay"))
            at_s, who = at_s + float(chance.exponential(85.0)), who + 1
        if chance.random() < 0.6:
            plans.append((round(float(chance.uniform(0.15, 0.9)) * self.lasts_s, 1), -1, "sweep"))
        for _ in range(int(chance.integers(0, 3))):
            came_s = float(chance.uniform(0.1, 0.8)) * self.lasts_s
            plans += [(round(came_s, 1), -1, "strange"), (round(came_s + float(chance.uniform(30.0, 400.0)), 1), -1, "unstrange")]
        return sorted(plans)

    def _touch(self, at_s: float, what: str, carried: list[tuple[str, float]]) -> bool:
        chance, moved = self.chance, dict.fromkeys(self.unit_g, 0)
        full = [sku for sku in self.skus if self.on_shelf[sku]]
        if what.startswith("refill:"):
            sku = what.split(":")[1]
            self._awaited.discard(sku)
            moved[sku] = self.capacity[sku] - len(self.on_shelf[sku])
            self.on_shelf[sku] += [self._new(sku) for _ in range(moved[sku])]
        elif what in ("strange", "unstrange"):
            moved[STRANGER] = 1 if what == "strange" else -len(self.on_shelf[STRANGER])
            self.on_shelf[STRANGER] = [*self.on_shelf[STRANGER], self._new(STRANGER)] if what == "strange" else []
        elif what == "sweep" and full:
            sku = max(full, key=lambda s: len(self.on_shelf[s]))
            moved[sku] = -len(self.on_shelf[sku])
            self.on_shelf[sku] = []
        else:
            if what in ("back", "swap") and carried:
                sku, unit_g = carried.pop(int(chance.integers(len(carried))))
                self.on_shelf[sku].append(unit_g)
                moved[sku] += 1
                full = [other for other in full if other != sku]
            if (what in ("take", "swap") or not any(moved.values())) and full:
                likes = np.array([self.liking[sku] for sku in full])
                sku = str(chance.choice(full, p=likes / likes.sum()))
                wanted = 1 if what == "swap" else int(chance.choice([1, 2, 3], p=[0.63, 0.17, 0.2]))
                for _ in range(min(wanted, len(self.on_shelf[sku]))):
                    carried.append((sku, self.on_shelf[sku].pop(int(chance.integers(len(self.on_shelf[sku]))))))
                    moved[sku] -= 1
        self.happened += [Happening(at_s, sku, units) for sku, units in moved.items() if units]
        self.steps.append((at_s, sum(map(sum, self.on_shelf.values()))))
        return any(moved.values())

    def _refills(self, at_s: float) -> list[tuple[float, int, str]]:
        low = [s for s in self.skus if len(self.on_shelf[s]) <= 2 and s not in self._awaited and self.chance.random() < 0.5]
        self._awaited.update(low[:1])
        return [(round(at_s + float(self.chance.uniform(15.0, 120.0)), 1), -1, f"refill:{sku}") for sku in low[:1]]

    def _pay(self, at_s: float, carried: list[tuple[str, float]]) -> None:
        if at_s < self.lasts_s:
            names = [sku for sku, _ in carried]
            self.sold += [Happening(at_s, sku, names.count(sku)) for sku in sorted(set(names))]


def sampled_g(shelf: Shelf, chance: np.random.Generator) -> tuple[Floats, Floats]:
    """What the scale feels, grams, and its temperature, ten times a second."""
    at_s = np.arange(round(shelf.lasts_s * RATE_HZ)) / RATE_HZ
    moments = np.array([at for at, _ in shelf.steps])
    loads_g = np.array([load for _, load in shelf.steps])
    felt_g = loads_g[np.searchsorted(moments, at_s + 1e-9, side="right") - 1].astype(np.float64)
    for (moment, after_g), (last, before_g) in zip(shelf.steps[1:], shelf.steps[:-1], strict=True):
        first = int(np.searchsorted(at_s, moment))
        since_s = at_s[first : first + 25] - moment
        swing_g = (0.05 * abs(after_g - before_g) + 2.0) * np.exp(-since_s / 0.22)
        felt_g[first : first + 25] += swing_g * np.cos(2 * np.pi * chance.uniform(2.5, 4.0) * since_s + chance.uniform(0, 6.28))
        leans_s = float(chance.uniform(6.0, 25.0)) if chance.random() < 0.05 else float(chance.uniform(0.4, 1.6))
        leans_s = min(leans_s, max(moment - last - 1.0, 0.3))
        lean = slice(max(0, first - round(leans_s * RATE_HZ)), first)
        force = float(chance.uniform(40.0, 700.0)) * np.sin(np.linspace(0.0, np.pi, lean.stop - lean.start)) ** 2
        felt_g[lean] += force if leans_s < 3.0 else 4.0 * force + 60.0 * np.sin(2 * np.pi * at_s[lean] / chance.uniform(2.5, 6.0))
    crept = np.zeros_like(felt_g)
    step = 1.0 - np.exp(-1.0 / RATE_HZ / 720.0)
    level = 0.0003 * felt_g[0]
    for i, load in enumerate(felt_g):
        level += (0.0003 * load - level) * step
        crept[i] = level
    warmth_c = 21.0 + chance.uniform(-2.0, 4.0) * (1.0 - np.exp(-at_s / 900.0))
    zero_g = chance.normal(0.0, 3.0) + chance.uniform(-1.5, 1.5) * (warmth_c - 21.0)
    noise_g = float(chance.choice([0.08, 0.12, 0.35], p=[0.4, 0.4, 0.2]))
    return felt_g + crept + zero_g + chance.normal(0.0, noise_g, at_s.size), warmth_c


def write_scenes(folder: Path, scenes: int, seed: int, minutes: float) -> None:
    """Write `composite_hard/` into `folder`: traces, truths, till lists and a plan."""
    into = folder / "composite_hard"
    into.mkdir(parents=True, exist_ok=True)
    shelves: dict[str, Any] = {}
    for number in range(scenes):
        chance = np.random.default_rng([seed, number])
        shelf = Shelf(chance, minutes * 60.0)
        shelf.play()
        name = f"made_{seed}_{number:02d}"
        counts_per_gram, tare = round(float(chance.uniform(130.0, 400.0)), 4), float(chance.integers(80_000, 800_000))
        felt_g, warmth_c = sampled_g(shelf, chance)
        heaviest_g = max(load for _, load in shelf.steps) + 3_000.0  # A hand may lean on it.
        counts_per_gram = min(counts_per_gram, round((COUNTS_MAX - tare) / heaviest_g, 4))
        raw = np.rint(tare + counts_per_gram * felt_g).astype(np.int64)
        glitches = chance.random(raw.size) < 2e-5
        raw[glitches] = chance.choice([COUNTS_MAX, -COUNTS_MAX - 1, 0], glitches.sum())
        _write(
            into / f"{name}.csv", ["t_s", "raw", "temperature_c"], zip(np.arange(raw.size) / RATE_HZ, raw, warmth_c.round(2), strict=True)
        )
        _write(into / f"{name}_truth.csv", ["t_s", "sku", "units"], sorted(shelf.happened))
        _write(into / f"{name}_till.csv", ["t_s", "sku", "units"], sorted(shelf.sold))
        shelves[name] = {
            "counts_per_gram": counts_per_gram,
            "tare_counts": tare,
            "skus": {
                sku: {"unit_weight_g": shelf.unit_g[sku], "start_units": shelf.start[sku], "capacity_units": shelf.capacity[sku]}
                for sku in shelf.skus
            },
            "elsewhere_in_store": {STRANGER: {"unit_weight_g": shelf.unit_g[STRANGER]}},
        }
    (into / "plan.json").write_text(json.dumps({"sample_rate_hz": RATE_HZ, "shelves": shelves}, indent=1))


def _write(path: Path, header: list[str], rows: Any) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def main() -> int:
    """Write scenes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scenes", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60.0)
    options = parser.parse_args()
    write_scenes(options.folder, options.scenes, options.seed, options.minutes)
    print(f"{options.scenes} scenes in {options.folder / 'composite_hard'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
