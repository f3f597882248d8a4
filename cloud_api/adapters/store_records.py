"""What is known of each store: its profile, its newest planogram and when it last reported."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine, text

from cloud_api.adapters import footfall_rollup
from cloud_api.errors import PlanogramMissing, StoreUnknown
from wire_format.plans import Planogram
from wire_format.reports import StoreProfile


class StoreRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A store as the chain knows it. Times are aware, UTC."""

    store_id: str
    name: str
    time_zone: str
    currency: str
    floor_width_m: float | None
    floor_depth_m: float | None
    first_seen_at: datetime
    reported_at: datetime | None
    quarantined: int = 0
    latitude_deg: float | None = None
    longitude_deg: float | None = None

    @property
    def place_deg(self) -> tuple[float, float] | None:
        """Latitude and longitude, where both are told."""
        return None if self.latitude_deg is None or self.longitude_deg is None else (self.latitude_deg, self.longitude_deg)


class DeviceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A device of a store as its hub last knew it. `clock_error_ms`: its clock less the hub's; None where the hub did not say."""

    store_id: str
    device_id: str
    state: str
    last_seen_at: datetime
    outbox_depth: int
    fault_codes: list[str]
    agent_version: str = ""
    temperature_c: float | None = None
    disk_free_mb: float | None = None
    clock_error_ms: int | None = None


_PLANOGRAM = msgspec.json.Decoder(Planogram)


class StoreBook:
    """Reads and writes what stores say of themselves."""

    def __init__(self, engine: Engine, *, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now

    def save_profile(self, profile: StoreProfile) -> None:
        """Keep the store's newest profile; a changed time zone moves its hours and days of visitors."""
        values = {**msgspec.structs.asdict(profile), "now": self._now()}
        with self._engine.begin() as connection:
            before = connection.execute(
                text("SELECT time_zone FROM stores WHERE store_id = :store_id FOR UPDATE"), {"store_id": profile.store_id}
            ).scalar()
            connection.execute(
                text(
                    "INSERT INTO stores (store_id, name, time_zone, currency, floor_width_m, floor_depth_m, first_seen_at) "
                    "VALUES (:store_id, :name, :time_zone, :currency, :floor_width_m, :floor_depth_m, :now) "
                    "ON CONFLICT (store_id) DO UPDATE SET name = EXCLUDED.name, time_zone = EXCLUDED.time_zone, "
                    "currency = EXCLUDED.currency, floor_width_m = EXCLUDED.floor_width_m, floor_depth_m = EXCLUDED.floor_depth_m"
                ),
                values,
            )
            if before is not None and before != profile.time_zone:
                footfall_rollup.add_up_all(connection, profile.store_id, profile.time_zone)

    def save_planogram(self, planogram: Planogram) -> None:
        """Keep a version of the store's planogram; the one received last is in force."""
        with self._engine.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO stores (store_id, name, time_zone, currency, floor_width_m, floor_depth_m, first_seen_at,"
                    " latitude_deg, longitude_deg)"
                    " VALUES (:store_id, :name, :time_zone, :currency, :width, :depth, :now, :latitude, :longitude)"
                    " ON CONFLICT (store_id) DO UPDATE SET latitude_deg = EXCLUDED.latitude_deg, longitude_deg = EXCLUDED.longitude_deg"
                ),
                {
                    "store_id": planogram.store_id, "name": planogram.name, "time_zone": planogram.time_zone,
                    "currency": planogram.currency, "width": planogram.width_m, "depth": planogram.depth_m, "now": self._now(),
                    "latitude": planogram.latitude_deg, "longitude": planogram.longitude_deg,
                },
            )  # fmt: skip
            connection.execute(
                text(
                    "INSERT INTO planograms (store_id, version, body, received_at) VALUES (:store_id, :version, :body, :now)"
                    " ON CONFLICT (store_id, version) DO UPDATE SET body = EXCLUDED.body, received_at = EXCLUDED.received_at"
                ),
                {
                    "store_id": planogram.store_id, "version": planogram.version, "now": self._now(),
                    "body": Jsonb(msgspec.to_builtins(planogram)),
                },
            )  # fmt: skip

    def planogram(self, store_id: str) -> Planogram:
        """The planogram in force.

        Raises:
            StoreUnknown: nobody of that name reports.
            PlanogramMissing: the store sent none.
        """
        with self._engine.connect() as connection:
            body = connection.execute(
                text("SELECT body::text FROM planograms WHERE store_id = :store ORDER BY received_at DESC, version DESC LIMIT 1"),
                {"store": store_id},
            ).scalar()
            if body is None:
                _store(connection, store_id)
                raise PlanogramMissing(store_id=store_id)
        return _PLANOGRAM.decode(body)

    def store(self, store_id: str) -> StoreRecord:
        """One store.

        Raises:
            StoreUnknown: nobody of that name reports.
        """
        with self._engine.connect() as connection:
            return _store(connection, store_id)

    def stores(self) -> list[StoreRecord]:
        """All stores, by name."""
        with self._engine.connect() as connection:
            return [StoreRecord(**row._mapping) for row in connection.execute(text(f"{_STORES} ORDER BY name, store_id"))]

    def devices(self, store_id: str | None = None) -> list[DeviceRecord]:
        """Devices of one store, or of all."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT store_id, device_id, state, last_seen_at, outbox_depth, fault_codes, agent_version, temperature_c,"
                    " disk_free_mb, clock_error_ms FROM device"
                    " WHERE CAST(:store AS text) IS NULL OR store_id = :store ORDER BY store_id, device_id"
                ),
                {"store": store_id},
            )
            return [DeviceRecord(**row._mapping) for row in rows]


_STORES = """
    SELECT store_id, name, time_zone, currency, floor_width_m, floor_depth_m, first_seen_at, reported_at, latitude_deg, longitude_deg,
           (SELECT count(*) FROM fact_quarantine WHERE fact_quarantine.store_id = stores.store_id) AS quarantined
    FROM stores
"""


def _store(connection: Connection, store_id: str) -> StoreRecord:
    row = connection.execute(text(f"{_STORES} WHERE store_id = :store"), {"store": store_id}).one_or_none()
    if row is None:
        raise StoreUnknown(store_id=store_id)
    return StoreRecord(**row._mapping)
