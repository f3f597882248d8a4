"""HTTP doors for handhelds and deliveries: reads in bulk (JSON, or a file as it is), decisions, notices, signatures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from fastapi import APIRouter, Request, Response
from msgspec import Struct

from store_hub.entries_goods import (
    AcceptedLine,
    DeliveryAcceptance,
    DeliveryNotice,
    DeliveryReads,
    NoticeLine,
    StockTakeDecision,
    StockTakeReads,
)
from store_hub.routes.bodies import decode, described, read_body
from store_hub.routes.doors import Doors, TakenIn
from store_hub.routes.refusals import BodyInvalid, Refusal
from store_hub.rules.epc_errors import EpcInvalid
from store_hub.rules.goods_files import FileRefused, read_notice_file, read_tags_file
from store_hub.rules.tag_names import read_tag_text

FILE_BYTES_MAX = 5_000_000
GOODS_STRUCTS: list[type[Struct]] = [
    StockTakeReads, StockTakeDecision, DeliveryNotice, NoticeLine, DeliveryReads, DeliveryAcceptance, AcceptedLine
]  # fmt: skip
"""What the OpenAPI document must hold for these doors: see `bodies.describe`."""
T = TypeVar("T", bound=Struct)
_FILES = ("text/csv", "text/plain", "application/x-ndjson", "application/jsonl")


def goods_routes(doors: Doors) -> APIRouter:
    """Return the doors; `doors` lets in and books."""
    router = APIRouter(prefix="/v1", tags=["goods"])

    def described_as(body: type[Struct], summary: str) -> dict[str, Any]:
        return {"summary": summary, **described(answer=TakenIn, refusal=Refusal, body=body)}

    @router.post("/stock-take-reads", **described_as(StockTakeReads, "Tags that a handheld read in a stock-take (JSON, CSV, JSON lines)"))
    async def stock_take_reads(request: Request) -> Response:
        key = doors.admit(request)
        reads = await _body(request, StockTakeReads, "epcs", read_tags_file)
        _check_tags(reads.epcs)
        doors.check_time("read_at_ms", reads.read_at_ms)
        return await doors.book(reads, door="stock-takes", key=key)

    @router.post("/stock-take-decisions", **described_as(StockTakeDecision, "Accept, ignore or recount a line, or close a stock-take"))
    async def decisions(request: Request) -> Response:
        key = doors.admit(request)
        return await doors.book(decode(await read_body(request), StockTakeDecision), door="stock-takes", key=key)

    @router.post("/delivery-notices", **described_as(DeliveryNotice, "Announce a delivery (JSON, or CSV with ?delivery_id=)"))
    async def notices(request: Request) -> Response:
        key = doors.admit(request)
        return await doors.book(await _body(request, DeliveryNotice, "lines", read_notice_file), door="notices", key=key)

    @router.post("/delivery-reads", **described_as(DeliveryReads, "Tags that a handheld read on a delivery (JSON, CSV, JSON lines)"))
    async def delivery_reads(request: Request) -> Response:
        key = doors.admit(request)
        reads = await _body(request, DeliveryReads, "epcs", read_tags_file)
        _check_tags(reads.epcs)
        doors.check_time("read_at_ms", reads.read_at_ms)
        return await doors.book(reads, door="notices", key=key)

    @router.post("/delivery-acceptances", **described_as(DeliveryAcceptance, "Sign for a delivery, or correct what was signed"))
    async def acceptances(request: Request) -> Response:
        key = doors.admit(request)
        return await doors.book(decode(await read_body(request), DeliveryAcceptance), door="notices", key=key)

    return router


async def _body(request: Request, shape: type[T], field: str, read_file: Callable[[bytes], object]) -> T:
    """Read a body: JSON as it is described, or a file whose other fields stand in the address."""
    content = await read_body(request, limit_bytes=FILE_BYTES_MAX)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in _FILES:
        return decode(content, shape)
    try:
        told = {**request.query_params, field: read_file(content)}
    except FileRefused as refusal:
        raise BodyInvalid("file", str(refusal)) from None
    try:
        return msgspec.convert(told, shape, strict=False)
    except msgspec.ValidationError as error:
        raise BodyInvalid("address", f"{error}; beside a file, the other fields stand in the address: ?name=value") from None


def _check_tags(epcs: list[str]) -> None:
    for place, epc in enumerate(epcs):
        try:
            read_tag_text(epc)
        except EpcInvalid as refusal:
            raise BodyInvalid(f"epcs[{place}]", str(refusal)) from None
