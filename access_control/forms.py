"""The forms of people: log in and out, choose a password, invite somebody, make a key. How they look is the program's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol
from urllib.parse import parse_qs

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from access_control.doorkeeper import Doorkeeper
from access_control.errors import AccessError, LogInRefused, RegisterSilent
from access_control.gate import person_of, session_token
from access_control.persons import Key, Person

FORM_MAX_BYTES = 8 * 1024
NO_STORE = {"Cache-Control": "no-store"}


class SignInPages(Protocol):
    """Draws whole pages, HTML; `problem` is one of our own sentences, empty where all is well."""

    def log_in(self, request: Request, *, target: str, problem: str = "", name: str = "") -> str:
        """Ask for name and password."""

    def welcome(self, request: Request, person: Person, *, problem: str = "") -> str:
        """Ask for a first or new password."""

    def account(self, request: Request, person: Person, *, problem: str = "") -> str:
        """Who one is, another password, and the way out."""

    def people(
        self, request: Request, person: Person, persons: list[Person], keys: list[Key], *, secret: str = "", problem: str = ""
    ) -> str:
        """Who may log in, which systems have keys; `secret` is a link or key, shown this once."""


class PeopleForms:
    """Answers each form.

    Args:
        pages: how they look.
        cookie: the session's name.
        is_secure: whether a request came over HTTPS, so that the session's cookie may only travel so.
        page_url: where others find the pages, for the links that are handed out; None: where whoever asks found them.
    """

    def __init__(
        self, doorkeeper: Doorkeeper, *, pages: SignInPages, cookie: str, is_secure: Callable[[Request], bool], page_url: str | None = None
    ) -> None:
        self._keeper, self._pages, self._cookie, self._is_secure = doorkeeper, pages, cookie, is_secure
        self._page_url = page_url

    def router(self) -> APIRouter:
        """Return the routes."""
        router = APIRouter(include_in_schema=False)
        for method, path, answer in (
            ("GET", "/login", self.ask), ("POST", "/login", self.log_in), ("POST", "/logout", self.log_out),
            ("GET", "/welcome/{token}", self.welcome), ("POST", "/welcome/{token}", self.accept),
            ("GET", "/account", self.account), ("POST", "/account/password", self.change_password),
            ("GET", "/people", self.people), ("POST", "/people/{act}", self.change_people),
        ):  # fmt: skip
            router.add_api_route(path, answer, methods=[method], response_model=None)
        return router

    async def ask(self, request: Request, next: str = "/") -> Response:  # noqa: A002  # The name in the address.
        """Show the form of log-in."""
        return _page(self._pages.log_in(request, target=inside(next)))

    async def log_in(self, request: Request) -> Response:
        """Begin a session, in a cookie that no script reads and no other site sends along."""
        form = await read_form(request)
        name, target = form.get("name", ""), inside(form.get("next", "/"))
        try:
            token = await run_in_threadpool(
                self._keeper.log_in, name, form.get("password", ""), address=address_of(request), old_token=self._token(request)
            )
        except LogInRefused as error:
            drawn = self._pages.log_in(request, target=target, problem=str(error), name=name[:40])
            return _page(drawn, status_code=429 if "too many" in str(error) else 403)
        return self.let_in(request, token, target)

    async def log_out(self, request: Request) -> Response:
        """End the session."""
        await run_in_threadpool(self._keeper.log_out, self._token(request))
        answer = RedirectResponse("/login", status_code=303, headers={**NO_STORE, "Clear-Site-Data": '"cache", "storage"'})
        answer.delete_cookie(self._cookie, path="/")
        return answer

    async def welcome(self, request: Request, token: str) -> Response:
        """Show the form of a one-time link; looking does not use it up."""
        person = await run_in_threadpool(self._keeper.link_for, token)
        if person is None:
            await run_in_threadpool(self._keeper.refuse, address_of(request), "person.link", "unknown, used or expired")
            return _page(self._pages.log_in(request, target="/", problem=self._keeper.link_is_over), status_code=403)
        return _page(self._pages.welcome(request, person))

    async def accept(self, request: Request, token: str) -> Response:
        """Use a one-time link."""
        form = await read_form(request)
        try:
            session = await run_in_threadpool(
                self._keeper.accept, token, form.get("password", ""), address=address_of(request), old_token=self._token(request)
            )
        except RegisterSilent:
            raise
        except AccessError as error:
            person = await run_in_threadpool(self._keeper.link_for, token)
            if person is not None:
                return _page(self._pages.welcome(request, person, problem=str(error)), status_code=403)
            return _page(self._pages.log_in(request, target="/", problem=str(error)), status_code=403)
        return self.let_in(request, session, "/")

    async def account(self, request: Request) -> Response:
        """Show who one is."""
        return _page(self._pages.account(request, visitor(request)))

    async def change_password(self, request: Request) -> Response:
        """Change one's own password; every session but the new one ends."""
        form, person = await read_form(request), visitor(request)
        try:
            token = await run_in_threadpool(
                self._keeper.change_password, person, form.get("old", ""), form.get("new", ""), address=address_of(request)
            )
        except RegisterSilent:
            raise
        except AccessError as error:
            return _page(self._pages.account(request, person, problem=str(error)), status_code=403)
        return self.let_in(request, token, "/account")

    async def people(self, request: Request) -> Response:
        """Show who may log in, and which systems have keys."""
        return await self._people(request)

    async def change_people(self, request: Request, act: str) -> Response:
        """Invite, remove, make or remove a key."""
        form, person, secret = await read_form(request), visitor(request), ""
        name, chief = form.get("name", ""), self._keeper.roles[0]
        if person.role != chief:
            await run_in_threadpool(self._keeper.refuse, person.name, "page.press", f"/people/{act} as {person.role}")
            return await self._people(request, problem=f"only a{'n' * (chief[0] in 'aeiou')} {chief} may change this", status_code=403)
        try:
            if act == "invite":
                token = await run_in_threadpool(self._keeper.invite, name, form.get("role", ""), actor=person.name)
                secret = f"{(self._page_url or str(request.base_url)).rstrip('/')}/welcome/{token}"
            elif act == "remove" and name.casefold() != person.name.casefold():
                await run_in_threadpool(self._keeper.remove, name, actor=person.name)
            elif act == "key":
                scope = form.get("scope", "") + form.get("of", "")
                secret = await run_in_threadpool(self._keeper.make_key, name, [scope], actor=person.name)
            elif act == "key-remove":
                await run_in_threadpool(self._keeper.remove_key, name, actor=person.name)
        except RegisterSilent:
            raise
        except AccessError as error:
            return await self._people(request, problem=str(error), status_code=422)
        return await self._people(request, secret=secret)

    def let_in(self, request: Request, token: str, target: str) -> Response:
        """Lead on, with the session in a cookie."""
        answer = RedirectResponse(target, status_code=303, headers=NO_STORE)
        answer.set_cookie(self._cookie, token, path="/", httponly=True, secure=self._is_secure(request), samesite="lax")
        return answer

    async def _people(self, request: Request, *, secret: str = "", problem: str = "", status_code: int = 200) -> Response:
        persons, keys = await run_in_threadpool(self._keeper.persons), await run_in_threadpool(self._keeper.keys)
        drawn = self._pages.people(request, visitor(request), persons, keys, secret=secret, problem=problem)
        return _page(drawn, status_code=status_code)

    def _token(self, request: Request) -> str | None:
        return session_token(request.headers, self._cookie)


async def read_form(request: Request) -> dict[str, str]:
    """The first value of each field.

    Raises:
        HTTPException: 413, more than `FORM_MAX_BYTES`.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_MAX_BYTES:
            raise HTTPException(413, "this form is too long")
    try:
        fields = parse_qs(body.decode("utf-8", errors="replace"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise HTTPException(422, "this form has too many fields") from None
    return {name: values[0] for name, values in fields.items()}


def visitor(request: Request) -> Person:
    """Who asks, at an address where the gate lets nobody else."""
    person = person_of(request)
    assert person is not None
    return person


def inside(target: str) -> str:
    """An address of our own, so that a link cannot lead from the log-in to elsewhere."""
    return target if target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable() else "/"


def address_of(request: Request) -> str:
    """Where a request comes from."""
    return request.client.host if request.client is not None else "unknown"


def _page(drawn: str, *, status_code: int = 200) -> Response:
    return HTMLResponse(drawn, status_code=status_code, headers=NO_STORE)
