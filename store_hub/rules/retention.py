"""How long each kind of data is kept, and in what steps the older rows are let go.

That rows are let go is journalled, so that a rebuild lets go of the same ones. The journal itself, stock, sales, alerts and the sums of
quarters are no kind here: they are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from store_hub.entries import Forget
from store_hub.entries_settings import Retention
from store_hub.rows import TAG_REMEMBERED_MS, DoorMinuteRow, FloorTileRow, GoneBefore, QueueRow, ShelfWeightRow, TagRow

Kind = Literal["weights", "heat", "people", "tags"]
DAY_MS = 86_400_000
STEP_MS = 7 * DAY_MS
"""So much is let go in one transaction, so that booking never waits long for the first night of a long history."""

ROWS: dict[Kind, tuple[GoneBefore, ...]] = {
    "weights": (GoneBefore(ShelfWeightRow, "at_ms", 0),),
    "heat": (GoneBefore(FloorTileRow, "quarter_started_at_ms", 0),),
    "people": (GoneBefore(DoorMinuteRow, "minute_started_at_ms", 0), GoneBefore(QueueRow, "started_at_ms", 0)),
    "tags": (GoneBefore(TagRow, "since_ms", 0, "present = 0"),),
}


def rows_to_forget(said: Forget) -> list[GoneBefore]:
    """Return what an entry lets go of."""
    return [gone._replace(before_ms=said.before_ms) for gone in ROWS[said.kind]]


def steps(retention: Retention, oldest_ms: Mapping[Kind, int | None], now_ms: int) -> list[Forget]:
    """Return what is to be let go, in steps from the oldest row of each kind to the day that is still kept.

    Tags that left are kept at least as long as the hub remembers them.
    """
    days = {"weights": retention.weights_days, "heat": retention.heat_days, "people": retention.people_days, "tags": retention.tags_days}
    found = []
    for kind in ROWS:
        kept_days, oldest = days[kind], oldest_ms.get(kind)
        if kept_days is None or oldest is None:
            continue
        kept_ms = max(kept_days * DAY_MS, TAG_REMEMBERED_MS + DAY_MS) if kind == "tags" else kept_days * DAY_MS
        until_ms = now_ms - kept_ms
        while oldest < until_ms:
            oldest = min(oldest + STEP_MS, until_ms)
            found.append(Forget(kind=kind, before_ms=oldest))
    return found
