"""Other systems' servers are told of alerts: signed, in order, again until taken, over a restart, and never of what was before them."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response

from store_hub.adapters.ledger_webhooks import LedgerWebhooks
from store_hub.adapters.webhook_post import WebhookPost, read_secret
from store_hub.config import WebhookConfig
from store_hub.entries import Sale, SaleLine
from store_hub.errors import ConfigurationInvalid
from store_hub.flows.parts import Parts
from store_hub.flows.webhooks import Webhook, make_webhooks
from store_hub.rules.back_off import BackOff
from wire_format.signing import signature

SECRET = bytes(range(32))
DAY_MS = 86_400_000


class Server:
    """Somebody's server: it takes events, or answers as told."""

    def __init__(self, serve: Callable[[FastAPI], Any]) -> None:
        self.status = 200
        self.events: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        app = FastAPI()

        @app.post("/hook")
        async def take(request: Request) -> Response:
            if self.status == 200:
                self.bodies.append(await request.body())
                self.headers.append(dict(request.headers))
                self.events.append(json.loads(self.bodies[-1]))
            return Response(status_code=self.status)

        self.url = serve(app).url + "/hook"

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.events]


@pytest.fixture
def server(serve: Callable[[FastAPI], Any]) -> Server:
    return Server(serve)


@pytest.fixture
def start(shop: Any) -> Iterator[Callable[[str], Webhook]]:
    stops: list[tuple[Event, Thread]] = []

    def start_one(url: str) -> Webhook:
        hook = Webhook(
            WebhookPost(url, SECRET, timeout_s=2.0),
            ledger=LedgerWebhooks(shop.path),
            bookkeep=shop.bookkeep,
            store_id="corner",
            message_prefix=shop.ledger_id,
            now_ms=shop.clock.now_ms,
            back_off=BackOff(first_s=0.01, most_s=0.05, chance=random.Random(1)),
        )
        stop = Event()
        thread = Thread(target=hook.run, args=(stop,), name="webhook")
        thread.start()
        stops.append((stop, thread))
        return hook

    yield start_one
    for stop, thread in stops:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def sell(shop: Any, units: int) -> None:
    """Sell milk, of which six stand on a board without a scale: at two staff are called, at none again."""
    shop.tell(Sale(till="till-1", lines=[SaleLine(sku="milk", units=units, price_minor=129)]))


def known(shop: Any) -> bool:
    return bool(shop.rows("SELECT 1 FROM webhook_marks"))


def test_an_alert_is_told_once_signed_and_in_order(shop: Any, server: Server, start: Any, until: Callable[..., None]) -> None:
    hook = start(server.url)
    until(lambda: known(shop))
    sell(shop, 5)
    until(lambda: "alert.raised" in server.types)
    sell(shop, 1)
    until(lambda: "alert.emptied" in server.types)
    assert server.types == ["alert.raised", "alert.emptied"]
    event, headers = server.events[0], server.headers[0]
    assert event["data"]["sku"] == "milk"
    assert event["data"]["store_id"] == "corner"
    expected = signature(SECRET, message_id=headers["webhook-id"], at_s=int(headers["webhook-timestamp"]), body=server.bodies[0])
    assert headers["webhook-signature"] == expected
    assert server.headers[0]["webhook-id"] != server.headers[1]["webhook-id"]
    until(lambda: hook.sent == 2)


def test_the_signature_is_the_specifications(tmp_path: Path) -> None:
    """The value is what the specification's own Python library makes of the same words."""
    (tmp_path / "secret").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLASw\n", encoding="utf-8")
    secret = read_secret(tmp_path / "secret", field="x")
    signed = signature(secret, message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", at_s=1_614_265_330, body=b'{"test": 2432232314}')
    assert signed == "v1,hn6gPDuvthHWWsZDuMjgwyc63ajzh5ywzvy1quoqxtk="


def test_a_server_that_was_away_misses_nothing_and_a_new_one_hears_no_old_news(
    shop: Any, server: Server, start: Any, until: Callable[..., None]
) -> None:
    sell(shop, 5)  # Before anybody listened.
    server.status = 503
    start(server.url)
    until(lambda: known(shop))
    sell(shop, 1)
    shop.clock.at_ms += DAY_MS
    server.status = 200
    until(lambda: server.types == ["alert.emptied"])


def test_after_a_restart_it_goes_on_where_it_was(shop: Any, server: Server, start: Any, until: Callable[..., None]) -> None:
    start(server.url)
    until(lambda: known(shop))
    sell(shop, 5)
    until(lambda: server.types == ["alert.raised"])
    until(lambda: shop.rows("SELECT notification_id FROM webhook_marks") == [(1,)])
    start(server.url)
    sell(shop, 1)
    until(lambda: "alert.emptied" in server.types)
    assert server.types.count("alert.raised") == 1


def test_a_server_away_for_days_is_passed_over_and_one_that_says_gone_is_left_alone(
    shop: Any, server: Server, start: Any, until: Callable[..., None]
) -> None:
    server.status = 500
    hook = start(server.url)
    until(lambda: known(shop))
    sell(shop, 5)
    shop.clock.at_ms += 4 * DAY_MS
    until(lambda: hook.passed_over == 1)
    server.status = 410
    sell(shop, 1)
    thread_ended = Event()
    until(lambda: shop.rows("SELECT count(*) FROM notifications")[0][0] == 2)
    thread_ended.wait(0.3)
    server.status = 200
    thread_ended.wait(0.3)
    assert server.types == []


@pytest.mark.parametrize("word", ["", "secret", "whsec_", "whsec_c2hvcnQ=", "whsec_%%%%"])
def test_a_secret_that_is_none_is_refused_at_the_start(shop: Any, tmp_path: Path, word: str) -> None:
    (tmp_path / "secret").write_text(word + "\n", encoding="utf-8")
    config = WebhookConfig(url="https://example.com/hook", secret_file=str(tmp_path / "secret"))
    parts = Parts(ledger=shop.path, bookkeep=shop.bookkeep, store_id="corner", zone=lambda: None, now_ms=shop.clock.now_ms)  # type: ignore[arg-type,return-value]
    with pytest.raises(ConfigurationInvalid, match="secret"):
        make_webhooks([config], parts, ledger_id="x", config_path="hub.toml")
    good = base64.b64encode(SECRET).decode()
    (tmp_path / "secret").write_text(f"whsec_{good}\n", encoding="utf-8")
    with pytest.raises(ConfigurationInvalid, match="twice"):
        make_webhooks([config, config], parts, ledger_id="x", config_path="hub.toml")
    assert len(make_webhooks([config], parts, ledger_id="x", config_path="hub.toml")) == 1
