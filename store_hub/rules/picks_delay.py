"""How long shoppers carry goods before they pay, learned from the recording itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import exp, log
from statistics import median

USUAL_S = 260.0
PAIRS_MIN = 8
STEP_S = 5.0
NEVER_PAID = 0.03
LATE = 0.002
"""Share of the density that reaches far beyond the usual: a shopper may sit down for a coffee."""


class PaidAfter:
    """A broad density with soft edges around a usual delay: from an eighth of it to one and three quarters.

    Args:
        usual_s: the median time between taking and paying, seconds, above zero.
    """

    def __init__(self, usual_s: float = USUAL_S) -> None:
        self.soonest_s, self.latest_s = 0.12 * usual_s, 1.73 * usual_s
        edge_s = 0.15 * usual_s
        steps = int(12 * usual_s / STEP_S) + 1
        ages = [(i + 0.5) * STEP_S for i in range(steps)]
        raw = [
            1.0 / (1.0 + exp((self.soonest_s - age) / (edge_s / 4))) / (1.0 + exp((age - self.latest_s) / edge_s))
            + LATE * exp(-age / (3.0 * usual_s))
            for age in ages
        ]
        total = sum(raw)
        self._log_density = [log(value / total / STEP_S * (1.0 - NEVER_PAID)) for value in raw]
        left = 1.0
        self._log_unpaid: list[float] = []
        for value in raw:
            self._log_unpaid.append(log(max(left, 0.0) * (1.0 - NEVER_PAID) + NEVER_PAID))
            left -= value / total

    def log_density(self, after_s: float) -> float:
        """Nats for being paid so long after being taken; before it was taken it is all but impossible, yet the worse the earlier."""
        if after_s < 0.0:
            return -25.0 + after_s / 10.0
        step = int(after_s / STEP_S)
        return self._log_density[step] if step < len(self._log_density) else -30.0

    def log_unpaid(self, after_s: float) -> float:
        """Nats for being unpaid still."""
        return self._log_unpaid[min(max(int(after_s / STEP_S), 0), len(self._log_unpaid) - 1)]


def usual_delay_s(taken: Sequence[Iterable[float]], sold: Sequence[Iterable[float]]) -> float:
    """The median delay when what was taken first is sold first.

    Args:
        taken, sold: one series of moments (seconds) per article, one moment per unit.
    """
    delays: list[float] = []
    for taken_s, sold_s in zip(taken, sold, strict=True):
        waiting = sorted(taken_s)
        delays += [at_s - waiting.pop(0) for at_s in sorted(sold_s) if waiting and waiting[0] < at_s]
    return max(median(delays), 4 * STEP_S) if len(delays) >= PAIRS_MIN else USUAL_S
