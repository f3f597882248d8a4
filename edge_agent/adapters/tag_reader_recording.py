"""A tag reader that was recorded: a CSV file of reads as an LLRP client logs them.

Columns: `timestamp` (Unix seconds), `antenna`, `rssi` (dBm), `epc` (hex, also as `b'…'`), and where known `phase_angle` (0 to 4095)
and `channel_index`.
Clients write what arrives, and reports arrive late: the rows are sorted by time here.
"""

from __future__ import annotations

import csv
import math
import re
import time
from collections.abc import Callable
from pathlib import Path

from edge_agent.errors import RecordingInvalid
from edge_agent.readings import ReaderNote, TagRead

BATCH_MS = 100
PHASE_STEPS = 4096
_EPC = re.compile(r"^(?:b'([0-9A-Fa-f]+)'|b\"([0-9A-Fa-f]+)\"|([0-9A-Fa-f]+))$")
_NEEDED = ("timestamp", "antenna", "rssi", "epc")


class _RowUnreadable(ValueError):
    """One row is not a read; says why."""


def reads_of(recording: Path) -> list[TagRead]:
    """All reads of a file, oldest first; `read_at_ms` counts from the first.

    Raises:
        RecordingInvalid: no such file, a column missing, or a row that is no read; with the line.
    """
    path = str(recording)
    reads: list[tuple[float, TagRead]] = []
    try:
        with recording.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, skipinitialspace=True)
            missing = [name for name in _NEEDED if name not in (rows.fieldnames or [])]
            if missing:
                problem = f"column {missing[0]} is missing; the first line must name timestamp, antenna, rssi and epc"
                raise RecordingInvalid(path=path, problem=problem, line=1)
            for row in rows:
                try:
                    reads.append(_read(row))
                except (_RowUnreadable, ValueError, TypeError, OverflowError) as error:
                    reason = str(error) if isinstance(error, _RowUnreadable) else "not a read"
                    values = ",".join(str(value) for value in row.values() if value is not None)[:80]
                    raise RecordingInvalid(path=path, problem=f"{reason}: {values!r}", line=rows.line_num) from None
    except FileNotFoundError:
        raise RecordingInvalid(path=path, problem="no such file; give the path of a CSV of reads") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RecordingInvalid(path=path, problem=f"cannot be read: {error}") from None
    reads.sort(key=lambda timed: timed[0])
    first_s = reads[0][0] if reads else 0.0
    return [read._replace(read_at_ms=round((at_s - first_s) * 1000.0)) for at_s, read in reads]


def _read(row: dict[str, str]) -> tuple[float, TagRead]:
    at_s, rssi_dbm = float(row["timestamp"]), float(row["rssi"])
    if not (math.isfinite(at_s) and abs(at_s) < 1e11 and -200.0 <= rssi_dbm <= 50.0):
        raise _RowUnreadable("a number out of bounds")
    found = _EPC.match(row["epc"].strip())
    epc = next((group for group in found.groups() if group), "").upper() if found is not None else ""
    if not epc or len(epc) % 4 or len(epc) > 124:
        raise _RowUnreadable("the EPC is not whole words of hex digits")
    phase = row.get("phase_angle")
    phase_rad = float(phase) * 2.0 * math.pi / PHASE_STEPS if phase else None
    channel = row.get("channel_index")
    return at_s, TagRead(0, epc, int(row["antenna"]), rssi_dbm, phase_rad, int(channel) if channel else None)


class TagReaderRecording:
    """Plays reads back, a tenth of a second at a time.

    Args:
        recording: the file.
        reader_id: what the reader is called.
        paced_by: the agent's monotonic milliseconds; reads then wait for their time. None: as fast as they are asked for.

    Raises:
        RecordingInvalid: the recording is missing or broken.
    """

    def __init__(self, recording: Path, *, reader_id: str, paced_by: Callable[[], int] | None = None) -> None:
        self.reader_id = reader_id
        self._reads = reads_of(recording)
        self._next = 0
        self._paced_by = paced_by
        self._started_at_ms = paced_by() if paced_by is not None else 0

    def read(self, timeout_ms: int) -> list[TagRead] | None:
        """The reads of the next tenth of a second; empty when their time has not come within `timeout_ms`; None at the end."""
        if self._next >= len(self._reads):
            return None
        first_ms = self._reads[self._next].read_at_ms
        last = self._next
        while last < len(self._reads) and self._reads[last].read_at_ms < first_ms + BATCH_MS:
            last += 1
        if self._paced_by is not None:
            due_in_ms = self._started_at_ms + self._reads[last - 1].read_at_ms - self._paced_by()
            time.sleep(max(0, min(due_in_ms, timeout_ms)) / 1000.0)
            if due_in_ms > timeout_ms:
                return []
        batch = [read._replace(read_at_ms=self._started_at_ms + read.read_at_ms) for read in self._reads[self._next : last]]
        self._next = last
        return batch

    def notes(self) -> list[ReaderNote]:
        """A recording is always well."""
        return []

    def close(self) -> None:
        """Nothing is held open."""
