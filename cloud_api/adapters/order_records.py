"""Order proposals, what planners decided about them, and the plans that hubs fetch.

A proposal is replaced in place while nobody has decided it. An approved one becomes a plan with the store's next number, in the same
transaction, and the hub asks for plans after the last number it has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine, text

from cloud_api.errors import OrderClosed, OrderUnknown
from wire_format import codec
from wire_format.plans import AnyPlan

PROPOSED, APPROVED, SKIPPED = "proposed", "approved", "skipped"


class OrderRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An order and where it stands. `body` is the proposal as the rule wrote it."""

    store_id: str
    order_id: str
    supplier: str
    state: str
    proposed_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    body: dict[str, Any]
    sent_at: datetime | None = None
    send_problem: str | None = None


class NumberedPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A plan for a hub; `number` counts 1, 2, 3, … per store."""

    number: int
    plan: msgspec.Raw


_COLUMNS = "store_id, order_id, supplier, state, proposed_at, decided_at, decided_by, body, sent_at, send_problem"


class OrderBook:
    """Reads and writes orders and plans."""

    def __init__(self, engine: Engine, *, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now

    def propose(self, store_id: str, day: str, proposals: Mapping[str, dict[str, Any]]) -> None:
        """Replace the store's open proposals by new ones (supplier → body), made on its calendar day `day`."""
        now = self._now()
        with self._engine.begin() as connection:
            connection.execute(text("SELECT 1 FROM stores WHERE store_id = :store FOR UPDATE"), {"store": store_id})
            open_orders = connection.execute(
                text("SELECT supplier, order_id FROM orders WHERE store_id = :store AND state = 'proposed'"), {"store": store_id}
            )
            held: dict[str, str] = {row.supplier: row.order_id for row in open_orders}
            for supplier in held.keys() - proposals.keys():
                connection.execute(
                    text("DELETE FROM orders WHERE store_id = :store AND order_id = :order"), {"store": store_id, "order": held[supplier]}
                )
            for supplier, body in proposals.items():
                order_id = held.get(supplier) or _next_order_id(connection, store_id, day)
                connection.execute(
                    text(
                        "INSERT INTO orders (store_id, order_id, supplier, state, proposed_at, body)"
                        " VALUES (:store, :order, :supplier, 'proposed', :now, :body)"
                        " ON CONFLICT (store_id, order_id) DO UPDATE SET body = EXCLUDED.body, proposed_at = EXCLUDED.proposed_at"
                    ),
                    {"store": store_id, "order": order_id, "supplier": supplier, "now": now, "body": Jsonb(body)},
                )
            connection.execute(text("UPDATE stores SET planned_at = :now WHERE store_id = :store"), {"store": store_id, "now": now})

    def orders(self, *, store_id: str | None = None, state: str | None = None, since: datetime | None = None) -> list[OrderRecord]:
        """Orders of one store or all, newest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                text(
                    f"SELECT {_COLUMNS} FROM orders WHERE (CAST(:store AS text) IS NULL OR store_id = :store)"
                    " AND (CAST(:state AS text) IS NULL OR state = :state)"
                    " AND (CAST(:since AS timestamptz) IS NULL OR coalesce(decided_at, proposed_at) >= :since)"
                    " ORDER BY proposed_at DESC, store_id, order_id LIMIT 2000"
                ),
                {"store": store_id, "state": state, "since": since},
            )
            return [OrderRecord(**row._mapping) for row in rows]

    def order(self, order_id: str) -> OrderRecord:
        """One order by its number.

        Raises:
            OrderUnknown: there is none.
        """
        with self._engine.connect() as connection:
            return _one_order(connection, order_id)

    def promised(self, store_id: str, *, since: datetime) -> dict[str, float]:
        """Units by SKU that the shop was lately asked to hand to other shops."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT line->>'sku', sum((line->>'units')::double precision) FROM orders, jsonb_array_elements(body->'lines') AS line"
                    " WHERE state = 'approved' AND decided_at >= :since AND body->>'from_store' = :store GROUP BY 1"
                ),
                {"store": store_id, "since": since},
            )
            return {sku: float(units) for sku, units in rows}

    def decide(
        self, order_id: str, *, state: str, by: str, body: dict[str, Any], plan: AnyPlan | None, also_for: str | None = None
    ) -> None:
        """Close a proposal; an approved one goes to its hub as `plan`, and to that of `also_for`, in the same transaction.

        Raises:
            OrderUnknown: there is none.
            OrderClosed: somebody decided it before.
        """
        now = self._now()
        with self._engine.begin() as connection:
            order = _one_order(connection, order_id, " FOR UPDATE")
            if order.state != PROPOSED:
                raise OrderClosed(order_id=order_id, state=order.state)
            connection.execute(
                text(
                    "UPDATE orders SET state = :state, decided_at = :now, decided_by = :by, body = :body"
                    " WHERE store_id = :store AND order_id = :order"
                ),
                {"state": state, "now": now, "by": by, "body": Jsonb(body), "store": order.store_id, "order": order_id},
            )
            if plan is not None:
                for store_id in sorted({order.store_id, also_for or order.store_id}):
                    add_plan(connection, store_id, plan, now)

    def reopen(self, order_id: str) -> None:
        """Take a *skip* back; an approved order is on its way and stays.

        Raises:
            OrderUnknown: there is none.
            OrderClosed: it was not skipped.
        """
        with self._engine.begin() as connection:
            order = _one_order(connection, order_id, " FOR UPDATE")
            if order.state != SKIPPED:
                raise OrderClosed(order_id=order_id, state=order.state)
            connection.execute(
                text(
                    "UPDATE orders SET state = 'proposed', decided_at = NULL, decided_by = NULL"
                    " WHERE store_id = :store AND order_id = :order"
                ),
                {"store": order.store_id, "order": order_id},
            )

    def to_send(self, *, since: datetime, limit: int = 100) -> list[OrderRecord]:
        """Approved orders that their supplier was not told of, oldest first; goods from other shops are no orders."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                text(
                    f"SELECT {_COLUMNS} FROM orders WHERE state = 'approved' AND sent_at IS NULL AND decided_at >= :since"
                    " AND body->>'from_store' IS NULL ORDER BY decided_at, order_id LIMIT :limit"
                ),
                {"since": since, "limit": limit},
            )
            return [OrderRecord(**row._mapping) for row in rows]

    def tell_sent(self, order: OrderRecord, *, problem: str | None) -> None:
        """Write down that the supplier was told, or why not yet."""
        with self._engine.begin() as connection:
            connection.execute(
                text(
                    "UPDATE orders SET sent_at = CASE WHEN CAST(:problem AS text) IS NULL THEN CAST(:now AS timestamptz) END,"
                    " send_problem = :problem WHERE store_id = :store AND order_id = :order"
                ),
                {"problem": problem, "now": self._now(), "store": order.store_id, "order": order.order_id},
            )

    def add_plan(self, store_id: str, plan: AnyPlan) -> None:
        """Hand a plan to a hub."""
        with self._engine.begin() as connection:
            add_plan(connection, store_id, plan, self._now())

    def last_plan(self, store_id: str) -> int:
        """The number of the store's newest plan; 0 before the first."""
        with self._engine.connect() as connection:
            number = connection.execute(text("SELECT max(number) FROM plans WHERE store_id = :store"), {"store": store_id}).scalar()
        return int(number or 0)

    def plans_after(self, store_id: str, number: int, *, limit: int = 100) -> list[NumberedPlan]:
        """The store's next plans, in order."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                text("SELECT number, body::text FROM plans WHERE store_id = :store AND number > :number ORDER BY number LIMIT :limit"),
                {"store": store_id, "number": number, "limit": limit},
            )
            return [NumberedPlan(number=row[0], plan=msgspec.Raw(row[1].encode())) for row in rows]


def _one_order(connection: Connection, order_id: str, lock: str = "") -> OrderRecord:
    row = connection.execute(text(f"SELECT {_COLUMNS} FROM orders WHERE order_id = :order{lock}"), {"order": order_id}).one_or_none()
    if row is None:
        raise OrderUnknown(order_id=order_id)
    return OrderRecord(**row._mapping)


def _next_order_id(connection: Connection, store_id: str, day: str) -> str:
    """`shop-1.20261122.3`: a store's orders of a day are counted, and no other store has the same."""
    start = f"{store_id}.{day.replace('-', '')}."
    used = connection.execute(
        text("SELECT order_id FROM orders WHERE store_id = :store AND starts_with(order_id, :start)"), {"store": store_id, "start": start}
    ).scalars()
    return f"{start}{max((int(order_id.removeprefix(start)) for order_id in used), default=0) + 1}"


def add_plan(connection: Connection, store_id: str, plan: AnyPlan, now: datetime) -> None:
    """Put a plan under the store's next number, within somebody's transaction."""
    connection.execute(text("SELECT 1 FROM stores WHERE store_id = :store FOR UPDATE"), {"store": store_id})
    connection.execute(
        text(
            "INSERT INTO plans (store_id, number, made_at, body)"
            " SELECT :store, coalesce(max(number), 0) + 1, :now, CAST(:body AS jsonb) FROM plans WHERE store_id = :store"
        ),
        {"store": store_id, "now": now, "body": codec.encode(plan).decode()},
    )
