"""A planner's doors to promotions: plan once for some shops or all, see what is expected, call off, and read what they brought."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from cloud_api.adapters.promotion_records import PromotionRecord
from cloud_api.adapters.tokens import Tokens
from cloud_api.flows.promotions import Expected, PromotionDraft, Promotions, ShopResult
from cloud_api.routes.bodies import described, invalid_from, read_body, spoken
from cloud_api.routes.callers import Callers


class PromotionList(msgspec.Struct, frozen=True, kw_only=True):
    """Promotions, the latest first, one entry a shop."""

    promotions: list[PromotionRecord]


class ExpectedList(msgspec.Struct, frozen=True, kw_only=True):
    """What each shop is expected to sell with a promotion and without it."""

    expected: list[Expected]


class ResultList(msgspec.Struct, frozen=True, kw_only=True):
    """What a promotion brought in each shop; null where there is nothing to compare with."""

    results: list[ShopResult]


def promotion_routes(*, promotions: Promotions, tokens: Tokens, limit_bytes: int) -> APIRouter:
    """The doors under `/v1/promotions`."""
    router = APIRouter(prefix="/v1/promotions", tags=["promotions"])

    caller = Callers(tokens)

    _add_readings(router, promotions, caller)
    _add_plans(router, promotions, caller, limit_bytes)
    return router


def _add_readings(router: APIRouter, promotions: Promotions, caller: Callers) -> None:
    @router.get("", summary="Promotions that were not called off", **described(PromotionList))
    def get_promotions(
        request: Request, store: str | None = None, since: Annotated[date | None, Query(description="that end then or later")] = None
    ) -> Response:
        caller(request).require_reader(store)
        return spoken(PromotionList(promotions=promotions.listed(store_id=store, since=since)))

    @router.get("/{promotion_id}/results", summary="What it brought, with intervals", **described(ResultList))
    def get_results(request: Request, promotion_id: str) -> Response:
        caller(request).require_reader(None)
        return spoken(ResultList(results=promotions.results(promotion_id)))


def _add_plans(router: APIRouter, promotions: Promotions, caller: Callers, limit_bytes: int) -> None:
    @router.post("", summary="Plan a promotion, and tell the shops", **described(PromotionList, body=PromotionDraft))
    async def plan(request: Request) -> Response:
        who = await run_in_threadpool(caller.to_change, request, "promotions")
        draft = _draft(await read_body(request, limit_bytes=limit_bytes))
        return spoken(PromotionList(promotions=await run_in_threadpool(lambda: promotions.plan(draft, by=who.name))))

    @router.post("/expected", summary="What it would bring; plans nothing", **described(ExpectedList, body=PromotionDraft))
    async def expected(request: Request) -> Response:
        await run_in_threadpool(caller.to_try, request, "promotions")
        draft = _draft(await read_body(request, limit_bytes=limit_bytes))
        return spoken(ExpectedList(expected=await run_in_threadpool(promotions.expected, draft)))

    @router.post("/{promotion_id}/cancel", summary="Call it off in every shop", **described(PromotionList))
    def cancel(request: Request, promotion_id: str) -> Response:
        caller.to_change(request, "promotions")
        return spoken(PromotionList(promotions=promotions.cancel(promotion_id)))


def _draft(body: bytes) -> PromotionDraft:
    try:
        return msgspec.json.decode(body, type=PromotionDraft)
    except msgspec.DecodeError as error:
        raise invalid_from(error) from None
