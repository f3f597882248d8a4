"""The lights at the shelves follow the open tasks by themselves, and blink when somebody looks for a shelf."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import pytest

from store_hub.adapters.broker_link import Delivered
from store_hub.entries import AlertAction, LightAction
from store_hub.flows.commands import Book
from store_hub.flows.inbox import Item, LineUp, Request
from store_hub.flows.rebuild import rebuild
from wire_format import codec, topics
from wire_format.commands import ShelfLight
from wire_format.observations import ButtonPressed, DeviceHealth, ShelfWeight


class Lit:
    """The small shop with a light at its drinks, as its broker hears of it."""

    def __init__(self, shop: Any, core: Any) -> None:
        self.shop, self.core = shop, core

    def book(self, *items: Item) -> list[ShelfLight]:
        """Book a batch; what is said to the light because of it."""
        page, _ = self.shop.books.book(items)
        posts = self.shop.books.posts(page)
        assert all(post.topic == "stores/corner/v1/light/pi-1/drinks" for post in posts)
        lights = [codec.commands.decode(post.payload) for post in posts]
        return [light for light in lights if isinstance(light, ShelfLight)]

    def born(self, boot_id: str) -> list[ShelfLight]:
        health = DeviceHealth(
            device_id="pi-1", boot_id=boot_id, state="birth", sent_at_ms=self.shop.clock.at_ms, agent_version="1",
            parts=["shelf drinks", "light drinks"],
        )  # fmt: skip
        now_ms = self.shop.clock.at_ms
        return self.book(Delivered(topics.health("corner", "pi-1"), codec.encode(health), False, 1, 1, 1, now_ms))

    def weigh(self, cola: int) -> list[ShelfLight]:
        self.shop.clock.at_ms += 60_000
        at_ms = self.shop.clock.at_ms
        weight_g = cola * 350.0 + 6 * 1500.0
        seen = ShelfWeight(**self.core.stamp(at_ms), shelf_id="drinks", weight_g=weight_g, spread_g=1.0, moved_at_ms=at_ms - 3_000)
        return self.book(self.shop.letter(seen))


@pytest.fixture
def lit(shop: Any, core: Any) -> Lit:
    return Lit(shop, core)


def states(lights: list[ShelfLight]) -> list[str]:
    return [light.state for light in lights]


def test_a_light_that_comes_up_is_told_what_to_show_and_only_once_a_start(lit: Lit) -> None:
    assert states(lit.born("cafe0001")) == ["off"]
    assert lit.born("cafe0001") == []
    lit.weigh(10)
    lit.weigh(2)
    assert states(lit.born("cafe0002")) == ["refill_here"]


def test_an_open_task_lights_the_shelf_until_it_is_full_again(lit: Lit) -> None:
    lit.born("cafe0001")
    lit.weigh(10)
    assert states(lit.weigh(2)) == ["refill_here"]
    assert states(lit.weigh(12)) == ["off"]


def test_who_says_the_refill_is_done_turns_the_light_off(lit: Lit) -> None:
    lit.born("cafe0001")
    lit.weigh(10)
    lit.weigh(2)
    alert_id = lit.shop.rows("SELECT max(alert_id) FROM alerts WHERE kind <> 'swept'")[0][0]
    lit.shop.ask(Book(AlertAction(alert_id=alert_id, action="done", by="Ana"), "alerts"))
    assert states(lit.book(LineUp())) == ["off"]


def test_a_shelf_that_is_looked_for_blinks_and_then_shows_its_task_again(lit: Lit) -> None:
    lit.born("cafe0001")
    lit.weigh(10)
    lit.weigh(2)
    (light,) = lit.book(Request(Book(LightAction(shelf_id="drinks", by="Ana"), "lights"), Future(), lit.shop.clock.now_ms()))
    assert (light.state, light.for_s, light.then) == ("pick_here", 120.0, "refill_here")
    assert rebuild(lit.shop.path, replace=False, progress=lambda done, total: None).differences == []


def test_a_short_press_takes_the_task_and_a_long_one_only_zeroes(lit: Lit) -> None:
    lit.weigh(10)
    lit.weigh(2)

    def pressed(action: Any, detail: str) -> None:
        at_ms = lit.shop.clock.at_ms
        lit.shop.see(ButtonPressed(**lit.core.stamp(at_ms), button_id="b1", shelf_id="drinks", action=action, detail=detail))

    pressed("tared", "the empty shelf weighed +3.0 g")
    assert lit.shop.rows("SELECT taken_by FROM alerts WHERE kind <> 'swept'") == [(None,)]
    pressed("pressed", "")
    assert lit.shop.rows("SELECT taken_by FROM alerts WHERE kind <> 'swept'") == [("b1",)]
    assert lit.shop.rows("SELECT action, detail FROM button_presses ORDER BY journal_id") == [
        ("tared", "the empty shelf weighed +3.0 g"),
        ("pressed", ""),
    ]
