"""Processor seconds of other processes, from /proc."""

from __future__ import annotations

import os
from pathlib import Path


def cpu_s_of(pid: int) -> float:
    """User and system seconds of a process since it began."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
