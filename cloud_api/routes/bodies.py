"""Bodies in and out: read up to a limit, spoken in msgspec structs, described in the OpenAPI document."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi

from cloud_api.errors import BodyTooLarge, MessageInvalid
from wire_format.errors import MessageUndecodable, VersionUnknown

_REF = "#/components/schemas/{name}"
_described: set[type] = set()


async def read_body(request: Request, *, limit_bytes: int) -> bytes:
    """The whole body.

    Raises:
        BodyTooLarge: before more than the limit was taken in.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit_bytes:
        raise BodyTooLarge(limit_bytes=limit_bytes)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit_bytes:
            raise BodyTooLarge(limit_bytes=limit_bytes)
        chunks.append(chunk)
    return b"".join(chunks)


def invalid_from(error: MessageUndecodable | VersionUnknown | msgspec.ValidationError | msgspec.DecodeError) -> MessageInvalid:
    """The refusal that names the field a decoder stumbled over."""
    reason = error.reason if isinstance(error, MessageUndecodable) else str(error)
    place = re.search(r"`\$\.?([^`]*)`$", reason)
    missing = re.search(r"required field `([^`]+)`", reason)
    field = ".".join(part for part in (place[1] if place else "", missing[1] if missing else "") if part)
    if isinstance(error, VersionUnknown):
        field = "v"
    return MessageInvalid(field=field or "body", problem=reason)


def spoken(answer: Any, *, status_code: int = 200) -> Response:
    """An answer as JSON; dates in ISO 8601, missing as null."""
    return Response(msgspec.json.encode(answer), status_code=status_code, media_type="application/json")


def described(answer: Any, *, body: type | None = None) -> dict[str, Any]:
    """What a route's decorator needs so that the OpenAPI document tells its structs."""
    route: dict[str, Any] = {"responses": {200: {"description": "Done", "content": _content(answer)}}, "response_model": None}
    if body is not None:
        route["openapi_extra"] = {"requestBody": {"required": True, "content": _content(body)}}
    return route


def describe(app: FastAPI) -> None:
    """Give the application an OpenAPI document with the structs in it."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            _, components = msgspec.json.schema_components(sorted(_described, key=lambda struct: struct.__name__), ref_template=_REF)
            schema.setdefault("components", {}).setdefault("schemas", {}).update(components)
            schema["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
            schema["security"] = [{"token": []}]
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's own documented way to change its document.


def _content(struct: Any) -> dict[str, Any]:
    _described.add(struct)
    return {"application/json": {"schema": {"$ref": _REF.replace("{name}", struct.__name__)}}}
