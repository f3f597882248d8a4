"""From a press on the calibration card to what is booked."""

from __future__ import annotations

import math
import secrets
from typing import Literal

from store_hub.entries import CalibrationAction

_ACTIONS: dict[str, Literal["start", "weigh", "begin_again", "accept", "end"]] = {
    "start": "start",
    "weigh-empty": "weigh",
    "weigh-known": "weigh",
    "begin-again": "begin_again",
    "accept": "accept",
    "end": "end",
}


class WeightUnreadable(ValueError):
    """What was typed is no weight."""


def calibration_action(act: str, value: str, *, shelf_id: str, device_id: str, by: str) -> CalibrationAction | None:
    """Return what a button means; None for a press that is none of ours.

    Args:
        value: `revision/session`, and after a space what was typed.

    Raises:
        WeightUnreadable: what was typed is no weight.
    """
    seen, _, typed = value.partition(" ")
    revision, _, session_id = seen.partition("/")
    action = _ACTIONS.get(act)
    if action is None or not revision.isdecimal() or not shelf_id or not device_id:
        return None
    return CalibrationAction(
        shelf_id=shelf_id,
        device_id=device_id,
        session_id=secrets.token_hex(8) if action == "start" else session_id,
        action=action,
        revision=int(revision),
        known_g=weight_g(typed) if act == "weigh-known" else 0.0,
        by=by,
    )


def weight_g(typed: str) -> float:
    """Read a weight as people type it: 5000, 5 000, 5000 g, 2,5.

    Raises:
        WeightUnreadable: it is none.
    """
    text = "".join(typed.split()).casefold().removesuffix("g").replace(",", ".")
    try:
        grams = float(text)
    except ValueError:
        raise WeightUnreadable(typed) from None
    if not math.isfinite(grams) or not 0.0 < grams <= 1e7:
        raise WeightUnreadable(typed)
    return grams
