"""A rogue on the broker: hears every letter and mark, and says letters again, twice, later or in another order, word for word."""

from __future__ import annotations

import json
import random
import threading
from collections import deque

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

REMEMBERED = 4_000
AT_ONCE_MAX = 600


class Rogue:
    """Speaks with the broker directly, on threads of paho's own."""

    def __init__(self, port: int, store_id: str, chance: random.Random) -> None:
        self._chance = chance
        self._letters: deque[tuple[str, bytes]] = deque(maxlen=REMEMBERED)
        self._lock = threading.Condition()
        self._marked_through = -1
        self._own: set[tuple[str, bytes]] = set()
        self.said = self.heard = self.marks = 0
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="rogue", protocol=mqtt.MQTTv5)
        filters = [(f"stores/{store_id}/v1/seen/+/+", 0), (f"stores/{store_id}/v1/booked/+", 1)]
        self._client.on_connect = lambda client, *_: client.subscribe(filters)
        self._client.on_message = self._heard
        self._client.reconnect_delay_set(1, 1)
        self._client.max_inflight_messages_set(AT_ONCE_MAX)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _heard(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        if "/booked/" in message.topic:
            with self._lock:
                self.marks += 1
                self._marked_through = max(self._marked_through, json.loads(message.payload)["booked_through"])
                self._lock.notify_all()
            return
        letter = (message.topic, bytes(message.payload))
        with self._lock:
            if letter in self._own:
                self._own.discard(letter)
            else:
                self._letters.append(letter)
                self.heard += 1

    def speak(self) -> int:
        """Say some of the newest, or some of all, in a random order and some of them twice; returns how many letters."""
        with self._lock:
            known = list(self._letters)
        if self._chance.random() < 0.5:
            known = known[-AT_ONCE_MAX:]
        letters = self._chance.sample(known, min(len(known), self._chance.randint(20, AT_ONCE_MAX)))
        letters += letters[: len(letters) // 4]
        for topic, payload in letters:
            with self._lock:
                self._own.add((topic, payload))
            self._client.publish(topic, payload, qos=1)
        self.said += len(letters)
        return len(letters)

    def wait_mark(self, within_s: float, *, after: int = 0, beyond: int = -1) -> None:
        """Wait until so many of the hub's words on what it has booked, and one more, were heard, and one of an outbox beyond a sequence."""
        with self._lock:
            self._lock.wait_for(lambda: self.marks > after and self._marked_through > beyond, within_s)

    def close(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()
