"""A planner's doors to orders: proposals, decisions, papers, terms and what they would bring. A store's own token reads that store only."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeVar

import msgspec
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from cloud_api.adapters.order_records import APPROVED, OrderBook, OrderRecord
from cloud_api.adapters.store_records import StoreBook
from cloud_api.adapters.terms_records import TermsRecord
from cloud_api.adapters.tokens import Caller, Tokens
from cloud_api.errors import OrderClosed
from cloud_api.flows.forecast_totals import ForecastTotal, ForecastTotals, Level
from cloud_api.flows.order_decisions import OrderDecisions
from cloud_api.flows.order_papers import OrderPaper, as_csv, order_paper
from cloud_api.flows.planning import Deliveries, Planning
from cloud_api.flows.store_plan import StorePlan
from cloud_api.flows.what_if import TermsChange, WhatIf, WhatIfs
from cloud_api.routes.bodies import described, invalid_from, read_body, spoken
from cloud_api.routes.callers import Callers

S = TypeVar("S", bound=msgspec.Struct)


class OrderList(msgspec.Struct, frozen=True, kw_only=True):
    """Orders, newest first."""

    orders: list[OrderRecord]


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Units by SKU where the planner wants others than proposed, 0 leaves a line out; and why."""

    units: dict[str, int] = {}
    reason: str = ""


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """An order and where it stands now."""

    order_id: str
    state: str
    decided_at: datetime | None


class TermsList(msgspec.Struct, frozen=True, kw_only=True):
    """Terms of ordering, the chain's (`*`) first."""

    terms: list[TermsRecord]


class ForecastList(msgspec.Struct, frozen=True, kw_only=True):
    """Forecasts on one level, the largest first."""

    totals: list[ForecastTotal]


def order_routes(
    *,
    stores: StoreBook,
    orders: OrderBook,
    planning: Planning,
    decisions: OrderDecisions,
    what_ifs: WhatIfs,
    totals: ForecastTotals,
    tokens: Tokens,
    limit_bytes: int,
) -> APIRouter:
    """The doors under `/v1` that planners and their programs order through."""
    router = APIRouter(prefix="/v1", tags=["orders"])

    caller = Callers(tokens)

    _add_orders(router, stores, orders, planning, caller)
    _add_decisions(router, orders, decisions, caller, limit_bytes)
    _add_terms(router, what_ifs, caller, limit_bytes)
    _add_forecasts(router, totals, caller)
    return router


def _add_orders(router: APIRouter, stores: StoreBook, orders: OrderBook, planning: Planning, caller: Callers) -> None:
    @router.get("/replenishment", summary="What a shop should order now, with the arithmetic; decides nothing", **described(StorePlan))
    def get_replenishment(request: Request, store: str) -> Response:
        caller(request).require_reader(store)
        return spoken(planning.work_out(store))

    @router.get("/orders/{order_id}/paper", summary="An approved order for its supplier, as JSON or CSV", **described(OrderPaper))
    def get_paper(request: Request, order_id: str, form: Literal["json", "csv"] = "json") -> Response:
        who = caller(request)  # Before anything is looked up: a stranger must not learn which orders there are.
        order = orders.order(order_id)
        who.require_reader(order.store_id)
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


def _add_decisions(router: APIRouter, orders: OrderBook, decisions: OrderDecisions, caller: Callers, limit_bytes: int) -> None:
    def decided(order_id: str) -> Response:
        order = orders.order(order_id)
        return spoken(Decided(order_id=order_id, state=order.state, decided_at=order.decided_at))

    def approve_now(order_id: str, who: Caller, decision: Decision) -> Response:
        decisions.approve(order_id, by=who.name, units=decision.units, reason=decision.reason)
        return decided(order_id)

    @router.post("/orders/{order_id}/approve", summary="Approve a proposal and send it to its shop", **described(Decided, body=Decision))
    async def approve(request: Request, order_id: str) -> Response:
        who = await run_in_threadpool(caller.to_change, request, "orders")
        decision = _read(await read_body(request, limit_bytes=limit_bytes), Decision, empty=Decision())
        return await run_in_threadpool(approve_now, order_id, who, decision)

    @router.post("/orders/{order_id}/skip", summary="Leave a proposal out for today", **described(Decided))
    def skip(request: Request, order_id: str) -> Response:
        who = caller.to_change(request, "orders")
        decisions.skip(order_id, by=who.name)
        return decided(order_id)

    @router.post("/orders/{order_id}/reopen", summary="Take a skip back", **described(Decided))
    def reopen(request: Request, order_id: str) -> Response:
        caller.to_change(request, "orders")
        orders.reopen(order_id)
        return decided(order_id)


def _add_forecasts(router: APIRouter, totals: ForecastTotals, caller: Callers) -> None:
    @router.get("/forecast", summary="Units of the next 7 and 28 days; levels add up", **described(ForecastList))
    def get_forecast(request: Request, by: Level = "category", store: str | None = None) -> Response:
        caller(request).require_reader(store)
        return spoken(ForecastList(totals=totals.totals(by, store)))


def _add_terms(router: APIRouter, what_ifs: WhatIfs, caller: Callers, limit_bytes: int) -> None:
    @router.get("/terms", summary="Terms of ordering that planners keep", **described(TermsList))
    def get_terms(request: Request, store: str | None = None) -> Response:
        caller(request).require_reader(store)
        return spoken(TermsList(terms=what_ifs.said(store)))

    @router.put("/terms", summary="Keep terms; the next planning goes by them", **described(TermsList, body=TermsChange))
    async def put_terms(request: Request) -> Response:
        who = await run_in_threadpool(caller.to_change, request, "orders")
        change = _read(await read_body(request, limit_bytes=limit_bytes), TermsChange)
        await run_in_threadpool(lambda: what_ifs.keep(change, by=who.name))
        return spoken(TermsList(terms=await run_in_threadpool(what_ifs.said)))

    @router.post("/what-if", summary="A shop's year with the terms as they are and as they would be", **described(WhatIf, body=TermsChange))
    async def what_if(request: Request, store: str) -> Response:
        await run_in_threadpool(caller.to_try, request, "orders")
        change = _read(await read_body(request, limit_bytes=limit_bytes), TermsChange)
        return spoken(await run_in_threadpool(what_ifs.try_out, store, change))


def _read(body: bytes, shape: type[S], *, empty: S | None = None) -> S:
    if empty is not None and not body.strip():
        return empty
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError as error:
        raise invalid_from(error) from None
