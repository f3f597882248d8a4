"""Keeps Python's search for garbage from holding up booking."""

from __future__ import annotations

import gc

NEW_OBJECTS = 20_000
"""So many more objects than went are looked through at once: a page of the books makes thousands, none of which is garbage in a circle."""


def look_for_garbage_seldom() -> None:
    """Set aside what is in memory now, which is what the ledger holds and stays, and look through what comes a bit less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
