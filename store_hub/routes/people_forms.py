"""The hub's forms of people: the shared ones, drawn in the reader's language."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from fastapi import APIRouter
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from access_control import forms
from access_control.doorkeeper import Doorkeeper
from access_control.persons import Key, Person
from access_control.provider import Provider
from access_control.provider_forms import ProviderForms
from store_hub.dashboard import sign_in
from store_hub.dashboard.reader import NAME_COOKIE, Reader
from store_hub.routes.people_gate import COOKIE

NAME_KEPT_S = 365 * 86_400


class PeopleForms(forms.PeopleForms):
    """Answers each form.

    Args:
        reader: whose language a request speaks.
        shop: the shop's name.
        is_secure: whether the session's cookie may only travel over HTTPS.
        provider, label: the company's own log-in and what it is called.
        page_url: the hub's address as people in the shop see it, for links.
    """

    def __init__(
        self,
        doorkeeper: Doorkeeper,
        *,
        reader: Callable[[Request], Reader],
        shop: str,
        is_secure: bool,
        provider: Provider | None = None,
        label: str = "",
        page_url: str | None = None,
    ) -> None:
        self._doorkeeper, self._provider = doorkeeper, provider
        self._drawn = _Pages(reader, shop, label if provider is not None else "")
        super().__init__(doorkeeper, pages=self._drawn, cookie=COOKIE, is_secure=lambda _: is_secure, page_url=page_url)

    def let_in(self, request: Request, token: str, target: str) -> Response:
        """Lead on; the pages sign with the person's name from the first press on."""
        answer, person = super().let_in(request, token, target), self._doorkeeper.who(token)
        if person is not None:
            name = quote(person.name, safe="")
            answer.set_cookie(NAME_COOKIE, name, max_age=NAME_KEPT_S, path="/", secure=self._is_secure(request), samesite="lax")
        return answer

    def router(self) -> APIRouter:
        """Return the routes, those to the company's own provider among them where there is one."""
        router = super().router()
        if self._provider is not None:
            others = ProviderForms(self._provider, self._doorkeeper, forms=self, pages=self._drawn, cookie=COOKIE)
            router.include_router(others.router())
        return router


class _Pages:
    def __init__(self, reader: Callable[[Request], Reader], shop: str, provider: str) -> None:
        self._reader, self._shop, self._provider = reader, shop, provider

    def log_in(self, request: Request, *, target: str, problem: str = "", name: str = "") -> str:
        reader = self._reader(request)
        drawn = sign_in.log_in_form(reader, shop=self._shop, target=target, problem=problem, name=name, provider=self._provider)
        return sign_in.whole_page(reader, reader.t("Log in"), drawn)

    def welcome(self, request: Request, person: Person, *, problem: str = "") -> str:
        reader = self._reader(request)
        return sign_in.whole_page(reader, self._shop, sign_in.welcome_form(reader, person, problem=problem))

    def account(self, request: Request, person: Person, *, problem: str = "") -> str:
        reader = self._reader(request)
        return sign_in.whole_page(reader, person.name, sign_in.account(reader, person, problem=problem))

    def people(
        self, request: Request, person: Person, persons: list[Person], keys: list[Key], *, secret: str = "", problem: str = ""
    ) -> str:
        reader = self._reader(request)
        drawn: Markup = sign_in.people(
            reader, persons, keys, own_name=person.name, may_change=person.role == "manager", secret=secret,
            problem=problem,
        )  # fmt: skip
        return sign_in.whole_page(reader, reader.t("People"), drawn)
