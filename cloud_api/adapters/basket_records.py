"""Reads what was bought together, added up over days and shops."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec
from sqlalchemy import Engine, text

_WHERE = "WHERE store_id = ANY(:stores) AND day BETWEEN :first AND :last"


class BasketRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Baskets in all, by category, and by two categories (the first sorts before the second)."""

    baskets: int
    categories: dict[str, int]
    pairs: dict[tuple[str, str], int]


class BasketBook:
    """Reads the counts that hubs tell once a day."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def together(self, store_ids: Sequence[str], *, first: date, last: date) -> BasketRecord:
        """Counts of these stores over the days, both included."""
        asked = {"stores": list(store_ids), "first": first, "last": last}
        with self._engine.connect() as connection:
            baskets = connection.execute(text(f"SELECT coalesce(sum(baskets), 0) FROM basket_day {_WHERE}"), asked).scalar_one()
            categories = connection.execute(
                text(f"SELECT key, sum(value::bigint) FROM basket_day, jsonb_each_text(categories) {_WHERE} GROUP BY key"), asked
            )
            pairs = connection.execute(
                text(
                    "SELECT pair->>0, pair->>1, sum((pair->>2)::bigint) FROM basket_day, jsonb_array_elements(pairs) AS pair"
                    f" {_WHERE} GROUP BY 1, 2"
                ),
                asked,
            )
            return BasketRecord(
                baskets=int(baskets),
                categories={name: int(count) for name, count in categories},
                pairs={(one, other): int(count) for one, other, count in pairs},
            )
