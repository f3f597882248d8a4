"""How the EPCIS door speaks: query documents, collections, capture jobs and problems, each with the headers of the standard."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from urllib.parse import urlencode

import msgspec
from fastapi import Request, Response

from store_hub.errors import GoodsRefused, HubError, IdempotencyConflict
from store_hub.routes.refusals import status_of
from store_hub.rows import CaptureRow
from store_hub.rows.epcis import EventFound
from store_hub.rules.epcis_query import QueryRefused
from store_hub.rules.epcis_words import CONTEXT, QUERY_DOCUMENT, SCHEMA_VERSION

HEADERS = {"GS1-EPCIS-Version": "2.0.0", "GS1-CBV-Version": "2.0.0", "GS1-EPC-Format": "Always_EPC_URN_or_Digital_Link"}
_EXCEPTIONS = {
    401: "SecurityException",
    404: "NoSuchResourceException",
    409: "ResourceAlreadyExistsException",
    413: "CaptureLimitExceededException",
}
_TITLES = {
    400: "The request is wrong", 401: "No valid token", 404: "There is no such thing", 413: "Too much at once", 501: "Not answered here"
}  # fmt: skip

Route = Callable[..., Awaitable[Response]]


class CaptureRefused(HubError, ValueError):
    """A document or event that may not be captured; `problems` says all that is wrong with it."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


class NothingThere(HubError, LookupError):
    """An address of the EPCIS door behind which nothing is."""


def speaks_problems(route: Route) -> Route:
    """Answer what the hub refuses as problem+json (RFC 7807), by the standard's names."""

    @wraps(route)
    async def told(*args: Any, **named: Any) -> Response:
        try:
            return await route(*args, **named)
        except CaptureRefused as error:
            return problem(400, "ValidationException", str(error), problems=error.problems)
        except QueryRefused as error:
            return problem(error.status, error.exception, str(error))
        except NothingThere as error:
            return problem(404, "NoSuchResourceException", str(error))
        except (GoodsRefused, IdempotencyConflict) as error:
            return problem(409, "ResourceAlreadyExistsException", str(error))
        except HubError as error:
            status = 400 if status_of(error) == 422 else status_of(error)
            return problem(status, _EXCEPTIONS.get(status, "ImplementationException"), str(error))

    return told


def problem(status: int, exception: str, detail: str, *, problems: Sequence[str] = ()) -> Response:
    """Return a problem."""
    body: dict[str, Any] = {"type": f"epcisException:{exception}", "title": _TITLES.get(status, "It cannot be done now"), "status": status}
    body["detail"] = detail
    if problems:
        body["errors"] = list(problems)
    headers = HEADERS | ({"Retry-After": "2"} if status == 503 else {}) | ({"WWW-Authenticate": "Bearer"} if status == 401 else {})
    return Response(msgspec.json.encode(body), status_code=status, media_type="application/problem+json", headers=headers)


def json_ld(body: object, *, status_code: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a body as JSON-LD."""
    return Response(msgspec.json.encode(body), status_code=status_code, media_type="application/ld+json", headers=HEADERS | (headers or {}))


def event_of(found: EventFound) -> dict[str, Any]:
    """Return an event as it is told: with the time at which it was booked."""
    event: dict[str, Any] = msgspec.json.decode(found.payload)
    return {"eventID": event.pop("eventID"), **event, "recordTime": utc(found.recorded_at_ms)}


def query_document(found: Iterable[EventFound], now_ms: int) -> dict[str, Any]:
    """Return events as the answer to a query."""
    body = {"queryResults": {"queryName": "SimpleEventQuery", "resultsBody": {"eventList": [event_of(one) for one in found]}}}
    return {
        "@context": [CONTEXT], "type": QUERY_DOCUMENT, "schemaVersion": SCHEMA_VERSION, "creationDate": utc(now_ms), "epcisBody": body,
    }  # fmt: skip


def collection(members: Sequence[str]) -> dict[str, Any]:
    """Return names as a collection."""
    return {"@context": [CONTEXT], "type": "Collection", "member": list(members)}


def capture_job(row: CaptureRow, recorded_at_ms: int) -> dict[str, Any]:
    """Return what became of a capture. It is booked before it is answered, so that none is ever running."""
    errors = msgspec.json.decode(row.errors, type=list[str])
    return {
        "captureID": row.capture_id, "createdAt": utc(recorded_at_ms), "finishedAt": utc(recorded_at_ms), "running": False,
        "success": not errors, "captureErrorBehaviour": row.error_behaviour,
        "errors": [{"type": "epcisException:ValidationException", "title": "Not captured", "status": 400, "detail": one} for one in errors],
    }  # fmt: skip


def utc(at_ms: int) -> str:
    """Write a moment as the standard does."""
    moment = datetime.fromtimestamp(at_ms // 1000, UTC).replace(microsecond=at_ms % 1000 * 1000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def next_link(request: Request, token: str) -> str:
    """Return the Link header to the next page: the same query with another token."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "nextPageToken"]
    return f'<{request.url.replace(query="")}?{urlencode([*kept, ("nextPageToken", token)])}>; rel="next"'
