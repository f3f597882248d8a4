"""Tells each hub once an hour what its customers may ask for in the coming hours, so that it can have shelves filled before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from cloud_api.adapters.order_records import OrderBook
from cloud_api.adapters.sales_records import SalesBook
from cloud_api.flows.shop_inputs import ShopInputs
from cloud_api.rules.refill import HOURS_AHEAD, hours_share, refill_needs
from wire_format.plans import RefillAdvice, RefillLine

_HOURS_SEEN_FOR = timedelta(days=28)


class RefillAdvising:
    """Makes advice and hands it to the hubs.

    Args:
        now: the wall clock, aware.
    """

    def __init__(self, *, sales: SalesBook, orders: OrderBook, now: Callable[[], datetime]) -> None:
        self._sales, self._orders, self._now = sales, orders, now
        self._told: dict[str, datetime] = {}

    def advise(self, inputs: ShopInputs) -> RefillAdvice | None:
        """Advise a shop, unless that was done in this hour or nothing sells in bulk; returns what was told."""
        store_id, zone = inputs.store.store_id, ZoneInfo(inputs.store.time_zone)
        now = self._now()
        hour = now.astimezone(zone).replace(minute=0, second=0, microsecond=0)
        if self._told.get(store_id) == hour:
            return None
        self._told[store_id] = hour
        sold = self._sales.sold_by_hour(store_id, zone=inputs.store.time_zone, since=now - _HOURS_SEEN_FOR)
        on_shelves = {facing.sku for bay in inputs.planogram.bays for shelf in bay.shelves for facing in shelf.facings}
        needs = refill_needs(inputs.demands, sorted(on_shelves & inputs.stock.keys()), hours_share(sold, hour.hour))
        if not needs:
            return None
        until_ms = int((hour + timedelta(hours=HOURS_AHEAD)).timestamp() * 1000)
        advice = RefillAdvice(
            store_id=store_id,
            made_at_ms=int(now.timestamp() * 1000),
            valid_until_ms=until_ms,
            lines=[
                RefillLine(sku=need.sku, units=need.units, by_ms=until_ms, reason=f"about {need.expected:.0f} asked for until then")
                for need in needs
            ],
        )
        self._orders.add_plan(store_id, advice)
        return advice
