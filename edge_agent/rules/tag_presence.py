"""Which tags are in which zone, from reads that come two times in three and strays that come from next door.

Each (tag, zone) keeps a posterior over the rate at which it is read: hardly ever (gone), now and then (a stray from the next bay), or
often (here). The rate is the tag's own and is learned: a can behind a can is read one time in three and is here all the same. Being
here is the sum over the high rates; arriving and leaving have to cross thresholds that lie apart. It is the filter of a hidden Markov
model, after Baum and Petrie, Ann. Math. Stat. 1966; the idea to smooth per tag is Jeffery et al., VLDB J. 2008.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from edge_agent.readings import TagRead

Floats = npt.NDArray[np.float64]

_GROWTH = 256


class PresenceRule(NamedTuple):
    """How the presence of a tag is judged.

    `cycle_ms`: reads within a cycle count once. `away_rates`, `here_rates`: the read rates considered per cycle, of tags that are gone or
    strays, and of tags in the zone; they overlap, and the priors say how common each is. `trust` (0 to 1) discounts each cycle, because
    reads come in bursts and are not independent. `tags_max` bounds memory.
    """

    cycle_ms: int = 1_000
    away_rates: tuple[float, ...] = (0.002, 0.02, 0.06, 0.12, 0.2, 0.3, 0.42)
    away_prior: tuple[float, ...] = (0.05, 0.18, 0.14, 0.08, 0.035, 0.012, 0.004)
    here_rates: tuple[float, ...] = (0.2, 0.3, 0.42, 0.55, 0.68, 0.8, 0.9, 0.97)
    here_prior: tuple[float, ...] = (0.003, 0.015, 0.06, 0.11, 0.13, 0.11, 0.055, 0.017)
    trust: float = 0.6
    stays_s: float = 3_600.0
    returns_s: float = 2_400.0
    rate_lasts_s: float = 5_000.0
    arrived_from: float = 0.9
    left_below: float = 0.1
    forgotten_after_s: float = 600.0
    catch_up_cycles_max: int = 900
    tags_max: int = 20_000


class TagArrived(NamedTuple):
    """A tag is now believed to be in a zone."""

    at_ms: int
    epc: str
    zone_id: str
    confidence: float
    rssi_dbm: float


class TagDeparted(NamedTuple):
    """A tag is no longer believed to be in a zone."""

    at_ms: int
    epc: str
    zone_id: str
    confidence: float
    last_read_at_ms: int


class TagPresence:
    """Believes tags into zones and out of them.

    Args:
        zones_by_antenna: which zone each antenna looks at; several antennas may share one. Reads of other antennas are counted in
            `unknown_antenna_reads` and go nowhere.
        rule: how presence is judged.
    """

    def __init__(self, zones_by_antenna: Mapping[int, str], rule: PresenceRule | None = None) -> None:
        self._zones = dict(zones_by_antenna)
        self._rule = rule or PresenceRule()
        rates = np.array(self._rule.away_rates + self._rule.here_rates)
        self._here = np.arange(len(rates)) >= len(self._rule.away_rates)
        self._read_likelihood: Floats = rates**self._rule.trust
        self._silent_likelihood: Floats = (1.0 - rates) ** self._rule.trust
        self._rates: Floats = rates
        self._prior: Floats = np.array(self._rule.away_prior + self._rule.here_prior)
        self._prior /= self._prior.sum()
        self._step: Floats = _transitions(self._rule, self._prior, self._here)
        self._rows: dict[tuple[str, str], int] = {}
        self._keys: list[tuple[str, str]] = []
        self._belief: Floats = np.empty((0, len(rates)))
        self._read_now: npt.NDArray[np.bool_] = np.empty(0, dtype=np.bool_)
        self._present: npt.NDArray[np.bool_] = np.empty(0, dtype=np.bool_)
        self._last_read_ms: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._rssi_dbm: Floats = np.empty(0)
        self._cycle_ends_at_ms: int | None = None
        self.unknown_antenna_reads = 0
        self.late_reads = 0
        self.forgotten = 0

    def take(self, reads: Sequence[TagRead], now_ms: int) -> list[TagArrived | TagDeparted]:
        """Add reads, oldest first, and say who came and went until `now_ms`.

        A read of a cycle that is already judged counts in the present one, and in `late_reads`.
        """
        events: list[TagArrived | TagDeparted] = []
        for read in reads:
            if self._cycle_ends_at_ms is None:
                self._cycle_ends_at_ms = read.read_at_ms + self._rule.cycle_ms
            elif read.read_at_ms >= self._cycle_ends_at_ms:
                events += self.expire(read.read_at_ms)
            elif read.read_at_ms < self._cycle_ends_at_ms - self._rule.cycle_ms:
                self.late_reads += 1
            self._note(read)
        events += self.expire(now_ms)
        return events

    def expire(self, now_ms: int) -> list[TagArrived | TagDeparted]:
        """Judge every cycle that has ended by `now_ms`; silence counts too."""
        events: list[TagArrived | TagDeparted] = []
        if self._cycle_ends_at_ms is None:
            return events
        cycles = 0
        while self._cycle_ends_at_ms <= now_ms:
            if cycles >= self._rule.catch_up_cycles_max:
                self.pause(now_ms)
                break
            events += self._judge(self._cycle_ends_at_ms)
            self._cycle_ends_at_ms += self._rule.cycle_ms
            cycles += 1
        return events

    def pause(self, now_ms: int) -> None:
        """The reader was deaf until `now_ms`: its silence says nothing of the tags."""
        if self._cycle_ends_at_ms is not None:
            self._cycle_ends_at_ms = max(self._cycle_ends_at_ms, now_ms + self._rule.cycle_ms)

    def present(self) -> dict[tuple[str, str], float]:
        """Who is where now: (epc, zone) → confidence."""
        chances = self._belief[: len(self._keys)] @ self._here
        return {key: float(chances[row]) for key, row in self._rows.items() if self._present[row]}

    def _note(self, read: TagRead) -> None:
        zone = self._zones.get(read.antenna)
        if zone is None:
            self.unknown_antenna_reads += 1
            return
        row = self._rows.get((read.epc, zone))
        if row is None:
            row = self._new_row((read.epc, zone))
            self._rssi_dbm[row] = read.rssi_dbm
        else:
            self._rssi_dbm[row] += 0.2 * (read.rssi_dbm - self._rssi_dbm[row])
        self._read_now[row] = True
        self._last_read_ms[row] = read.read_at_ms

    def _new_row(self, key: tuple[str, str]) -> int:
        if len(self._keys) >= self._rule.tags_max:
            self._forget_one()
        row = len(self._keys)
        if row >= len(self._belief):
            self._grow()
        self._keys.append(key)
        self._rows[key] = row
        self._belief[row] = self._prior
        self._present[row] = False
        self._read_now[row] = False
        return row

    def _grow(self) -> None:
        more = max(_GROWTH, len(self._belief))
        self._belief = np.vstack([self._belief, np.zeros((more, self._belief.shape[1]))])
        self._read_now = np.concatenate([self._read_now, np.zeros(more, dtype=np.bool_)])
        self._present = np.concatenate([self._present, np.zeros(more, dtype=np.bool_)])
        self._last_read_ms = np.concatenate([self._last_read_ms, np.zeros(more, dtype=np.int64)])
        self._rssi_dbm = np.concatenate([self._rssi_dbm, np.zeros(more)])

    def _judge(self, at_ms: int) -> list[TagArrived | TagDeparted]:
        size = len(self._keys)
        if size == 0:
            return []
        read = self._read_now[:size]
        present = self._present[:size]
        belief = self._belief[:size]
        if not read.any() and float((belief[present] @ self._rates).sum()) > 5.0:
            return []  # Five or more should have been heard and none was: the reader is deaf, the tags are not gone.
        moved = belief @ self._step
        moved *= np.where(read[:, None], self._read_likelihood, self._silent_likelihood)
        moved /= moved.sum(axis=1, keepdims=True)
        self._belief[:size] = moved
        here = moved @ self._here
        events: list[TagArrived | TagDeparted] = []
        for row in np.flatnonzero(~present & (here >= self._rule.arrived_from)).tolist():
            epc, zone = self._keys[row]
            events.append(TagArrived(at_ms, epc, zone, min(float(here[row]), 1.0), float(self._rssi_dbm[row])))
            present[row] = True
        for row in np.flatnonzero(present & (here <= self._rule.left_below)).tolist():
            epc, zone = self._keys[row]
            events.append(TagDeparted(at_ms, epc, zone, min(1.0 - float(here[row]), 1.0), int(self._last_read_ms[row])))
            present[row] = False
        read[:] = False
        self._forget_silent(at_ms)
        return events

    def _forget_silent(self, at_ms: int) -> None:
        """Tags that are gone and were not heard for long are not worth their memory."""
        size = len(self._keys)
        old = ~self._present[:size] & (self._last_read_ms[:size] < at_ms - self._rule.forgotten_after_s * 1000.0)
        for row in np.flatnonzero(old)[::-1].tolist():
            self._drop(row)

    def _forget_one(self) -> None:
        """Memory is full: the absent tag that was silent longest goes, or the present one if all are present."""
        size = len(self._keys)
        score = self._last_read_ms[:size] + np.where(self._present[:size], np.int64(2**62), np.int64(0))
        self._drop(int(np.argmin(score)))
        self.forgotten += 1

    def _drop(self, row: int) -> None:
        last = len(self._keys) - 1
        del self._rows[self._keys[row]]
        if row != last:
            self._keys[row] = self._keys[last]
            self._rows[self._keys[row]] = row
            for column in (self._belief, self._read_now, self._present, self._last_read_ms, self._rssi_dbm):
                column[row] = column[last]
        self._keys.pop()


def _transitions(rule: PresenceRule, prior: Floats, here: npt.NDArray[np.bool_]) -> Floats:
    """(k, k) chances to go from one rate to another in a cycle, rows sum to 1."""
    cycle_s = rule.cycle_ms / 1000.0
    leaves, returns, wanders = cycle_s / rule.stays_s, cycle_s / rule.returns_s, cycle_s / rule.rate_lasts_s
    to_here = np.where(here, prior, 0.0)
    to_here /= to_here.sum()
    to_away = np.where(here, 0.0, prior)
    to_away[0] = to_away.sum()  # Half of those that leave are gone, half become strays.
    to_away /= to_away.sum()
    step: Floats = np.empty((len(prior), len(prior)))
    for index in range(len(prior)):
        crossing, same, other = (leaves, to_here, to_away) if here[index] else (returns, to_away, to_here)
        step[index] = wanders * same + crossing * other
        step[index, index] += 1.0 - step[index].sum()
    return step
