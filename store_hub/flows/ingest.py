"""Brings messages from the broker to the bookkeeper's inbox, and the bookkeeper's word back. No work is done in the callback."""

from __future__ import annotations

from store_hub.adapters.broker_link import BrokerLink, Clock
from store_hub.config import BrokerConfig
from store_hub.flows.inbox import Inbox
from wire_format import topics
from wire_format.identifiers import LedgerId, StoreId


def make_link(
    config: BrokerConfig, *, store_id: StoreId, ledger_id: LedgerId, clock: Clock, inbox: Inbox, last_word: tuple[str, bytes] | None = None
) -> BrokerLink:
    """Return the line to the broker, ready to start: it fills the inbox, and says so when it is up (again)."""
    return BrokerLink(
        config,
        client_id=f"hub-{ledger_id}",
        filters=[(topics.seen_filter(store_id), 1), (topics.health_filter(store_id), 1), (topics.clock_filter(store_id), 0)],
        clock=clock,
        receiver=inbox,
        last_word=last_word,
    )
