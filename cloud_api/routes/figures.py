"""A planner's doors: shops, visitors, orders and layout. A store's own token reads that store only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from cloud_api.adapters.order_records import APPROVED, OrderBook, OrderRecord
from cloud_api.adapters.store_records import StoreBook, StoreRecord
from cloud_api.adapters.tokens import Caller, Tokens
from cloud_api.errors import OrderClosed
from cloud_api.flows.order_papers import OrderPaper, as_csv, order_paper
from cloud_api.flows.planning import Deliveries, Planning
from cloud_api.flows.reviewing import FootfallReview, LayoutView, Reviewing
from cloud_api.flows.store_plan import StorePlan
from cloud_api.routes.bodies import described, invalid_from, read_body, spoken
from cloud_api.rules.early_warning import Concern

FindCaller = Callable[[Request], Caller]


class StoreList(msgspec.Struct, frozen=True, kw_only=True):
    """Every shop that has reported, by name."""

    stores: list[StoreRecord]


class ConcernList(msgspec.Struct, frozen=True, kw_only=True):
    """What needs a look, the most urgent first."""

    concerns: list[Concern]


class OrderList(msgspec.Struct, frozen=True, kw_only=True):
    """Orders, newest first."""

    orders: list[OrderRecord]


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Units by SKU where the planner wants others than proposed; 0 leaves a line out."""

    units: dict[str, int] = {}


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """An order and where it stands now."""

    order_id: str
    state: str
    decided_at: datetime | None


def figure_routes(
    *, stores: StoreBook, orders: OrderBook, reviewing: Reviewing, planning: Planning, tokens: Tokens, limit_bytes: int
) -> APIRouter:
    """The doors under `/v1` that planners and their programs use."""
    router = APIRouter(prefix="/v1", tags=["planner"])

    def caller(request: Request) -> Caller:
        return tokens.caller(request.headers.get("authorization"))

    _add_readings(router, stores, reviewing, caller)
    _add_orders(router, stores, orders, planning, caller)
    _add_decisions(router, orders, planning, caller, limit_bytes)
    return router


def _add_readings(router: APIRouter, stores: StoreBook, reviewing: Reviewing, caller: FindCaller) -> None:
    @router.get("/stores", summary="Shops of the chain", **described(StoreList))
    def get_stores(request: Request) -> Response:
        who = caller(request)
        known = stores.stores()
        return spoken(StoreList(stores=known if who.is_planner else [store for store in known if store.store_id == who.store_id]))

    @router.get("/concerns", summary="Shops that need a look, and why", **described(ConcernList))
    def get_concerns(request: Request) -> Response:
        caller(request).require_reader(None)
        return spoken(ConcernList(concerns=reviewing.concerns()))

    @router.get("/footfall", summary="Visitors of shops side by side; missing is null", **described(FootfallReview))
    def get_footfall(
        request: Request,
        store: Annotated[list[str] | None, Query(description="a shop; repeat for several, leave out for all")] = None,
        first: Annotated[date | None, Query(alias="from")] = None,
        last: Annotated[date | None, Query(alias="to")] = None,
        by: Literal["hour", "day"] = "day",
    ) -> Response:
        who = caller(request)
        asked: list[str | None] = [*store] if store else [None]
        for store_id in asked:
            who.require_reader(store_id)
        return spoken(reviewing.footfall(store, first=first, last=last, by=by))

    @router.get("/layout/{store_id}", summary="Zones by dwell and by sales per metre", **described(LayoutView))
    def get_layout(
        request: Request,
        store_id: str,
        first: Annotated[date | None, Query(alias="from")] = None,
        last: Annotated[date | None, Query(alias="to")] = None,
    ) -> Response:
        caller(request).require_reader(store_id)
        return spoken(reviewing.layout(store_id, first=first, last=last))


def _add_orders(router: APIRouter, stores: StoreBook, orders: OrderBook, planning: Planning, caller: FindCaller) -> None:
    @router.get("/replenishment", summary="What a shop should order now, with the arithmetic; decides nothing", **described(StorePlan))
    def get_replenishment(request: Request, store: str) -> Response:
        caller(request).require_reader(store)
        return spoken(planning.work_out(store))

    @router.get("/orders/{order_id}/paper", summary="An approved order for its supplier, as JSON or CSV", **described(OrderPaper))
    def get_paper(request: Request, order_id: str, form: Literal["json", "csv"] = "json") -> Response:
        order = orders.order(order_id)
        caller(request).require_reader(order.store_id)
        if order.state != APPROVED:
            raise OrderClosed(order_id=order_id, state=order.state)
        paper = order_paper(order, stores.planogram(order.store_id))
        if form == "json":
            return spoken(paper)
        named = {"Content-Disposition": f'attachment; filename="{order_id}.csv"'}
        return Response(as_csv(paper), media_type="text/csv; charset=utf-8", headers=named)

    @router.get("/suppliers", summary="What became of a shop's orders, and how its suppliers deliver", **described(Deliveries))
    def get_deliveries(request: Request, store: str) -> Response:
        caller(request).require_reader(store)
        stores.store(store)
        return spoken(planning.deliveries(store))

    @router.get("/orders", summary="Proposals and decided orders", **described(OrderList))
    def get_orders(request: Request, store: str | None = None, state: Literal["proposed", "approved", "skipped"] | None = None) -> Response:
        caller(request).require_reader(store)
        if store is not None:
            stores.store(store)
        return spoken(OrderList(orders=orders.orders(store_id=store, state=state)))


def _add_decisions(router: APIRouter, orders: OrderBook, planning: Planning, caller: FindCaller, limit_bytes: int) -> None:
    def decided(order_id: str) -> Response:
        order = orders.order(order_id)
        return spoken(Decided(order_id=order_id, state=order.state, decided_at=order.decided_at))

    def approve_now(order_id: str, who: Caller, decision: Decision) -> Response:
        planning.approve(order_id, by=who.name, units=decision.units)
        return decided(order_id)

    @router.post("/orders/{order_id}/approve", summary="Approve a proposal and send it to its shop", **described(Decided, body=Decision))
    async def approve(request: Request, order_id: str) -> Response:
        who = caller(request)
        who.require_planner()
        decision = _decision(await read_body(request, limit_bytes=limit_bytes))
        return await run_in_threadpool(approve_now, order_id, who, decision)

    @router.post("/orders/{order_id}/skip", summary="Leave a proposal out for today", **described(Decided))
    def skip(request: Request, order_id: str) -> Response:
        who = caller(request)
        who.require_planner()
        planning.skip(order_id, by=who.name)
        return decided(order_id)

    @router.post("/orders/{order_id}/reopen", summary="Take a skip back", **described(Decided))
    def reopen(request: Request, order_id: str) -> Response:
        caller(request).require_planner()
        orders.reopen(order_id)
        return decided(order_id)


def _decision(body: bytes) -> Decision:
    try:
        return msgspec.json.decode(body, type=Decision) if body.strip() else Decision()
    except msgspec.DecodeError as error:
        raise invalid_from(error) from None
