"""A hub whose own clock was wrong and is set back hears its scales on as they speak."""

from __future__ import annotations

from typing import Any

import pytest

from store_hub.flows.rebuild import rebuild
from wire_format.observations import ShelfWeight

HOUR_MS = 3_600_000


BOOT = "8c1f22e07ab94d51"


class Device:
    """A scale whose own clock goes on evenly, whatever the hub's does."""

    def __init__(self, shop: Any) -> None:
        self._shop = shop
        self._monotonic_ms = 100_000

    def weigh(self, cola: int, *, after_s: int = 60) -> None:
        self._monotonic_ms += after_s * 1000
        self._shop.clock.at_ms += after_s * 1000
        at_ms = self._shop.clock.at_ms
        stamp = {"device_id": "pi-1", "boot_id": BOOT, "monotonic_ms": self._monotonic_ms, "observed_at_ms": at_ms}
        weight_g = cola * 350.0 + 6 * 1500.0  # And six teas.
        self._shop.see(ShelfWeight(**stamp, shelf_id="drinks", weight_g=weight_g, spread_g=1.0, moved_at_ms=at_ms - 3000))


def quiet(_done: int, _total: int) -> None:
    """No progress is shown."""


@pytest.mark.parametrize("hours", [1, 24 * 365 * 3])
def test_a_weight_that_comes_after_the_hubs_clock_was_set_back_counts_at_once(shop: Any, hours: int) -> None:
    device = Device(shop)
    device.weigh(9)
    units = shop.units("cola", "drinks")
    shop.clock.at_ms -= hours * HOUR_MS
    device.weigh(8)
    device.weigh(7)
    assert shop.units("cola", "drinks") == pytest.approx(units - 2, abs=0.1)
    shop.reopen()
    device.weigh(6)
    assert shop.units("cola", "drinks") == pytest.approx(units - 3, abs=0.1)
    shop.ledger.close()
    assert rebuild(shop.path, replace=False, progress=quiet).differences == []


def test_a_weight_that_is_only_late_says_nothing_of_the_present(shop: Any, core: Any) -> None:
    shop.weigh(10, 6)
    shop.clock.at_ms += HOUR_MS
    shop.weigh(5, 6)
    units = shop.units("cola", "drinks")
    assert units == pytest.approx(5, abs=0.5)
    late = core.stamp(shop.clock.at_ms - HOUR_MS // 2)
    shop.see(
        ShelfWeight(**late, shelf_id="drinks", weight_g=9 * 350.0 + 6 * 1500.0, spread_g=1.0, moved_at_ms=late["observed_at_ms"] - 3000)
    )
    assert shop.units("cola", "drinks") == units
