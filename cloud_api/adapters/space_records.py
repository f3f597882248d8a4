"""Reads planograms as they followed each other, and what articles sold around a change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import msgspec
from sqlalchemy import Engine, text

from wire_format.plans import Planogram

_PLANOGRAM = msgspec.json.Decoder(Planogram)


class SpaceBook:
    """Reads what learning about room needs."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def planograms(self, *, since: datetime) -> dict[str, list[tuple[datetime, Planogram]]]:
        """Each shop's planograms in the order in which they came into force: those since a moment, and the one before them."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT store_id, received_at, body::text FROM planograms AS held WHERE received_at >= coalesce("
                    " (SELECT max(received_at) FROM planograms AS past WHERE past.store_id = held.store_id AND past.received_at < :since),"
                    " '-infinity') ORDER BY store_id, received_at, version"
                ),
                {"since": since},
            )
            found: dict[str, list[tuple[datetime, Planogram]]] = {}
            for store_id, received_at, body in rows:
                found.setdefault(store_id, []).append((received_at, _PLANOGRAM.decode(body)))
            return found

    def units(self, skus: Sequence[str], *, first: date, last: date) -> dict[tuple[str, str], int]:
        """Units by (shop, SKU) over the days, both included."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT store_id, sku, sum(units_sold) FROM sku_day WHERE sku = ANY(:skus) AND day BETWEEN :first AND :last"
                    " GROUP BY store_id, sku"
                ),
                {"skus": list(skus), "first": first, "last": last},
            )
            return {(store_id, sku): int(units) for store_id, sku, units in rows}
