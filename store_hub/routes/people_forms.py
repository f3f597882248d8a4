"""The forms of people: log in and out, choose a password, invite somebody, make a key for another system."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool

from access_control.errors import AccessError, LogInRefused
from access_control.persons import Person
from store_hub.dashboard import sign_in
from store_hub.dashboard.reader import Reader
from store_hub.errors import HubError
from store_hub.flows.doorkeeper import Doorkeeper
from store_hub.routes.bodies import read_body
from store_hub.routes.people_gate import COOKIE, person_of, session_token

FORM_MAX_BYTES = 8 * 1024
_NO_STORE = {"Cache-Control": "no-store"}


class PeopleForms:
    """Answers each form.

    Args:
        reader: whose language a request speaks.
        shop: the shop's name.
        is_secure: whether the session's cookie may only travel over HTTPS.
    """

    def __init__(self, doorkeeper: Doorkeeper, *, reader: Callable[[Request], Reader], shop: str, is_secure: bool) -> None:
        self._keeper, self._reader, self._shop, self._is_secure = doorkeeper, reader, shop, is_secure

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
        reader = self._reader(request)
        return self._page(reader, reader.t("Log in"), sign_in.log_in_form(reader, shop=self._shop, target=_inside(next)))

    async def log_in(self, request: Request) -> Response:
        """Begin a session, in a cookie that no script reads and no other site sends along."""
        form, reader = await _form(request), self._reader(request)
        name, target = form.get("name", ""), _inside(form.get("next", "/"))
        try:
            token = await run_in_threadpool(
                self._keeper.log_in, name, form.get("password", ""), address=_address(request), old_token=session_token(request.headers)
            )
        except LogInRefused as error:
            drawn = sign_in.log_in_form(
                reader, shop=self._shop, target=target, problem=sign_in.refusal_words(reader, str(error)), name=name[:40]
            )
            return self._page(reader, reader.t("Log in"), drawn, status_code=429 if "too many" in str(error) else 403)
        return self._let_in(token, target)

    async def log_out(self, request: Request) -> Response:
        """End the session."""
        await run_in_threadpool(self._keeper.log_out, session_token(request.headers))
        answer = RedirectResponse("/login", status_code=303, headers={**_NO_STORE, "Clear-Site-Data": '"cache", "storage"'})
        answer.delete_cookie(COOKIE, path="/")
        return answer

    async def welcome(self, request: Request, token: str) -> Response:
        """Show the form of a one-time link; looking does not use it up."""
        reader = self._reader(request)
        person = await run_in_threadpool(self._keeper.link_for, token)
        if person is None:
            self._keeper.refuse(_address(request), "person.link", "unknown, used or expired")
            problem = sign_in.refusal_words(reader, "this link was used or has expired; have the manager make you a new one")
            drawn = sign_in.log_in_form(reader, shop=self._shop, target="/", problem=problem)
            return self._page(reader, reader.t("Log in"), drawn, status_code=403)
        return self._page(reader, self._shop, sign_in.welcome_form(reader, person))

    async def accept(self, request: Request, token: str) -> Response:
        """Use a one-time link."""
        form, reader = await _form(request), self._reader(request)
        try:
            session = await run_in_threadpool(
                self._keeper.accept, token, form.get("password", ""), address=_address(request), old_token=session_token(request.headers)
            )
        except (HubError, AccessError) as error:
            person = await run_in_threadpool(self._keeper.link_for, token)
            drawn = (
                sign_in.welcome_form(reader, person, problem=sign_in.refusal_words(reader, str(error)))
                if person is not None
                else sign_in.log_in_form(reader, shop=self._shop, target="/", problem=sign_in.refusal_words(reader, str(error)))
            )
            return self._page(reader, self._shop, drawn, status_code=403)
        return self._let_in(session, "/")

    async def account(self, request: Request) -> Response:
        """Show who one is."""
        return self._account(request)

    async def change_password(self, request: Request) -> Response:
        """Change one's own password; every session but the new one ends."""
        form, person = await _form(request), _person(request)
        try:
            token = await run_in_threadpool(
                self._keeper.change_password, person, form.get("old", ""), form.get("new", ""), address=_address(request)
            )
        except (HubError, AccessError) as error:
            return self._account(request, problem=sign_in.refusal_words(self._reader(request), str(error)), status_code=403)
        return self._let_in(token, "/account")

    async def people(self, request: Request) -> Response:
        """Show who may log in, and which systems may book."""
        return await self._people(request)

    async def change_people(self, request: Request, act: str) -> Response:
        """Invite, remove, make or remove a key."""
        form, person, secret = await _form(request), _person(request), ""
        name = form.get("name", "")
        if person.role != "manager":
            self._keeper.refuse(person.name, "page.press", f"/people/{act} as {person.role}")
            return await self._people(
                request, problem=sign_in.refusal_words(self._reader(request), "only a manager may change this"), status_code=403
            )
        try:
            if act == "invite":
                token = await run_in_threadpool(self._keeper.invite, name, form.get("role", ""), actor=person.name)
                secret = f"{request.base_url}welcome/{token}"
            elif act == "remove" and name.casefold() != person.name.casefold():
                await run_in_threadpool(self._keeper.remove, name, actor=person.name)
            elif act == "key":
                secret = await run_in_threadpool(self._keeper.make_key, name, [form.get("scope", "")], actor=person.name)
            elif act == "key-remove":
                await run_in_threadpool(self._keeper.remove_key, name, actor=person.name)
        except (HubError, AccessError) as error:
            return await self._people(request, problem=str(error), status_code=422)
        return await self._people(request, secret=secret)

    async def _people(self, request: Request, *, secret: str = "", problem: str = "", status_code: int = 200) -> Response:
        reader, person = self._reader(request), _person(request)
        persons, keys = await run_in_threadpool(self._keeper.persons), await run_in_threadpool(self._keeper.keys)
        drawn = sign_in.people(
            reader, persons, keys, own_name=person.name, may_change=person.role == "manager", secret=secret, problem=problem
        )
        return self._page(reader, reader.t("People"), drawn, status_code=status_code)

    def _account(self, request: Request, *, problem: str = "", status_code: int = 200) -> Response:
        reader, person = self._reader(request), _person(request)
        return self._page(reader, person.name, sign_in.account(reader, person, problem=problem), status_code=status_code)

    def _page(self, reader: Reader, title: str, drawn: Markup, *, status_code: int = 200) -> Response:
        return HTMLResponse(sign_in.whole_page(reader, title, drawn), status_code=status_code, headers=_NO_STORE)

    def _let_in(self, token: str, target: str) -> Response:
        answer = RedirectResponse(target, status_code=303, headers=_NO_STORE)
        answer.set_cookie(COOKIE, token, path="/", httponly=True, secure=self._is_secure, samesite="lax")
        return answer


async def _form(request: Request) -> dict[str, str]:
    body = await read_body(request, limit_bytes=FORM_MAX_BYTES)
    fields = parse_qs(body.decode("utf-8", errors="replace"), keep_blank_values=True, max_num_fields=20)
    return {name: values[0] for name, values in fields.items()}


def _person(request: Request) -> Person:
    person = person_of(request)
    assert person is not None  # The gate lets nobody else to these addresses.
    return person


def _inside(target: str) -> str:
    """An address of our own, so that a link cannot lead from the log-in to elsewhere."""
    return target if target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable() else "/"


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else "unknown"
