"""Reads visitors: hours on record, as tuples in the order of the rule that reviews them."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Engine, text

HourRow = tuple[date, int, int, int, float]
"""day, hour, people in, people out, observed minutes"""


class FootfallBook:
    """Reads the roll-ups of visitors."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def hours(self, store_ids: list[str], *, first: date, last: date) -> dict[str, list[HourRow]]:
        """Every hour on record of these stores from `first` to `last`, both included."""
        found: dict[str, list[HourRow]] = {store_id: [] for store_id in store_ids}
        with self._engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT store_id, day, hour, people_in, people_out, observed_min FROM footfall_hour"
                    " WHERE store_id = ANY(:stores) AND day BETWEEN :first AND :last"
                ),
                {"stores": store_ids, "first": first, "last": last},
            )
            for store_id, day, hour, people_in, people_out, observed_min in rows:
                found[store_id].append((day, hour, people_in, people_out, observed_min))
        return found

    def doors(self, store_ids: list[str], *, first: date, last: date) -> dict[str, int]:
        """How many doors were counted at once at most, per store; absent where none was."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT store_id, max(doors) FROM footfall_day"
                    " WHERE store_id = ANY(:stores) AND day BETWEEN :first AND :last GROUP BY store_id"
                ),
                {"stores": store_ids, "first": first, "last": last},
            )
            return {store_id: int(doors) for store_id, doors in rows}

    def last_day(self, store_ids: list[str]) -> date | None:
        """The newest day with visitors on record in any of these stores."""
        with self._engine.connect() as connection:
            day = connection.execute(
                text("SELECT max(day) FROM footfall_day WHERE store_id = ANY(:stores)"), {"stores": store_ids}
            ).scalar()
        return day if isinstance(day, date) else None
