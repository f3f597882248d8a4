"""Calls to staff, over a real HTTP receiver."""

from __future__ import annotations

import random
from collections.abc import Callable
from threading import Event, Thread
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI, Request, Response

from store_hub.adapters.ledger_calls import LedgerCalls
from store_hub.adapters.pager import Pager, safe_name
from store_hub.entries import AlertAction, Escalation, Finding, Sale, SaleLine
from store_hub.entries_settings import AlertRules, SettingsChange, ShopSettings
from store_hub.errors import ConfigurationInvalid
from store_hub.flows.commands import DropChannel, KeepChannel
from store_hub.flows.notify import Notify
from store_hub.rows import ChannelRow
from store_hub.rules.back_off import BackOff

NOON_MS = 1_780_315_200_000


class Phone:
    """A service that takes messages, or does not."""

    def __init__(self, serve: Callable[[FastAPI], Any]) -> None:
        self.messages: list[dict[str, Any]] = []
        self.status = 200
        app = FastAPI()

        @app.post("/staff")
        async def take(request: Request) -> Response:
            if self.status == 200:
                self.messages.append(await request.json())
            return Response(status_code=self.status)

        self.url = serve(app).url.replace("http://", "json://") + "/staff"


@pytest.fixture
def phone(serve: Callable[[FastAPI], Any]) -> Phone:
    return Phone(serve)


@pytest.fixture
def make_notify(shop: Any) -> Callable[..., Notify]:
    def make(*urls: str, **settings: Any) -> Notify:
        return Notify(
            calls=LedgerCalls(shop.path), bookkeep=shop.bookkeep, pager=Pager(list(urls)), page_url="http://hub:8080",
            now_ms=shop.clock.now_ms, **settings,
        )  # fmt: skip

    return make


def sell(shop: Any, sku: str, units: int, at_ms: int | None = None) -> None:
    shop.tell(Sale(till="till-1", lines=[SaleLine(sku=sku, units=units)], sold_at_ms=at_ms))


def outcomes(shop: Any) -> list[tuple[Any, ...]]:
    return list(shop.rows("SELECT reason, attempts, outcome FROM notifications ORDER BY notification_id"))


def test_a_low_shelf_calls_staff_once(shop: Any, phone: Phone, make_notify: Callable[..., Notify]) -> None:
    sell(shop, "milk", 5)
    shop.clock.pass_s(5)
    notify = make_notify(phone.url)
    assert notify.notify_once() is None
    assert notify.notify_once() is None
    assert [told["title"] for told in phone.messages] == ["Milk 1 l: low"]
    sentence = "Milk 1 l is low on Fridge, board 1: about 1 left; please fetch 7 of 12 from the back room."
    assert phone.messages[0]["message"].splitlines() == [sentence, "http://hub:8080/staff"]
    assert outcomes(shop) == [("raised", 1, "sent")]


def test_alerts_raised_within_five_seconds_become_one_message(shop: Any, phone: Phone, make_notify: Callable[..., Notify]) -> None:
    notify = make_notify(phone.url)
    sell(shop, "milk", 5)
    wait_s = notify.notify_once()
    assert wait_s == 5.0
    shop.clock.pass_s(3)
    sell(shop, "cola", 6)
    assert notify.notify_once() == 2.0
    assert phone.messages == []
    shop.clock.pass_s(2)
    assert notify.notify_once() is None
    assert [told["title"] for told in phone.messages] == ["2 shelves need goods, 1 sold out"]


def test_a_shop_that_catches_up_on_its_morning_calls_nobody(shop: Any, phone: Phone, make_notify: Callable[..., Notify]) -> None:
    sell(shop, "milk", 5, at_ms=NOON_MS - 16 * 60_000)
    shop.clock.pass_s(5)
    assert make_notify(phone.url).notify_once() is None
    assert phone.messages == []
    assert outcomes(shop) == [("raised", 1, "outdated")]


def test_a_shelf_that_somebody_has_in_hand_calls_nobody(shop: Any, phone: Phone, make_notify: Callable[..., Notify]) -> None:
    sell(shop, "milk", 5)
    shop.tell(AlertAction(alert_id=1, action="take", by="Anna"))
    shop.clock.pass_s(5)
    make_notify(phone.url).notify_once()
    assert phone.messages == []


def test_a_service_that_is_down_is_tried_again_until_it_takes_the_call(shop: Any, phone: Phone, make_notify: Callable[..., Notify]) -> None:
    sell(shop, "milk", 5)
    shop.clock.pass_s(5)
    phone.status = 503
    notify = make_notify(phone.url)
    first, second = notify.notify_once(), notify.notify_once()
    assert first is not None
    assert second is not None
    assert 1.0 <= first <= 2.0 <= second <= 4.0
    assert outcomes(shop) == [("raised", 2, None)]
    phone.status = 200
    assert notify.notify_once() is None
    assert len(phone.messages) == 1
    assert outcomes(shop) == [("raised", 3, "sent")]


def test_of_two_services_only_the_one_that_failed_is_tried_again(shop: Any, serve: Any, make_notify: Callable[..., Notify]) -> None:
    well, ill = Phone(serve), Phone(serve)
    ill.status = 500
    sell(shop, "milk", 5)
    shop.clock.pass_s(5)
    notify = make_notify(well.url, ill.url)
    notify.notify_once()
    ill.status = 200
    notify.notify_once()
    assert (len(well.messages), len(ill.messages)) == (1, 1)


