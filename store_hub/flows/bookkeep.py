"""The only writer: a named thread that books what edges, tills and people say, one transaction a batch."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol

from store_hub.flows.commands import Answer, Command


class BookkeepingDoor(Protocol):
    """What routes, pages, notify and sync see of bookkeep. Safe from any thread."""

    def submit(self, command: Command) -> Future[Answer]:
        """Ask for a command; the future is done after commit, or holds the HubError that says why not.

        Raises:
            HubBusy: the inbox is full; try again later (HTTP 503).
        """

    def on_booked(self, callback: Callable[[frozenset[str]], None]) -> Callable[[], None]:
        """Be called after each commit, on bookkeep's own notifying thread, with the names of the changed tables. Returns an unsubscriber.

        A slow callback never holds up booking: changes are merged while it works.
        """
