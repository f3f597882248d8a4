"""The ledger's settings, plans and channels for the pages."""

from __future__ import annotations

import sqlite3
from zoneinfo import ZoneInfo

import msgspec

from store_hub.entries_settings import ShopSettings
from store_hub.rows import ChannelRow, SettingsRow
from wire_format.plans import Planogram


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

    def channels(self) -> list[ChannelRow]:
        """Return where people are called besides the configuration's addresses, by name."""
        rows = self._connection.execute("SELECT name, url, role, added_at_ms FROM channels ORDER BY name LIMIT 200")
        return [ChannelRow(*row) for row in rows]
