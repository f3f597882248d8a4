"""Wakes the open pages when something was booked.

Bookkeep's thread only leaves a note; the pages' own loop reads it. However much is booked, a page is drawn at most four times a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

REST_S = 0.25
AGES_S = 15.0

OnBooked = Callable[[Callable[[frozenset[str]], None]], Callable[[], None]]


class News:
    """Counts what was booked, per table, and lets pages wait for more."""

    def __init__(self) -> None:
        self._versions: dict[str, int] = {}
        self._version = 0
        self._changed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def follow(self, on_booked: OnBooked) -> Callable[[], None]:
        """Subscribe, from the pages' event loop. Returns the unsubscriber."""
        self._loop = asyncio.get_running_loop()
        return on_booked(self._from_any_thread)

    def _from_any_thread(self, tables: frozenset[str]) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._tell, tables)

    def _tell(self, tables: frozenset[str]) -> None:
        self._version += 1
        for table in tables:
            self._versions[table] = self._version
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def version(self, tables: frozenset[str]) -> int:
        """Return a number that grows whenever one of the tables changes."""
        return max((self._versions.get(table, 0) for table in tables), default=0)

    async def after(self, version: int, tables: frozenset[str]) -> int:
        """Wait until one of the tables changed after `version`, or until ages shown on a page have grown old."""
        deadline = asyncio.get_running_loop().time() + AGES_S
        while self.version(tables) <= version:
            changed = self._changed
            left_s = deadline - asyncio.get_running_loop().time()
            if left_s <= 0:
                break
            try:
                await asyncio.wait_for(changed.wait(), left_s)
            except TimeoutError:
                break
        return self.version(tables)
