"""Brings releases that the chain sends to the shop's devices. The hub has the last word: it checks the signature itself.

What the chain wants is read from the ledger's plans, so that a restart forgets nothing; a name that was begun or refused once is never
begun again.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path
from threading import Event

import structlog

from store_hub.adapters.cloud_link import CloudLink
from store_hub.adapters.door_tokens import read_token
from store_hub.adapters.ledger_views import LedgerViews
from store_hub.adapters.release_shelf import Bundle, ReleaseRefused, ReleaseShelf
from store_hub.config import CloudConfig, FleetConfig
from store_hub.entries_fleet import RolloutAction
from store_hub.errors import FleetRefused, HubError, IdempotencyConflict
from store_hub.flows.bookkeep import BookkeepingDoor
from store_hub.flows.commands import Book
from store_hub.flows.parts import Parts
from store_hub.rows import RolloutRow
from store_hub.rules.back_off import BackOff
from store_hub.rules.fleet import RUNNING
from wire_format.plans import SoftwareRollout

_log = structlog.get_logger(__name__)

BY = "the chain"
WANTED_FOR_MS = 14 * 86_400_000
"""What the chain wanted longer ago is not begun any more; the keys of what was booked are kept for longer than that."""
ANSWER_S = 30.0


class ChainRollouts:
    """The flow that does what the chain wants of the devices' software.

    Args:
        address: the hub's, as devices reach it; None: no release can be handed on, and the chain is told so.
        pause_s: how often to look.
    """

    name = "rollouts"

    def __init__(
        self, *, views: LedgerViews, bookkeep: BookkeepingDoor, cloud: CloudLink, shelf: ReleaseShelf, address: str | None,
        now_ms: Callable[[], int], pause_s: float = 10.0,
    ) -> None:  # fmt: skip
        self._views, self._bookkeep, self._cloud, self._shelf = views, bookkeep, cloud, shelf
        self._address = None if address is None else address.rstrip("/")
        self._now_ms, self._pause_s = now_ms, pause_s
        self._back_off = BackOff(first_s=5.0, most_s=600.0, chance=random.Random())
        self._settled: set[tuple[str, str]] = set()

    def run(self, stop: Event) -> None:
        """Look until told to stop."""
        with self._cloud:
            while not stop.is_set():
                stop.wait(self._turn())

    def _turn(self) -> float:
        try:
            self.look_once()
        except (HubError, FutureTimeout, OSError) as error:
            wait_s = self._back_off.failed()
            _log.warning("chain_rollout_delayed", reason=str(error) or type(error).__name__, again_in_s=round(wait_s, 1))
            return wait_s
        except Exception:  # noqa: BLE001  # Our own mistake must not end the flow for good: what is wanted stays in the ledger.
            _log.exception("chain_rollout_failed")
            return self._back_off.failed()
        self._back_off.succeeded()
        return self._pause_s

    def look_once(self) -> None:
        """Do what the chain wants, where that is new.

        Raises:
            CloudUnreachable, LedgerUnusable, HubBusy, HubStopping: it is tried again.
        """
        with self._views.reading() as reading:
            wanted, present = reading.rollout_wanted(self._now_ms() - WANTED_FOR_MS), reading.rollout()
        if wanted is None or (wanted.rollout_id, wanted.action) in self._settled:
            return
        is_running = present is not None and present.stage == RUNNING
        if wanted.action == "stop":
            self._stop(wanted, present if is_running else None)
        elif present is not None and present.chain_rollout_id == wanted.rollout_id:
            self._settled.add((wanted.rollout_id, wanted.action))
        elif not is_running:  # Another is under way: its end is waited for.
            self._start(wanted)

    def _stop(self, wanted: SoftwareRollout, running: RolloutRow | None) -> None:
        if running is not None and running.chain_rollout_id == wanted.rollout_id:
            told = RolloutAction(action="halt", version=wanted.version, by=BY, chain_rollout_id=wanted.rollout_id, reason=wanted.reason)
            self._book(told)
        self._settled.add((wanted.rollout_id, wanted.action))

    def _start(self, wanted: SoftwareRollout) -> None:
        try:
            if self._address is None:
                raise FleetRefused("this hub knows no address at which its devices reach it; set fleet.address in its configuration")
            bundle = self._bundle(wanted)
            told = RolloutAction(
                action="start", version=wanted.version, first_device=wanted.first_device, sha256=bundle.sha256,
                url=f"{self._address}/v1/releases/{bundle.sha256}.tar", size_bytes=bundle.size_bytes, by=BY,
                chain_rollout_id=wanted.rollout_id, reach=wanted.reach,
            )  # fmt: skip
            self._book(told)
        except (ReleaseRefused, FleetRefused) as error:
            _log.error("chain_rollout_refused", rollout=wanted.rollout_id, version=wanted.version, reason=str(error))
            refusal = RolloutAction(
                action="refuse", version=wanted.version, by=BY, chain_rollout_id=wanted.rollout_id, reason=str(error)[:800]
            )
            self._book(refusal)
        self._settled.add((wanted.rollout_id, wanted.action))

    def _bundle(self, wanted: SoftwareRollout) -> Bundle:
        here = next((bundle for bundle in self._shelf.bundles() if bundle.sha256 == wanted.sha256), None)
        if here is not None:
            if here.version != wanted.version:
                raise ReleaseRefused(f"what was announced as {wanted.version} is release {here.version}")
            return here
        part = self._shelf.room_for(wanted.sha256)
        self._cloud.fetch_release(wanted.sha256, part, size_bytes=wanted.size_bytes)
        return self._shelf.add_fetched(part, version=wanted.version, sha256=wanted.sha256)

    def _book(self, told: RolloutAction) -> None:
        """Book it once, whatever is tried again; how it was begun first counts."""
        key = f"{'stop' if told.action == 'halt' else 'start'} {told.chain_rollout_id}"
        try:
            self._bookkeep.submit(Book(told, "fleet", idempotency_key=key)).result(ANSWER_S)
        except IdempotencyConflict:
            _log.warning("chain_rollout_known", rollout=told.chain_rollout_id, advice="it was begun or refused before; that counts")


def make_chain_rollouts(config: CloudConfig, fleet: FleetConfig, parts: Parts) -> ChainRollouts | None:
    """Return the flow as configured; None without a cloud."""
    if config.url is None:
        return None
    file = None if config.token_file is None else Path(config.token_file)
    token = None if file is None else lambda: read_token(file, field="cloud.token_file")
    return ChainRollouts(
        views=LedgerViews(parts.ledger),
        bookkeep=parts.bookkeep,
        cloud=CloudLink(url=config.url, store_id=parts.store_id, token=token, timeout_s=config.timeout_s),
        shelf=ReleaseShelf(Path(fleet.releases)),
        address=fleet.address,
        now_ms=parts.now_ms,
    )
