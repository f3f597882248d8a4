"""Drops months of quarter-hours that are older than the chain wants to keep; days, hours of visitors and orders stay."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from sqlalchemy.exc import DBAPIError

from cloud_api.adapters.partitions import Months

log = structlog.get_logger()
_EVERY_S = 6 * 3600.0


class Housekeeping:
    """The flow that keeps the records within their retention.

    Args:
        keep_months: whole months of quarter-hours that are kept beside the present one; 0 keeps all.
        now: the wall clock, aware.
    """

    name = "housekeeping"

    def __init__(self, *, months: Months, keep_months: int, now: Callable[[], datetime]) -> None:
        self._months, self._keep_months, self._now = months, keep_months, now

    def run(self, stop: threading.Event) -> None:
        """Tidy now and every six hours, until told to stop."""
        while self._keep_months:
            try:
                self.tidy()
            except DBAPIError as error:
                log.warning("retention_delayed", problem=str(error.orig).strip().splitlines()[0])
            if stop.wait(_EVERY_S):
                return

    def tidy(self) -> list[str]:
        """Drop what is too old, and return the names of the partitions dropped."""
        if not self._keep_months:
            return []
        dropped = self._months.drop_before(months_back(self._now(), self._keep_months))
        if dropped:
            log.info("months_dropped", partitions=dropped)
        return dropped


def months_back(moment: datetime, months: int) -> datetime:
    """The first moment, UTC, of the month so many before the one of `moment`."""
    utc = moment.astimezone(UTC)
    number = utc.year * 12 + utc.month - 1 - months
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)
