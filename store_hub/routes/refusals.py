"""What a door answers when it will not book: one line that says what, where and what to do, as JSON and as a status."""

from __future__ import annotations

from concurrent.futures import TimeoutError as FutureTimeout

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from msgspec import Struct

from store_hub.errors import (
    AlertUnknown,
    GoodsRefused,
    HubBusy,
    HubError,
    HubStopping,
    IdempotencyConflict,
    LedgerUnusable,
    PlaceUnknown,
    PlanogramInvalid,
    SettingsOutdated,
)


class Refusal(Struct, frozen=True, kw_only=True):
    """Nothing was booked. `field` names where the body is wrong; null where it is not the body's fault."""

    error: str
    field: str | None = None


class RequestRefused(HubError):
    """A request that is answered with an error; `status_code` is HTTP's."""

    status_code = 400
    field: str | None = None


class BodyInvalid(RequestRefused, ValueError):
    """A body that is no JSON, misses something, or holds what cannot be."""

    status_code = 422

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class BodyTooLarge(RequestRefused):
    """A body above the limit; nothing of it was read further."""

    status_code = 413

    def __init__(self, *, limit_bytes: int) -> None:
        super().__init__(f"the body is above {limit_bytes} bytes; send it in parts, each with a key of its own")
        self.limit_bytes = limit_bytes


class KeyMissing(RequestRefused):
    """Without an idempotency key, a repeated request would book twice."""

    status_code = 422
    field = "Idempotency-Key"

    def __init__(self) -> None:
        super().__init__("Idempotency-Key: this header is missing or not 1 to 200 characters; send one, new for each new request")


class TokenMissing(RequestRefused):
    """No bearer token, or an unknown one."""

    status_code = 401

    def __init__(self) -> None:
        super().__init__(
            "no valid token; send `Authorization: Bearer KEY` with a key of this scope (store-hub keys add), or a token of http.token_file"
        )


class BookkeeperSlow(RequestRefused, TimeoutError):
    """The bookkeeper did not answer in time; it may still book the request."""

    status_code = 503

    def __init__(self, *, waited_s: float) -> None:
        super().__init__(f"not booked within {waited_s:g} s; send the same request with the same key again, nothing will be booked twice")
        self.waited_s = waited_s


def status_of(error: HubError) -> int:
    """Return HTTP's status for what the hub says."""
    match error:
        case RequestRefused():
            return error.status_code
        case IdempotencyConflict() | GoodsRefused() | SettingsOutdated():
            return 409
        case AlertUnknown():
            return 409 if error.closed else 404
        case PlaceUnknown() | PlanogramInvalid():
            return 422
        case HubBusy() | HubStopping() | LedgerUnusable():
            return 503
    return 500


def field_of(error: HubError) -> str | None:
    """Return the field that is wrong, where it is the body's fault."""
    if isinstance(error, PlaceUnknown):
        return "sku" if error.shelf_id is None else "shelf_id"
    return error.field if isinstance(error, RequestRefused) else None


def answer_refusals(app: FastAPI) -> None:
    """Answer the hub's own errors as `Refusal`, with their status; 503 says when to try again."""

    def refuse(_: Request, error: Exception) -> Response:
        assert isinstance(error, HubError)
        status = status_of(error)
        headers = {503: {"Retry-After": "2"}, 401: {"WWW-Authenticate": "Bearer"}}.get(status)
        return _refusal(Refusal(error=str(error), field=field_of(error)), status, headers)

    def too_slow(_: Request, error: Exception) -> Response:
        return _refusal(Refusal(error=str(error) or "the hub did not answer in time"), 503, {"Retry-After": "2"})

    def wrong_address(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"][1:]) or "body"
        return _refusal(Refusal(error=f"{field}: {first['msg']}", field=field), 422, None)

    app.add_exception_handler(HubError, refuse)
    app.add_exception_handler(RequestValidationError, wrong_address)
    app.add_exception_handler(FutureTimeout, too_slow)


def _refusal(refusal: Refusal, status_code: int, headers: dict[str, str] | None) -> Response:
    return Response(msgspec.json.encode(refusal), status_code=status_code, media_type="application/json", headers=headers)
