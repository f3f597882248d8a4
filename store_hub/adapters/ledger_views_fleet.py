"""What devices run, for the pages."""

from __future__ import annotations

import sqlite3

from store_hub.rows import DeploymentRow, DeviceFileRow, DeviceLogRow, RolloutRow


class FleetQueries:
    """Queries on one open transaction."""

    _connection: sqlite3.Connection

    def device_file(self, device_id: str) -> DeviceFileRow | None:
        """Return a device's configuration file; None where it has not told it."""
        query = f"SELECT {', '.join(DeviceFileRow._fields)} FROM device_files WHERE device_id = ?"
        row = self._connection.execute(query, (device_id,)).fetchone()
        return None if row is None else DeviceFileRow(*row)

    def devices_with_keeper(self) -> list[str]:
        """Return the devices that can be changed from here, by name."""
        return [row[0] for row in self._connection.execute("SELECT device_id FROM device_files ORDER BY device_id LIMIT 1000")]

    def deployments(self, kind: str) -> dict[str, DeploymentRow]:
        """Return what each device was last sent of a kind."""
        query = f"SELECT {', '.join(DeploymentRow._fields)} FROM deployments WHERE kind = ? ORDER BY device_id LIMIT 1000"
        return {row["device_id"]: DeploymentRow(*row) for row in self._connection.execute(query, (kind,))}

    def rollout(self) -> RolloutRow | None:
        """Return the last rollout of software."""
        row = self._connection.execute(f"SELECT {', '.join(RolloutRow._fields)} FROM rollouts").fetchone()
        return None if row is None else RolloutRow(*row)

    def device_log(self, device_id: str) -> DeviceLogRow | None:
        """Return the lines of a device's log that somebody asked for; None where nobody did."""
        row = self._connection.execute(
            f"SELECT {', '.join(DeviceLogRow._fields)} FROM device_logs WHERE device_id = ?", (device_id,)
        ).fetchone()
        return None if row is None else DeviceLogRow(*row)

    def clock_errors(self) -> dict[str, int]:
        """Return by how many milliseconds each device's wall clock is ahead of the hub's, as it last said."""
        rows = self._connection.execute(
            "SELECT d.device_id, c.wall_error_ms FROM devices d JOIN clocks c ON c.outbox_id = d.outbox_id AND c.boot_id = d.boot_id"
        )
        return {row["device_id"]: int(row["wall_error_ms"]) for row in rows}
