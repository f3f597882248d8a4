"""Tells other systems' servers of alerts, in order, each at least once; how far each has come is in the ledger.

A server that is away for a while misses nothing: events wait in the ledger, which is the queue. One that is away for days is passed over,
event by event, and that is counted, so that it is not buried in old news when it comes back.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import structlog

from store_hub.adapters.ledger_webhooks import AlertEvent, LedgerWebhooks
from store_hub.adapters.webhook_post import WebhookPost, WebhookRefused, read_secret
from store_hub.config import WebhookConfig
from store_hub.errors import ConfigurationInvalid, HubError
from store_hub.flows.bookkeep import BookkeepingDoor
from store_hub.flows.commands import MoveWebhookMark
from store_hub.flows.parts import Parts
from store_hub.rules.back_off import BackOff

WAITS_MS = 3 * 24 * 3_600_000
"""How long an event waits for its receiver."""

LOOK_S = 30.0
ANSWER_S = 30.0

_log = structlog.get_logger("webhooks")


class Webhook:
    """The flow of one receiver: a named thread.

    Args:
        message_prefix: of this ledger; with the event's number it makes an id that is the same at each try.
    """

    def __init__(
        self,
        post: WebhookPost,
        *,
        ledger: LedgerWebhooks,
        bookkeep: BookkeepingDoor,
        store_id: str,
        message_prefix: str,
        now_ms: Callable[[], int],
        back_off: BackOff | None = None,
    ) -> None:
        self.name = f"webhook {post.url}"[:60]
        self.sent = self.passed_over = 0
        self._post = post
        self._ledger = ledger
        self._bookkeep = bookkeep
        self._store_id = store_id
        self._message_prefix = message_prefix
        self._now_ms = now_ms
        self._back_off = back_off or BackOff(first_s=2.0, most_s=900.0, chance=random.Random())
        self._wake = threading.Event()
        self._problem = ""

    def run(self, stop: threading.Event) -> None:
        """Tell, until told to stop, or until the receiver asks to be left alone."""
        unsubscribe = self._bookkeep.on_booked(lambda tables: self._wake.set() if "notifications" in tables else None)
        try:
            while not stop.is_set():
                self._wake.clear()
                try:
                    self.tell(stop)
                    self._back_off.succeeded()
                    self._problem = ""
                    _wait(stop, self._wake, LOOK_S)
                except WebhookRefused as refused:
                    self._tell_problem(str(refused))
                    if refused.is_final:
                        _log.warning("the receiver asked never to be called again", webhook=self._post.url)
                        return
                    stop.wait(self._back_off.failed())
                except HubError as error:
                    self._tell_problem(str(error))
                    stop.wait(self._back_off.failed())
        finally:
            unsubscribe()
            self._post.close()

    def tell(self, stop: threading.Event) -> None:
        """Send what is new. A receiver that is new begins with what happens from now on.

        Raises:
            WebhookRefused: the first event that was not taken waits; so do those after it.
            LedgerUnusable, HubBusy, HubStopping
        """
        mark = self._ledger.mark(self._post.url)
        if mark is None:
            self._move(self._ledger.newest())
            return
        while not stop.is_set() and (events := self._ledger.events(after=mark)):
            for event in events:
                if stop.is_set():
                    return
                self._tell_one(event)
                mark = event.notification_id
                self._move(mark)

    def _tell_one(self, event: AlertEvent) -> None:
        now_ms = self._now_ms()
        message_id = f"{self._message_prefix}-{event.notification_id}"
        try:
            self._post.send(message_id=message_id, at_s=now_ms // 1000, body=body(event, self._store_id))
            self.sent += 1
        except WebhookRefused as refused:
            if refused.is_final or now_ms - event.created_at_ms < WAITS_MS:
                raise
            self.passed_over += 1
            _log.warning("an event was passed over", webhook=self._post.url, event_id=message_id, problem=refused.problem)

    def _move(self, notification_id: int) -> None:
        self._bookkeep.submit(MoveWebhookMark(self._post.url, notification_id)).result(ANSWER_S)

    def _tell_problem(self, problem: str) -> None:
        if problem != self._problem:
            _log.warning("events wait", problem=problem)
        self._problem = problem


def body(event: AlertEvent, store_id: str) -> bytes:
    """What is posted: `type`, `timestamp` and `data`, as the Standard Webhooks specification has it."""
    data = {"store_id": store_id, **event._asdict()}
    for internal in ("notification_id", "reason", "created_at_ms"):
        del data[internal]
    at = datetime.fromtimestamp(event.created_at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return msgspec.json.encode({"type": f"alert.{event.reason}", "timestamp": at, "data": data})


def make_webhooks(configs: list[WebhookConfig], parts: Parts, *, ledger_id: str, config_path: str) -> list[Webhook]:
    """Return a flow for each receiver.

    Raises:
        ConfigurationInvalid: two of one address, or a secret that cannot be used.
    """
    urls = [config.url for config in configs]
    if twice := {url for url in urls if urls.count(url) > 1}:
        raise ConfigurationInvalid(path=config_path, field="webhooks.url", problem=f"{min(twice)} is there twice; one of them is enough")
    return [
        Webhook(
            WebhookPost(config.url, read_secret(Path(config.secret_file), field="webhooks.secret_file")),
            ledger=LedgerWebhooks(parts.ledger),
            bookkeep=parts.bookkeep,
            store_id=parts.store_id,
            message_prefix=ledger_id,
            now_ms=parts.now_ms,
        )
        for config in configs
    ]


def _wait(stop: threading.Event, wake: threading.Event, wait_s: float) -> None:
    left_s = wait_s
    while left_s > 0 and not stop.is_set() and not wake.wait(min(0.5, left_s)):
        left_s -= 0.5
