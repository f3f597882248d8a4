"""What most flows are given: the shop's ledger, its bookkeeper, its name, its time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from store_hub.flows.bookkeep import BookkeepingDoor


class Parts(NamedTuple):
    """Handed to each flow's maker. `ledger`: the file. `zone`: the shop's time zone, as the planogram in force has it."""

    ledger: Path
    bookkeep: BookkeepingDoor
    store_id: str
    zone: Callable[[], ZoneInfo]
    now_ms: Callable[[], int]
