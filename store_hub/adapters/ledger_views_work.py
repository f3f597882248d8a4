"""The ledger's work for the pages: alerts, devices, what could not be read, and how far the cloud is."""

from __future__ import annotations

import sqlite3

from store_hub.adapters.journal_snapshot import last_compaction
from store_hub.adapters.ledger_views_rows import AlertRow, CloudRow, CounterRow, DeviceRow, FaultRow, PlaceName, QuarantineRow
from store_hub.rows import ButtonPressRow, CalibrationRow
from wire_format import codec
from wire_format.errors import WireError
from wire_format.plans import Planogram

PACE_OVER_MS = 3 * 3_600_000
DEVICE_KINDS = ("device_silent", "sensor_fault")

_ALERT_COLUMNS = (
    "SELECT a.alert_id, a.kind, a.sku, a.shelf_id, coalesce(p.name, a.sku, a.shelf_id, '') AS name, f.bay_id, f.level, a.raised_at_ms,"
    " a.emptied_at_ms, a.taken_at_ms, a.taken_by, a.done_at_ms, a.done_by, a.cleared_at_ms,"
    " coalesce(a.units_now, a.units_at_raise) AS units,"
    " a.subject, a.detail, a.lost_minor_h, a.assigned_to, a.missing_at_ms, a.missing_by, a.escalated_at_ms, a.cleared_by,"
    " s.low, s.high, f.capacity_units, coalesce(b.units, a.back_room_units) AS back_room_units"
    " FROM alerts a LEFT JOIN products p ON p.sku = a.sku"
    " LEFT JOIN facings f ON f.shelf_id = a.shelf_id AND f.sku = a.sku"
    " LEFT JOIN stock s ON s.sku = a.sku AND s.place = a.shelf_id"
    " LEFT JOIN stock b ON b.sku = a.sku AND b.place = 'back_room'"
)


