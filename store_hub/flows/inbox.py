"""What waits for the bookkeeper: messages from the broker and commands from doors, fairly by sender, and never too many.

Each outbox has a lane of its own, and so have each device's health and clock, served in turn: who comes back after two weeks, or has gone
mad, holds up nobody. A lane beyond its pace gets the room that the others leave, which is all of it while they are silent: to hold its
letters back would help nobody, for the broker sends no others while so many are unanswered. What does not fit into a lane is dropped:
answered to the broker, not marked as booked, and counted. An edge that keeps to its window never meets that, and any edge tells again
whatever is not booked.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future
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


class Dropped(NamedTuple):
    """How many messages of each lane did not fit into it, and the empty shells of those that the broker waits to hear of."""

    of_lanes: Counter[str]
    shells: list[Delivered]


Item = Delivered | Request | LineUp | Dropped

MANY = "many"
"""The lane of what nobody can place, and of whoever comes when there are more lanes than any shop needs."""

LANE_LETTERS_MAX = 2_000
"""Twice an edge's window."""

LANE_BYTES_MAX = 8 << 20
LANES_MAX = 500
BURST_S = 10.0
"""So many seconds' worth a lane that was quiet may be emptied of at once."""

SHELLS_MAX = 20_000
"""More than a broker that heeds our Receive Maximum has under way; what another sends beyond is left unanswered."""


class _Lane:
    """What one outbox has sent, and how much of it may be taken now."""

    __slots__ = ("allowance", "filled_at", "items", "size_bytes")

    def __init__(self, allowance: float, now: float) -> None:
        self.items: deque[Delivered] = deque()
        self.size_bytes = 0
        self.allowance = allowance
        self.filled_at = now


