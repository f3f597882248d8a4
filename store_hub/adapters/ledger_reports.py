"""Reads from the ledger what the cloud has yet to hear: facts that changed, and facts already numbered.

Every reading is one read-only transaction on a connection of its own, so that a report is of one moment and nothing holds the log back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from store_hub.errors import LedgerUnusable
from store_hub.rows.hub import DirtyRow
from store_hub.rows.report import (
    AlertFigures,
    BasketLine,
    DeviceFigures,
    DoorFigures,
    QuarterFigures,
    RolloutFigures,
    SkuHistory,
    Spell,
    TileFigures,
    ZoneFigures,
)
from wire_format import codec
from wire_format.errors import WireError

QUARTER_MS = 900_000
DAY_MS = 86_400_000
_QUARTER_COLUMNS = ", ".join(QuarterFigures._fields)


class Marks(NamedTuple):
    """How far the cloud is. `waiting`: facts numbered and not yet booked there."""

    ledger_id: str
    last_sequence: int
    booked_through: int
    plans_after: int
    waiting: int


class PlanogramInForce(NamedTuple):
    """The planogram's bytes, and the entry that put it in force."""

    journal_id: int
    payload: bytes


class ReportReading:
    """All queries of report and sync, on one open transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def dirty(self, *, limit: int) -> list[DirtyRow]:
        """Return what changed in the newest 24 hours of all that is to be told, with what has no time: after a month without the cloud the
        planner needs today before he needs last week.

        One kind of fact and one subject after the other: an article's quarters share their days.
        """
        newest_ms = self._connection.execute("SELECT max(period_ms) FROM dirty").fetchone()[0] or 0
        rows = self._connection.execute(
            "SELECT fact, period_ms, subject, journal_id FROM dirty WHERE period_ms = 0 OR period_ms > ? ORDER BY 1, 3, 2 LIMIT ?",
            (newest_ms - DAY_MS, limit),
        )
        return [DirtyRow(*row) for row in rows]

    def known_through_ms(self, now_ms: int) -> int | None:
        """Return up to when the store's story was known at a moment: the latest of the last entries; None for an empty journal."""
        row = self._connection.execute(
            "SELECT max(happened_at_ms) FROM"
            " (SELECT happened_at_ms FROM journal WHERE received_at_ms <= ? ORDER BY journal_id DESC LIMIT 500)",
            (now_ms,),
        ).fetchone()
        return None if row[0] is None else min(int(row[0]), now_ms)

    def skus(self) -> list[str]:
        """Return every article with a known stock."""
        return [row[0] for row in self._connection.execute("SELECT sku FROM totals ORDER BY sku")]

    def skus_out(self) -> list[str]:
        """Return every article that is on no shelf now."""
        return [row[0] for row in self._connection.execute("SELECT sku FROM totals WHERE out_since_ms IS NOT NULL ORDER BY sku")]

    def spells(self, sku: str, from_ms: int) -> list[Spell]:
        """Return the spells without stock that ended at a moment or after it, or have not ended."""
        rows = self._connection.execute(
            "SELECT started_at_ms, ended_at_ms FROM stockouts WHERE sku = ? AND ended_at_ms >= ? ORDER BY started_at_ms", (sku, from_ms)
        )
        spells = [Spell(*row) for row in rows]
        since = self._connection.execute("SELECT out_since_ms FROM totals WHERE sku = ?", (sku,)).fetchone()
        return spells if since is None or since[0] is None else [*spells, Spell(since[0], None)]

    def history(self, sku: str, from_ms: int, to_ms: int) -> SkuHistory:
        """Return an article's quarters in a span, the last one before it, and the spells that reach into it."""
        rows = self._connection.execute(
            f"SELECT {_QUARTER_COLUMNS} FROM sku_quarters WHERE sku = ? AND quarter_started_at_ms >= ? AND quarter_started_at_ms < ?"
            " ORDER BY quarter_started_at_ms",
            (sku, from_ms, to_ms),
        )
        quarters = [QuarterFigures(*row) for row in rows]
        before = self._connection.execute(
            f"SELECT {_QUARTER_COLUMNS} FROM sku_quarters WHERE sku = ? AND quarter_started_at_ms < ? AND closing_units IS NOT NULL"
            " ORDER BY quarter_started_at_ms DESC LIMIT 1",
            (sku, from_ms),
        ).fetchone()
        known_before = self._since_the_start(sku) if before is None else QuarterFigures(*before)
        return SkuHistory(sku, quarters, known_before, self.spells(sku, from_ms))

    def _since_the_start(self, sku: str) -> QuarterFigures | None:
        """What the planogram said was there, before anything had happened."""
        row = self._connection.execute(
            "SELECT opening_units, NULL, NULL FROM sku_quarters WHERE sku = ? AND opening_units IS NOT NULL"
            " ORDER BY quarter_started_at_ms LIMIT 1",
            (sku,),
        ).fetchone()
        row = row or self._connection.execute("SELECT units, low, high FROM totals WHERE sku = ?", (sku,)).fetchone()
        return None if row is None or row[0] is None else QuarterFigures(0, 0, 0, 0, 0, 0, 0, row[0], *row)

    def door(self, door_id: str, quarter_ms: int) -> DoorFigures | None:
        """Return a door's quarter; None when nobody watched it."""
        row = self._connection.execute(
            "SELECT sum(people_in), sum(people_out), sum(observed_ms), sum(staff_in), sum(staff_out),"
            " CASE WHEN count(groups_in) = count(*) THEN sum(groups_in) END FROM door_minutes"
            " WHERE door_id = ? AND minute_started_at_ms >= ? AND minute_started_at_ms < ?",
            (door_id, quarter_ms, quarter_ms + QUARTER_MS),
        ).fetchone()
        return None if row[0] is None else DoorFigures(door_id, quarter_ms, *row)

    def zone(self, zone_id: str, quarter_ms: int) -> ZoneFigures | None:
        """Return a zone's quarter; None when nothing is known of it."""
        key = (zone_id, quarter_ms)
        at = "WHERE zone_id = ? AND quarter_started_at_ms = ?"
        stay = self._connection.execute(f"SELECT dwell_person_ms FROM zone_quarters {at}", key).fetchone()
        visits = self._connection.execute(f"SELECT entries, stopped, stopped_ms, person_ms FROM zone_visits {at}", key).fetchone()
        waits = self._connection.execute(
            "SELECT sum(waits), sum(waited_ms) FROM queues WHERE zone_id = ? AND started_at_ms >= ? AND started_at_ms < ?",
            (zone_id, quarter_ms, quarter_ms + QUARTER_MS),
        ).fetchone()
        if stay is None and visits is None and waits[0] is None:
            return None
        dwell_ms = stay[0] if stay is not None else visits[3] if visits is not None else None
        return ZoneFigures(zone_id, quarter_ms, dwell_ms, *(visits[:3] if visits is not None else (None, None, None)), *waits)

    def tiles(self, area_id: str, quarter_ms: int) -> TileFigures | None:
        """Return an area's heat in a quarter; None when nobody watched it."""
        rows = self._connection.execute(
            "SELECT cell_size_mm, column_no, row_no, dwell_person_ms FROM floor_tiles"
            " WHERE area_id = ? AND quarter_started_at_ms = ? ORDER BY cell_size_mm, row_no, column_no",
            (area_id, quarter_ms),
        ).fetchall()
        watched = self._connection.execute(
            "SELECT people FROM area_quarters WHERE area_id = ? AND quarter_started_at_ms = ?", (area_id, quarter_ms)
        ).fetchone()
        if not rows and watched is None:
            return None
        return TileFigures(area_id, quarter_ms, [tuple(row) for row in rows], None if watched is None else watched[0])

    def basket_lines(self, from_ms: int, to_ms: int) -> list[BasketLine]:
        """Return what was on each receipt of a span, receipt after receipt."""
        rows = self._connection.execute(
            "SELECT journal_id, sku, sum(units) FROM sales WHERE sold_at_ms >= ? AND sold_at_ms < ? GROUP BY 1, 2 ORDER BY 1, 2",
            (from_ms, to_ms),
        )
        return [BasketLine(*row) for row in rows]

    def alert(self, alert_id: int) -> AlertFigures | None:
        """Return an alert; None when there is none of this number any more."""
        columns = ", ".join(AlertFigures._fields)
        row = self._connection.execute(f"SELECT {columns} FROM alerts WHERE alert_id = ?", (alert_id,)).fetchone()
        return None if row is None else AlertFigures(*row)

    def device(self, device_id: str) -> DeviceFigures | None:
        """Return a device; None when it was never heard of."""
        row = self._connection.execute(
            "SELECT state, last_seen_at_ms, agent_version, health, c.wall_error_ms FROM devices d LEFT JOIN clocks c"
            " ON c.outbox_id = d.outbox_id AND c.boot_id = d.boot_id WHERE device_id = ?",
            (device_id,),
        ).fetchone()
        if row is None:
            return None
        try:
            health = codec.device_health.decode(row[3])
        except WireError:  # Kept by a newer hub than this one: what the columns say is still true.
            return DeviceFigures(device_id, row[0], row[1], row[2], 0, [], clock_error_ms=row[4])
        return DeviceFigures(
            device_id, row[0], row[1], row[2], health.outbox_depth, sorted({fault.code for fault in health.faults}),
            health.temperature_c, health.disk_free_mb, row[4],
        )  # fmt: skip

    def rollout(self) -> RolloutFigures | None:
        """Return the last rollout of software; None where the chain did not want it."""
        row = self._connection.execute(
            "SELECT chain_rollout_id, version, stage, reason, changed_at_ms, rings FROM rollouts WHERE chain_rollout_id <> ''"
        ).fetchone()
        if row is None:
            return None
        planned = {device_id for ring in msgspec.json.decode(row[5], type=list[list[str]]) for device_id in ring}
        confirmed = self._connection.execute(
            "SELECT device_id FROM deployments WHERE kind = 'software' AND version = ? AND state = 'confirmed'", (row[1],)
        )
        done = sum(device_id in planned for (device_id,) in confirmed)
        return RolloutFigures(row[0], row[1], row[2], row[3], len(planned), done, row[4])

    def marks(self) -> Marks | None:
        """Return how far the cloud is; None while the ledger is being set up."""
        row = self._connection.execute(
            "SELECT m.ledger_id, r.last_sequence, r.booked_through, r.plans_after, (SELECT count(*) FROM report_outbox)"
            " FROM meta m, report_marks r"
        ).fetchone()
        return None if row is None else Marks(*row)

    def numbered(self, *, limit: int) -> list[tuple[int, bytes]]:
        """Return the next facts for the cloud: `(sequence, JSON)`, in order."""
        rows = self._connection.execute("SELECT sequence, fact FROM report_outbox ORDER BY sequence LIMIT ?", (limit,))
        return [(row[0], bytes(row[1])) for row in rows]

    def planogram(self) -> PlanogramInForce | None:
        """Return the planogram in force; None before the first."""
        row = self._connection.execute("SELECT journal_id, payload FROM planogram").fetchone()
        return None if row is None else PlanogramInForce(row[0], bytes(row[1]))


class LedgerReports:
    """Opens readings of one ledger file."""

    def __init__(self, path: Path, *, busy_ms: int = 2_000) -> None:
        self._path = path
        self._busy_ms = busy_ms

    @contextmanager
    def reading(self) -> Iterator[ReportReading]:
        """Open one consistent view.

        Raises:
            LedgerUnusable: no such file, no ledger, or no way to read it.
        """
        try:
            with closing(
                sqlite3.connect(f"{self._path.resolve().as_uri()}?mode=ro", uri=True, timeout=self._busy_ms / 1000, isolation_level=None)
            ) as connection:
                connection.execute("BEGIN")
                yield ReportReading(connection)
        except sqlite3.Error as error:
            advice = "check that the file is there and that the hub may read it"
            raise LedgerUnusable(path=str(self._path), problem=str(error), advice=advice) from error
