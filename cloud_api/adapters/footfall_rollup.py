"""Hours and days of visitors, added up from the door quarters in the transaction that books them.

An hour belongs to the store's own calendar. It is keyed by the instant it starts, so that the night on which the clocks go back keeps
both of its hours. Only hours that were touched are added up again. A quarter whose count the shop withholds is no quarter in which nobody
came: it counts as not watched, so that its hour is known to be told in part.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
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
    INSERT INTO footfall_day AS held (store_id, day, people_in, people_out, observed_min, doors, hours, matched_in, usual_in, matched_hours)
    SELECT :store, day, sum(people_in), sum(people_out), sum(observed_min), max(doors), count(*), 0, 0, 0
    FROM footfall_hour WHERE store_id = :store AND day = ANY(CAST(:days AS date[])) GROUP BY day
    ON CONFLICT (store_id, day) DO UPDATE SET people_in = EXCLUDED.people_in, people_out = EXCLUDED.people_out,
        observed_min = EXCLUDED.observed_min, doors = EXCLUDED.doors, hours = EXCLUDED.hours
    """
)
_USUAL = text(
    """
    WITH shop AS (
        SELECT greatest(max(doors), 1) AS doors FROM footfall_day WHERE store_id = :store AND day BETWEEN :earliest AND :latest
    ), whole AS (
        SELECT day, hour, sum(people_in) AS people_in FROM footfall_hour, shop
        WHERE store_id = :store AND day = ANY(CAST(:days AS date[]) || CAST(:past AS date[]))
        GROUP BY day, hour, shop.doors HAVING max(observed_min) >= 60.0 * :share * shop.doors
    ), compared AS (
        SELECT present.day, present.people_in, avg(past.people_in) AS usual
        FROM whole AS present CROSS JOIN unnest(CAST(:back AS integer[])) AS behind (days)
        JOIN whole AS past ON past.day = present.day - behind.days AND past.hour = present.hour
        WHERE present.day = ANY(CAST(:days AS date[])) GROUP BY present.day, present.hour, present.people_in
    )
    UPDATE footfall_day AS held SET matched_in = total.matched_in, usual_in = total.usual_in, matched_hours = total.hours
    FROM (SELECT asked.day, coalesce(sum(compared.people_in), 0) AS matched_in, coalesce(sum(usual), 0) AS usual_in,
                 count(compared.day) AS hours
          FROM unnest(CAST(:days AS date[])) AS asked (day) LEFT JOIN compared USING (day) GROUP BY asked.day) AS total
    WHERE held.store_id = :store AND held.day = total.day
    """
)
WEEKS_BACK = 4
WATCHED_SHARE_MIN = 0.75
"""As in the rule that reviews visitors: a test holds both to the same answer."""


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
    days = sorted({at.date() for at in local})
    connection.execute(_DAYS, {"store": store_id, "days": days})
    _compare(connection, store_id, days)


def _compare(connection: Connection, store_id: str, days: list[date]) -> None:
    """Lay these days, and those that are compared with them, beside the same weekdays and hours of the weeks before."""
    back = [7 * week for week in range(1, WEEKS_BACK + 1)]
    told = sorted({day + timedelta(days=ahead) for day in days for ahead in (0, *back)})
    past = sorted({day - timedelta(days=behind) for day in told for behind in back} - set(told))
    values = {"store": store_id, "days": told, "past": past, "back": back, "share": WATCHED_SHARE_MIN}
    connection.execute(_USUAL, values | {"earliest": min(past or told), "latest": told[-1]})


def add_up_all(connection: Connection, store_id: str, time_zone: str) -> None:
    """Start the store's hours and days anew, as its time zone has changed. Hours whose quarters are kept no more stay as they were."""
    found = connection.execute(text("SELECT DISTINCT quarter_at FROM door_quarter WHERE store_id = :store"), {"store": store_id})
    quarters = [row[0] for row in found]
    if not quarters:
        return
    connection.execute(
        text("DELETE FROM footfall_hour WHERE store_id = :store AND hour_at > CAST(:first AS timestamptz) - interval '1 hour'"),
        {"store": store_id, "first": min(quarters)},
    )
    connection.execute(text("DELETE FROM footfall_day WHERE store_id = :store"), {"store": store_id})
    add_up(connection, store_id, time_zone, quarters)
    kept = connection.execute(
        text("SELECT DISTINCT day FROM footfall_hour WHERE store_id = :store AND day NOT IN (SELECT day FROM footfall_day"
             " WHERE store_id = :store)"), {"store": store_id},
    ).scalars().all()  # fmt: skip
    if kept:
        connection.execute(_DAYS, {"store": store_id, "days": list(kept)})
        _compare(connection, store_id, list(kept))


def _hour_start(moment: datetime, zone: ZoneInfo) -> datetime:
    local = moment.astimezone(zone)
    return moment.astimezone(UTC) - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