class Inbox:
    """A bounded queue for many writers and one reader.

    Args:
        items_max: while so many wait that may be taken now, no more messages are fetched from the broker.
        letters_per_s: the pace at which one outbox's letters are taken before those of the others that keep to it; what it saved in quiet
            times it may use at once.
        clock: monotonic seconds.
    """

    def __init__(self, *, items_max: int, letters_per_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._items_max = items_max
        self._per_s = letters_per_s
        self._clock = clock
        self._has_come = threading.Condition()
        self._common: deque[Item] = deque()
        self._lanes: dict[str, _Lane] = {}
        self._size = 0
        self._closed = False
        self._dropped = Dropped(Counter(), [])

    def __len__(self) -> int:
        return self._size

    def close(self) -> None:
        """Take nothing more."""
        self._closed = True

    def has_room(self) -> bool:
        """Whether messages may be brought now. A closed inbox takes them and drops them, not acknowledged.

        A lane beyond its pace takes no room: what is too much for it is dropped, lest the others' letters wait behind.
        """
        if self._closed or self._size < self._items_max:
            return True
        with self._has_come:
            now = self._clock()
            ready = len(self._common) + sum(min(len(lane.items), int(self._allowance(lane, now))) for lane in self._lanes.values())
        return ready < self._items_max

    def put_messages(self, messages: list[Delivered]) -> None:
        """Add messages; whoever brings them asks for room first."""
        if self._closed:
            return
        with self._has_come:
            for message in messages:
                self._put_message(message)
            self._has_come.notify()

    def put_line_up(self) -> None:
        """Add the news of a connection."""
        self._put_common(LineUp())

    def put_request(self, request: Request) -> None:
        """Add a command.

        Raises:
            HubBusy: there are twice as many waiting as should be.
        """
        if len(self._common) >= 2 * self._items_max:
            raise HubBusy(waiting=len(self._common))
        self._put_common(request)

    def gather(self, *, at_most: int, wait_s: float, linger_s: float) -> list[Item]:
        """Return what has come: wait for the first, then linger for more, so that one commit serves many.

        Where some wait already, the last commit has been lingering enough.
        """
        have_waited = self._size > 0
        if not self._wait(wait_s):
            return []
        if linger_s > 0.0 and not have_waited and self._size < at_most:
            time.sleep(linger_s)  # In one piece: to be woken by each message costs more than to take them all together.
        with self._has_come:
            items = self._take(at_most)
            if self._dropped.of_lanes:
                items.append(self._dropped)
                self._dropped = Dropped(Counter(), [])
        return items

    def drain(self) -> list[Item]:
        """Return all that is left."""
        with self._has_come:
            items = [*self._common, *(item for lane in self._lanes.values() for item in lane.items)]
            self._common.clear()
            self._lanes.clear()
            self._size = 0
        return items

    # ---- under the lock

    def _put_common(self, item: Item) -> None:
        with self._has_come:
            self._common.append(item)
            self._size += 1
            self._has_come.notify()

    def _put_message(self, message: Delivered) -> None:
        name = _lane_of(message.topic)
        lane = self._lanes.get(name) or self._new_lane(name)
        if len(lane.items) >= LANE_LETTERS_MAX or lane.size_bytes + len(message.payload) > LANE_BYTES_MAX:
            self._drop(name if name in self._lanes else MANY, message)
            return
        lane.items.append(message)
        lane.size_bytes += len(message.payload)
        self._size += 1

    def _drop(self, name: str, message: Delivered) -> None:
        self._dropped.of_lanes[name] += 1
        if message.qos and len(self._dropped.shells) < SHELLS_MAX:
            self._dropped.shells.append(message._replace(payload=b""))

    def _new_lane(self, name: str) -> _Lane:
        now = self._clock()
        if len(self._lanes) >= LANES_MAX:
            for quiet in [key for key, lane in self._lanes.items() if not lane.items and now - lane.filled_at > BURST_S]:
                del self._lanes[quiet]
        if len(self._lanes) >= LANES_MAX:
            name = MANY
        return self._lanes.setdefault(name, _Lane(self._per_s * BURST_S, now))

    def _allowance(self, lane: _Lane, now: float) -> float:
        return min(self._per_s * BURST_S, lane.allowance + self._per_s * (now - lane.filled_at))

    def _wait(self, wait_s: float) -> bool:
        """Wait until there is something to take; False after the time is up."""
        until = self._clock() + wait_s
        with self._has_come:
            while not (self._size or self._dropped.of_lanes):
                if (left := until - self._clock()) <= 0.0:
                    return False
                self._has_come.wait(left)
        return True

    def _take(self, at_most: int) -> list[Item]:
        """Take every command, after the letters that came before it, and a share of each lane: first of those that keep to their pace."""
        commands = [self._common.popleft() for _ in range(min(len(self._common), at_most))]
        items: list[Item] = []
        room = at_most - len(commands)
        self._take_in_turn(items, room, in_pace=True)
        self._take_in_turn(items, room, in_pace=False)
        self._size -= len(commands)
        return [*items, *commands]

    def _take_in_turn(self, items: list[Item], room: int, *, in_pace: bool) -> None:
        """Take a share of each lane in turn, clocks before letters."""
        now = self._clock()
        waiting = [(name, lane) for name, lane in self._lanes.items() if lane.items and (not in_pace or self._allowance(lane, now) >= 1.0)]
        waiting.sort(key=lambda each: not each[0].startswith(CLOCK))  # They place what comes with them.
        while waiting and len(items) < room:
            share = max(1, (room - len(items)) // len(waiting))
            waiting = [
                (name, lane) for name, lane in waiting if self._take_of(lane, items, min(share, room - len(items)), now, in_pace=in_pace)
            ]
        for name, lane in waiting[:1]:  # Who was served last is asked last the next time.
            self._lanes[name] = self._lanes.pop(name, lane)

    def _take_of(self, lane: _Lane, items: list[Item], share: int, now: float, *, in_pace: bool) -> bool:
        """Take a share of a lane; whether there is more to be taken."""
        lane.allowance, lane.filled_at = self._allowance(lane, now), now
        count = min(share, len(lane.items), int(lane.allowance) if in_pace else share)
        for _ in range(count):
            message = lane.items.popleft()
            lane.size_bytes -= len(message.payload)
            items.append(message)
        lane.allowance = max(0.0, lane.allowance - count)
        self._size -= count
        return bool(lane.items) and (not in_pace or lane.allowance >= 1.0)


CLOCK = "clock/"


def _lane_of(topic: str) -> str:
    """`seen/OUTBOX`, `clock/OUTBOX` or `health/DEVICE`."""
    levels = topic.split("/", 5)
    return f"{levels[3]}/{levels[4]}" if len(levels) >= 5 else MANY
