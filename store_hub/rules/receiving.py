"""Matches what was announced with what is read at the back door: short, over, wrong.

A tag that is new to the shop and shows in the back room has arrived. It counts to the oldest open delivery that still misses its
article, else to the oldest that announced it, else (as wrong) to the one that is arriving. A carton (SSCC) counts to the one that names it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from store_hub.rows import NoticeAcceptedRow, NoticeLineRow, NoticeTagRow

ANNOUNCED, SIGNED = "announced", "accepted"
CARTON = ""
DOOR, HANDHELD = "door", "handheld"
WELL, SHORT, OVER, WRONG, UNREAD, IN_CARTON = "well", "short", "over", "wrong", "unread", "in_carton"


class Difference(NamedTuple):
    """An article of a delivery: announced and read.

    `state`: well, short, over, wrong (not announced), unread (none of its tags: count by hand), in_carton (no tag of its own, but its
    cartons were read). `proposed_units` is what a person is asked to sign for.
    """

    sku: str
    announced_units: int
    read_units: int
    state: str
    proposed_units: int


class Carton(NamedTuple):
    """A carton of a delivery."""

    sscc: str
    read: bool


def differences(lines: Sequence[NoticeLineRow], tags: Sequence[NoticeTagRow]) -> list[Difference]:
    """Return what differs, article by article, in the order of the notice; what was not announced comes last."""
    announced: dict[str, int] = {}
    cartons: dict[str, set[str | None]] = {}
    for line in lines:
        announced[line.sku] = announced.get(line.sku, 0) + line.units
        cartons.setdefault(line.sku, set()).add(line.sscc)
    read: dict[str, int] = {}
    for tag in tags:
        if tag.sku != CARTON:
            read[tag.sku] = read.get(tag.sku, 0) + 1
    seen: set[str | None] = {tag.sscc for tag in tags if tag.sscc is not None}
    found = [_difference(sku, units, read.get(sku, 0), cartons[sku] <= seen) for sku, units in announced.items()]
    return found + [Difference(sku, 0, read[sku], WRONG, read[sku]) for sku in sorted(read) if sku not in announced]


def _difference(sku: str, announced: int, read: int, cartons_read: bool) -> Difference:
    if read == 0:
        return Difference(sku, announced, 0, IN_CARTON if cartons_read else UNREAD, announced)
    state = WELL if read == announced else SHORT if read < announced else OVER
    return Difference(sku, announced, read, state, read)


def carton_list(lines: Sequence[NoticeLineRow], tags: Sequence[NoticeTagRow]) -> list[Carton]:
    """Return the cartons of a notice, each once."""
    seen = {tag.sscc for tag in tags if tag.sscc is not None}
    return [Carton(sscc, sscc in seen) for sscc in dict.fromkeys(line.sscc for line in lines if line.sscc is not None)]


def delivery_of_tag(
    sku: str,
    sscc: str | None,
    open_ids: Sequence[str],
    lines: Mapping[str, Sequence[NoticeLineRow]],
    tags: Mapping[str, Sequence[NoticeTagRow]],
) -> str | None:
    """Return the open delivery a new tag belongs to, or None. `open_ids`: oldest first."""
    if sscc is not None:
        return next((one for one in open_ids if any(line.sscc == sscc for line in lines.get(one, ()))), None)
    naming = [one for one in open_ids if any(line.sku == sku for line in lines.get(one, ()))]
    for one in naming:
        units = sum(line.units for line in lines[one] if line.sku == sku)
        if sum(tag.sku == sku for tag in tags.get(one, ())) < units:
            return one
    if naming:
        return naming[0]
    arriving = [one for one in open_ids if tags.get(one)]
    return arriving[0] if arriving else None


def packed(
    lines: Sequence[NoticeLineRow], tags: Sequence[NoticeTagRow], accepted: Sequence[NoticeAcceptedRow]
) -> list[tuple[str | None, list[str], dict[str, int]]]:
    """Share what was signed for out to cartons: (SSCC or None, tags, units without a tag), cartons in the order of the notice.

    A tag goes into the first carton with room for its article; what is more than announced is in no carton.
    """
    left_units = {row.sku: row.units for row in accepted}
    left_tags: dict[str, list[str]] = {}
    for tag in sorted(tags):
        if tag.sku != CARTON:
            left_tags.setdefault(tag.sku, []).append(tag.tag)
    shared: dict[str | None, tuple[list[str], dict[str, int]]] = {}
    for line in lines:
        if line.sscc is None:
            continue
        epcs, units = shared.setdefault(line.sscc, ([], {}))
        room = min(line.units, left_units.get(line.sku, 0))
        _fill(line.sku, room, left_units, left_tags, epcs, units)
    loose: tuple[list[str], dict[str, int]] = ([], {})
    for sku in left_units:
        _fill(sku, left_units[sku], left_units, left_tags, *loose)
    return [(sscc, *content) for sscc, content in shared.items()] + [(None, *loose)]


def _fill(
    sku: str, room: int, left_units: dict[str, int], left_tags: dict[str, list[str]], epcs: list[str], units: dict[str, int]
) -> None:  # fmt: skip
    waiting = left_tags.get(sku, [])
    taken, left_tags[sku] = waiting[:room], waiting[room:]
    epcs += taken
    if room > len(taken):
        units[sku] = units.get(sku, 0) + room - len(taken)
    left_units[sku] = left_units.get(sku, 0) - room
