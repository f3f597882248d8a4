"""The wall clock."""

from __future__ import annotations

from datetime import UTC, datetime


def wall_clock() -> datetime:
    """The present, aware, UTC."""
    return datetime.now(UTC)
