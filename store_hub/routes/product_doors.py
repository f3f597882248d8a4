"""HTTP doors for returns, the product master and prices."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response
from msgspec import Struct

from store_hub.entries import Sale, SaleLine
from store_hub.entries_products import Price, Prices, ProductChange, ProductChanges, Return, ReturnLine
from store_hub.flows.bookkeep import BookkeepingDoor
from store_hub.flows.commands import Booked, ChangeProducts
from store_hub.routes.bodies import decode, described, read_body, spoken
from store_hub.routes.doors import ANSWER_S, Doors, TakenIn
from store_hub.routes.refusals import BookkeeperSlow, Refusal

PRODUCT_BYTES_MAX = 20_000_000
PRODUCT_STRUCTS: list[type[Struct]] = [Return, ReturnLine, ProductChanges, ProductChange, Prices, Price]
"""What the OpenAPI document must hold for these doors: see `bodies.describe`."""


def product_routes(doors: Doors, bookkeep: BookkeepingDoor) -> APIRouter:
    """Return the doors; `doors` lets in and books."""
    router = APIRouter(prefix="/v1", tags=["products"])

    def described_as(body: type[Struct], summary: str) -> dict[str, Any]:
        return {"summary": summary, **described(answer=TakenIn, refusal=Refusal, body=body)}

    async def change(changes: list[ProductChange]) -> Response:
        future = bookkeep.submit(ChangeProducts(changes))
        try:
            booked = await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), ANSWER_S)
        except TimeoutError:
            raise BookkeeperSlow(waited_s=ANSWER_S) from None
        assert isinstance(booked, Booked)
        headers = {"Idempotent-Replayed": "true"} if booked.again else None
        return spoken(TakenIn(booked=True, journal_id=booked.journal_id, unknown_skus=[]), headers=headers)

    @router.post("/returns", **described_as(Return, "Book goods that customers brought back"))
    async def returns(request: Request) -> Response:
        key = doors.admit(request)
        said = decode(await read_body(request), Return)
        doors.check_time("returned_at_ms", said.returned_at_ms)
        lines = [SaleLine(sku=line.sku, units=-line.units, price_minor=line.price_minor) for line in said.lines]
        return await doors.book(Sale(till=said.till, lines=lines, sold_at_ms=said.returned_at_ms), door="returns", key=key)

    @router.post("/products", **described_as(ProductChanges, "Change or add articles; the same list told twice changes nothing"))
    async def products(request: Request) -> Response:
        doors.admit(request)
        return await change(decode(await read_body(request, limit_bytes=PRODUCT_BYTES_MAX), ProductChanges).products)

    @router.post("/prices", **described_as(Prices, "Change prices of known articles; the same list told twice changes nothing"))
    async def prices(request: Request) -> Response:
        doors.admit(request)
        said = decode(await read_body(request, limit_bytes=PRODUCT_BYTES_MAX), Prices)
        return await change([ProductChange(sku=price.sku, price_minor=price.price_minor) for price in said.prices])

    return router
