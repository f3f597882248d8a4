"""Reads from the ledger which calls to staff are still to be sent, in the shop's own words, to whom, and when they may be."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import NamedTuple

import msgspec

from store_hub.adapters.ledger_file import reading
from store_hub.entries_settings import AlertRules, ShopSettings
from store_hub.rows import ChannelRow
from wire_format import codec
from wire_format.errors import WireError
from wire_format.plans import Planogram

_SELECT = (
    "SELECT n.notification_id, n.alert_id, n.reason, n.created_at_ms, n.attempts, a.raised_at_ms, a.emptied_at_ms, a.taken_at_ms,"
    " a.cleared_at_ms, coalesce(p.name, a.sku, a.shelf_id, '?') AS article, a.shelf_id,"
    " coalesce(s.units, a.units_now, a.units_at_raise) AS units, coalesce(b.units, a.back_room_units) AS back_room_units, f.capacity_units,"
    " coalesce(a.kind, '') AS kind, coalesce(a.subject, '') AS subject, coalesce(a.detail, '') AS detail, a.lost_minor_h"
    " FROM notifications n LEFT JOIN alerts a ON a.alert_id = n.alert_id LEFT JOIN products p ON p.sku = a.sku"
    " LEFT JOIN facings f ON f.shelf_id = a.shelf_id AND f.sku = a.sku"
    " LEFT JOIN stock s ON s.sku = a.sku AND s.place = a.shelf_id"
    " LEFT JOIN stock b ON b.sku = a.sku AND b.place = 'back_room'"
    " WHERE n.settled_at_ms IS NULL ORDER BY n.notification_id LIMIT ?"
)


class WaitingCall(NamedTuple):
    """A message to staff that is not settled. `raised_at_ms` None: its alert is gone."""

    notification_id: int
    alert_id: int
    reason: str
    created_at_ms: int
    attempts: int
    raised_at_ms: int | None
    emptied_at_ms: int | None
    taken_at_ms: int | None
    cleared_at_ms: int | None
    article: str
    shelf_id: str | None
    units: float | None
    back_room_units: float | None
    capacity_units: int | None
    kind: str
    subject: str
    detail: str
    lost_minor_h: float | None


class CallsAndRules(NamedTuple):
    """What waits, where people are called, when they may be, and the shop's plan (None: there is none that can be read)."""

    waiting: list[WaitingCall]
    channels: list[ChannelRow]
    rules: AlertRules
    plan: Planogram | None


class LedgerCalls:
    """Reads one ledger file; safe from any thread."""

    def __init__(self, path: Path, *, busy_ms: int = 2_000) -> None:
        self._path = path
        self._busy_ms = busy_ms

    def read(self, *, limit: int = 500) -> CallsAndRules:
        """Return the calls still to be sent, oldest first, with all that says how.

        Raises:
            LedgerUnusable: the ledger cannot be read.
        """
        with reading(self._path, busy_ms=self._busy_ms) as connection:
            connection.execute("BEGIN")
            waiting = [WaitingCall(*row) for row in connection.execute(_SELECT, (limit,))]
            channels = [ChannelRow(*row) for row in connection.execute("SELECT name, url, role, added_at_ms FROM channels ORDER BY name")]
            return CallsAndRules(waiting, channels, _rules(connection), _plan(connection) if waiting else None)


def _rules(connection: sqlite3.Connection) -> AlertRules:
    row = connection.execute("SELECT payload FROM settings").fetchone()
    return AlertRules() if row is None else msgspec.json.decode(row[0], type=ShopSettings).alerts


def _plan(connection: sqlite3.Connection) -> Planogram | None:
    row = connection.execute("SELECT payload FROM planogram").fetchone()
    try:
        plan = None if row is None else codec.plans.decode(bytes(row[0]))
    except WireError:  # A shelf's number still finds the shelf.
        return None
    return plan if isinstance(plan, Planogram) else None
