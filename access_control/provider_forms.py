"""The two addresses of a log-in by the company's own provider: to it, and back from it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode

import structlog
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from access_control.doorkeeper import Doorkeeper
from access_control.errors import AccessError, LogInRefused
from access_control.forms import NO_STORE, PeopleForms, SignInPages, address_of, inside
from access_control.gate import session_token
from access_control.provider import Attempt, Provider

LASTS_S = 600
_log = structlog.get_logger("log-in")


class ProviderForms:
    """Sends browsers to the provider, and begins the session of who comes back.

    Args:
        forms: let people in, once it is known who they are.
        cookie: the session's name; what a browser keeps meanwhile is in another one, named after it.
    """

    def __init__(self, provider: Provider, doorkeeper: Doorkeeper, *, forms: PeopleForms, pages: SignInPages, cookie: str) -> None:
        self._provider, self._keeper, self._forms, self._pages, self._session = provider, doorkeeper, forms, pages, cookie
        self._cookie = f"{cookie}_attempt"

    def router(self) -> APIRouter:
        """Return the routes."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/login/provider", self.leave, methods=["GET"], response_model=None)
        router.add_api_route("/login/provider/back", self.come_back, methods=["GET"], response_model=None)
        return router

    async def leave(self, request: Request, next: str = "/") -> Response:  # noqa: A002  # The name in the address.
        """Send the browser to the provider."""
        try:
            address, attempt = await run_in_threadpool(self._provider.begin, inside(next))
        except AccessError as error:
            return self._refused(request, error, status_code=502)
        answer = RedirectResponse(address, status_code=303, headers=NO_STORE)
        answer.set_cookie(
            self._cookie, urlencode(attempt._asdict()), max_age=LASTS_S, path="/login/provider", httponly=True,
            secure=self._provider.settings.page_url.startswith("https"), samesite="lax",
        )  # fmt: skip
        return answer

    async def come_back(self, request: Request, code: str = "", state: str = "", error: str = "", iss: str | None = None) -> Response:
        """Begin the session of who came back."""
        address, old = address_of(request), session_token(request.headers, self._session)
        try:
            attempt = _attempt(request.cookies.get(self._cookie, ""))
            if error or not code:
                raise LogInRefused(f"the provider did not let you in ({error[:60] or 'it sent no code'})")
            found = await run_in_threadpool(lambda: self._provider.finish(attempt, code=code, state=state, issuer=iss))
        except AccessError as refusal:
            await run_in_threadpool(self._keeper.refuse, address, "person.provider", str(refusal))
            return self._refused(request, refusal, status_code=403 if isinstance(refusal, LogInRefused) else 502)
        try:
            token = await run_in_threadpool(lambda: self._keeper.log_in_by(found, address=address, old_token=old))
        except LogInRefused as refusal:
            return self._refused(request, refusal, status_code=403)
        answer = self._forms.let_in(request, token, inside(attempt.target))
        answer.delete_cookie(self._cookie, path="/login/provider")
        return answer

    def _refused(self, request: Request, error: AccessError, *, status_code: int) -> Response:
        _log.warning("log_in_by_provider_refused", problem=str(error))
        return HTMLResponse(self._pages.log_in(request, target="/", problem=str(error)), status_code=status_code, headers=NO_STORE)


def _attempt(kept: str) -> Attempt:
    fields = {name: values[0] for name, values in parse_qs(kept[:4096], keep_blank_values=True).items()}
    if not all(fields.get(name) for name in Attempt._fields):
        raise LogInRefused("this log-in was not begun in this browser, or took too long; begin again")
    return Attempt(**{name: fields[name] for name in Attempt._fields})
