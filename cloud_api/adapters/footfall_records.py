"""Reads visitors: hours on record, as tuples in the order of the rule that reviews them."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Engine, text

HourRow = tuple[date, int, int, int, float]
"""day, hour, people in, people out, observed minutes"""
DayRow = tuple[date, int, int, float]


class ShopDays(msgspec.Struct, frozen=True, kw_only=True):
    """A shop's days added up. `matched_in` and `usual_in`: visitors of the hours that can be compared, and what was usual in them."""

    store_id: str
    people_in: int
    observed_min: float
    doors: int
    hours: int
    matched_in: int
    usual_in: float
    matched_hours: int


class DayDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A shop's day of visitors, with what is usual, and the till's if it told."""

    store_id: str
    day: date
    people_in: int
    observed_min: float
    doors: int
    hours: int
    matched_in: int
    usual_in: float
    matched_hours: int
    baskets: int | None
    revenue_minor: int | None


class FootfallBook:
    """Reads the roll-ups of visitors."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def hours(self, store_ids: list[str], *, first: date, last: date) -> dict[str, list[HourRow]]:
        """Every hour on record of these stores from `first` to `last`, both included."""
        return self._by_store("day, hour, people_in, people_out, observed_min FROM footfall_hour", store_ids, first, last)

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

    def chain(self, *, first: date, last: date) -> list[ShopDays]:
        """Every shop's visitors of the days added up, beside the usual ones; shops without a day on record are absent.

        Read from one row a shop and day: no hour is touched. A day's visitors fit 31 bits, and sums of those need no slow numeric.
        """
        with self._engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT store_id, sum(people_in::integer), sum(observed_min), max(doors), max(hours), sum(matched_in::integer),"
                    " sum(usual_in), sum(matched_hours) FROM footfall_day WHERE day BETWEEN :first AND :last GROUP BY store_id"
                ),
                {"first": first, "last": last},
            )
            return [
                ShopDays(store_id=store_id, people_in=int(people_in), observed_min=observed_min, doors=int(doors), hours=int(hours),
                         matched_in=int(matched), usual_in=usual, matched_hours=int(matched_hours))
                for store_id, people_in, observed_min, doors, hours, matched, usual, matched_hours in rows
            ]  # fmt: skip

    def days(self, store_ids: list[str], *, first: date, last: date) -> dict[str, list[DayRow]]:
        """Every day on record of these stores: day, people in, people out, observed minutes."""
        return self._by_store("day, people_in, people_out, observed_min FROM footfall_day", store_ids, first, last)

    def details(self, store_ids: list[str], *, first: date, last: date) -> list[DayDetail]:
        """Every day on record of these stores, with baskets and sales."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT store_id, day, people_in, observed_min, doors, hours, matched_in, usual_in, matched_hours, baskets,"
                    " revenue_minor FROM footfall_day LEFT JOIN basket_day USING (store_id, day) LEFT JOIN store_day USING (store_id, day)"
                    " WHERE store_id = ANY(:stores) AND day BETWEEN :first AND :last"
                ),
                {"stores": store_ids, "first": first, "last": last},
            ).all()
            return [DayDetail(**row._mapping) for row in rows]

    def _by_store(self, columns_from: str, store_ids: list[str], first: date, last: date) -> dict[str, list[Any]]:
        """Rows of a roll-up, by shop; a shop without any has an empty list."""
        found: dict[str, list[Any]] = {store_id: [] for store_id in store_ids}
        with self._engine.connect() as connection:
            rows = connection.execute(
                text(f"SELECT store_id, {columns_from} WHERE store_id = ANY(:stores) AND day BETWEEN :first AND :last"),
                {"stores": store_ids, "first": first, "last": last},
            )
            for store_id, *figures in rows:
                found[store_id].append(tuple(figures))
        return found