def test_a_service_that_never_answers_is_given_up(shop: Any, phone: Phone, make_notify: Callable[..., Notify]) -> None:
    sell(shop, "milk", 5)
    shop.clock.pass_s(5)
    phone.status = 500
    notify = make_notify(phone.url, attempts_max=2)
    for _ in range(3):
        notify.notify_once()
    assert outcomes(shop) == [("raised", 3, "given_up")]


def test_without_a_service_calls_do_not_pile_up(shop: Any, make_notify: Callable[..., Notify]) -> None:
    sell(shop, "milk", 5)
    assert make_notify().notify_once() is None
    assert outcomes(shop) == [("raised", 1, "given_up")]


def test_the_flow_is_woken_by_an_alert_and_stops_when_told(shop: Any, phone: Phone, make_notify: Callable[..., Notify], until: Any) -> None:
    notify = make_notify(phone.url, gather_ms=0, look_every_s=60.0, back_off=BackOff(first_s=0.01, most_s=0.02, chance=random.Random(1)))
    stop = Event()
    thread = Thread(target=notify.run, args=(stop,), name=notify.name)
    thread.start()
    try:
        sell(shop, "milk", 5)
        until(lambda: len(phone.messages) == 1)
    finally:
        stop.set()
        thread.join(5)
    assert not thread.is_alive()


def test_addresses_that_apprise_does_not_know_are_refused_without_telling_them(shop: Any) -> None:
    with pytest.raises(ConfigurationInvalid, match=r"pager\.urls: address 2") as refused:
        Pager(["json://localhost", "nonsense://user:secret@host"])
    assert "secret" not in str(refused.value)


def test_passwords_in_addresses_are_not_in_the_names_of_targets() -> None:
    assert "secret" not in "".join(Pager(["json://user:secret@localhost/secretpath"]).targets)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ntfy://secrettopic", "ntfy://…"),
        ("ntfys://ntfy.example.com/secrettopic", "ntfys://ntfy.example.com/…"),
        ("wecombot://secret-key-1234", "wecombot://…"),
        ("mailto://secretname:secret@shop.example", "mailto://shop.example/…"),
        ("nonsense://secret", ""),
    ],
)
def test_of_an_address_only_what_is_no_secret_is_shown_or_logged(
    address: str, shown: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    assert safe_name(address) == shown
    assert "secret" not in repr(KeepChannel("Ana", address, "staff")) + repr(ChannelRow("Ana", address, "staff", 0))
    assert "secret" not in caplog.text + "".join(capfd.readouterr())


def test_a_receiver_has_one_message_in_ten_minutes_and_then_one_for_all(
    shop: Any, phone: Phone, make_notify: Callable[..., Notify]
) -> None:
    notify = make_notify(phone.url)
    sell(shop, "milk", 5)
    shop.clock.pass_s(5)
    assert notify.notify_once() is None
    for sku in ("cola", "tea"):
        shop.clock.pass_s(60)
        shop.tell(Finding(kind="misplaced", subject=f"x {sku}", sku=sku))
        assert notify.notify_once() is not None
    assert len(phone.messages) == 1
    shop.tell(Finding(kind="swept", subject="x milk", sku="milk", detail="9"))
    shop.clock.pass_s(5)
    notify.notify_once()
    assert len(phone.messages) == 2  # A sweep does not wait, and takes along what waits.
    assert phone.messages[1]["title"] == "3 tasks"
    shop.clock.pass_s(600)
    assert notify.notify_once() is None
    assert len(phone.messages) == 2


def test_in_the_quiet_hours_nobody_is_called_and_after_them_what_still_stands_is_told(
    shop: Any, phone: Phone, make_notify: Callable[..., Notify]
) -> None:
    quiet = AlertRules(quiet_from="11:00", quiet_to="14:00")
    shop.tell(SettingsChange(settings=ShopSettings(alerts=quiet)))
    notify = make_notify(phone.url, zone=lambda: ZoneInfo("UTC"))
    sell(shop, "milk", 5)
    shop.clock.pass_s(5)
    left_s = notify.notify_once()
    assert left_s is not None
    assert phone.messages == []
    shop.clock.pass_s(int(left_s) + 1)
    assert notify.notify_once() is None
    assert [told["title"] for told in phone.messages] == ["Milk 1 l: low"]


def test_staff_hear_of_shelves_and_the_office_of_devices_and_of_what_nobody_takes(
    shop: Any, serve: Any, make_notify: Callable[..., Notify]
) -> None:
    staff, office = Phone(serve), Phone(serve)
    shop.ask(KeepChannel("staff group", staff.url, "staff"))
    shop.ask(KeepChannel("Li Wei", office.url, "office"))
    notify = make_notify(gap_ms=0)
    sell(shop, "milk", 5)
    shop.tell(Finding(kind="device_silent", subject="pi-7"))
    shop.clock.pass_s(200)
    notify.notify_once()
    assert [told["title"] for told in staff.messages] == ["Milk 1 l: low"]
    assert [told["title"] for told in office.messages] == ["pi-7: silent"]
    shop.tell(Escalation(alert_ids=[1]))
    shop.clock.pass_s(5)
    notify.notify_once()
    assert len(staff.messages) == 1
    assert office.messages[-1]["title"] == "1 task waits for somebody"
    assert office.messages[-1]["message"].startswith("nobody has taken it: Milk 1 l is low")
    shop.ask(DropChannel("Li Wei"))
    shop.tell(Finding(kind="device_silent", subject="pi-8"))
    shop.clock.pass_s(200)
    assert notify.notify_once() is None
    assert outcomes(shop)[-1] == ("raised", 1, "given_up")
