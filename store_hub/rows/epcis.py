"""What is asked of the EPCIS events in the ledger, and what is found: values between the door and the reader of the ledger."""

from __future__ import annotations

from typing import NamedTuple


class Position(NamedTuple):
    """The last event of a page: where the next one begins. `left`: how many may still follow; None = all."""

    value: int
    journal_id: int
    line: int
    left: int | None


class Asked(NamedTuple):
    """A question about an event's inside; `rules/epcis_asked` answers it.

    Args:
        part: where to look. name: of a field, an extension, or a kind of transaction or party.
        sign: eq | gt | ge | lt | le | exists. unit: of measure, empty for any. form: number | time | empty for any value.
        inner: below the extensions of that place.
    """

    part: str
    name: str
    sign: str
    values: tuple[str, ...] = ()
    unit: str = ""
    form: str = ""
    inner: bool = False


class EventQuery(NamedTuple):
    """All conditions must hold; within one, any of its values.

    Args:
        equal: columns and their values. under: places, and what lies in them. spans: column, "ge" or "lt", Unix ms.
        things: roles, and names; a name that ends in * is a pattern. inside: a field of the event's JSON, and its values.
        asked: what only the whole event answers.
        declared: only events with (without) an error declaration; None = both.
        limit: at most so many in all; None = all.
    """

    equal: tuple[tuple[str, tuple[str, ...]], ...] = ()
    under: tuple[tuple[str, tuple[str, ...]], ...] = ()
    spans: tuple[tuple[str, str, int], ...] = ()
    things: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()
    inside: tuple[tuple[str, tuple[str, ...]], ...] = ()
    asked: tuple[Asked, ...] = ()
    declared: bool | None = None
    order_by: str = "event_time_ms"
    descending: bool = True
    limit: int | None = None
    maximum: int | None = None
    per_page: int = 30
    after: Position | None = None


class EventFound(NamedTuple):
    """An event as it lies in the ledger, and when it was booked."""

    payload: bytes
    recorded_at_ms: int
    position: Position
