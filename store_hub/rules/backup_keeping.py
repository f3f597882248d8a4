"""When a backup is due, and which of the old ones are kept: the newest of each of the last days and weeks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


def next_due_ms(last_taken_at_ms: int | None, now_ms: int, *, at: time, zone: ZoneInfo) -> int:
    """Return when the next backup is due, Unix ms: at once where there is none or one was missed, else at the shop's next `at`."""
    if last_taken_at_ms is None:
        return now_ms
    last = datetime.fromtimestamp(last_taken_at_ms / 1000, zone)
    due = datetime.combine(last.date(), at, zone)
    if due <= last:
        due = datetime.combine(last.date() + DAY, at, zone)
    return max(now_ms, round(due.timestamp() * 1000))


def too_old(taken_at_ms: Sequence[int], now_ms: int, *, keep_days: int, keep_weeks: int, zone: ZoneInfo) -> list[int]:
    """Return the backups to let go. The newest is always kept, and one from the future (a clock was wrong) is never let go.

    Args:
        taken_at_ms: of all backups there are, in any order.
        keep_days, keep_weeks: of so many calendar days and weeks, today's included, the newest backup is kept.
    """
    today = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone).date()
    kept: set[int] = set()
    days, weeks = set(), set()
    for at_ms in sorted(taken_at_ms, reverse=True):
        day = datetime.fromtimestamp(at_ms / 1000, zone).date()
        monday = day - timedelta(days=day.weekday())
        of_day = day not in days and (today - day).days < keep_days
        of_week = monday not in weeks and (today - monday).days < 7 * keep_weeks
        if not kept or day > today or of_day or of_week:
            kept.add(at_ms)
        days.add(day)
        weeks.add(monday)
    return sorted(set(taken_at_ms) - kept)
