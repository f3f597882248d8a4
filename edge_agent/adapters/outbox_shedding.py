"""What a full outbox may let go, and how counts are kept by adding them up.

A weight is absolute: the newest of a shelf says all that older ones said. A tag's presence likewise. Counts of people are not: they are
never let go, but two intervals of the same door, floor area or queue can be told as one.
"""

from __future__ import annotations

import math
import sqlite3

import msgspec

from wire_format.observations import (
    ButtonPressed,
    DoorCrossing,
    FloorCell,
    FloorDwell,
    FloorZones,
    Observation,
    QueueLength,
    ShelfWeight,
    TagLeft,
    TagMoved,
    TagSeen,
    ZonePath,
    ZoneStay,
)

Counted = DoorCrossing | FloorDwell | FloorZones | QueueLength

MERGED_MAX_MS = 86_400_000

OVERTAKABLE = ("shelf_weight", "tag_moved", "tag_seen", "tag_left", "button_pressed")
"""In this order a full outbox lets go of rows that a newer row about the same subject has overtaken."""

_LAST_RESORT = ("tag_moved", "tag_seen", "tag_left")
"""New goods bring new tags without end: when nothing is overtaken, the oldest tags go, so that the file stays bounded."""


def kind_of(observation: Observation) -> str:
    """The observation's type as it is called on the wire."""
    return str(observation.__struct_config__.tag)


def subject_of(observation: Observation) -> str:
    """What the observation is about: of two with the same subject, the newer one overtakes or continues the older."""
    match observation:
        case ShelfWeight():
            return f"shelf {observation.shelf_id}"
        case TagSeen() | TagLeft():
            return f"tag {observation.epc} {observation.zone_id}"
        case TagMoved():
            return f"move {observation.epc}"
        case DoorCrossing():
            return f"door {observation.door_id}"
        case FloorDwell():
            return f"floor {observation.area_id} {observation.cell_size_m}"
        case FloorZones():
            return f"zones {observation.area_id}"
        case QueueLength():
            return f"queue {observation.zone_id}"
        case ButtonPressed():
            return f"button {observation.button_id}"
        case _:
            return kind_of(observation)


def merged(older: Observation, newer: Observation) -> Observation | None:
    """Tell two intervals of the same door, area or queue as one; None when they cannot be.

    The result keeps the newer one's clocks and lasts from the older's beginning to the newer's end, a day at most.
    """
    if not isinstance(older, Counted) or not isinstance(newer, Counted):
        return None
    span = _span(older, newer)
    if span is None:
        return None
    changed: dict[str, object] | None = None
    if isinstance(older, DoorCrossing) and isinstance(newer, DoorCrossing):
        changed = {name: getattr(older, name) + getattr(newer, name) for name in ("people_in", "people_out", "staff_in", "staff_out")}
        changed["groups_in"] = _known_sum(older.groups_in, newer.groups_in)
    elif isinstance(older, FloorDwell) and isinstance(newer, FloorDwell) and older.cell_size_m == newer.cell_size_m:
        changed = {
            "cells": _added(older.cells, newer.cells),
            "people": _known_sum(older.people, newer.people),
            "staff_person_s": older.staff_person_s + newer.staff_person_s,
        }
    elif isinstance(older, FloorZones) and isinstance(newer, FloorZones):
        changed = {"zones": _zones_added(older.zones, newer.zones), "paths": _paths_added(older.paths, newer.paths)}
    elif isinstance(older, QueueLength) and isinstance(newer, QueueLength):
        changed = _queues_together(older, newer)
    return None if changed is None else msgspec.structs.replace(newer, started_at_ms=span[0], duration_ms=span[1], **changed)


def _queues_together(older: QueueLength, newer: QueueLength) -> dict[str, object]:
    known_ms = older.duration_ms + newer.duration_ms
    weights = (older.duration_ms / known_ms, newer.duration_ms / known_ms) if known_ms else (0.5, 0.5)
    return {
        "people_mean": older.people_mean * weights[0] + newer.people_mean * weights[1],
        "people_max": max(older.people_max, newer.people_max),
        "waits": older.waits + newer.waits,
        "waited_s": older.waited_s + newer.waited_s,
        "waited_max_s": max(older.waited_max_s, newer.waited_max_s),
    }