class WorkQueries:
    """Queries on one open transaction. Spans are half-open, milliseconds."""

    def __init__(self, connection: sqlite3.Connection, planogram: Planogram | None) -> None:
        self._connection = connection
        self.planogram = planogram

    def open_alerts(self, *, limit: int = 200) -> list[AlertRow]:
        """Return what is empty, longest first, then what is low, oldest first; with what went in the three hours before."""
        rows = self._connection.execute(
            f"{_ALERT_COLUMNS} WHERE a.cleared_at_ms IS NULL AND a.kind IN ('empty_shelf', 'low_shelf')"
            " ORDER BY a.kind <> 'empty_shelf', coalesce(a.emptied_at_ms, a.raised_at_ms), a.alert_id LIMIT ?",
            (limit,),
        ).fetchall()
        return [self._alert(row, with_pace=True) for row in rows]

    def open_alert_count(self) -> int:
        """Return how many alerts are open; devices that are not well are told apart."""
        kinds = ", ".join(f"'{kind}'" for kind in DEVICE_KINDS)
        return int(
            self._connection.execute(f"SELECT count(*) FROM alerts WHERE cleared_at_ms IS NULL AND kind NOT IN ({kinds})").fetchone()[0]
        )

    def open_tasks(self, *, limit: int = 300) -> list[AlertRow]:
        """Return everything that asks for somebody, of whatever kind, oldest first; with what went in the three hours before."""
        rows = self._connection.execute(f"{_ALERT_COLUMNS} WHERE a.cleared_at_ms IS NULL ORDER BY a.alert_id LIMIT ?", (limit,)).fetchall()
        return [self._alert(row, with_pace=True) for row in rows]

    def past_alerts(self, since_ms: int, *, limit: int = 200) -> list[AlertRow]:
        """Return alerts cleared since then, newest first."""
        rows = self._connection.execute(
            f"{_ALERT_COLUMNS} WHERE a.cleared_at_ms >= ? ORDER BY a.cleared_at_ms DESC LIMIT ?", (since_ms, limit)
        ).fetchall()
        return [self._alert(row, with_pace=False) for row in rows]

    def _alert(self, row: sqlite3.Row, *, with_pace: bool) -> AlertRow:
        values = dict(row)
        bay_id, level = values.pop("bay_id"), values.pop("level")
        place = self._place_of(row["shelf_id"]) if bay_id is None else PlaceName(bay_name=self._bay_name(bay_id), level=level)
        taken = self._taken_before(row["sku"], row["emptied_at_ms"] or row["raised_at_ms"]) if with_pace and row["sku"] else 0.0
        return AlertRow(**values, place=place, taken_units=taken, taken_over_ms=PACE_OVER_MS if with_pace else 0)

    def _place_of(self, shelf_id: str | None) -> PlaceName | None:
        """Where a shelf is, whatever stands on it."""
        bays = self.planogram.bays if self.planogram else []
        found = ((bay, shelf) for bay in bays for shelf in bay.shelves if shelf.shelf_id == shelf_id)
        return next((PlaceName(bay_name=bay.name, level=shelf.level) for bay, shelf in found), None)

    def _bay_name(self, bay_id: str) -> str:
        bays = self.planogram.bays if self.planogram else []
        return next((bay.name for bay in bays if bay.bay_id == bay_id), bay_id)

    def _taken_before(self, sku: str, at_ms: int) -> float:
        row = self._connection.execute(
            "SELECT coalesce(sum(units_picked - units_put_back), 0) FROM sku_quarters"
            " WHERE sku = ? AND quarter_started_at_ms >= ? AND quarter_started_at_ms < ?",
            (sku, at_ms - PACE_OVER_MS, at_ms),
        ).fetchone()
        return float(row[0])

    def devices(self) -> list[DeviceRow]:
        """Return every device, by name."""
        rows = self._connection.execute(
            "SELECT device_id, state, agent_version, last_seen_at_ms, state_since_ms, health FROM devices ORDER BY device_id LIMIT 500"
        )
        return [_device(row) for row in rows]

    def calibrations(self) -> list[CalibrationRow]:
        """Return the last calibration of each scale."""
        rows = self._connection.execute(f"SELECT {', '.join(CalibrationRow._fields)} FROM calibrations ORDER BY shelf_id LIMIT 1000")
        return [CalibrationRow(*row) for row in rows]

    def button_presses(self, since_ms: int, *, limit: int = 20) -> list[ButtonPressRow]:
        """Return who pressed what at a shelf since then, newest first."""
        rows = self._connection.execute(
            f"SELECT {', '.join(ButtonPressRow._fields)} FROM button_presses WHERE pressed_at_ms >= ? ORDER BY journal_id DESC LIMIT ?",
            (since_ms, limit),
        )
        return [ButtonPressRow(*row) for row in rows]

    def quarantine_count(self, since_ms: int = 0) -> int:
        """Return how many messages or lines without effect there are, of entries that happened since then."""
        return int(self._connection.execute("SELECT count(*) FROM quarantine WHERE happened_at_ms >= ?", (since_ms,)).fetchone()[0])

    def quarantine(self, *, limit: int = 50) -> list[QuarantineRow]:
        """Return the newest messages and lines without effect."""
        rows = self._connection.execute(
            "SELECT q.journal_id, q.line, q.reason, q.detail, q.happened_at_ms, coalesce(j.source, '?') AS source"
            " FROM quarantine q LEFT JOIN journal j ON j.journal_id = q.journal_id ORDER BY q.journal_id DESC, q.line LIMIT ?",
            (limit,),
        )
        return [QuarantineRow(**dict(row)) for row in rows]

    def counters(self) -> list[CounterRow]:
        """Return what was refused without a journal entry."""
        rows = self._connection.execute("SELECT name, count, last_detail, last_at_ms FROM counters ORDER BY name LIMIT 100")
        return [CounterRow(**dict(row)) for row in rows]

    def journal_shortened(self) -> tuple[int, int] | None:
        """Return when the journal was shortened last, and how many entries only its snapshot knows; None where it never was."""
        return last_compaction(self._connection)

    def last_news_ms(self) -> int | None:
        """Return when the hub last heard anything: a booked entry or a sign of life."""
        row = self._connection.execute(
            "SELECT max(coalesce((SELECT received_at_ms FROM journal ORDER BY journal_id DESC LIMIT 1), 0),"
            " coalesce((SELECT max(last_seen_at_ms) FROM devices), 0))"
        ).fetchone()
        return int(row[0]) or None

    def entries(self) -> int:
        """Return the number of the last journal entry; 0 for a ledger in which nothing has happened yet."""
        return int(self._connection.execute("SELECT coalesce(max(journal_id), 0) FROM journal").fetchone()[0])

    def cloud(self) -> CloudRow | None:
        """Return how many facts wait for the cloud, or None where no cloud has ever answered or been told anything."""
        row = self._connection.execute("SELECT last_sequence, booked_through, booked_at_ms FROM report_marks").fetchone()
        if row is None or row["last_sequence"] == 0:
            return None
        return CloudRow(waiting=row["last_sequence"] - row["booked_through"], booked_at_ms=row["booked_at_ms"])


def _device(row: sqlite3.Row) -> DeviceRow:
    known = {key: row[key] for key in ("device_id", "state", "agent_version", "last_seen_at_ms", "state_since_ms")}
    try:
        health = codec.device_health.decode(row["health"])
    except WireError:
        return DeviceRow(
            **known, outbox_depth=0, outbox_capacity=0, shed={}, temperature_c=None, disk_free_mb=None, faults=[], parts=[], readable=False
        )
    return DeviceRow(
        **known,
        outbox_depth=health.outbox_depth,
        outbox_capacity=health.outbox_capacity,
        shed=health.shed,
        temperature_c=health.temperature_c,
        disk_free_mb=health.disk_free_mb,
        faults=[FaultRow(part=f.part, message=f.message, advice=f.advice, since_ms=f.since_ms) for f in health.faults],
        parts=health.parts,
    )
