"""Which moments of a film a person should look at, so that little looking says how well a camera counts.

Every moment of the film belongs, for each door line, to exactly one part, so that nothing is judged twice and nothing falls between:

- an *event* for each crossing that the camera counted: the time around it, at most `around_s` to each side, but never beyond the
  middle between it and its neighbour. All of them are judged, or a random sample of `events_max`.
- *quiet* stretches of at most `stretch_s`: time in which the camera counted nobody and something moved near the line. A random sample
  of them is looked at, for only there can it be found what the camera misses far from anything it counted.
- *still* time: no pixel near the line changed, so nobody crossed it. It needs no look, and this does not rest on the detector's word.

The sample is drawn by the caller's seeded random numbers: the same film and seed ask for the same looks.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

from edge_agent.rules.doorway import Crossing, Direction

Span = tuple[int, int]
"""Half-open, milliseconds."""


@dataclass(frozen=True, slots=True)
class AuditRule:
    """How much is looked at. Seconds of film; items of each door line."""

    around_s: float = 2.0
    stretch_s: float = 8.0
    events_max: int = 200
    quiet_max: int = 40


class AuditItem(NamedTuple):
    """A stretch of film to look at, half-open, milliseconds. `number` counts an audit's items from 1; quiet ones have no crossing."""

    number: int
    door_id: str
    kind: Literal["event", "quiet"]
    from_ms: int
    until_ms: int
    at_ms: int
    direction: Direction | None = None
    person: int | None = None


class DoorSample(NamedTuple):
    """What is looked at of one door, out of how much: crossings counted, and the length of quiet and still time."""

    door_id: str
    counted: int
    film_ms: int
    quiet_ms: int
    still_ms: int
    items: list[AuditItem]


def draw_sample(
    moving: Mapping[str, Sequence[Span]], crossings: Sequence[Crossing], film_ms: int, rule: AuditRule, chance: random.Random
) -> list[DoorSample]:
    """Choose what to look at, door by door; items are numbered over all doors, in order of time within a door.

    Args:
        moving: of each door, when something moved near its line; in order, not overlapping.
        crossings: all that the camera counted, in any order; times from 0.
        film_ms: length of the film.
    """
    samples: list[DoorSample] = []
    number = 0
    for door_id, spans_moving in moving.items():
        own = sorted((crossing for crossing in crossings if crossing.door_id == door_id), key=lambda c: (c.taken_at_ms, c.number, c.person))
        spans = _event_spans([crossing.taken_at_ms for crossing in own], film_ms, rule)
        free = _between(spans, film_ms)
        quiet = _cut([both for span in free for both in _within(span, spans_moving)], rule)
        chosen = _sample(range(len(own)), rule.events_max, chance)
        looked = _sample(range(len(quiet)), rule.quiet_max, chance)
        found = [AuditItem(0, door_id, "event", *spans[i], own[i].taken_at_ms, own[i].direction, own[i].person) for i in chosen]
        found += [AuditItem(0, door_id, "quiet", *quiet[i], (quiet[i][0] + quiet[i][1]) // 2) for i in looked]
        items = []
        for item in sorted(found, key=lambda item: (item.from_ms, item.until_ms)):
            number += 1
            items.append(item._replace(number=number))
        quiet_ms = _length_ms(quiet)
        samples.append(DoorSample(door_id, len(own), film_ms, quiet_ms, _length_ms(free) - quiet_ms, items))
    return samples


def _event_spans(at_ms: Sequence[int], film_ms: int, rule: AuditRule) -> list[tuple[int, int]]:
    around = round(1000 * rule.around_s)
    spans = []
    for index, moment in enumerate(at_ms):
        before = (at_ms[index - 1] + moment) // 2 if index > 0 else 0
        after = (moment + at_ms[index + 1]) // 2 if index + 1 < len(at_ms) else film_ms
        spans.append((max(before, moment - around, 0), min(after, moment + around, film_ms)))
    return spans


def _between(events: Sequence[Span], film_ms: int) -> list[Span]:
    """What is left of the film."""
    edges = [0, *(edge for span in events for edge in span), film_ms]
    return [(start, until) for start, until in zip(edges[0::2], edges[1::2], strict=True) if until > start]


def _within(span: Span, others: Sequence[Span]) -> list[Span]:
    """The parts of a span that some others cover."""
    parts = [(max(span[0], start), min(span[1], until)) for start, until in others]
    return [(start, until) for start, until in parts if until > start]


def _cut(spans: Sequence[Span], rule: AuditRule) -> list[Span]:
    """Stretches of equal length, as near to `stretch_s` as they come."""
    stretches: list[Span] = []
    for start, until in spans:
        parts = -(-(until - start) // round(1000 * rule.stretch_s))
        cuts = [start + (until - start) * part // parts for part in range(parts + 1)]
        stretches += [(a, b) for a, b in pairwise(cuts) if b > a]
    return stretches


def _length_ms(spans: Sequence[Span]) -> int:
    return sum(until - start for start, until in spans)


def _sample(indices: Sequence[int], most: int, chance: random.Random) -> list[int]:
    return list(indices) if len(indices) <= most else sorted(chance.sample(indices, most))
