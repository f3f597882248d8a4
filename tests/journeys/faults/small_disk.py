"""A disk of a program's own, which can be full, or be put in without the right to write on it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

SIZE_MB = 512


class SmallDisk:
    """A folder on a file system in memory where root may mount one, else a plain folder, of which less can be asked.

    What a program has open on it stays open: a disk becomes full under a running program, and read-only only under a stopped one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.is_good = True
        self.is_mounted = os.geteuid() == 0 and self._mount("-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", str(folder))

    def fill(self) -> bool:
        """Leave no room; whether that can be done here."""
        if self.is_mounted:
            self.is_good = False
            disk = os.statvfs(self.folder)
            self._remount(f"size={(disk.f_blocks - disk.f_bfree) * disk.f_frsize + 4096}")
        return self.is_mounted

    def forbid(self) -> None:
        """Let nobody write here. Whoever could has stopped."""
        self.is_good = False
        if self.is_mounted:
            self._remount("ro")
        else:
            self.folder.chmod(0o555)

    def heal(self) -> None:
        """Be a good disk again."""
        self.is_good = True
        if self.is_mounted:
            self._remount(f"rw,size={SIZE_MB}m")
        else:
            self.folder.chmod(0o755)

    def close(self) -> None:
        """Go, with all that is on it."""
        if self.is_mounted:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=False, capture_output=True)

    def _remount(self, options: str) -> None:
        self._mount("-o", f"remount,{options}", str(self.folder))

    def _mount(self, *words: str) -> bool:
        try:
            return subprocess.run(["mount", *words], check=False, capture_output=True).returncode == 0
        except OSError:
            return False
