"""What people do with a task, on the alert's row: taken, given, given back, done, nothing there; and how long each took."""

from __future__ import annotations

from typing import NamedTuple

from store_hub.entries import AlertAction, StockCount
from store_hub.rows import AlertRow

SCALE, PERSON, PLAN, OVER = "scale", "person", "plan", "over"
"""Who closed an alert: the shelf weighs full again, a person said so, the place has gone from the plan, what was found is no more."""


def acted(row: AlertRow, action: AlertAction, *, at_ms: int, close: bool) -> AlertRow:
    """Return the row after a press; the same row where it changes nothing. The first to take a task keeps it.

    Args:
        at_ms: when it was pressed.
        close: whether "done" is the last word, as where no scale will confirm it.
    """
    at_ms = max(at_ms, row.raised_at_ms)
    match action.action:
        case "take":
            return (
                row
                if row.taken_at_ms is not None
                else row._replace(taken_at_ms=at_ms, taken_by=action.by, missing_at_ms=None, missing_by=None)
            )
        case "release":
            return row._replace(taken_at_ms=None, taken_by=None, done_at_ms=None, done_by=None, missing_at_ms=None, missing_by=None)
        case "assign":
            given = row._replace(assigned_to=action.to, assigned_at_ms=None if action.to is None else at_ms)
            return given._replace(taken_at_ms=None, taken_by=None) if row.taken_by not in (None, action.to) else given
        case "not_there":
            return _taken(row, action.by, at_ms)._replace(missing_at_ms=at_ms, missing_by=action.by)
        case "done" | "counted":
            done = _taken(row, action.by, at_ms)._replace(done_at_ms=at_ms, done_by=action.by, missing_at_ms=None, missing_by=None)
            return closed(done, at_ms=at_ms, by=PERSON) if close else done


def closed(row: AlertRow, *, at_ms: int, by: str) -> AlertRow:
    """Return the row closed."""
    return row._replace(cleared_at_ms=max(at_ms, row.raised_at_ms), cleared_by=by)


def _taken(row: AlertRow, by: str, at_ms: int) -> AlertRow:
    return row if row.taken_at_ms is not None else row._replace(taken_at_ms=at_ms, taken_by=by)


def count_of(row: AlertRow, action: AlertAction) -> StockCount | None:
    """Return the count that a press books; None where it is none."""
    if action.action != "counted" or action.units is None or row.sku is None or row.shelf_id is None:
        return None
    return StockCount(sku=row.sku, units=action.units, shelf_id=row.shelf_id, counted_by=action.by)


class TaskTimes(NamedTuple):
    """How long a task took, ms: until somebody took it, said done, and the scale confirmed it. None: not come to that."""

    to_take_ms: int | None
    to_do_ms: int | None
    to_confirm_ms: int | None


def task_times(raised_at_ms: int, taken_at_ms: int | None, done_at_ms: int | None, cleared_at_ms: int | None, cleared_by: str) -> TaskTimes:
    """Return the times of a task, each counted from when it was raised."""
    confirmed_ms = cleared_at_ms if cleared_by == SCALE else None
    return TaskTimes(*(None if at_ms is None else max(0, at_ms - raised_at_ms) for at_ms in (taken_at_ms, done_at_ms, confirmed_ms)))
