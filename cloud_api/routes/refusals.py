"""Turns errors into answers: one line of JSON that says what, where and what to do; never a traceback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from starlette.exceptions import HTTPException

from access_control.errors import AccessError, RegisterSilent
from access_control.persons import Audit
from cloud_api.errors import CloudError, DatabaseUnreachable, MessageInvalid, ReportGap, RequestRefused
from cloud_api.routes.bodies import spoken
from cloud_api.routes.health import Gauges
from wire_format import codec
from wire_format.reports import ReportsBooked

log = structlog.get_logger()
_BUSY = "the database did not answer; nothing was booked, send it again"


def refuse_in_words(app: FastAPI, gauges: Gauges, audit: Audit | None = None) -> None:
    """Answer every error of the application's routes in words; whoever was turned away stands in the audit log."""

    def note(request: Request, error: RequestRefused) -> None:
        if error.status_code in (401, 403):
            address = request.client.host if request.client else "unknown"
            log.warning("door_refused", path=request.url.path, address=address, why=str(error))
            if audit is not None:
                audit.refused(address, "door.enter", f"{request.method} {request.url.path}: {error}")

    def refused(status_code: int, answer: dict[str, Any]) -> Response:
        gauges.refused.labels(str(status_code)).inc()
        return spoken(answer, status_code=status_code)

    @app.exception_handler(ReportGap)
    def gap(_: Request, error: ReportGap) -> Response:
        gauges.refused.labels("409").inc()
        booked = ReportsBooked(store_id=error.store_id, ledger_id=error.ledger_id, booked_through=error.booked_through)
        return Response(codec.encode(booked), status_code=409, media_type="application/json")

    @app.exception_handler(RequestRefused)
    def refusal(request: Request, error: RequestRefused) -> Response:
        note(request, error)
        answer = {"error": str(error)} | ({"field": error.field} if isinstance(error, MessageInvalid) else {})
        return refused(error.status_code, answer)

    @app.exception_handler(RequestValidationError)
    def query(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
        return refused(422, {"error": f"{field}: {first['msg']}", "field": field})

    @app.exception_handler(HTTPException)
    def http(_: Request, error: HTTPException) -> Response:
        return refused(error.status_code, {"error": str(error.detail)})

    _refuse_when_the_database_fails(app, refused)


def _refuse_when_the_database_fails(app: FastAPI, refused: Callable[[int, dict[str, Any]], Response]) -> None:
    @app.exception_handler(DBAPIError)
    def database(_: Request, error: DBAPIError) -> Response:
        return driver(_, error.orig) if isinstance(error.orig, psycopg.Error) else unavailable(_, error)

    @app.exception_handler(psycopg.Error)
    def driver(_: Request, error: psycopg.Error) -> Response:
        if isinstance(error, psycopg.DataError):  # Valid JSON that no table can hold: a number beyond 64 bits, the character NUL.
            problem = str(error).splitlines()[0]
            return refused(422, {"error": f"body: {problem}", "field": "body"})
        return unavailable(_, error)

    @app.exception_handler(PoolExhausted)
    @app.exception_handler(DatabaseUnreachable)
    @app.exception_handler(RegisterSilent)
    def unavailable(_: Request, error: Exception) -> Response:
        log.error("database_failed", problem=str(error).splitlines()[0])
        return refused(503, {"error": str(error) if isinstance(error, CloudError | AccessError) else _BUSY})
