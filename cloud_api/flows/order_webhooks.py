"""Tells suppliers' servers of approved orders, in order, each at least once. What waits is in the records, which are the queue."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import structlog
from sqlalchemy.exc import DBAPIError

from cloud_api.adapters.order_records import OrderBook, OrderRecord
from cloud_api.adapters.store_records import StoreBook
from cloud_api.adapters.webhook_post import WebhookPost, read_secret
from cloud_api.config import WebhookConfig
from cloud_api.errors import CloudError, ConfigurationInvalid
from cloud_api.flows.order_papers import OrderPaper, order_paper

ANY_SUPPLIER = "*"
WAITS = timedelta(days=3)
"""How long an order is tried; after that its problem stays on the Orders page, and the paper can be handed over by hand."""
_LOOK_EVERY_S = 5.0
_PAUSE_FIRST_S, _PAUSE_MOST_S = 5.0, 900.0

log = structlog.get_logger()


class OrderSent(msgspec.Struct, frozen=True, kw_only=True):
    """What is posted: `type`, `timestamp` and `data`, as the Standard Webhooks specification has it."""

    type: str
    timestamp: str
    data: OrderPaper


class OrderWebhooks:
    """The flow that posts orders.

    Args:
        posts: receivers by supplier; `*` takes those of all others.
        now: the wall clock, aware.
    """

    name = "order-webhooks"

    def __init__(self, posts: Mapping[str, WebhookPost], *, orders: OrderBook, stores: StoreBook, now: Callable[[], datetime]) -> None:
        self._posts, self._orders, self._stores, self._now = posts, orders, stores, now
        self._pauses: dict[str, tuple[datetime, float]] = {}

    def run(self, stop: threading.Event) -> None:
        """Post until told to stop; nothing to do where nobody wants to be told."""
        while self._posts and not stop.wait(_LOOK_EVERY_S):
            try:
                self.tell(stop)
            except (DBAPIError, CloudError) as error:
                log.warning("order_webhooks_wait", problem=str(error).splitlines()[0])
        for post in self._posts.values():
            post.close()

    def tell(self, stop: threading.Event | None = None) -> int:
        """Post what waits; a receiver that did not take one is left alone for a while. Returns how many were taken."""
        sent = 0
        for order in self._orders.to_send(since=self._now() - WAITS):
            if stop is not None and stop.is_set():
                break
            post = self._posts.get(order.supplier) or self._posts.get(ANY_SUPPLIER)
            paused = None if post is None else self._pauses.get(post.url)
            if post is None or (paused is not None and self._now() < paused[0]):
                continue
            problem = post.send(message_id=order.order_id, at_s=int(self._now().timestamp()), body=self._body(order))
            self._orders.tell_sent(order, problem=problem)
            if problem is None:
                self._pauses.pop(post.url, None)
                sent += 1
                continue
            wait_s = min(_PAUSE_MOST_S, 2 * paused[1]) if paused else _PAUSE_FIRST_S
            self._pauses[post.url] = (self._now() + timedelta(seconds=wait_s), wait_s)
            log.warning("order_not_taken", order_id=order.order_id, webhook=post.url, problem=problem, again_in_s=wait_s)
        return sent

    def _body(self, order: OrderRecord) -> bytes:
        paper = order_paper(order, self._stores.planogram(order.store_id))
        at = (order.decided_at or order.proposed_at).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return msgspec.json.encode(OrderSent(type="order.approved", timestamp=at, data=paper))


def make_posts(configs: list[WebhookConfig]) -> dict[str, WebhookPost]:
    """Receivers by supplier.

    Raises:
        ConfigurationInvalid: two for one supplier, or a secret that cannot be used.
    """
    posts: dict[str, WebhookPost] = {}
    for config in configs:
        if config.supplier in posts:
            problem = f"{config.supplier} is there twice; one receiver is enough"
            raise ConfigurationInvalid(path="the configuration", field="planning.webhooks.supplier", problem=problem)
        posts[config.supplier] = WebhookPost(config.url, read_secret(Path(config.secret_file)))
    return posts
