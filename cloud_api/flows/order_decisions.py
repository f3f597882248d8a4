"""Decides proposals: as they stand, or with other units and the reason for them, which is kept beside the line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from cloud_api.adapters.order_records import APPROVED, SKIPPED, OrderBook, OrderRecord
from cloud_api.errors import MessageInvalid
from wire_format.plans import GoodsTransfer, OrderLine, ReplenishmentOrder

REASON_LENGTH_MAX = 300


class OrderDecisions:
    """Approves and skips.

    Args:
        now: the wall clock, aware.
    """

    def __init__(self, orders: OrderBook, *, now: Callable[[], datetime]) -> None:
        self._orders, self._now = orders, now

    def approve(
        self, order_id: str, *, by: str, units: Mapping[str, int] | None = None, reason: str = ""
    ) -> ReplenishmentOrder | GoodsTransfer:
        """Approve a proposal, as it stands or with changed units by SKU (0 leaves a line out), and send it to the hub.

        Args:
            reason: why units were changed; asked for where any is.

        Raises:
            OrderUnknown, OrderClosed: it cannot be decided.
            MessageInvalid: an article that is not in it, negative units, no reason for a change, nothing left to order, or less than the
                supplier's minimum.
        """
        order, now = self._orders.order(order_id), self._now()
        lines = _changed_lines(order, units or {}, reason.strip(), by)
        body = order.body | {"lines": lines, "left_out": _left_out(order, lines, reason.strip(), by)}
        if order.body.get("from_store") is None:
            body["value_minor"] = sum(line["value_minor"] for line in lines)
        _see_minimum(body)
        plan = _plan(order, lines, int(now.timestamp() * 1000))
        self._orders.decide(order_id, state=APPROVED, by=by, body=body, plan=plan, also_for=order.body.get("from_store"))
        return plan

    def skip(self, order_id: str, *, by: str) -> None:
        """Leave a proposal out for today.

        Raises:
            OrderUnknown, OrderClosed: it cannot be decided.
        """
        self._orders.decide(order_id, state=SKIPPED, by=by, body=self._orders.order(order_id).body, plan=None)


def _plan(order: OrderRecord, lines: list[dict[str, Any]], created_ms: int) -> ReplenishmentOrder | GoodsTransfer:
    due_ms = created_ms + round(float(order.body["lead_time_days"]) * 86_400_000)
    asked = [OrderLine(sku=line["sku"], units=line["units"], reason=line["reason"]) for line in lines]
    giver = order.body.get("from_store")
    if giver is not None:
        return GoodsTransfer(
            transfer_id=order.order_id, from_store_id=giver, to_store_id=order.store_id, created_at_ms=created_ms, due_at_ms=due_ms,
            lines=asked,
        )  # fmt: skip
    return ReplenishmentOrder(
        order_id=order.order_id, store_id=order.store_id, created_at_ms=created_ms, due_at_ms=due_ms, supplier=order.supplier, lines=asked
    )


def _see_minimum(body: dict[str, Any]) -> None:
    """Refuse what the supplier would refuse."""
    least_minor, least_units = body.get("minimum_minor") or 0, body.get("minimum_units") or 0
    units = sum(line["units"] for line in body["lines"])
    if body["value_minor"] < least_minor:
        problem = f"the order is worth {body['value_minor'] / 100:.2f}, the supplier takes none below {least_minor / 100:.2f}"
        raise MessageInvalid(field="units", problem=f"{problem}; order more, or change the terms")
    if units < least_units:
        raise MessageInvalid(field="units", problem=f"{units} units, the supplier takes no order below {least_units}; order more")


def _left_out(order: OrderRecord, lines: list[dict[str, Any]], reason: str, by: str) -> list[dict[str, Any]]:
    """Lines that a planner struck, with the reason."""
    kept = {line["sku"] for line in lines}
    struck = [line for line in order.body["lines"] if line["sku"] not in kept]
    return [{"sku": line["sku"], "name": line["name"], "proposed_units": line["units"], "reason": reason, "by": by} for line in struck]


def _changed_lines(order: OrderRecord, units: Mapping[str, int], reason: str, by: str) -> list[dict[str, Any]]:
    proposed = {line["sku"]: line for line in order.body["lines"]}
    for sku, wanted in units.items():
        if sku not in proposed:
            raise MessageInvalid(field=f"units.{sku}", problem=f"order {order.order_id} has no line for it")
        if wanted < 0:
            raise MessageInvalid(field=f"units.{sku}", problem=f"{wanted} is below 0; write 0 to leave the line out")
    changed = [sku for sku, line in proposed.items() if units.get(sku, line["units"]) != line["units"]]
    if all(units.get(sku, line["units"]) == 0 for sku, line in proposed.items()):
        raise MessageInvalid(field="units", problem="nothing is left to order; skip the order instead")
    if changed and not reason:
        raise MessageInvalid(field="reason", problem=f"say why {proposed[changed[0]]['name']} was changed; it is kept with the order")
    if len(reason) > REASON_LENGTH_MAX:
        raise MessageInvalid(field="reason", problem=f"{len(reason)} letters; {REASON_LENGTH_MAX} are kept")
    lines = []
    for sku, line in proposed.items():
        wanted = units.get(sku, line["units"])
        if sku not in changed:
            lines.append(line)
        elif wanted > 0:
            value = round(line["value_minor"] * wanted / line["units"])
            why = f"Planner ordered {wanted} instead of {line['units']} ({reason}). {line['reason']}"
            change = {"proposed_units": line["units"], "reason": reason, "by": by}
            lines.append(line | {"units": wanted, "value_minor": value, "reason": why, "change": change})
    return lines
