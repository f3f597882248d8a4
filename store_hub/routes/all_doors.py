"""All doors through which something is told to the hub, on one application, described in its OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI

from store_hub.adapters.door_tokens import DoorKeys, DoorTokens
from store_hub.adapters.ledger_epcis import LedgerEpcis
from store_hub.flows.bookkeep import BookkeepingDoor
from store_hub.routes.bodies import describe
from store_hub.routes.doors import DOOR_STRUCTS, Doors, make_router
from store_hub.routes.epcis import epcis_routes
from store_hub.routes.goods_doors import GOODS_STRUCTS, goods_routes
from store_hub.routes.move_doors import MOVE_STRUCTS, move_routes
from store_hub.routes.product_doors import PRODUCT_STRUCTS, product_routes


def open_doors(
    app: FastAPI, *, bookkeep: BookkeepingDoor, tokens: DoorTokens | DoorKeys | None, now_ms: Callable[[], int], ledger: Path
) -> None:
    """Open the doors of tills, deliveries, handhelds and other systems. The application also needs `refusals.answer_refusals`."""
    doors = Doors(bookkeep=bookkeep, tokens=tokens, now_ms=now_ms)
    app.include_router(make_router(bookkeep=bookkeep, tokens=tokens, now_ms=now_ms))
    app.include_router(goods_routes(doors))
    app.include_router(move_routes(doors))
    app.include_router(product_routes(doors, bookkeep))
    app.include_router(epcis_routes(doors=doors, ledger=LedgerEpcis(ledger), now_ms=now_ms))
    describe(app, [*DOOR_STRUCTS, *GOODS_STRUCTS, *MOVE_STRUCTS, *PRODUCT_STRUCTS])
