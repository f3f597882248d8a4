"""What happens in the zones of one camera's floor: who enters, how long they stay, who stops, who waits, and from where to where people go.

A zone is a polygon on the store's plan, metres. What comes out are counts and times; who is behind them is forgotten with their track.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from edge_agent.rules.stays import Stay, StayRule, continued

Floats = npt.NDArray[np.float64]
ZoneKind = Literal["aisle", "entrance", "queue", "till", "reach", "staff", "other"]


class FloorZone(NamedTuple):
    """`corners` (n, 2), metres on the plan, in order around it; the last joins the first. `reach`: within arm's length of shelves."""

    zone_id: str
    kind: ZoneKind
    corners: Floats


@dataclass(frozen=True, slots=True)
class ZoneRule:
    """`enter_ms`: how long inside makes a visit, so that a foot on the border makes none; `away_ms`: a shorter time outside does not end
    one; `staff_ms`: who is so long in a staff zone is staff for as long as they are followed.
    """

    stay: StayRule = field(default_factory=StayRule)
    enter_ms: int = 500
    away_ms: int = 2_000
    staff_ms: int = 3_000


class ZoneTotal(NamedTuple):
    """One zone in one interval: visits begun, persons × ms, visits that came to a stop, and persons × ms stopped."""

    entries: int
    person_ms: int
    stopped: int
    stopped_ms: int


class QueueTotal(NamedTuple):
    """One queue in one interval: persons × ms waited, most at once, and the waits that ended: how many, together, the longest."""

    waiting_ms: int
    people_max: int
    waits: int
    waited_ms: int
    waited_max_ms: int


class ZonesTold(NamedTuple):
    """An interval of all zones. Staff zones tell nothing but `staff_ms`. `paths`: visits of the second zone by who came from the first."""

    zones: dict[str, ZoneTotal]
    queues: dict[str, QueueTotal]
    paths: dict[tuple[str, str], int]
    staff_ms: int


@dataclass(slots=True)
class _Visit:
    entered_ms: int
    inside_ms: int
    counted: bool = False
    stopped: bool = False
    stopped_through_ms: int = 0


@dataclass(slots=True)
class _Person:
    seen_ms: int
    stay: Stay | None = None
    visits: dict[int, _Visit] = field(default_factory=dict)
    last_zone: int | None = None
    staff: bool = False


