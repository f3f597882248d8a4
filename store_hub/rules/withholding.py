"""Counts of so few people that one could be known by them do not leave the shop: they are said to be withheld, never told as zero.

That nobody was there is told: it speaks of no one. `people_min` 1 withholds nothing.
"""

from __future__ import annotations

from store_hub.rows.report import ZoneFigures


def is_small(people: int, people_min: int) -> bool:
    """Whether somebody stands behind a count, and fewer than `people_min`."""
    return 0 < people < people_min


def zone_told(figures: ZoneFigures, people_min: int) -> ZoneFigures:
    """Return what of a zone's quarter may leave the shop; None in place of what may not.

    A stay is told where at least `people_min` visits began in the quarter. Stay without a known number of visits cannot be shown to be
    that of many, and is withheld as well.
    """
    if people_min <= 1:
        return figures
    told = figures
    if figures.dwell_person_ms and (figures.entries or 0) < people_min:
        told = told._replace(dwell_person_ms=None, entries=None, stopped=None, stopped_ms=None)
    elif figures.entries is not None and is_small(figures.entries, people_min):
        told = told._replace(entries=None, stopped=None, stopped_ms=None)
    if told.stopped is not None and (is_small(told.stopped, people_min) or (told.stopped_ms and told.stopped < people_min)):
        told = told._replace(stopped=None, stopped_ms=None)
    if told.waits is not None and is_small(told.waits, people_min):
        told = told._replace(waits=None, waited_ms=None)
    return told
