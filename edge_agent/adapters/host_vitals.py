"""How the computer itself is: its temperature and the space left for the outbox."""

from __future__ import annotations

import os
from pathlib import Path

THERMAL_FILE = Path("/sys/class/thermal/thermal_zone0/temp")


class HostVitals:
    """Reads the kernel's own figures; None where a machine does not tell.

    Args:
        folder: any place on the disk whose free space matters.
    """

    def __init__(self, folder: Path, thermal_file: Path = THERMAL_FILE) -> None:
        self._folder = folder
        self._thermal_file = thermal_file

    def temperature_c(self) -> float | None:
        """Of the processor."""
        try:
            return int(self._thermal_file.read_text(encoding="ascii")) / 1000.0
        except (OSError, ValueError):
            return None

    def disk_free_mb(self) -> float | None:
        """What a program that is not root may still write, in megabytes of a million bytes."""
        try:
            disk = os.statvfs(self._folder)
        except OSError:
            return None
        return disk.f_bavail * disk.f_frsize / 1e6