def _span(older: Counted, newer: Counted) -> tuple[int, int] | None:
    """Beginning and length of both together. A wall clock that was set in between must not tear them apart for ever."""
    started_at_ms = min(older.started_at_ms, newer.started_at_ms)
    ended_at_ms = max(older.started_at_ms + older.duration_ms, newer.started_at_ms + newer.duration_ms)
    duration_ms = ended_at_ms - started_at_ms
    return (started_at_ms, duration_ms) if duration_ms <= MERGED_MAX_MS else None


def _added(older: list[FloorCell], newer: list[FloorCell]) -> list[FloorCell]:
    stays: dict[tuple[int, int], list[float]] = {}
    for cell in (*older, *newer):
        stays.setdefault((cell.column, cell.row), []).append(cell.person_s)
    return [FloorCell(column, row, math.fsum(parts)) for (column, row), parts in sorted(stays.items())]


def _zones_added(older: list[ZoneStay], newer: list[ZoneStay]) -> list[ZoneStay]:
    stays: dict[str, ZoneStay] = {}
    for one in (*older, *newer):
        had = stays.get(one.zone_id, ZoneStay(one.zone_id, 0, 0.0, 0, 0.0))
        stays[one.zone_id] = ZoneStay(
            one.zone_id, had.entries + one.entries, had.person_s + one.person_s, had.stopped + one.stopped, had.stopped_s + one.stopped_s
        )
    return list(stays.values())


def _paths_added(older: list[ZonePath], newer: list[ZonePath]) -> list[ZonePath]:
    people: dict[tuple[str, str], int] = {}
    for one in (*older, *newer):
        people[one.from_zone, one.to_zone] = people.get((one.from_zone, one.to_zone), 0) + one.people
    return [ZonePath(*way, count) for way, count in sorted(people.items())]


def _known_sum(one: int | None, other: int | None) -> int | None:
    """What one of two does not know, both together do not."""
    return None if one is None or other is None else one + other


def overtaken(connection: sqlite3.Connection, rows: int) -> list[tuple[int, str]]:
    """Choose up to `rows` waiting rows, oldest first, that a newer one has overtaken: position and kind.

    Only rows that have no sequence yet are chosen: what was ever sent keeps its content until the hub has booked it.
    """
    chosen: list[tuple[int, str]] = []
    for kind in OVERTAKABLE:
        if len(chosen) < rows:
            chosen += connection.execute(_OVERTAKEN, (kind, rows - len(chosen))).fetchall()
    return chosen


def overtaken_by(connection: sqlite3.Connection, subject: str) -> list[tuple[int, str]]:
    """The newest waiting row about a subject, which the one about to be written overtakes: none or one."""
    return connection.execute(_NEWEST_OF, (subject,)).fetchall()


def last_resort(connection: sqlite3.Connection, rows: int) -> list[tuple[int, str]]:
    """Choose the oldest waiting tags, overtaken or not: up to `rows` positions and kinds."""
    chosen: list[tuple[int, str]] = []
    for kind in _LAST_RESORT:
        if len(chosen) < rows:
            chosen += connection.execute(_OLDEST, (kind, rows - len(chosen))).fetchall()
    return chosen


_OVERTAKEN = """
SELECT position, kind FROM letters AS older
WHERE sequence IS NULL AND kind = ? AND EXISTS (
    SELECT 1 FROM letters AS newer INDEXED BY letters_waiting
    WHERE newer.sequence IS NULL AND newer.subject = older.subject AND newer.position > older.position)
ORDER BY position LIMIT ?
"""
_NEWEST_OF = "SELECT position, kind FROM letters WHERE sequence IS NULL AND subject = ? ORDER BY position DESC LIMIT 1"
_OLDEST = "SELECT position, kind FROM letters WHERE sequence IS NULL AND kind = ? ORDER BY position LIMIT ?"
