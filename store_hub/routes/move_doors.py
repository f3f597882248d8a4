"""HTTP doors for goods that change place or leave the books without a sale: moves by staff, and write-offs."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from msgspec import Struct

from store_hub.entries import StockMove, WriteOff, WriteOffLine
from store_hub.routes.bodies import decode, described, read_body
from store_hub.routes.doors import Doors, TakenIn
from store_hub.routes.refusals import Refusal

MOVE_STRUCTS: list[type[Struct]] = [WriteOff, WriteOffLine, StockMove]
"""What the OpenAPI document must hold for these doors: see `bodies.describe`."""


def move_routes(doors: Doors) -> APIRouter:
    """Return the doors; `doors` lets in and books."""
    router = APIRouter(prefix="/v1", tags=["goods"])

    @router.post("/write-offs", summary="Book goods that were thrown away", **described(answer=TakenIn, refusal=Refusal, body=WriteOff))
    async def write_offs(request: Request) -> Response:
        key = doors.admit(request)
        told = decode(await read_body(request), WriteOff)
        doors.check_time("written_off_at_ms", told.written_off_at_ms)
        return await doors.book(told, door="write-offs", key=key)

    @router.post(
        "/moves", summary="Book goods that staff carried from one place to another",
        **described(answer=TakenIn, refusal=Refusal, body=StockMove),
    )  # fmt: skip
    async def moves(request: Request) -> Response:
        key = doors.admit(request)
        told = decode(await read_body(request), StockMove)
        doors.check_time("moved_at_ms", told.moved_at_ms)
        return await doors.book(told, door="moves", key=key)

    return router
