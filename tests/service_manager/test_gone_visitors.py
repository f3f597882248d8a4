"""A visitor who goes before the answer is no error; an error of a visitor's who waits is."""

from __future__ import annotations

import asyncio

import pytest
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_manager.web_server import GoneVisitors


class Passes(BaseHTTPMiddleware):
    """What frameworks put around their pages."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        return await call_next(request)


async def gives_up(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers nothing once there is nobody to answer, as Starlette's streamed responses do."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def forgets(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers nothing at all."""


async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
    """Fails after the visitor has gone, for a reason of its own."""
    await gives_up(scope, receive, send)
    raise RuntimeError("the books cannot be read")


def ask(page: ASGIApp) -> None:
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    heard: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        return heard.pop() if heard else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        raise AssertionError(message)

    asyncio.run(GoneVisitors(Passes(page))(scope, receive, send))


def test_a_visitor_who_goes_before_the_answer_leaves_no_error() -> None:
    ask(gives_up)


@pytest.mark.parametrize(("page", "words"), [(forgets, "No response returned"), (breaks, "the books cannot be read")])
def test_what_is_wrong_with_the_page_itself_is_still_told(page: ASGIApp, words: str) -> None:
    with pytest.raises(RuntimeError, match=words):
        ask(page)
