"""Reads what zones and lines along the street counted by day: who passed by, who of them came in, and how long people stayed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Engine, text

_PASSED = text(
    """
    WITH passed AS (
        SELECT quarter_at, sum(entries) AS people FROM zone_quarter
        WHERE store_id = :store AND zone_id = ANY(:lines) AND entries IS NOT NULL
          AND quarter_at >= CAST(:first AS timestamp) AT TIME ZONE :zone
          AND quarter_at < (CAST(:last AS timestamp) + interval '1 day') AT TIME ZONE :zone
        GROUP BY quarter_at
    ), entered AS (
        SELECT quarter_at, sum(people_in) AS people FROM door_quarter
        WHERE store_id = :store AND quarter_at >= CAST(:first AS timestamp) AT TIME ZONE :zone
          AND quarter_at < (CAST(:last AS timestamp) + interval '1 day') AT TIME ZONE :zone
        GROUP BY quarter_at HAVING NOT bool_or(withheld) AND sum(observed_min) > 0
    )
    SELECT CAST(quarter_at AT TIME ZONE :zone AS date) AS day, sum(passed.people), sum(entered.people)
    FROM passed JOIN entered USING (quarter_at) GROUP BY day
    """
)
_STAY = text(
    """
    SELECT CAST(quarter_at AT TIME ZONE :zone AS date) AS day, sum(dwell_person_s) FROM zone_quarter
    WHERE store_id = :store AND zone_id = ANY(:zones)
      AND quarter_at >= CAST(:first AS timestamp) AT TIME ZONE :zone
      AND quarter_at < (CAST(:last AS timestamp) + interval '1 day') AT TIME ZONE :zone
    GROUP BY day HAVING count(dwell_person_s) > 0
    """
)


class PassingBook:
    """Reads them for one shop at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def passed(self, store_id: str, lines: Sequence[str], *, zone: str, first: date, last: date) -> dict[date, tuple[int, int]]:
        """By day of the store's calendar: who passed by, and who came in in the same quarters; only quarters that both counted."""
        if not lines:
            return {}
        values = {"store": store_id, "lines": list(lines), "zone": zone, "first": first, "last": last}
        with self._engine.connect() as connection:
            return {day: (int(passed), int(entered)) for day, passed, entered in connection.execute(_PASSED, values)}

    def stay_person_s(self, store_id: str, zones: Sequence[str], *, zone: str, first: date, last: date) -> dict[date, float]:
        """By day: person-seconds in these zones together; days on which none was measured are absent."""
        values = {"store": store_id, "zones": list(zones), "zone": zone, "first": first, "last": last}
        with self._engine.connect() as connection:
            return {day: float(stay) for day, stay in connection.execute(_STAY, values)}
