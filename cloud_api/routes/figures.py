"""A planner's doors: shops, visitors and layout. A store's own token reads that store only."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Query, Request, Response

from cloud_api.adapters.store_records import StoreBook, StoreRecord
from cloud_api.adapters.tokens import Tokens
from cloud_api.flows.layout_planning import MOVES_MAX, LayoutPlanning, LayoutWork
from cloud_api.flows.reviewing import SHOWN, ChainReview, FootfallReview, LayoutView, Reviewing
from cloud_api.flows.space_planning import FacingReview, SpacePlanning
from cloud_api.routes.bodies import described, spoken
from cloud_api.routes.callers import Callers
from cloud_api.rules.early_warning import Concern


class StoreList(msgspec.Struct, frozen=True, kw_only=True):
    """Every shop that has reported, by name."""

    stores: list[StoreRecord]


class ConcernList(msgspec.Struct, frozen=True, kw_only=True):
    """What needs a look, the most urgent first."""

    concerns: list[Concern]


def figure_routes(*, stores: StoreBook, reviewing: Reviewing, layouts: LayoutPlanning, spaces: SpacePlanning, tokens: Tokens) -> APIRouter:
    """The doors under `/v1` that planners and their programs use."""
    router = APIRouter(prefix="/v1", tags=["planner"])

    caller = Callers(tokens)

    _add_readings(router, stores, reviewing, caller)
    _add_layouts(router, reviewing, layouts, spaces, caller)
    return router


def _add_readings(router: APIRouter, stores: StoreBook, reviewing: Reviewing, caller: Callers) -> None:
    @router.get("/stores", summary="Shops of the chain", **described(StoreList))
    def get_stores(request: Request) -> Response:
        who = caller(request)
        known = stores.stores()
        return spoken(StoreList(stores=known if who.is_reader else [store for store in known if store.store_id == who.store_id]))

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

    @router.get("/footfall/chain", summary="All shops of the chain, what changed most first", **described(ChainReview))
    def get_chain(
        request: Request,
        first: Annotated[date | None, Query(alias="from")] = None,
        last: Annotated[date | None, Query(alias="to")] = None,
        limit: Annotated[int, Query(ge=1, le=1000, description="how many shops are told with their days")] = SHOWN,
        offset: Annotated[int, Query(ge=0)] = 0,
        find: Annotated[str, Query(max_length=100, description="only shops with this in their name")] = "",
    ) -> Response:
        caller(request).require_reader(None)
        return spoken(reviewing.chain(first=first, last=last, limit=limit, offset=offset, find=find))


def _add_layouts(router: APIRouter, reviewing: Reviewing, layouts: LayoutPlanning, spaces: SpacePlanning, caller: Callers) -> None:
    @router.get("/layout/{store_id}", summary="Zones by dwell and by sales per metre", **described(LayoutView))
    def get_layout(
        request: Request,
        store_id: str,
        first: Annotated[date | None, Query(alias="from")] = None,
        last: Annotated[date | None, Query(alias="to")] = None,
    ) -> Response:
        caller(request).require_reader(store_id)
        return spoken(reviewing.layout(store_id, first=first, last=last))

    @router.get("/layout/{store_id}/moves", summary="Bays worth moving, in order of gain; moves nothing", **described(LayoutWork))
    def get_moves(
        request: Request,
        store_id: str,
        first: Annotated[date | None, Query(alias="from")] = None,
        last: Annotated[date | None, Query(alias="to")] = None,
        moves: Annotated[int, Query(ge=2, le=400, description="so many bays may move at most")] = MOVES_MAX,
    ) -> Response:
        caller(request).require_reader(store_id)
        return spoken(layouts.propose(store_id, first=first, last=last, moves_max=moves))

    @router.get("/layout/{store_id}/facings", summary="Facings by what they earn, and which should be wider", **described(FacingReview))
    def get_facings(request: Request, store_id: str) -> Response:
        caller(request).require_reader(store_id)
        return spoken(spaces.review(store_id))
