"""Who asks at a door, and whether they may change what they ask for: then it stands in the audit log before it is done."""

from __future__ import annotations

from starlette.requests import Request

from cloud_api.adapters.tokens import Caller, Tokens


class Callers:
    """Finds who sends a request. May ask the records: not to be called on the loop that serves."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def __call__(self, request: Request) -> Caller:
        """Who asks.

        Raises:
            TokenMissing
        """
        return self._tokens.caller(request.headers.get("authorization"))

    def to_try(self, request: Request, scope: str) -> Caller:
        """Who asks what a change of what a scope names would bring; nothing is changed, so nothing is noted.

        Raises:
            TokenMissing, TokenForAnotherStore, ScopeMissing
        """
        who = self(request)
        who.require(scope)
        return who

    def to_change(self, request: Request, scope: str) -> Caller:
        """Who asks to change what a scope names.

        Raises:
            TokenMissing, TokenForAnotherStore, ScopeMissing
            RegisterSilent: it could not be noted, and must not be done.
        """
        who = self.to_try(request, scope)
        self._tokens.noted(f"key:{who.name}", f"door.{scope}", f"{request.method} {request.url.path}")
        return who
