"""Keeps the pages for planners where strangers can reach them: the browser asks for a name and the planner's token."""

from __future__ import annotations

import base64
import binascii

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from cloud_api.adapters.tokens import Tokens
from cloud_api.errors import RequestRefused

_OPEN = ("/v1/", "/health/", "/metrics", "/openapi.json")
"""Doors that ask for a token by themselves, or tell no figures."""


class PlannersOnly:
    """HTTP Basic over every page and its live connection; the password is the token."""

    def __init__(self, app: ASGIApp, *, tokens: Tokens) -> None:
        self._app = app
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let planners through."""
        if scope["type"] == "lifespan" or scope["path"].startswith(_OPEN) or self._is_planner(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4401})
            return
        answer = PlainTextResponse(
            "Sign in with your name and your planner's token.\n",
            status_code=401,
            headers={"WWW-Authenticate": 'Basic realm="Aislewise planners", charset="UTF-8"'},
        )
        await answer(scope, receive, send)

    def _is_planner(self, headers: Headers) -> bool:
        scheme, _, encoded = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            _, _, token = base64.b64decode(encoded, validate=True).decode().partition(":")
            return self._tokens.bearer(token).is_planner
        except (binascii.Error, UnicodeDecodeError, RequestRefused):
            return False
