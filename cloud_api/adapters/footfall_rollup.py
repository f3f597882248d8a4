"""Hours and days of visitors, added up from the door quarters in the transaction that books them.

An hour belongs to the store's own calendar. It is keyed by the instant it starts, so that the night on which the clocks go back keeps
both of its hours. Only hours that were touched are added up again. A quarter whose count the shop withholds is no quarter in which nobody
came: it counts as not watched, so that its hour is known to be told in part.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

_HOURS = text(
    """
    INSERT INTO footfall_hour AS held (store_id, hour_at, day, hour, people_in, people_out, observed_min, doors)
    SELECT :store, touched.hour_at, touched.day, touched.hour,
           coalesce(sum(people_in), 0), coalesce(sum(people_out), 0), coalesce(sum(observed_min) FILTER (WHERE NOT withheld), 0),
           count(DISTINCT door_id)
    FROM unnest(CAST(:hours AS timestamptz[]), CAST(:days AS date[]), CAST(:numbers AS smallint[])) AS touched (hour_at, day, hour)
    JOIN door_quarter ON store_id = :store AND quarter_at >= touched.hour_at AND quarter_at < touched.hour_at + interval '1 hour'
    WHERE quarter_at >= :lowest AND quarter_at < :highest
    GROUP BY touched.hour_at, touched.day, touched.hour
    ON CONFLICT (store_id, hour_at) DO UPDATE SET day = EXCLUDED.day, hour = EXCLUDED.hour, people_in = EXCLUDED.people_in,
        people_out = EXCLUDED.people_out, observed_min = EXCLUDED.observed_min, doors = EXCLUDED.doors
    """
)
_DAYS = text(
    """
    INSERT INTO footfall_day AS held (store_id, day, people_in, people_out, observed_min, doors, hours)
    SELECT :store, day, sum(people_in), sum(people_out), sum(observed_min), max(doors), count(*)
    FROM footfall_hour WHERE store_id = :store AND day = ANY(CAST(:days AS date[])) GROUP BY day
    ON CONFLICT (store_id, day) DO UPDATE SET people_in = EXCLUDED.people_in, people_out = EXCLUDED.people_out,
        observed_min = EXCLUDED.observed_min, doors = EXCLUDED.doors, hours = EXCLUDED.hours
    """
)


def add_up(connection: Connection, store_id: str, time_zone: str, quarters: Iterable[datetime]) -> None:
    """Add up again the hours and days of the store that the door quarters (aware times) lie in."""
    zone = ZoneInfo(time_zone)
    hours = sorted({_hour_start(quarter, zone) for quarter in quarters})
    if not hours:
        return
    local = [hour.astimezone(zone) for hour in hours]
    connection.execute(
        _HOURS,
        {
            "store": store_id, "hours": hours, "days": [at.date() for at in local], "numbers": [at.hour for at in local],
            "lowest": hours[0], "highest": hours[-1] + timedelta(hours=1),
        },
    )  # fmt: skip
    connection.execute(_DAYS, {"store": store_id, "days": sorted({at.date() for at in local})})


def add_up_all(connection: Connection, store_id: str, time_zone: str) -> None:
    """Start the store's hours and days anew, as its time zone has changed."""
    for table in ("footfall_hour", "footfall_day"):
        connection.execute(text(f"DELETE FROM {table} WHERE store_id = :store"), {"store": store_id})
    quarters = connection.execute(text("SELECT DISTINCT quarter_at FROM door_quarter WHERE store_id = :store"), {"store": store_id})
    add_up(connection, store_id, time_zone, [row[0] for row in quarters])


def _hour_start(moment: datetime, zone: ZoneInfo) -> datetime:
    local = moment.astimezone(zone)
    return moment.astimezone(UTC) - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
