"""A planner's doors to single days, notes, key figures, targets and risks."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from cloud_api.adapters.tokens import Tokens
from cloud_api.adapters.written_records import DayNote, WrittenBook
from cloud_api.flows.day_reviewing import DayReviewing, DaysReview, as_csv, as_parquet, note, notes_from_csv
from cloud_api.flows.key_figures import FiguresReview, KeyFigures
from cloud_api.routes.bodies import described, invalid_from, read_body, spoken
from cloud_api.routes.callers import Callers
from cloud_api.rules.chain_figures import Risk

First = Annotated[date | None, Query(alias="from")]
Last = Annotated[date | None, Query(alias="to")]


class NoteList(msgspec.Struct, frozen=True, kw_only=True):
    """Notes on days; one without words takes the earlier one away."""

    notes: list[DayNote]


class TargetBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A target; null takes it away. `store_id` `*`: every shop that has none of its own."""

    store_id: str = "*"
    figure: str
    value: float | None


class RiskWritten(msgspec.Struct, frozen=True, kw_only=True):
    """The risk that was written down."""

    risk_id: str


def day_routes(*, days: DayReviewing, figures: KeyFigures, written: WrittenBook, tokens: Tokens, limit_bytes: int) -> APIRouter:
    """The doors under `/v1/footfall` for days and notes, and under `/v1/figures`."""
    router = APIRouter(prefix="/v1", tags=["planner"])

    caller = Callers(tokens)

    _add_days(router, days, caller)
    _add_notes(router, written, caller, limit_bytes)
    _add_figures(router, figures, caller, limit_bytes)
    return router


def _add_days(router: APIRouter, days: DayReviewing, caller: Callers) -> None:
    @router.get("/footfall/days", summary="A shop's days with what explains them", **described(DaysReview))
    def get_days(request: Request, store: str, first: First = None, last: Last = None) -> Response:
        caller(request).require_reader(store)
        return spoken(days.days(store, first=first, last=last))

    @router.get("/footfall/export", summary="Shops' days as a file, one row each", response_model=None)
    def get_export(
        request: Request,
        first: Annotated[date, Query(alias="from")],
        last: Annotated[date, Query(alias="to")],
        store: Annotated[list[str] | None, Query(description="a shop; repeat for several, leave out for all")] = None,
        form: Literal["csv", "parquet"] = "csv",
    ) -> Response:
        who = caller(request)
        asked: list[str | None] = [*store] if store else [None]
        for store_id in asked:
            who.require_reader(store_id)
        rows = days.table(store, first=first, last=last)
        body, kind = (as_csv(rows), "text/csv; charset=utf-8") if form == "csv" else (as_parquet(rows), "application/vnd.apache.parquet")
        named = {"Content-Disposition": f'attachment; filename="visitors-{first}-{last}.{form}"'}
        return Response(body, media_type=kind, headers=named)


def _add_notes(router: APIRouter, written: WrittenBook, caller: Callers, limit_bytes: int) -> None:
    @router.get("/footfall/notes", summary="What was noted of days", **described(NoteList))
    def get_notes(request: Request, first: Annotated[date, Query(alias="from")], last: Annotated[date, Query(alias="to")]) -> Response:
        caller(request).require_reader(None)
        return spoken(NoteList(notes=written.notes(first=first, last=last)))

    @router.post("/footfall/notes", summary="Note weather or events, as JSON or CSV", **described(NoteList, body=NoteList))
    async def post_notes(request: Request) -> Response:
        who = await run_in_threadpool(caller.to_change, request, "written")
        body = await read_body(request, limit_bytes=limit_bytes)
        if request.headers.get("content-type", "").startswith("text/csv"):
            notes = notes_from_csv(body)
        else:
            notes = [note(each.store_id, each.day.isoformat(), each.kind, each.words) for each in _decoded(body, NoteList).notes]
        await run_in_threadpool(written.write_notes, notes, by=who.name)
        return spoken(NoteList(notes=notes))


def _add_figures(router: APIRouter, figures: KeyFigures, caller: Callers, limit_bytes: int) -> None:
    @router.get("/figures", summary="Key figures of chain and shops, targets and risks", **described(FiguresReview))
    def get_figures(request: Request, first: First = None, last: Last = None) -> Response:
        caller(request).require_reader(None)
        return spoken(figures.review(first=first, last=last))

    @router.put("/figures/targets", summary="Set or take away a target", **described(TargetBody, body=TargetBody))
    async def put_target(request: Request) -> Response:
        who = await run_in_threadpool(caller.to_change, request, "written")
        target = _decoded(await read_body(request, limit_bytes=limit_bytes), TargetBody)
        await run_in_threadpool(figures.set_target, target.store_id, target.figure, target.value, by=who.name)
        return spoken(target)

    @router.post("/figures/risks", summary="Write a risk down", **described(RiskWritten, body=Risk))
    async def post_risk(request: Request) -> Response:
        who = await run_in_threadpool(caller.to_change, request, "written")
        risk = _decoded(await read_body(request, limit_bytes=limit_bytes), Risk)
        return spoken(RiskWritten(risk_id=await run_in_threadpool(figures.write_risk, risk, by=who.name)))

    @router.delete("/figures/risks/{risk_id}", summary="Take a risk off the register", status_code=204)
    def delete_risk(request: Request, risk_id: str) -> Response:
        who = caller.to_change(request, "written")
        figures.strike_risk(risk_id, by=who.name)
        return Response(status_code=204)


def _decoded(body: bytes, kind: type[msgspec.Struct]) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise invalid_from(error) from None
