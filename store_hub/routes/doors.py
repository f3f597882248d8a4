"""The till's, deliveries', counts' and alerts' HTTP doors. An answer is given only after it is in the journal and on the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

from fastapi import APIRouter, Request, Response
from msgspec import Struct

from access_control.addresses import is_loopback
from store_hub.adapters.door_tokens import DoorKeys, DoorTokens
from store_hub.entries import AlertAction, AnyTold, Delivery, Sale, StockCount, Text
from store_hub.entries_goods import AnyGoods
from store_hub.flows.bookkeep import BookkeepingDoor
from store_hub.flows.commands import Book, Booked
from store_hub.routes.bodies import decode, described, read_body, spoken
from store_hub.routes.refusals import BodyInvalid, BookkeeperSlow, KeyMissing, Refusal, TokenMissing
from store_hub.rules.occurrence_time import EARLIEST_SANE_MS, FUTURE_ALLOWED_MS
from store_hub.rules.roles import scope_of

ANSWER_S = 10.0


class TakenIn(Struct, frozen=True, kw_only=True):
    """It is booked. Lines of `unknown_skus` have no effect on the stock: they wait, shown on the pages, until the planogram knows them."""

    booked: bool
    journal_id: int
    unknown_skus: list[str]


class AlertBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who does something about an alert; `to`: whom it is given to."""

    by: Text = "staff"
    to: Text | None = None


DOOR_STRUCTS: list[type[Struct]] = [Sale, Delivery, StockCount, AlertBody, TakenIn, Refusal]
"""What the OpenAPI document must hold for these doors: see `bodies.describe`."""


class Doors:
    """Takes requests in and has them booked.

    Args:
        tokens: who may book; None = only programs on this machine.
        now_ms: the hub's clock.
        answer_s: how long to wait for the bookkeeper.
    """

    def __init__(
        self, *, bookkeep: BookkeepingDoor, tokens: DoorTokens | DoorKeys | None, now_ms: Callable[[], int], answer_s: float = ANSWER_S
    ) -> None:
        self._bookkeep = bookkeep
        self._tokens = tokens
        self._now_ms = now_ms
        self._answer_s = answer_s

    def admit(self, request: Request) -> str:
        """Let a request in and return its idempotency key.

        Raises:
            TokenMissing, KeyMissing
        """
        self.enter(request)
        key = request.headers.get("idempotency-key", "").strip()
        if not 1 <= len(key) <= 200:
            raise KeyMissing
        return key

    def enter(self, request: Request) -> None:
        """Let a request in that needs no idempotency key.

        Raises:
            TokenMissing
        """
        tokens, header = self._tokens, request.headers.get("authorization")
        if isinstance(tokens, DoorKeys):
            scope = scope_of(request.url.path)
            if (header is not None or not tokens.is_local_enough or not _is_local(request)) and not tokens.opens(header, scope):
                tokens.refused(request.client.host if request.client else "unknown", f"{request.url.path} (scope {scope})")
                raise TokenMissing
        elif tokens is None:
            if not _is_local(request):
                raise TokenMissing
        elif not tokens.opens(header):
            raise TokenMissing

    def check_time(self, field: str, told_at_ms: int | None) -> None:
        """Refuse a time that cannot be.

        Raises:
            BodyInvalid: it lies in the future, or before anybody could have sold anything here.
        """
        if told_at_ms is None:
            return
        if told_at_ms > self._now_ms() + FUTURE_ALLOWED_MS:
            raise BodyInvalid(field, f"{told_at_ms} is in the future by the hub's clock; set the sender's clock, or leave it out")
        if told_at_ms < EARLIEST_SANE_MS:
            raise BodyInvalid(field, f"{told_at_ms} is before the year 2020; write Unix time in milliseconds, or leave it out")

    async def book(self, told: AnyTold | AnyGoods, *, door: str, key: str) -> Response:
        """Have it booked, and answer after the commit. Raises as `booked` does."""
        booked = await self.booked(told, door=door, key=key)
        headers = {"Idempotent-Replayed": "true"} if booked.again else None
        return spoken(TakenIn(booked=True, journal_id=booked.journal_id, unknown_skus=booked.unknown_skus), headers=headers)

    async def booked(self, told: AnyTold | AnyGoods, *, door: str, key: str) -> Booked:
        """Have it booked, and return after the commit.

        Raises:
            HubError: whatever the bookkeeper says; BookkeeperSlow when it says nothing in time.
        """
        future = self._bookkeep.submit(Book(told=told, door=door, idempotency_key=key))
        try:
            # Shielded: a caller who waits no longer must not cancel what is being written.
            booked = await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), self._answer_s)
        except TimeoutError:
            raise BookkeeperSlow(waited_s=self._answer_s) from None
        assert isinstance(booked, Booked)
        return booked


def make_router(
    *, bookkeep: BookkeepingDoor, tokens: DoorTokens | DoorKeys | None, now_ms: Callable[[], int], answer_s: float = ANSWER_S
) -> APIRouter:
    """Return the doors. The application also needs `refusals.answer_refusals` and `bodies.describe(app, DOOR_STRUCTS)`."""
    doors = Doors(bookkeep=bookkeep, tokens=tokens, now_ms=now_ms, answer_s=answer_s)
    router = APIRouter(prefix="/v1", tags=["doors"])

    @router.post("/sales", summary="Book a receipt", **described(answer=TakenIn, refusal=Refusal, body=Sale))
    async def sales(request: Request) -> Response:
        key = doors.admit(request)
        sale = decode(await read_body(request), Sale)
        doors.check_time("sold_at_ms", sale.sold_at_ms)
        return await doors.book(sale, door="sales", key=key)

    @router.post("/deliveries", summary="Book goods that arrived", **described(answer=TakenIn, refusal=Refusal, body=Delivery))
    async def deliveries(request: Request) -> Response:
        key = doors.admit(request)
        delivery = decode(await read_body(request), Delivery)
        doors.check_time("arrived_at_ms", delivery.arrived_at_ms)
        return await doors.book(delivery, door="deliveries", key=key)

    @router.post("/counts", summary="Book a count by hand", **described(answer=TakenIn, refusal=Refusal, body=StockCount))
    async def counts(request: Request) -> Response:
        key = doors.admit(request)
        count = decode(await read_body(request), StockCount)
        doors.check_time("counted_at_ms", count.counted_at_ms)
        return await doors.book(count, door="counts", key=key)

    @router.post(
        "/alerts/{alert_id}/{action}", summary="Take an alert, give it away or back, say that it is done or that nothing is there",
        **described(answer=TakenIn, refusal=Refusal, body=AlertBody),
    )  # fmt: skip
    async def alerts(alert_id: int, action: Literal["take", "done", "not_there", "release", "assign"], request: Request) -> Response:
        key = doors.admit(request)
        body = await read_body(request)
        said = decode(body, AlertBody) if body else AlertBody()
        if not 1 <= alert_id < 2**53:
            raise BodyInvalid("alert_id", f"{alert_id} is no alert's number; they count from 1")
        return await doors.book(AlertAction(alert_id=alert_id, action=action, by=said.by, to=said.to), door="alerts", key=key)

    return router


def _is_local(request: Request) -> bool:
    """Whether a program on this machine asks, by this machine's own name: a web page that got its name pointed here does not."""
    return request.client is not None and is_loopback(request.client.host) and is_loopback(request.url.hostname or "")
