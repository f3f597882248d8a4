"""Makes a hub's mistake show, each time and however slow the machine: edges wait at gates until the moment is right."""

from __future__ import annotations

from running_programs import wait_until
from shop_under_test import ShopUnderTest

WITHIN_S = 240.0


def provoke(shop: ShopUnderTest) -> None:
    """Do what the mistake cannot stand, and let the edges go on to the end."""
    told = shop.told
    assert told.mistake is not None
    first, second = (gate * told.devices for gate in told.gates)
    wait_until(lambda: shop.booked() >= first, within_s=WITHIN_S, what="the hub has booked all up to the first gate")
    {"dedupe_off": tell_again, "ack_before_commit": kill_at_promise, "gap_ignored": leave_a_gap}[told.mistake](shop, second)
    for gate in range(1, len(told.gates) + 1):
        open_gate(shop, gate)


def tell_again(shop: ShopUnderTest, second: int) -> None:
    """Letters that are booked come again, word for word."""
    shop.rogue.speak()


def kill_at_promise(shop: ShopUnderTest, second: int) -> None:
    """The disk is slow, and the hub is killed when it has promised and not yet written."""
    slow = shop.folder / "slow-disk"
    slow.touch()
    open_gate(shop, 1)
    shop.rogue.wait_mark(WITHIN_S, beyond=shop.told.gates[0])  # A word on what came before the gate may still be on its way.
    shop.hub_down(orderly=False)
    slow.unlink()


def leave_a_gap(shop: ShopUnderTest, second: int) -> None:
    """The edges tell something while the hub does not hear them, and something more when it does again."""
    shop.hub_line.cut()
    open_gate(shop, 1)
    wait_until(lambda: shop.rogue.heard >= second, within_s=WITHIN_S, what="all up to the second gate is told")
    marks = shop.rogue.marks
    shop.hub_line.heal()
    shop.rogue.wait_mark(WITHIN_S, after=marks)  # It says what it has as soon as it hears again.


def open_gate(shop: ShopUnderTest, number: int) -> None:
    """Let the edges pass."""
    (shop.folder / f"gate-{number}").touch()
