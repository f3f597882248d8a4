"""Rollouts of software over the chain's shops, what each shop's hub said of its step, and the plans that tell the hubs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine, text

from cloud_api.adapters.order_records import add_plan
from cloud_api.errors import RolloutRefused, RolloutUnknown
from wire_format.plans import SoftwareRollout

RUNNING = "running"
_LOCK = 4_811_903


class RolloutRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A rollout: shops ring by ring, the ring under way (from 0), and how it stands: running, done or halted."""

    rollout_id: str
    version: str
    sha256: str
    size_bytes: int
    rings: list[list[str]]
    first_device: str | None
    ring: int
    stage: str
    reason: str
    started_by: str
    started_at: datetime
    changed_at: datetime


class ShopRollout(msgspec.Struct, frozen=True, kw_only=True):
    """What a shop's hub last said of a ring's step."""

    store_id: str
    ring: int
    state: str
    reason: str
    devices: int
    confirmed: int
    changed_at: datetime


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """How a rollout stands from now on, and what the hubs of these shops are told."""

    stage: str
    ring: int
    reason: str = ""
    plans: list[tuple[str, SoftwareRollout]] = []


_COLUMNS = "rollout_id, version, sha256, size_bytes, rings, first_device, ring, stage, reason, started_by, started_at, changed_at"


def step_id(rollout_id: str, ring: int) -> str:
    """What a ring's step of a rollout is called among hubs."""
    return f"{rollout_id}.{ring}"


class FleetBook:
    """Reads and writes them.

    Args:
        now: the wall clock, aware.
    """

    def __init__(self, engine: Engine, *, now: Callable[[], datetime]) -> None:
        self._engine, self._now = engine, now

    def rollouts(self, *, limit: int = 20) -> list[RolloutRecord]:
        """The newest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                text(f"SELECT {_COLUMNS} FROM fleet_rollout ORDER BY started_at DESC, rollout_id DESC LIMIT :limit"), {"limit": limit}
            )
            return [RolloutRecord(**row._mapping) for row in rows]

    def told(self, rollout_id: str) -> list[ShopRollout]:
        """What hubs said of a rollout, by ring and shop."""
        with self._engine.connect() as connection:
            return _told(connection, rollout_id)

    def start(self, record: RolloutRecord, plans: Sequence[tuple[str, SoftwareRollout]]) -> None:
        """Begin one; the first hub is told in the same transaction.

        Raises:
            RolloutRefused: another is under way.
        """
        values = msgspec.structs.asdict(record) | {"rings": Jsonb(record.rings)}
        with self._engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            running = connection.execute(text("SELECT version FROM fleet_rollout WHERE stage = 'running'")).scalar()
            if running is not None:
                raise RolloutRefused(f"the rollout of {running} is under way; stop it first")
            names = [name.strip() for name in _COLUMNS.split(",")]
            connection.execute(text(f"INSERT INTO fleet_rollout ({_COLUMNS}) VALUES ({', '.join(f':{name}' for name in names)})"), values)
            self._tell(connection, plans)

    def move(self, rollout_id: str, decide: Callable[[RolloutRecord, Mapping[tuple[str, int], ShopRollout]], Move | None]) -> RolloutRecord:
        """Let `decide` say how a rollout goes on, from what hubs told of it; nobody else moves it meanwhile.

        Raises:
            RolloutUnknown: there is none.
        """
        with self._engine.begin() as connection:
            row = connection.execute(
                text(f"SELECT {_COLUMNS} FROM fleet_rollout WHERE rollout_id = :id FOR UPDATE"), {"id": rollout_id}
            ).one_or_none()
            if row is None:
                raise RolloutUnknown(rollout_id=rollout_id)
            record = RolloutRecord(**row._mapping)
            move = decide(record, {(shop.store_id, shop.ring): shop for shop in _told(connection, rollout_id)})
            if move is None:
                return record
            moved = {"stage": move.stage, "ring": move.ring, "reason": move.reason[:1000]}
            connection.execute(
                text("UPDATE fleet_rollout SET stage = :stage, ring = :ring, reason = :reason, changed_at = :now WHERE rollout_id = :id"),
                moved | {"now": self._now(), "id": rollout_id},
            )
            self._tell(connection, move.plans)
            return msgspec.structs.replace(record, **moved)

    def _tell(self, connection: Connection, plans: Sequence[tuple[str, SoftwareRollout]]) -> None:
        for store_id, plan in plans:
            add_plan(connection, store_id, plan, self._now())


def _told(connection: Connection, rollout_id: str) -> list[ShopRollout]:
    rows = connection.execute(
        text(
            "SELECT store_id, step_id, state, reason, devices, confirmed, changed_at FROM rollout_shop"
            " WHERE starts_with(step_id, :start) ORDER BY step_id, store_id"
        ),
        {"start": f"{rollout_id}."},
    )
    found = []
    for row in rows:
        ring = row.step_id.removeprefix(f"{rollout_id}.")
        if ring.isdigit():
            found.append(
                ShopRollout(
                    store_id=row.store_id, ring=int(ring), state=row.state, reason=row.reason, devices=row.devices,
                    confirmed=row.confirmed, changed_at=row.changed_at,
                )
            )  # fmt: skip
    return found
