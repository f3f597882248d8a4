"""The ledger's settings, plans and channels for the pages."""

from __future__ import annotations

import sqlite3
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from store_hub.entries_settings import ShopSettings
from store_hub.rows import ChannelRow, SettingsRow
from wire_format import codec
from wire_format.errors import WireError
from wire_format.plans import Planogram

VERSIONS_MAX = 50


class PlanogramVersion(Struct, frozen=True, kw_only=True):
    """A planogram that was put in force."""

    journal_id: int
    version: int
    bays: int
    at_ms: int


class SettingsQueries:
    """Queries on one open transaction."""

    def __init__(self, connection: sqlite3.Connection, planogram: Planogram | None) -> None:
        self._connection = connection
        self.planogram = planogram

    @property
    def zone(self) -> ZoneInfo:
        """The shop's time zone; UTC where there is no planogram."""
        return ZoneInfo("UTC" if self.planogram is None else self.planogram.time_zone)

    def settings(self) -> ShopSettings:
        """Return what the manager has set."""
        row = self.settings_row()
        return ShopSettings() if row is None else msgspec.json.decode(row.payload, type=ShopSettings)

    def settings_row(self) -> SettingsRow | None:
        """Return the settings with who set them when; None: nobody has set any."""
        row = self._connection.execute(f"SELECT {', '.join(SettingsRow._fields)} FROM settings").fetchone()
        return None if row is None else SettingsRow(*row)

    def oldest(self) -> dict[Literal["weights", "heat", "people", "tags"], int | None]:
        """Return when the oldest row of each kind of data is from that may be let go; None where there is none."""
        questions: dict[Literal["weights", "heat", "people", "tags"], str] = {
            "weights": "SELECT min(at_ms) FROM shelf_weights",
            "heat": "SELECT min(quarter_started_at_ms) FROM floor_tiles",
            "people": "SELECT min(at_ms) FROM (SELECT min(minute_started_at_ms) AS at_ms FROM door_minutes"
            " UNION SELECT min(started_at_ms) FROM queues)",
            "tags": "SELECT min(since_ms) FROM tags WHERE present = 0",
        }
        return {kind: self._connection.execute(question).fetchone()[0] for kind, question in questions.items()}

    def channels(self) -> list[ChannelRow]:
        """Return where people are called besides the configuration's addresses, by name."""
        rows = self._connection.execute("SELECT name, url, role, added_at_ms FROM channels ORDER BY name LIMIT 200")
        return [ChannelRow(*row) for row in rows]

    def planogram_versions(self) -> list[PlanogramVersion]:
        """Return the planograms that were put in force, the one in force first."""
        rows = self._connection.execute(
            "SELECT journal_id, happened_at_ms, payload FROM journal WHERE source = 'planogram' ORDER BY journal_id DESC LIMIT ?",
            (VERSIONS_MAX,),
        ).fetchall()
        found = []
        for row in rows:
            plan = _planogram(row["payload"])
            if plan is not None:
                found.append(
                    PlanogramVersion(journal_id=row["journal_id"], version=plan.version, bays=len(plan.bays), at_ms=row["happened_at_ms"])
                )
        return found

    def planogram_of(self, journal_id: int) -> Planogram | None:
        """Return the planogram of an entry; None where the entry is none."""
        row = self._connection.execute(
            "SELECT payload FROM journal WHERE journal_id = ? AND source = 'planogram'", (journal_id,)
        ).fetchone()
        return None if row is None else _planogram(row["payload"])


def _planogram(payload: bytes) -> Planogram | None:
    try:
        plan = codec.plans.decode(payload)
    except WireError:
        return None
    return plan if isinstance(plan, Planogram) else None
