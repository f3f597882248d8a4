"""A load cell on an ESP32 shelf node: ESPHome reads the HX711 and publishes its counts to the hub's broker; we listen."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable

from edge_agent.adapters.broker_link import Arrival, BrokerLink
from edge_agent.errors import LoadCellSilent, SensorUnavailable
from edge_agent.readings import RawReading

WAITING_MAX = 1000
COUNTS_LIMIT = 2**23
_SHOWN = 40


class LoadCellMqtt:
    """One node's scale.

    Args:
        link: a connection of its own to the broker; opened here and closed with the cell.
        shelf_id: the shelf that stands on it.
        topic: the node's state topic, whose messages are a count each.
        monotonic_ms: the agent's clock.
        temperature_topic: the node's thermometer, degrees Celsius, where it has one.

    Attributes:
        discarded_messages: those that were no count.

    Raises:
        BrokerUnavailable: the broker does not answer or refuses.
    """

    def __init__(
        self, link: BrokerLink, *, shelf_id: str, topic: str, monotonic_ms: Callable[[], int], temperature_topic: str | None = None
    ) -> None:
        self.shelf_id = shelf_id
        self.discarded_messages = 0
        self._link = link
        self._topic = topic
        self._temperature_topic = temperature_topic
        self._monotonic_ms = monotonic_ms
        self._temperature_c: float | None = None
        self._waiting: deque[RawReading] = deque(maxlen=WAITING_MAX)
        self._strange = b""
        link.connect(None)
        for wanted in (topic, temperature_topic):
            if wanted is not None:
                link.subscribe(wanted)

    def read(self, timeout_ms: int) -> RawReading | None:
        """Wait for the node's next count. A retained count is of the past and says nothing.

        Raises:
            LoadCellSilent: the node said nothing.
            SensorUnavailable: what it said were no counts.
            BrokerUnavailable: the connection was lost.
        """
        deadline_s = time.monotonic() + timeout_ms / 1000.0
        discarded_before = self.discarded_messages
        while not self._waiting:
            left_s = deadline_s - time.monotonic()
            if left_s <= 0.0:
                raise self._nothing(timeout_ms, self.discarded_messages - discarded_before)
            for arrival in self._link.turn(left_s):
                self._take(arrival)
        return self._waiting.popleft()

    def close(self) -> None:
        """Say goodbye to the broker."""
        self._link.close()

    def _take(self, arrival: Arrival) -> None:
        value = _number(arrival.payload)
        if arrival.topic == self._temperature_topic:
            self._temperature_c = value if value is not None else self._temperature_c
        elif value is None or not -COUNTS_LIMIT <= value < COUNTS_LIMIT:
            self.discarded_messages += 1
            self._strange = arrival.payload
        elif not arrival.is_retained:
            self._waiting.append(RawReading(self._monotonic_ms(), round(value), self._temperature_c))

    def _nothing(self, waited_ms: int, discarded: int) -> SensorUnavailable:
        if not discarded:
            advice = f"check the node's power and network, and that it publishes on {self._topic}"
            return LoadCellSilent(shelf_id=self.shelf_id, waited_ms=waited_ms, advice=advice)
        said = self._strange[:_SHOWN].decode(errors="replace")
        problem = f"{discarded} messages on {self._topic} were no counts, the last {said!r}"
        return SensorUnavailable(part=f"shelf {self.shelf_id}", problem=problem, advice="publish the raw count (shelf_node.yaml does)")


def _number(payload: bytes) -> float | None:
    try:
        value = float(payload)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
