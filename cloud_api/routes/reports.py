"""A hub's doors: its profile, its planogram, its reports, and the plans made for it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from cloud_api.adapters.order_records import NumberedPlan, OrderBook
from cloud_api.adapters.reports_booking import ReportBook
from cloud_api.adapters.store_records import StoreBook
from cloud_api.adapters.tokens import Tokens
from cloud_api.errors import MessageInvalid
from cloud_api.routes.bodies import described, invalid_from, read_body
from cloud_api.routes.health import Gauges
from wire_format import PROTOCOL_VERSION, codec
from wire_format.errors import MessageUndecodable, VersionUnknown
from wire_format.plans import Planogram
from wire_format.reports import ReportBatch, ReportsBooked, StoreProfile


class PlansPage(msgspec.Struct, frozen=True, kw_only=True):
    """Plans after the number asked for, at most 100; ask again after the last number until the page is empty.

    `last_plan` is the store's newest number. `booked_through`: of the ledger asked about. A hub that has more of either speaks to a cloud
    that was set back, by a restored backup: it tells its facts again, and asks for plans after `last_plan` from then on.
    """

    v: int
    plans: list[NumberedPlan]
    last_plan: int
    booked_through: int | None = None


def hub_routes(*, reports: ReportBook, stores: StoreBook, orders: OrderBook, tokens: Tokens, gauges: Gauges, limit_bytes: int) -> APIRouter:
    """The doors under `/v1/stores/{store_id}` that a hub knocks on."""
    router = APIRouter(prefix="/v1/stores/{store_id}", tags=["hub"])

    @router.put("/profile", summary="Say who the store is", **described(StoreProfile, body=StoreProfile))
    async def put_profile(store_id: str, request: Request) -> Response:
        (await run_in_threadpool(tokens.caller, request.headers.get("authorization"))).require_store(store_id)
        body = await read_body(request, limit_bytes=limit_bytes)
        profile = _profile(body)
        _same_store(store_id, profile.store_id)
        _known_time_zone(profile.time_zone)
        await run_in_threadpool(stores.save_profile, profile)
        return _encoded(profile)

    @router.put("/planogram", summary="Hand in the planogram in force", **described(Planogram, body=Planogram))
    async def put_planogram(store_id: str, request: Request) -> Response:
        (await run_in_threadpool(tokens.caller, request.headers.get("authorization"))).require_store(store_id)
        planogram = _planogram(await read_body(request, limit_bytes=limit_bytes))
        _same_store(store_id, planogram.store_id)
        _known_time_zone(planogram.time_zone)
        await run_in_threadpool(stores.save_planogram, planogram)
        return _encoded(planogram)

    @router.post("/reports", summary="Book a batch of facts; answered only after commit", **described(ReportsBooked, body=ReportBatch))
    async def post_reports(store_id: str, request: Request) -> Response:
        (await run_in_threadpool(tokens.caller, request.headers.get("authorization"))).require_store(store_id)
        batch = _batch(await read_body(request, limit_bytes=limit_bytes))
        _same_store(store_id, batch.store_id)
        with gauges.batch_seconds.time():
            booked = await run_in_threadpool(reports.book, batch)
        gauges.facts.inc(booked.new_facts)
        gauges.quarantined.inc(booked.quarantined)
        answer = ReportsBooked(store_id=store_id, ledger_id=batch.ledger_id, booked_through=booked.booked_through)
        return _encoded(answer)

    _add_plans(router, orders, reports, tokens)
    return router


def _add_plans(router: APIRouter, orders: OrderBook, reports: ReportBook, tokens: Tokens) -> None:
    @router.get("/plans", summary="Plans after a number", **described(PlansPage))
    def get_plans(store_id: str, request: Request, after: int = 0, ledger_id: str | None = None) -> Response:
        tokens.caller(request.headers.get("authorization")).require_reader(store_id)
        page = PlansPage(
            v=PROTOCOL_VERSION,
            plans=orders.plans_after(store_id, after),
            last_plan=orders.last_plan(store_id),
            booked_through=None if ledger_id is None else reports.booked_through(store_id, ledger_id),
        )
        return Response(msgspec.json.encode(page), media_type="application/json")


def _batch(body: bytes) -> ReportBatch:
    try:
        batch = codec.report_batches.decode(body)
    except (MessageUndecodable, VersionUnknown) as error:
        raise invalid_from(error) from None
    if batch.to_sequence < batch.from_sequence:
        raise MessageInvalid(field="to_sequence", problem=f"{batch.to_sequence} is before from_sequence {batch.from_sequence}")
    if len(batch.facts) != batch.to_sequence - batch.from_sequence + 1:
        wanted = batch.to_sequence - batch.from_sequence + 1
        raise MessageInvalid(field="facts", problem=f"{len(batch.facts)} facts, but from_sequence to to_sequence are {wanted}")
    for index, fact in enumerate(batch.facts):
        if fact.sequence != batch.from_sequence + index:
            expected = batch.from_sequence + index
            raise MessageInvalid(field=f"facts[{index}].sequence", problem=f"{fact.sequence} where {expected} should be: in order, no gaps")
    return batch


def _profile(body: bytes) -> StoreProfile:
    try:
        return codec.store_profiles.decode(body)
    except (MessageUndecodable, VersionUnknown) as error:
        raise invalid_from(error) from None


def _planogram(body: bytes) -> Planogram:
    try:
        plan = codec.plans.decode(body)
    except (MessageUndecodable, VersionUnknown) as error:
        raise invalid_from(error) from None
    if not isinstance(plan, Planogram):
        raise MessageInvalid(field="type", problem="a planogram belongs here")
    return plan


def _same_store(addressed: str, named: str) -> None:
    if addressed != named:
        raise MessageInvalid(field="store_id", problem=f"the body speaks of {named}, the address of {addressed}")


def _known_time_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # Unknown, malformed, or the name of a folder of zones.
        raise MessageInvalid(field="time_zone", problem=f"{name!r} is no time zone; write one such as Europe/Berlin") from None


def _encoded(message: msgspec.Struct) -> Response:
    return Response(codec.encode(message), media_type="application/json")
