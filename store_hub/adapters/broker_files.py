"""What the broker reads: its certificate, whom to refuse, who may say what. Written whole, then the broker is told to read it again."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import structlog

from store_hub.adapters.authority import TrustUnusable, write_secret

RELOAD_TIMEOUT_S = 20.0
READABLE = 0o640
"""By the broker's group: give the folder to it with `chgrp mosquitto`; SQLite's and the authority's files stay the hub's alone."""

_log = structlog.get_logger("broker_files")


class BrokerFiles:
    """The folder that hub and broker share.

    Args:
        reload_command: tells the broker to read its files again; empty where something else watches the folder.
    """

    def __init__(self, folder: Path, *, reload_command: Sequence[str]) -> None:
        self.folder = folder
        self._reload_command = list(reload_command)

    @property
    def certificate(self) -> Path:
        """The broker's key and certificate."""
        return self.folder / "broker.pem"

    def write(self, name: str, content: bytes) -> None:
        """Put a file in place, whole at every moment.

        Raises:
            TrustUnusable: it cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_secret(self.folder / name, content, mode=READABLE)
        except OSError as error:
            problem, advice = f"{name} cannot be written: {error.strerror}", "check the folder's owner, rights and disk"
            raise TrustUnusable(path=str(self.folder), problem=problem, advice=advice) from None

    def local_lines(self) -> str:
        """The shop's own lines for the access list."""
        try:
            return (self.folder / "acl.local").read_text(encoding="utf-8")
        except OSError:
            return ""

    def reload(self) -> bool:
        """Have the broker read its files again; False, and a line in the log, when that failed."""
        if not self._reload_command:
            return True
        try:
            done = subprocess.run(self._reload_command, capture_output=True, text=True, timeout=RELOAD_TIMEOUT_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            problem = str(error)
        else:
            if done.returncode == 0:
                return True
            problem = (done.stderr or done.stdout).strip() or f"exit code {done.returncode}"
        _log.error("the broker was not told", command=" ".join(self._reload_command), problem=problem, advice="correct trust.reload_broker")
        return False
