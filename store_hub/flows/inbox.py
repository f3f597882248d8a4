"""What waits for the bookkeeper: messages from the broker and commands from doors, in the order they came, and never too many."""

from __future__ import annotations

import sys
import time
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import NamedTuple

from store_hub.adapters.broker_link import Delivered
from store_hub.errors import HubBusy
from store_hub.flows.commands import Answer, Command


class Request(NamedTuple):
    """A command, and who waits for its answer."""

    command: Command
    answer: Future[Answer]
    received_at_ms: int


class LineUp(NamedTuple):
    """The broker is connected (again): all marks should be told."""


Item = Delivered | Request | LineUp


class Inbox:
    """A bounded queue for many writers and one reader."""

    def __init__(self, *, items_max: int) -> None:
        self._items: SimpleQueue[Item] = SimpleQueue()
        self._items_max = items_max
        self._closed = False

    def __len__(self) -> int:
        return self._items.qsize()

    def close(self) -> None:
        """Take nothing more."""
        self._closed = True

    def has_room(self) -> bool:
        """Whether messages may be brought now. A closed inbox takes them and drops them, not acknowledged."""
        return self._closed or self._items.qsize() < self._items_max

    def put_messages(self, messages: list[Delivered]) -> None:
        """Add messages; whoever brings them asks for room first."""
        if not self._closed:
            for message in messages:
                self._items.put(message)

    def put_line_up(self) -> None:
        """Add the news of a connection."""
        self._items.put(LineUp())

    def put_request(self, request: Request) -> None:
        """Add a command.

        Raises:
            HubBusy: there are twice as many waiting as should be.
        """
        if self._items.qsize() >= 2 * self._items_max:
            raise HubBusy(waiting=self._items.qsize())
        self._items.put(request)

    def gather(self, *, at_most: int, wait_s: float, linger_s: float) -> list[Item]:
        """Return what has come: wait for the first, then linger for more, so that one commit serves many."""
        try:
            items = [self._items.get(timeout=wait_s)]
        except Empty:
            return []
        if linger_s > 0.0 and self._items.qsize() + 1 < at_most:
            time.sleep(linger_s)  # In one piece: to be woken by each message costs more than to take them all together.
        self._take_waiting(items, at_most)
        return items

    def drain(self) -> list[Item]:
        """Return all that is left."""
        items: list[Item] = []
        self._take_waiting(items, sys.maxsize)
        return items

    def _take_waiting(self, items: list[Item], at_most: int) -> None:
        with suppress(Empty):
            while len(items) < at_most:
                items.append(self._items.get_nowait())
