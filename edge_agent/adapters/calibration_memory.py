"""Remembers a calibration in the middle, so that a restart of the agent does not lose the loads that were weighed."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

from edge_agent.readings import KnownLoad


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """A calibration as it stood. `is_over`: it has ended here, whatever an older wish still says."""

    session_id: str
    handled_through: int = 0
    loads: dict[int, KnownLoad] = {}
    is_over: bool = False


class CalibrationMemory:
    """One small file per scale, whole at every moment.

    Args:
        folder: where the device keeps its state.
        shelf_id: whose scale.
    """

    def __init__(self, folder: Path, shelf_id: str) -> None:
        self._path = folder / f"calibration-{shelf_id}.json"

    def read(self) -> Remembered | None:
        """What was remembered last; None when there is nothing, or nothing that can be read: then the person begins again."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Remembered)
        except (OSError, msgspec.DecodeError):
            return None

    def write(self, state: Remembered) -> None:
        """Remember. A disk that refuses is no reason to stop: only a restart in the middle would then begin again."""
        beside = self._path.with_suffix(".new")
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with beside.open("wb") as file:
                file.write(msgspec.json.encode(state))
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
