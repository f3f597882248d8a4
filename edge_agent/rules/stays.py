"""Tells who has stopped from who walks past: somebody who stays within a small circle for some seconds.

The circle is drawn around where the stay began, and a step outside begins a new one (stay points; Li et al., ACM GIS 2008).
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StayRule:
    """`radius_m`: how far one may shuffle and still be said to stand; `after_ms`: for how long, before a pause is a stop."""

    radius_m: float = 0.5
    after_ms: int = 3_000


@dataclass(slots=True)
class Stay:
    """Where somebody has been since `since_ms`. `stopped`: long enough to be a stop."""

    x_m: float
    y_m: float
    since_ms: int
    stopped: bool = False


def continued(stay: Stay | None, x_m: float, y_m: float, now_ms: int, rule: StayRule) -> Stay:
    """Return the stay that a person at this place is in now: the one from before, or a new one."""
    if stay is None or math.hypot(x_m - stay.x_m, y_m - stay.y_m) > rule.radius_m:
        return Stay(x_m, y_m, now_ms)
    if not stay.stopped and now_ms - stay.since_ms >= rule.after_ms:
        stay.stopped = True
    return stay
