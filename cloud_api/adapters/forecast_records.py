"""Which forecasting method each class of a store's articles uses, with its measured error."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Engine, text


class ChampionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A class's method in use and the best of the others: RMSSE a week, units too many as a share, how often the 80 % band held."""

    class_name: str
    champion: str
    error: float
    challenger: str
    challenger_error: float
    bias: float
    band_held: float
    series: int
    origins: int
    measured_at: datetime


_COLUMNS = "class_name, champion, error, challenger, challenger_error, bias, band_held, series, origins, measured_at"


class ForecastBook:
    """Reads and writes one store's champions at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def champions(self, store_id: str) -> list[ChampionRecord]:
        """The store's classes, by name."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                text(f"SELECT {_COLUMNS} FROM forecast_champion WHERE store_id = :store ORDER BY class_name"), {"store": store_id}
            )
            return [ChampionRecord(**row._mapping) for row in rows]

    def save(self, store_id: str, records: Sequence[ChampionRecord]) -> None:
        """Keep the newest measurement of each class."""
        with self._engine.begin() as connection:
            for record in records:
                connection.execute(
                    text(
                        f"INSERT INTO forecast_champion (store_id, {_COLUMNS}) VALUES (:store_id, :class_name, :champion, :error,"
                        " :challenger, :challenger_error, :bias, :band_held, :series, :origins, :measured_at)"
                        " ON CONFLICT (store_id, class_name) DO UPDATE SET champion = EXCLUDED.champion, error = EXCLUDED.error,"
                        " challenger = EXCLUDED.challenger, challenger_error = EXCLUDED.challenger_error, bias = EXCLUDED.bias,"
                        " band_held = EXCLUDED.band_held, series = EXCLUDED.series, origins = EXCLUDED.origins,"
                        " measured_at = EXCLUDED.measured_at"
                    ),
                    msgspec.structs.asdict(record) | {"store_id": store_id},
                )
