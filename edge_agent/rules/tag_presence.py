"""Which tags are in which zone, from reads that come two times in three and strays that come from next door.

Reads are gathered into cycles. A hidden Markov model learns how often and in what bursts each tag is read in each zone (`tag_chances`), and
where each tag is, for it is in one place only (`tag_zones`). Arriving and leaving have to cross thresholds that lie apart. The idea to
smooth per tag is Jeffery et al., VLDB J. 2008.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from edge_agent.readings import TagRead
from edge_agent.rules.tag_chances import Bools, ChancesRule, TagChances
from edge_agent.rules.tag_rows import TagRows
from edge_agent.rules.tag_zones import TagZones

_RSSI_SMOOTHING = 0.2
_DEAF_READS_MISSED = 5.0
_CYCLES_READ_MIN = 2  # A single read is a tag carried past, or a read that went wrong.


class PresenceRule(NamedTuple):
    """How the presence of a tag is judged.

    `cycle_ms`: reads of a zone within a cycle count once. `arrived_from`, `left_below`: the chances at which a tag is told to have come
    and gone; between them, what was told is corrected when it has been the less likely by `doubt_s` (seconds × how far from even).
    `moved_within_s`: a departure and an arrival so close together are a move. `learn_every_cycles`: how often the common part is
    learned. `tags_max` bounds the memory: (tag, zone) pairs.
    """

    cycle_ms: int = 1_000
    arrived_from: float = 0.85
    left_below: float = 0.12
    doubt_s: float = 20.0
    moved_within_s: float = 60.0
    learn_every_cycles: int = 30
    forgotten_after_s: float = 600.0
    catch_up_cycles_max: int = 900
    tags_max: int = 20_000
    chances: ChancesRule = ChancesRule()


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


class TagShifted(NamedTuple):
    """A tag left one zone and arrived in another at about the same time; both were told too. `confidence` is that of the new place."""

    at_ms: int
    epc: str
    from_zone_id: str
    to_zone_id: str
    confidence: float


PresenceEvent = TagArrived | TagDeparted | TagShifted


class TagPresence:
    """Believes tags into zones and out of them.

    Args:
        zones_by_antenna: which zone each antenna looks at; several antennas may share one. Reads of other antennas are counted in
            `unknown_antenna_reads` and go nowhere.
        rule: how presence is judged.
        passed_over: antennas that are known and look at no zone.
    """

    def __init__(self, zones_by_antenna: Mapping[int, str], rule: PresenceRule | None = None, *, passed_over: Sequence[int] = ()) -> None:
        self._rule = rule or PresenceRule()
        self._zone_of_antenna = dict(zones_by_antenna)
        self._passed_over = frozenset(passed_over)
        self._zone_ids = sorted(set(zones_by_antenna.values()))
        self._numbers = {zone_id: number for number, zone_id in enumerate(self._zone_ids)}
        self._chances = TagChances(self._rule.chances, self._rule.cycle_ms / 1000.0)
        chances, cycle_s = self._rule.chances, self._rule.cycle_ms / 1000.0
        self._zones = TagZones(
            len(self._zone_ids), leaves=cycle_s / chances.stays_s, returns=cycle_s / chances.returns_s, newcomer=chances.newcomer
        )
        self._rows = TagRows(self._chances.states)
        self._deaf: set[int] = set()
        self._deaf_zones: Bools = np.zeros(len(self._zone_ids), dtype=np.bool_)
        self._cycles = 0
        self._cycle_ends_at_ms: int | None = None
        self.unknown_antenna_reads = 0
        self.late_reads = 0
        self.forgotten = 0

    def take(self, reads: Sequence[TagRead], now_ms: int) -> list[PresenceEvent]:
        """Add reads, oldest first, and say who came and went until `now_ms`.

        A read of a cycle that is already judged counts in the present one, and in `late_reads`.
        """
        events: list[PresenceEvent] = []
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

    def expire(self, now_ms: int) -> list[PresenceEvent]:
        """Judge every cycle that has ended by `now_ms`; silence counts too."""
        events: list[PresenceEvent] = []
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

    def hears(self, antenna: int, is_well: bool) -> None:
        """Whether an antenna is connected. While all antennas of a zone are not, the zone's silence says nothing of its tags."""
        (self._deaf.discard if is_well else self._deaf.add)(antenna)
        heard = {zone for number, zone in self._zone_of_antenna.items() if number not in self._deaf}
        self._deaf_zones = np.array([zone not in heard for zone in self._zone_ids], dtype=np.bool_)

    def present(self) -> dict[tuple[str, str], float]:
        """Who is where now: (epc, zone) → confidence."""
        rows = self._rows
        return {rows.keys[row]: float(rows.chance[row]) for row in np.flatnonzero(rows.present).tolist()}

    def _note(self, read: TagRead) -> None:
        zone = self._zone_of_antenna.get(read.antenna)
        if zone is None:
            self.unknown_antenna_reads += read.antenna not in self._passed_over
            return
        rows = self._rows
        row = rows.find((read.epc, zone))
        if row is None:
            if len(rows) >= self._rule.tags_max:
                self._forget_one()
            row = rows.add((read.epc, zone), self._numbers[zone], self._chances.newcomer(), read.rssi_dbm)
            beside = np.flatnonzero(rows.tag == rows.tag[row])
            self._zones.begin(rows.places, row, beside[beside != row])
        rows.note(row, read.read_at_ms, read.rssi_dbm, smoothing=_RSSI_SMOOTHING)

    def _judge(self, at_ms: int) -> list[PresenceEvent]:
        rows = self._rows
        if not len(rows):
            return []
        if not rows.read.any() and float(self._chances.expected(rows.belief[rows.present]).sum()) > _DEAF_READS_MISSED:
            return []  # So many should have been heard and none was: the reader is deaf, the tags are not gone.
        moved, new_strays, new_here = self._zones.moved(rows.places, rows.tag)
        stepped, likely = self._chances.step(rows.belief, rows.read, rows.was_read, new_strays, new_here)
        if self._deaf_zones.any():
            deaf = self._deaf_zones[rows.zone][:, None]
            stepped, likely = np.where(deaf, rows.belief, stepped), np.where(deaf, 1.0, likely)
        rows.store(stepped, self._zones.heard(moved, likely, rows.tag))
        rows.chance[:] = self._zones.chances(rows.places, rows.tag, rows.zone, rows.rssi_dbm)
        self._cycles += 1
        if self._cycles % self._rule.learn_every_cycles == 0:
            self._chances.learn(rows.belief, self._zones.strays(rows.places, rows.tag), rows.places.here)
            self._zones.learn(rows.places, rows.tag, rows.zone, rows.rssi_dbm, rows.present)
        events = self._told(at_ms)
        rows.was_read[:] = rows.read
        rows.read[:] = False
        self._forget_silent(at_ms)
        return events

    def _told(self, at_ms: int) -> list[PresenceEvent]:
        """Who crosses a threshold. Departures come first: a tag that moves is never in two places."""
        rows = self._rows
        against = np.where(rows.present, 0.5 - rows.chance, rows.chance - 0.5) * (self._rule.cycle_ms / 1000.0)
        rows.doubt_s[:] = np.maximum(rows.doubt_s + against, 0.0)
        doubted = rows.doubt_s > self._rule.doubt_s
        left = np.flatnonzero(rows.present & (doubted | (rows.chance <= self._rule.left_below))).tolist()
        likely = doubted | self._surely_here() | (rows.chance >= self._rule.arrived_from)
        came = np.flatnonzero(~rows.present & likely & (rows.cycles_read >= _CYCLES_READ_MIN)).tolist()
        events: list[PresenceEvent] = []
        for row in left:
            epc, zone = rows.keys[row]
            events.append(TagDeparted(at_ms, epc, zone, 1.0 - float(rows.chance[row]), int(rows.last_read_ms[row])))
        for row in came:
            epc, zone = rows.keys[row]
            events.append(TagArrived(at_ms, epc, zone, min(float(rows.chance[row]), 1.0), float(rows.rssi_dbm[row])))
        rows.present[left], rows.present[came] = False, True
        rows.changed_ms[left] = rows.changed_ms[came] = at_ms
        rows.doubt_s[left] = rows.doubt_s[came] = 0.0
        return events + self._shifts(left, came, at_ms)

    def _surely_here(self) -> Bools:
        """(n,) the likeliest zone of a tag that is in none yet and surely is in one: several antennas read it alike."""
        rows = self._rows
        if len(self._zone_ids) < 2:
            return np.zeros(len(rows), dtype=np.bool_)
        placed = np.bincount(rows.tag, rows.present)[rows.tag] > 0
        inside = np.bincount(rows.tag, rows.chance)[rows.tag]
        doubtful = np.flatnonzero(~placed & (inside >= self._rule.arrived_from))
        likeliest = np.zeros(len(rows), dtype=np.bool_)
        best: dict[int, int] = {}
        for row in doubtful.tolist():
            tag = int(rows.tag[row])
            if tag not in best or rows.chance[row] > rows.chance[best[tag]]:
                best[tag] = row
        likeliest[list(best.values())] = True
        return likeliest

    def _shifts(self, left: list[int], came: list[int], at_ms: int) -> list[PresenceEvent]:
        """Tags that left one zone and came to another within `moved_within_s`: told when the later of the two is."""
        rows = self._rows
        since_ms = at_ms - round(1000.0 * self._rule.moved_within_s)
        events: list[PresenceEvent] = []
        if len(self._zone_ids) < 2:
            return events
        for row in came + left:
            others = (rows.tag == rows.tag[row]) & (rows.changed_ms >= since_ms) & (rows.present != rows.present[row])
            if row in left:
                others &= rows.changed_ms < at_ms  # Both at once: told for the zone it came to.
            others[row] = False
            if others.any():
                other = int(np.flatnonzero(others)[np.argmax(rows.changed_ms[others])])
                old, new = (other, row) if rows.present[row] else (row, other)
                chance = min(float(rows.chance[new]), 1.0)
                events.append(TagShifted(at_ms, rows.keys[row][0], rows.keys[old][1], rows.keys[new][1], chance))
        return events

    def _forget_silent(self, at_ms: int) -> None:
        """Tags that are gone and were not heard for long are not worth their memory."""
        rows = self._rows
        old = ~rows.present & (rows.last_read_ms < at_ms - self._rule.forgotten_after_s * 1000.0)
        for row in np.flatnonzero(old)[::-1].tolist():
            rows.drop(row)

    def _forget_one(self) -> None:
        """Memory is full: the absent tag that was silent longest goes, or the present one if all are present."""
        rows = self._rows
        score = rows.last_read_ms + np.where(rows.present, np.int64(2**62), np.int64(0))
        rows.drop(int(np.argmin(score)))
        self.forgotten += 1
