"""How often a tag is read where it is, and where it only strays in: a hidden Markov model per (tag, zone), all stepped at once.

Of each row we keep what its read rate may be were the tag here, and what were it a stray, and how bursty its reads are. Reads are no
independent draws: whoever stands before a tag hides it for seconds. With burstiness b, the chance of a read is `b * (read last cycle) +
(1 - b) * rate`: a chain with the tag's own rate as its mean and 1 / (1 - b) cycles as the mean time between fresh draws. Rate and
burstiness are the tag's own and are learned. What all residents have in common, and all strays, is learned too, as a Beta distribution
of their rates (empirical Bayes), and is where a new tag begins. The filter is Baum and Petrie's, Ann. Math. Stat. 1966, on a chain
after Gilbert, Bell Syst. Tech. J. 1960; `tag_zones` has the other half of it, the places.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

_POINTS_PER_BIN = 16


class ChancesRule(NamedTuple):
    """What is considered possible, and how common it is before any tag was heard.

    Rates are chances of a read per cycle; residents and strays first have Beta distributions with the given mean and concentration
    (a + b). `gone_read` allows for a read of a tag that is gone: a late report, somebody who passes with it. `stays_s`, `returns_s`:
    how long a tag is here or away in the mean. `wanders_s`: after how long its rate changes, because somebody moved what stands before
    it. `population_tags`: how many tags these first guesses are worth when the common part is learned.
    """

    stray_rates: tuple[float, ...] = (0.005, 0.02, 0.04, 0.07, 0.1, 0.14, 0.19, 0.25, 0.33, 0.42)
    stray_mean: float = 0.08
    stray_concentration: float = 12.0
    here_rates: tuple[float, ...] = (0.06, 0.12, 0.18, 0.25, 0.33, 0.41, 0.5, 0.58, 0.66, 0.74, 0.82, 0.9, 0.97)
    here_mean: float = 0.65
    here_concentration: float = 5.0
    bursts: tuple[float, ...] = (0.0, 0.2, 0.4, 0.6, 0.8)
    bursts_prior: tuple[float, ...] = (0.4, 0.25, 0.18, 0.12, 0.05)
    newcomer: tuple[float, float, float] = (0.2, 0.55, 0.25)
    gone_read: float = 1e-4
    stays_s: float = 3_600.0
    returns_s: float = 3_600.0
    wanders_s: float = 20_000.0
    population_tags: float = 30.0


class TagChances:
    """Steps beliefs, an (n, k) array with one row per (tag, zone): columns are rates and bursts of a stray, then of a resident, and each of
    these two parts sums to 1.

    Args:
        rule: the rates considered and their first chances.
        cycle_s: how long a cycle is.
    """

    def __init__(self, rule: ChancesRule, cycle_s: float) -> None:
        self._rule = rule
        self._stray_rates, self._here_rates = np.array(rule.stray_rates), np.array(rule.here_rates)
        burst = np.tile(rule.bursts, len(rule.stray_rates) + len(rule.here_rates))
        rate = np.repeat(np.concatenate([self._stray_rates, self._here_rates]), len(rule.bursts))
        fresh = (1.0 - burst) * rate
        self._evidence: Floats = np.stack([1.0 - fresh, fresh, 1.0 - burst - fresh, burst + fresh])
        self._rates: Floats = rate
        self._wanders = cycle_s / rule.wanders_s
        self._cut = len(rule.stray_rates) * len(rule.bursts)
        self._bursts = np.array(rule.bursts_prior) / sum(rule.bursts_prior)
        self._strays = beta_shares(self._stray_rates, rule.stray_mean, rule.stray_concentration)
        self._heres = beta_shares(self._here_rates, rule.here_mean, rule.here_concentration)
        self._stray_prior: Floats = np.outer(self._strays, self._bursts).ravel()
        self._here_prior: Floats = np.outer(self._heres, self._bursts).ravel()

    @property
    def states(self) -> int:
        """How many columns a belief has."""
        return len(self._rates)

    def newcomer(self) -> Floats:
        """(k,) what is believed of a tag's rates before its first read is weighed."""
        return np.concatenate([self._stray_prior, self._here_prior])

    def expected(self, belief: Floats) -> Floats:
        """(n,) how often each tag is read in a cycle if it is here."""
        rates: Floats = belief[:, self._cut :] @ self._rates[self._cut :]
        return rates

    def step(self, belief: Floats, read: Bools, was_read: Bools, new_strays: Floats, new_here: Floats) -> tuple[Floats, Floats]:
        """Return the (n, k) beliefs a cycle on, and (n, 3) how likely was what was heard, were the tag gone, a stray, or here.

        Args:
            read, was_read: (n,) whether it was read in this cycle, in the last one.
            new_strays, new_here: (n,) the share of strays, of residents, who have only now become so: their rates are anybody's.
        """
        moved = np.empty_like(belief)
        parts = ((slice(None, self._cut), self._stray_prior, new_strays), (slice(self._cut, None), self._here_prior, new_here))
        for part, prior, new in parts:
            kept = ((1.0 - self._wanders) * (1.0 - new))[:, None]
            moved[:, part] = belief[:, part] * kept + (1.0 - kept) * prior
        moved *= self._evidence[2 * was_read.astype(np.intp) + read]
        likely = np.empty((len(belief), 3))
        likely[:, 0] = np.where(read, self._rule.gone_read, 1.0 - self._rule.gone_read)
        for column, (part, _, _) in enumerate(parts, start=1):
            likely[:, column] = moved[:, part].sum(axis=1)
            moved[:, part] /= likely[:, column : column + 1]
        return moved, likely

    def learn(self, belief: Floats, strays: Floats, here: Floats) -> None:
        """Learn from all tags what residents and strays have in common.

        Args:
            belief: (n, k).
            strays, here: (n,) the chance of each to be a stray, to be here.
        """
        stray, resident = (
            total.reshape(-1, len(self._bursts)) for total in (strays @ belief[:, : self._cut], here @ belief[:, self._cut :])
        )
        # A stray that is read seldom says little of bursts: its share of the belief is mostly the prior it began with.
        bursts = self._bursts * self._rule.population_tags + resident.sum(axis=0)
        bursts /= bursts.sum()
        self._stray_prior = np.outer(self._fitted(self._stray_rates, self._strays, stray.sum(axis=1)), bursts).ravel()
        self._here_prior = np.outer(self._fitted(self._here_rates, self._heres, resident.sum(axis=1)), bursts).ravel()

    def _fitted(self, rates: Floats, first: Floats, found: Floats) -> Floats:
        """The Beta distribution with the moments of what was found and of the first guess together."""
        total = first * self._rule.population_tags + found
        total /= total.sum()
        mean = float(total @ rates)
        spread = float(total @ (rates - mean) ** 2)
        return beta_shares(rates, mean, min(max(mean * (1.0 - mean) / spread - 1.0, 2.0), 100.0))


def beta_shares(rates: Floats, mean: float, concentration: float) -> Floats:
    """(r,) how much of a Beta distribution lies nearest to each of the ascending `rates`; sums to 1."""
    edges = np.concatenate([[0.0], (rates[1:] + rates[:-1]) / 2.0, [1.0]])
    inside = (np.arange(_POINTS_PER_BIN) + 0.5) / _POINTS_PER_BIN
    points = edges[:-1, None] + np.diff(edges)[:, None] * inside
    a, b = mean * concentration, (1.0 - mean) * concentration
    logs = (a - 1.0) * np.log(points) + (b - 1.0) * np.log1p(-points)
    shares: Floats = np.exp(logs - logs.max()).mean(axis=1) * np.diff(edges) + 1e-12
    shares /= shares.sum()
    return shares
