"""What waits for the bookkeeper: messages from the broker and commands from doors, in the order they came, and never too many."""

from __future__ import annotations

import time
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import NamedTuple

from store_hub.adapters.broker_link import Delivered
from store_hub.errors import HubBusy
from store_hub.flows.commands import Answer, Command

FULL_PAUSE_S = 0.002


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
        """Take nothing more; whoever waits for room is let go."""
        self._closed = True

    def put_message(self, message: Delivered) -> None:
        """Add a message, waiting for room: the wait holds socket and broker back. After `close` it is dropped, not acknowledged."""
        while self._items.qsize() >= self._items_max and not self._closed:
            time.sleep(FULL_PAUSE_S)
        if not self._closed:
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
        deadline = time.monotonic() + linger_s
        while len(items) < at_most:
            try:
                items.append(self._items.get_nowait())
            except Empty:
                rest_s = deadline - time.monotonic()
                if rest_s <= 0.0:
                    break
                try:
                    items.append(self._items.get(timeout=rest_s))
                except Empty:
                    break
        return items

    def drain(self) -> list[Item]:
        """Return all that is left."""
        items: list[Item] = []
        while True:
            try:
                items.append(self._items.get_nowait())
            except Empty:
                return items
