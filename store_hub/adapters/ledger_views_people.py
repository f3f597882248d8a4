"""The ledger's people for the pages: doors, occupancy, heat and zones. Every query is bounded by a span of time."""

from __future__ import annotations

import sqlite3

from store_hub.adapters.ledger_views_rows import AuditRow, DoorRow, HeatRow, Occupancy
from wire_format.plans import Planogram

QUARTER_MS = 900_000


class PeopleQueries:
    """Queries on one open transaction. Spans are half-open, milliseconds."""

    def __init__(self, connection: sqlite3.Connection, planogram: Planogram | None) -> None:
        self._connection = connection
        self.planogram = planogram

    def doors(self, from_ms: int, to_ms: int) -> list[DoorRow]:
        """Return each door's visitors in the span, whole minutes, and its staff apart."""
        rows = self._connection.execute(
            "SELECT door_id, max(0, sum(people_in - staff_in)) AS people_in, max(0, sum(people_out - staff_out)) AS people_out,"
            " sum(observed_ms) AS observed_ms, sum(staff_in) AS staff_in, sum(staff_out) AS staff_out,"
            " CASE WHEN count(groups_in) = count(*) THEN sum(groups_in) END AS groups_in FROM door_minutes"
            " WHERE minute_started_at_ms >= ? AND minute_started_at_ms < ? GROUP BY door_id ORDER BY door_id",
            (from_ms, to_ms),
        )
        return [DoorRow(**dict(row)) for row in rows]

    def visitors_by_minute(self, from_ms: int, to_ms: int) -> dict[int, int]:
        """Return visitors who came in, by minute, over all doors; a minute nobody observed has no entry.

        A minute in which somebody counted before turns out to be staff may be below zero: only sums are visitors.
        """
        rows = self._connection.execute(
            "SELECT minute_started_at_ms, sum(people_in - staff_in) FROM door_minutes"
            " WHERE minute_started_at_ms >= ? AND minute_started_at_ms < ? AND observed_ms > 0 GROUP BY minute_started_at_ms",
            (from_ms, to_ms),
        )
        return {row[0]: row[1] for row in rows}

    def camera_audits(self) -> list[AuditRow]:
        """Return the newest audit of each camera's door, by door; one that could judge nothing counts for nothing."""
        rows = self._connection.execute(
            "SELECT door_id, area_id, audited_at_ms, counted, judged, judged_right, missed, looked_ms,"
            " precision, precision_low, precision_high, recall, recall_low, recall_high,"
            " count_accuracy, count_accuracy_low, count_accuracy_high FROM ("
            " SELECT *, row_number() OVER (PARTITION BY door_id, area_id ORDER BY audited_at_ms DESC, journal_id DESC) AS newness"
            " FROM camera_audits WHERE count_accuracy IS NOT NULL) WHERE newness = 1 ORDER BY door_id, area_id"
        )
        return [AuditRow(**dict(row)) for row in rows]

    def occupancy(self) -> Occupancy | None:
        """Return the people in the shop, or None before the first crossing."""
        row = self._connection.execute("SELECT people, corrected, updated_at_ms, closing_people, healed FROM occupancy").fetchone()
        return None if row is None else Occupancy(**dict(row))

    def heat(self, from_ms: int, to_ms: int) -> list[HeatRow]:
        """Return the stay per cell over the quarters that begin in the span."""
        rows = self._connection.execute(
            "SELECT area_id, cell_size_mm, column_no, row_no, sum(dwell_person_ms) FROM floor_tiles"
            " WHERE quarter_started_at_ms >= ? AND quarter_started_at_ms < ? GROUP BY area_id, cell_size_mm, column_no, row_no",
            (from_ms, to_ms),
        )
        return [HeatRow(*row) for row in rows]

    def watched_ms(self, from_ms: int, to_ms: int) -> dict[str, int]:
        """Return how long each camera area was watched in the span: an unwatched floor is not an empty one."""
        rows = self._connection.execute(
            "SELECT area_id, sum(observed_ms) FROM area_quarters"
            " WHERE quarter_started_at_ms >= ? AND quarter_started_at_ms < ? GROUP BY area_id",
            (from_ms, to_ms),
        )
        return {row[0]: row[1] for row in rows}

    def zone_dwell_ms(self, from_ms: int, to_ms: int) -> dict[str, int]:
        """Return persons × milliseconds per zone over the quarters that begin in the span."""
        rows = self._connection.execute(
            "SELECT zone_id, sum(dwell_person_ms) FROM zone_quarters"
            " WHERE quarter_started_at_ms >= ? AND quarter_started_at_ms < ? GROUP BY zone_id",
            (from_ms, to_ms),
        )
        return {row[0]: row[1] for row in rows}
