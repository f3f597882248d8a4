"""A load cell that was recorded: a CSV file with the columns `t_s`, `raw` and, where known, `temperature_c`."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from edge_agent.errors import RecordingInvalid
from edge_agent.readings import RawReading

NUMBER_MAX = 1e12


def readings_of(trace: Path) -> Iterator[RawReading]:
    """Read a trace line by line, in constant memory.

    Raises:
        RecordingInvalid: no such file, a column missing, text among the numbers, or time running backwards; with the line.
    """
    path = str(trace)
    try:
        with trace.open(encoding="utf-8", newline="") as file:
            yield from _rows(file, path)
    except FileNotFoundError:
        raise RecordingInvalid(path=path, problem="no such file; give the path of a CSV with the columns t_s, raw") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingInvalid(path=path, problem=f"cannot be read: {error}") from None


def _rows(lines: Iterator[str], path: str) -> Iterator[RawReading]:
    reader = csv.reader(lines)
    header = [name.strip() for name in next(reader, [])]
    for name in ("t_s", "raw"):
        if name not in header:
            raise RecordingInvalid(path=path, problem=f"column {name} is missing; the first line must read t_s,raw[,temperature_c]", line=1)
    time_at, raw_at = header.index("t_s"), header.index("raw")
    temperature_at = header.index("temperature_c") if "temperature_c" in header else None
    last_ms = -1
    try:
        for row in reader:
            if not row:
                continue
            try:
                at_s, raw = float(row[time_at]), float(row[raw_at])
                temperature = row[temperature_at] if temperature_at is not None and len(row) > temperature_at else ""
                temperature_c = float(temperature) if temperature else None
            except (ValueError, IndexError):
                raise RecordingInvalid(path=path, problem=f"not a reading: {','.join(row)[:60]!r}", line=reader.line_num) from None
            if not (0.0 <= at_s < NUMBER_MAX and abs(raw) < NUMBER_MAX and (temperature_c is None or math.isfinite(temperature_c))):
                raise RecordingInvalid(path=path, problem=f"a number out of bounds: {','.join(row)[:60]!r}", line=reader.line_num)
            at_ms = round(at_s * 1000.0)
            if at_ms < last_ms:
                raise RecordingInvalid(path=path, problem=f"time runs backwards, to {at_s} s; sort the recording", line=reader.line_num)
            last_ms = at_ms
            yield RawReading(at_ms, round(raw), temperature_c)
    except csv.Error as error:
        raise RecordingInvalid(path=path, problem=str(error), line=reader.line_num) from None


class LoadCellRecording:
    """Plays a trace back as a load cell.

    Args:
        trace: the file.
        shelf_id: the shelf it was recorded under.
        paced_by: the agent's monotonic milliseconds; readings then wait for their time. None: as fast as they are asked for.
    """

    def __init__(self, trace: Path, *, shelf_id: str, paced_by: Callable[[], int] | None = None) -> None:
        self.shelf_id = shelf_id
        self._readings = readings_of(trace)
        self._paced_by = paced_by
        self._started_at_ms = paced_by() if paced_by is not None else 0

    def read(self, timeout_ms: int) -> RawReading | None:
        """The next reading; None at the end.

        Raises:
            RecordingInvalid: the recording is broken here.
        """
        reading = next(self._readings, None)
        if reading is None or self._paced_by is None:
            return reading
        due_at_ms = self._started_at_ms + reading.taken_at_ms
        wait_ms = min(due_at_ms - self._paced_by(), timeout_ms)
        if wait_ms > 0:
            time.sleep(wait_ms / 1000.0)
        return reading._replace(taken_at_ms=due_at_ms)

    def close(self) -> None:
        """Close the file."""
        if hasattr(self._readings, "close"):
            self._readings.close()
