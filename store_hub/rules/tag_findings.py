"""Where tags and stock contradict each other, and why."""

from __future__ import annotations

from typing import NamedTuple

from wire_format.plans import Planogram

FLOOR_KINDS = ("aisle", "other")
BEYOND_DOUBT = 0.5
"""Tags come in whole ones: half a unit beyond the interval is a contradiction."""

UNTAGGED, TOO_MANY = "untagged", "too_many"


class Finding(NamedTuple):
    """An article on the floor. `kind`: untagged (fewer tags than the stock can be) or too_many. `gap` is what the last count said."""

    kind: str
    difference: int


def floor_zones(planogram: Planogram | None) -> list[str]:
    """Return the zones whose tags are on the floor."""
    return [] if planogram is None else [zone.zone_id for zone in planogram.zones if zone.kind in FLOOR_KINDS]


def finding(
    tags: int, units: float, low: float | None, high: float | None, gap_units: int | None, *, every_unit_tagged: bool
) -> Finding | None:
    """Compare an article's tags on the floor with its stock there.

    Args:
        low, high: 90 % interval of the stock; without one, the middle counts.
        gap_units: units without a tag that a count found (below zero: tags too many); they explain their part.
        every_unit_tagged: whether a missing tag means anything.
    """
    known = tags + (gap_units or 0)
    least, most = units if low is None else low, units if high is None else high
    if known > most + BEYOND_DOUBT:
        return Finding(TOO_MANY, round(known - units))
    if every_unit_tagged and known < least - BEYOND_DOUBT:
        return Finding(UNTAGGED, round(units - known))
    if gap_units:
        return Finding(UNTAGGED if gap_units > 0 else TOO_MANY, abs(gap_units))
    return None
