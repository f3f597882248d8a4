"""What suppliers did with past orders: when goods came, how much of them, and what is still on the way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import sqrt

import msgspec

WRITTEN_OFF_AFTER = timedelta(days=21)
_PRIOR_ORDERS = 3.0
"""The lead time of the product master counts as much as three orders."""
_FILL_MIN = 0.5


class SentOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An approved order: units by SKU, and when it was sent and promised."""

    order_id: str
    supplier: str
    sent_at: datetime
    promised_days: float
    units: dict[str, int]


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Units of an article that a shop booked in."""

    sku: str
    at: datetime
    units: float


class OrderProgress(msgspec.Struct, frozen=True, kw_only=True):
    """An order's receipts; `lead_days` is when its goods came on average, None before the first."""

    order: SentOrder
    received: dict[str, float]
    lead_days: float | None
    is_closed: bool

    @property
    def share(self) -> float:
        """The share of its units that came."""
        asked = sum(self.order.units.values())
        return sum(self.received.values()) / asked if asked else 1.0


class SupplierRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A supplier's closed orders: lead time with its spread (days), units delivered of those ordered, orders later than promised."""

    supplier: str
    orders: int
    lead_time_days: float | None
    lead_time_sd_days: float
    fill_share: float | None
    late_share: float | None


def follow_orders(orders: Sequence[SentOrder], receipts: Sequence[Receipt], now: datetime) -> list[OrderProgress]:
    """Give each receipt to the oldest order of its article that still waits; an order is closed when all came, or after 21 days."""
    ordered = sorted(orders, key=lambda order: (order.sent_at, order.order_id))
    received: list[dict[str, float]] = [{} for _ in ordered]
    weighed = [0.0] * len(ordered)
    for receipt in sorted(receipts, key=lambda receipt: (receipt.at, receipt.sku)):
        left = receipt.units
        for index, order in enumerate(ordered):
            waits = order.units.get(receipt.sku, 0) - received[index].get(receipt.sku, 0.0)
            if left <= 0 or waits <= 0 or not order.sent_at <= receipt.at <= order.sent_at + WRITTEN_OFF_AFTER:
                continue
            taken = min(left, waits)
            received[index][receipt.sku] = received[index].get(receipt.sku, 0.0) + taken
            weighed[index] += taken * (receipt.at - order.sent_at).total_seconds() / 86_400
            left -= taken
    progress = []
    for index, order in enumerate(ordered):
        came = sum(received[index].values())
        closed = came >= sum(order.units.values()) or now > order.sent_at + WRITTEN_OFF_AFTER
        lead = weighed[index] / came if came else None
        progress.append(OrderProgress(order=order, received=received[index], lead_days=lead, is_closed=closed))
    return progress


def on_the_way(progress: Sequence[OrderProgress]) -> dict[str, float]:
    """Units by SKU that open orders still owe."""
    owed: dict[str, float] = {}
    for each in progress:
        if not each.is_closed:
            for sku, units in each.order.units.items():
                owed[sku] = owed.get(sku, 0.0) + max(0.0, units - each.received.get(sku, 0.0))
    return owed


def supplier_records(progress: Sequence[OrderProgress]) -> dict[str, SupplierRecord]:
    """One record per supplier that has a closed order."""
    by_supplier: dict[str, list[OrderProgress]] = {}
    for each in progress:
        if each.is_closed:
            by_supplier.setdefault(each.order.supplier, []).append(each)
    return {supplier: _record(supplier, closed) for supplier, closed in by_supplier.items()}


def expected_lead_time(product_days: float, record: SupplierRecord | None) -> tuple[float, float]:
    """Mean and spread of the lead time in days: the product master's, moved by what the supplier did."""
    if record is None or record.lead_time_days is None:
        return product_days, 0.0
    weight = record.orders / (record.orders + _PRIOR_ORDERS)
    mean = weight * record.lead_time_days + (1 - weight) * product_days
    return mean, sqrt(weight) * record.lead_time_sd_days


def expected_fill(record: SupplierRecord | None) -> float:
    """The share of an order that will come: all of it, moved by what the supplier delivered; no less than half, as nobody orders double."""
    if record is None or record.fill_share is None:
        return 1.0
    weight = record.orders / (record.orders + _PRIOR_ORDERS)
    return max(_FILL_MIN, weight * record.fill_share + (1 - weight))


def _record(supplier: str, closed: Sequence[OrderProgress]) -> SupplierRecord:
    leads = [each.lead_days for each in closed if each.lead_days is not None]
    mean = sum(leads) / len(leads) if leads else None
    spread = sqrt(sum((lead - mean) ** 2 for lead in leads) / (len(leads) - 1)) if mean is not None and len(leads) > 1 else 0.0
    asked = sum(sum(each.order.units.values()) for each in closed)
    came = sum(sum(each.received.values()) for each in closed)
    late = [each.lead_days is None or each.lead_days > each.order.promised_days + 0.5 for each in closed]
    return SupplierRecord(
        supplier=supplier,
        orders=len(closed),
        lead_time_days=mean,
        lead_time_sd_days=spread,
        fill_share=came / asked if asked else None,
        late_share=sum(late) / len(late),
    )
