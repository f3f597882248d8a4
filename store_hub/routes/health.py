"""Is it alive, is it ready, and if not, why: for supervisors. These doors need no token and tell no secrets."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastapi import APIRouter, Response
from msgspec import Struct

from store_hub.adapters.ledger_figures import LedgerGauge
from store_hub.errors import HubError
from store_hub.flows.backup import BackupState
from store_hub.flows.self_compact import CompactionState
from store_hub.flows.sync import CloudState
from store_hub.routes.bodies import spoken

STALE_MS = 15 * 60_000
"""A link or a shop that has said nothing for this long is worth a word."""

BACKUP_STALE_MS = 36 * 3_600_000
"""A night without a backup, and then some."""


class Finding(Struct, frozen=True, kw_only=True):
    """What a check found. `needed`: the hub cannot do its work without it."""

    ok: bool
    needed: bool
    reason: str


class Live(Struct, frozen=True, kw_only=True):
    """The program runs and answers."""

    live: bool


class Readiness(Struct, frozen=True, kw_only=True):
    """`ready` as long as everything needed is well; the rest is said, but stops no shop."""

    ready: bool
    checks: dict[str, Finding]


Check = Callable[[], Finding]


def health_routes(checks: Mapping[str, Check]) -> APIRouter:
    """Return `/health/live` and `/health/ready` (503 with reasons while something needed is missing)."""
    router = APIRouter(tags=["health"])

    @router.get("/health/live", summary="The program runs", response_model=None)
    def live() -> Response:
        return spoken(Live(live=True))

    @router.get("/health/ready", summary="It can book", response_model=None)
    def ready() -> Response:
        found = {name: check() for name, check in checks.items()}
        is_ready = all(finding.ok or not finding.needed for finding in found.values())
        return spoken(Readiness(ready=is_ready, checks=found), status_code=200 if is_ready else 503)

    return router


def ledger_check(ledger: LedgerGauge) -> Check:
    """Can the ledger be written?"""

    def check() -> Finding:
        try:
            ledger.try_writing()
        except HubError as error:
            return Finding(ok=False, needed=True, reason=str(error))
        return Finding(ok=True, needed=True, reason="it can be written")

    return check


def broker_check(is_connected: Callable[[], bool], *, place: str) -> Check:
    """Is the broker there? `place` is host and port."""

    def check() -> Finding:
        if is_connected():
            return Finding(ok=True, needed=True, reason=f"connected to {place}")
        return Finding(ok=False, needed=True, reason=f"no connection to the broker at {place}; see that it runs and that broker.* is right")

    return check


def bookkeeper_check(is_alive: Callable[[], bool], trouble: Callable[[], HubError | None] = lambda: None) -> Check:
    """Does the bookkeeper's thread run, and can it write?"""

    def check() -> Finding:
        if (problem := trouble()) is not None:
            return Finding(ok=False, needed=True, reason=f"nothing can be booked: {problem}")
        if is_alive():
            return Finding(ok=True, needed=True, reason="it is booking")
        return Finding(ok=False, needed=True, reason="the bookkeeper has stopped; restart the hub and look at the last lines of its log")

    return check


def booking_check(ledger: LedgerGauge, *, now_ms: Callable[[], int]) -> Check:
    """When was something booked last? A quiet shop is ready all the same."""

    def check() -> Finding:
        try:
            last_ms = ledger.last_booked_at_ms()
        except HubError as error:
            return Finding(ok=False, needed=True, reason=str(error))
        if last_ms is None:
            return Finding(ok=True, needed=False, reason="nothing has been booked yet")
        age_ms = max(0, now_ms() - last_ms)
        quiet = "; is the shop closed, or have its devices gone silent?" if age_ms > STALE_MS else ""
        return Finding(ok=not quiet, needed=False, reason=f"the last entry was booked {_ago(age_ms)}{quiet}")

    return check


def backup_check(state: Callable[[], BackupState] | None, *, now_ms: Callable[[], int]) -> Check:
    """Is there a fresh backup, and when was one last proved? A shop without one runs on, and is told so."""

    def check() -> Finding:
        if state is None:
            return Finding(ok=False, needed=False, reason="no backup is configured; name a folder and a recipient in [backup]")
        stands = state()
        if stands.last_taken_at_ms is None:
            return Finding(ok=False, needed=False, reason=stands.problem or "there is none yet; the first is made within a minute")
        age_ms = max(0, now_ms() - stands.last_taken_at_ms)
        words = f"the last one is from {_ago(age_ms)}" + (f"; {stands.problem}" if stands.problem else "")
        if stands.drill is None:
            return Finding(ok=not stands.problem, needed=False, reason=f"{words}; none was ever proved: run store-hub restore --verify")
        proved = "proved" if stands.drill.is_well else "found wanting"
        drilled = f"{stands.drill.backup} was {proved} {_ago(max(0, now_ms() - stands.drill.proved_at_ms))}"
        is_well = not stands.problem and age_ms < BACKUP_STALE_MS and stands.drill.is_well
        return Finding(ok=is_well, needed=False, reason=f"{words}; {drilled}")

    return check


def journal_check(state: Callable[[], CompactionState] | None, *, now_ms: Callable[[], int]) -> Check:
    """Does the journal grow for ever?"""

    def check() -> Finding:
        if state is None:
            return Finding(ok=True, needed=False, reason="it is never shortened ([ledger] compact_keep_days is 0): watch the disk")
        try:
            stands = state()
        except HubError as error:
            return Finding(ok=False, needed=False, reason=str(error))
        words = f"what devices told is kept for {stands.keep_days} days, then a snapshot stands in for it"
        if stands.last_at_ms is not None:
            words += f"; last done {_ago(max(0, now_ms() - stands.last_at_ms))}, {stands.removed} entries so far"
        if stands.problem is not None:
            return Finding(ok=False, needed=False, reason=f"{stands.problem} ({words})")
        return Finding(ok=True, needed=False, reason=words)

    return check


def cloud_check(state: Callable[[], CloudState] | None, *, now_ms: Callable[[], int]) -> Check:
    """When did the cloud last agree? Without a cloud the shop runs on, and keeps its facts."""

    def check() -> Finding:
        if state is None:
            return Finding(ok=True, needed=False, reason="no cloud is configured; facts are kept until there is one")
        agreed_at_ms, problem = state()
        age = "never yet" if agreed_at_ms is None else _ago(max(0, now_ms() - agreed_at_ms))
        if problem is not None:
            return Finding(ok=False, needed=False, reason=f"{problem} (last in agreement: {age})")
        return Finding(ok=True, needed=False, reason=f"last in agreement: {age}")

    return check


def _ago(age_ms: int) -> str:
    seconds = age_ms // 1000
    if seconds < 120:
        return f"{seconds} s ago"
    return f"{seconds // 60} min ago" if seconds < 7200 else f"{seconds // 3600} h ago"
