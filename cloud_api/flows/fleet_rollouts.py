"""Brings a release to the shops' devices ring by ring: tells hubs through their plans, halts at the first failure or silence."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from cloud_api.adapters.fleet_records import RUNNING, FleetBook, Move, RolloutRecord, ShopRollout, step_id
from cloud_api.adapters.release_shelf import Bundle, ReleaseShelf
from cloud_api.adapters.store_records import StoreBook
from cloud_api.errors import RolloutRefused
from cloud_api.rules.fleet_rings import ShopAnswer, next_step, plan_rings
from wire_format.plans import SoftwareRollout

log = structlog.get_logger()
DONE, HALTED = "done", "halted"


class FleetRollouts:
    """Starts, stops and moves rollouts on; a flow of its own looks after the one that is under way.

    Args:
        now: the wall clock, aware.
        ring_wait_max_h: how many hours a ring may take.
        every_s: how often to look.
    """

    name = "rollouts"

    def __init__(
        self, *, book: FleetBook, stores: StoreBook, shelf: ReleaseShelf, now: Callable[[], datetime], ring_wait_max_h: float,
        every_s: float = 5.0,
    ) -> None:  # fmt: skip
        self._book, self._stores, self._shelf, self._now, self._every_s = book, stores, shelf, now, every_s
        self.ring_wait_max_h = ring_wait_max_h

    def releases(self) -> list[Bundle]:
        """What may be rolled out, newest first."""
        return self._shelf.bundles()

    def rollouts(self, *, limit: int = 20) -> list[RolloutRecord]:
        """The newest first."""
        return self._book.rollouts(limit=limit)

    def told(self, rollout_id: str) -> list[ShopRollout]:
        """What hubs said of a rollout."""
        return self._book.told(rollout_id)

    def start(self, version: str, *, first_store: str, first_device: str | None, by: str) -> RolloutRecord:
        """Begin with one device of one shop.

        Raises:
            RolloutRefused: no such release, shop or device, or another rollout is under way.
        """
        bundle = next((bundle for bundle in self._shelf.bundles() if bundle.version == version), None)
        if bundle is None:
            raise RolloutRefused(f"release {version} is not here; add it with cloud-api release add")
        stores = [store.store_id for store in self._stores.stores()]
        if first_store not in stores:
            raise RolloutRefused(f"{first_store} is no shop that has reported")
        if first_device is not None and first_device not in {device.device_id for device in self._stores.devices(first_store)}:
            raise RolloutRefused(f"{first_store} has no device {first_device}")
        now = self._now()
        record = RolloutRecord(
            rollout_id=f"r{now:%Y%m%d%H%M%S}", version=version, sha256=bundle.sha256, size_bytes=bundle.size_bytes,
            rings=plan_rings(stores, first_store), first_device=first_device, ring=0, stage=RUNNING, reason="", started_by=by,
            started_at=now, changed_at=now,
        )  # fmt: skip
        self._book.start(record, _plans(record, 0))
        log.info("rollout_started", rollout=record.rollout_id, version=version, by=by)
        return record

    def stop(self, rollout_id: str, *, by: str) -> RolloutRecord:
        """Halt one: shops that have not begun do not begin, devices that have not begun neither.

        Raises:
            RolloutUnknown: there is none. RolloutRefused: it is not under way.
        """

        def decide(record: RolloutRecord, _: Mapping[tuple[str, int], ShopRollout]) -> Move:
            if record.stage != RUNNING:
                raise RolloutRefused(f"the rollout of {record.version} is {record.stage} already")
            return _halted(record, f"stopped by {by}")

        return self._book.move(rollout_id, decide)

    def look(self) -> None:
        """Move on whatever is under way, where its shops have answered."""
        for record in self._book.rollouts(limit=5):
            if record.stage == RUNNING:
                moved = self._book.move(record.rollout_id, self._decide)
                if (moved.stage, moved.ring) != (record.stage, record.ring):
                    log.info("rollout_moved", rollout=moved.rollout_id, stage=moved.stage, ring=moved.ring, reason=moved.reason)

    def waits_h(self, record: RolloutRecord) -> float:
        """How many hours the ring under way is still waited for."""
        return max(0.0, self.ring_wait_max_h - _hours(self._now() - record.changed_at))

    def run(self, stop: threading.Event) -> None:
        """Look until told to stop."""
        while not stop.wait(self._every_s):
            try:
                self.look()
            except SQLAlchemyError as error:
                log.warning("rollouts_delayed", problem=str(error).splitlines()[0])

    def _decide(self, record: RolloutRecord, told: Mapping[tuple[str, int], ShopRollout]) -> Move | None:
        if record.stage != RUNNING:
            return None
        answers = {
            store_id: ShopAnswer(state=shop.state, reason=shop.reason, devices=shop.devices, confirmed=shop.confirmed)
            for (store_id, ring), shop in told.items()
            if ring == record.ring
        }
        waited_h = _hours(self._now() - record.changed_at)
        step = next_step(record.rings, record.ring, answers, waited_h=waited_h, wait_max_h=self.ring_wait_max_h)
        if step.kind == "halt":
            return _halted(record, step.reason)
        if step.kind == "done":
            return Move(stage=DONE, ring=record.ring)
        if step.kind == "next":
            return Move(stage=RUNNING, ring=record.ring + 1, plans=_plans(record, record.ring + 1))
        return None


def _hours(span: timedelta) -> float:
    return span / timedelta(hours=1)


def _plans(record: RolloutRecord, ring: int) -> list[tuple[str, SoftwareRollout]]:
    """What the shops of a ring are told; the first ring is one device."""
    plan = SoftwareRollout(
        rollout_id=step_id(record.rollout_id, ring), action="start", version=record.version, sha256=record.sha256,
        size_bytes=record.size_bytes, reach="one_device" if ring == 0 else "all", first_device=record.first_device if ring == 0 else None,
    )  # fmt: skip
    return [(store_id, plan) for store_id in record.rings[ring]]


def _halted(record: RolloutRecord, reason: str) -> Move:
    """No shop begins any more; those of the ring under way are told to begin no further device."""
    plan = SoftwareRollout(
        rollout_id=step_id(record.rollout_id, record.ring), action="stop", version=record.version, sha256=record.sha256,
        size_bytes=record.size_bytes, reason=reason[:500],
    )  # fmt: skip
    return Move(stage=HALTED, ring=record.ring, reason=reason, plans=[(store_id, plan) for store_id in record.rings[record.ring]])
