"""Bodies in and answers out: read up to a limit, checked field by field, described in the OpenAPI document."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi

from store_hub.routes.refusals import BodyInvalid, BodyTooLarge

T = TypeVar("T")

LIMIT_BYTES = 1_000_000
_REF = "#/components/schemas/{name}"


async def read_body(request: Request, *, limit_bytes: int = LIMIT_BYTES) -> bytes:
    """Return the whole body.

    Raises:
        BodyTooLarge: before more than the limit was taken in.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit_bytes:
        raise BodyTooLarge(limit_bytes=limit_bytes)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_bytes:
            raise BodyTooLarge(limit_bytes=limit_bytes)
    return bytes(body)


def decode(body: bytes, shape: type[T]) -> T:
    """Turn a body into a struct.

    Raises:
        BodyInvalid: with the field that is wrong.
    """
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BodyInvalid(*_field_and_problem(str(error))) from None


def spoken(answer: object, *, status_code: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return an answer as JSON."""
    return Response(msgspec.json.encode(answer), status_code=status_code, media_type="application/json", headers=headers)


def described(*, answer: type, refusal: type, body: type | None = None) -> dict[str, Any]:
    """Return what a route's decorator needs so that the OpenAPI document tells its structs."""
    refusals = {status: {"description": text, "content": _content(refusal)} for status, text in _REFUSALS.items()}
    route: dict[str, Any] = {
        "response_model": None,
        "responses": {200: {"description": "Booked, and on the disk", "content": _content(answer)}, **refusals},
    }
    if body is not None:
        key = {
            "name": "Idempotency-Key",
            "in": "header",
            "required": True,
            "schema": {"type": "string", "minLength": 1, "maxLength": 200},
            "description": "of your own making, new for each new request: sending the same request again books nothing twice",
        }
        route["openapi_extra"] = {"parameters": [key], "requestBody": {"required": True, "content": _content(body)}}
    return route


def describe(app: FastAPI, structs: list[type[msgspec.Struct]]) -> None:
    """Put the structs that routes refer to into the application's OpenAPI document."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            _, components = msgspec.json.schema_components(structs, ref_template=_REF)
            for component in components.values():
                component.get("properties", {}).pop("type", None)  # Which door it is says what it is.
                component["required"] = [name for name in component.get("required", []) if name != "type"]
            schema.setdefault("components", {}).setdefault("schemas", {}).update(components)
            schema["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's own documented way to change its document.


_REFUSALS = {
    401: "No valid token",
    409: "The idempotency key was used before with another body, or the alert is closed",
    413: "The body is too large",
    422: "The body is wrong; `field` says where",
    503: "The hub cannot book now; send the same request again",
}


def _content(struct: type) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REF.replace("{name}", struct.__name__)}}}


def _field_and_problem(reason: str) -> tuple[str, str]:
    problem, _, place = reason.partition(" - at ")
    named = re.search(r"(?:required|unknown) field `([^`]+)`", problem)
    path = place.strip("`").removeprefix("$").removeprefix(".")
    field = ".".join(part for part in (path, named[1] if named else "") if part)
    return field or "body", problem