class ZoneWatcher:
    """Takes everybody's feet frame by frame, oldest first; adds up until asked. Knows nobody for longer than they are followed."""

    def __init__(self, zones: Sequence[FloorZone], rule: ZoneRule) -> None:
        self._zones = list(zones)
        self._outlines = _Outlines([zone.corners for zone in zones])
        self._rule = rule
        self._people: dict[int, _Person] = {}
        self._counts: dict[str, Counter[int]] = {}
        self._queue_max: Counter[int] = Counter()
        self._waited_max: Counter[int] = Counter()
        self._paths: Counter[tuple[str, str]] = Counter()
        self._staff_ms = 0

    def take(self, ids: Iterable[int], feet_m: Floats, now_ms: int, since_ms: int) -> list[int]:
        """Watch one frame; returns the people who turned out to be staff with it.

        Args:
            ids: of the people, whose feet are `feet_m`, (n, 2) metres; not a number where the floor cannot be seen.
            since_ms: the frame before, or later after a stall: everybody is held to have been where they are since then.
        """
        turned: list[int] = []
        inside = self._outlines.hold(feet_m).tolist()
        for row, person_id in enumerate(ids):
            person = self._people.setdefault(person_id, _Person(now_ms))
            if now_ms - person.seen_ms > self._rule.away_ms:
                person.stay = None
            person.seen_ms = now_ms
            x_m, y_m = float(feet_m[row, 0]), float(feet_m[row, 1])
            if np.isfinite(x_m) and np.isfinite(y_m):
                person.stay = continued(person.stay, x_m, y_m, now_ms, self._rule.stay)
            was_staff = person.staff
            for zone in range(len(self._zones)):
                self._step(person, zone, inside[zone][row], now_ms, since_ms)
            if person.staff:
                self._staff_ms += now_ms - since_ms
                if not was_staff:
                    turned.append(person_id)
        self._leave(now_ms)
        self._measure_queues()
        return turned

    def is_staff(self, person_id: int) -> bool:
        """Whether a person has been seen to belong behind the counter."""
        person = self._people.get(person_id)
        return person is not None and person.staff

    def behind_counter(self, feet_m: Floats) -> npt.NDArray[np.bool_]:
        """Which of (n, 2) feet stand in a staff zone: (n,) flags."""
        staff = [zone.kind == "staff" for zone in self._zones]
        if not any(staff):
            return np.zeros(len(feet_m), dtype=bool)
        return np.asarray(self._outlines.hold(feet_m)[staff].any(axis=0), dtype=bool)

    def finish(self) -> None:
        """Everybody leaves: the recording has ended or the camera was lost."""
        for person in self._people.values():
            for zone in list(person.visits):
                self._close(person, zone)
        self._people.clear()

    def tell(self) -> ZonesTold:
        """Hand over what has come together since last asked, quiet zones included."""
        told = ZonesTold(self._zone_totals(), self._queue_totals(), dict(sorted(self._paths.items())), self._staff_ms)
        self._counts, self._staff_ms = {}, 0
        self._queue_max, self._waited_max, self._paths = Counter(), Counter(), Counter()
        self._measure_queues()  # Who waits as the next interval begins waits in it.
        return told

    def _step(self, person: _Person, zone: int, inside: bool, now_ms: int, since_ms: int) -> None:
        kind = self._zones[zone].kind
        visit = person.visits.get(zone)
        if visit is not None and now_ms - visit.inside_ms > self._rule.away_ms:
            self._close(person, zone)
            visit = None
        if not inside or (person.staff and kind != "staff"):
            return
        if kind != "staff":
            self._add("person_ms", zone, now_ms - since_ms)
        if visit is None:
            visit = person.visits[zone] = _Visit(now_ms, now_ms, stopped_through_ms=now_ms)
        before_ms, visit.inside_ms = visit.inside_ms, now_ms
        if kind == "staff":
            person.staff = person.staff or now_ms - visit.entered_ms >= self._rule.staff_ms
            return
        if not visit.counted and now_ms - visit.entered_ms >= self._rule.enter_ms:
            self._enter(person, zone, visit)
        if visit.stopped and kind == "queue":
            self._add("waiting_ms", zone, now_ms - before_ms)
        if person.stay is not None and person.stay.stopped:
            self._stop(person.stay, zone, visit, now_ms)

    def _enter(self, person: _Person, zone: int, visit: _Visit) -> None:
        visit.counted = True
        self._add("entries", zone, 1)
        if self._zones[zone].kind == "reach":  # It lies within an aisle, and is no place on the way.
            return
        if person.last_zone is not None and person.last_zone != zone:
            self._paths[self._zones[person.last_zone].zone_id, self._zones[zone].zone_id] += 1
        person.last_zone = zone

    def _stop(self, stay: Stay, zone: int, visit: _Visit, now_ms: int) -> None:
        self._add("stopped_ms", zone, now_ms - max(visit.stopped_through_ms, stay.since_ms))
        visit.stopped_through_ms = now_ms
        if visit.counted and not visit.stopped:
            visit.stopped = True
            self._add("stopped", zone, 1)
            if self._zones[zone].kind == "queue":  # They have been waiting since they came.
                self._add("waiting_ms", zone, now_ms - visit.entered_ms)

    def _leave(self, now_ms: int) -> None:
        for person_id in [number for number, person in self._people.items() if now_ms - person.seen_ms > self._rule.away_ms]:
            person = self._people.pop(person_id)
            for zone in list(person.visits):
                self._close(person, zone)

    def _close(self, person: _Person, zone: int) -> None:
        visit = person.visits.pop(zone)
        if visit.stopped and not person.staff and self._zones[zone].kind == "queue":
            waited_ms = visit.inside_ms - visit.entered_ms
            self._add("waits", zone, 1)
            self._add("waited_ms", zone, waited_ms)
            self._waited_max[zone] = max(self._waited_max[zone], waited_ms)

    def _measure_queues(self) -> None:
        waiting: Counter[int] = Counter()
        for person in self._people.values():
            if not person.staff:
                waiting.update(zone for zone, visit in person.visits.items() if visit.stopped and self._zones[zone].kind == "queue")
        for zone, people in waiting.items():
            self._queue_max[zone] = max(self._queue_max[zone], people)

    def _add(self, what: str, zone: int, amount: int) -> None:
        self._counts.setdefault(what, Counter())[zone] += amount

    def _zone_totals(self) -> dict[str, ZoneTotal]:
        columns = [self._counts.get(what, Counter()) for what in ("entries", "person_ms", "stopped", "stopped_ms")]
        return {
            zone.zone_id: ZoneTotal(*(column[number] for column in columns))
            for number, zone in enumerate(self._zones)
            if zone.kind != "staff"
        }

    def _queue_totals(self) -> dict[str, QueueTotal]:
        waiting, waits, waited = (self._counts.get(what, Counter()) for what in ("waiting_ms", "waits", "waited_ms"))
        return {
            zone.zone_id: QueueTotal(waiting[number], self._queue_max[number], waits[number], waited[number], self._waited_max[number])
            for number, zone in enumerate(self._zones)
            if zone.kind == "queue"
        }


class _Outlines:
    """All polygons at once: their sides in one array, so that twenty zones cost little more than one."""

    def __init__(self, polygons: Sequence[Floats]) -> None:
        self._count = len(polygons)
        self._first_side = np.cumsum([0, *(len(corners) for corners in polygons)])[:-1]
        starts = np.concatenate([*polygons, np.zeros((0, 2))])
        ends = np.concatenate([*(np.roll(corners, -1, axis=0) for corners in polygons), np.zeros((0, 2))])
        self._x1, self._y1, self._y2 = starts[:, :1], starts[:, 1:], ends[:, 1:]
        height = ends[:, 1:] - starts[:, 1:]
        self._slope = (ends[:, :1] - starts[:, :1]) / np.where(height != 0.0, height, 1.0)  # A level side is never spanned.

    def hold(self, points: Floats) -> npt.NDArray[np.bool_]:
        """Which of (n, 2) points lie in which polygon: (polygons, n) flags, by the even-odd rule; not a number lies nowhere."""
        if self._count == 0 or len(points) == 0:
            return np.zeros((self._count, len(points)), dtype=bool)
        x, y = points[:, 0], points[:, 1]
        with np.errstate(invalid="ignore"):
            spans = (self._y1 <= y) != (self._y2 <= y)
            crossed = spans & (x < self._x1 + (y - self._y1) * self._slope)
        return np.asarray(np.add.reduceat(crossed, self._first_side, axis=0, dtype=np.int64) % 2 == 1)
