"""Turns what happens in the simulated shop into what the hub is sent: letters of an edge, and what tills and people tell."""

from __future__ import annotations

from concurrent.futures import Future

import msgspec

from benchmarks.simulated_week.plan import WEEK_STARTS_MS
from benchmarks.simulated_week.scales import Weighed
from benchmarks.simulated_week.tags import Heard
from edge_agent.simulated_store.stage import Posting
from store_hub.adapters.broker_link import Delivered
from store_hub.entries import AnyTold, Delivery, Sale, StockMove, WriteOff
from store_hub.flows.commands import Answer, Book
from store_hub.flows.inbox import Request
from wire_format import codec, topics
from wire_format.observations import Observation, ShelfWeight, TagLeft, TagSeen

OUTBOX = "0123456789abcdef" * 2
_TOLD: dict[str, type[AnyTold]] = {"/v1/sales": Sale, "/v1/deliveries": Delivery, "/v1/moves": StockMove, "/v1/write-offs": WriteOff}


class Post:
    """Numbers and stamps letters as one edge would."""

    def __init__(self, store_id: str) -> None:
        self._store_id = store_id
        self._sequence = 0

    def weight(self, weighed: Weighed) -> Delivered:
        """A settled weight."""
        letter = ShelfWeight(
            **self._stamp(weighed.at_ms),
            shelf_id=weighed.shelf_id,
            weight_g=weighed.weight_g,
            spread_g=weighed.spread_g,
            moved_at_ms=weighed.moved_at_ms,
        )
        return self._delivered(letter, weighed.at_ms)

    def tag(self, heard: Heard) -> Delivered:
        """A tag that came or left."""
        stamp = self._stamp(heard.at_ms)
        if heard.seen:
            return self._delivered(TagSeen(**stamp, epc=heard.epc, zone_id=heard.zone_id, confidence=0.97), heard.at_ms)
        letter = TagLeft(**stamp, epc=heard.epc, zone_id=heard.zone_id, confidence=0.95, last_read_at_ms=heard.at_ms - 4_000)
        return self._delivered(letter, heard.at_ms)

    def _stamp(self, at_ms: int) -> dict[str, object]:
        return {"device_id": "pi-1", "boot_id": "0a0b0c0d", "monotonic_ms": at_ms - WEEK_STARTS_MS, "observed_at_ms": at_ms}

    def _delivered(self, letter: Observation, at_ms: int) -> Delivered:
        self._sequence += 1
        topic = topics.seen(self._store_id, OUTBOX, self._sequence)
        return Delivered(topic, codec.encode(letter), False, self._sequence % 65_535, 1, 1, at_ms)


def told(posting: Posting) -> Request:
    """What a till or a person tells through a door of the hub."""
    said = msgspec.convert(posting.body, _TOLD[posting.door])
    return request(said, door=posting.door.rsplit("/", 1)[1], key=posting.key, at_ms=posting.due_at_ms)


def request(said: AnyTold, *, door: str, key: str, at_ms: int) -> Request:
    """Something told, and who waits for the answer: nobody."""
    future: Future[Answer] = Future()
    return Request(Book(said, door, key), future, at_ms)
