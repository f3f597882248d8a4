"""The hub's forms of people: the shared ones, drawn in the reader's language."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup
from starlette.requests import Request

from access_control import forms
from access_control.doorkeeper import Doorkeeper
from access_control.persons import Key, Person
from store_hub.dashboard import sign_in
from store_hub.dashboard.reader import Reader
from store_hub.routes.people_gate import COOKIE


class PeopleForms(forms.PeopleForms):
    """Answers each form.

    Args:
        reader: whose language a request speaks.
        shop: the shop's name.
        is_secure: whether the session's cookie may only travel over HTTPS.
    """

    def __init__(self, doorkeeper: Doorkeeper, *, reader: Callable[[Request], Reader], shop: str, is_secure: bool) -> None:
        super().__init__(doorkeeper, pages=_Pages(reader, shop), cookie=COOKIE, is_secure=lambda _: is_secure)


class _Pages:
    def __init__(self, reader: Callable[[Request], Reader], shop: str) -> None:
        self._reader, self._shop = reader, shop

    def log_in(self, request: Request, *, target: str, problem: str = "", name: str = "") -> str:
        reader = self._reader(request)
        drawn = sign_in.log_in_form(reader, shop=self._shop, target=target, problem=sign_in.refusal_words(reader, problem), name=name)
        return sign_in.whole_page(reader, reader.t("Log in"), drawn)

    def welcome(self, request: Request, person: Person, *, problem: str = "") -> str:
        reader = self._reader(request)
        return sign_in.whole_page(reader, self._shop, sign_in.welcome_form(reader, person, problem=sign_in.refusal_words(reader, problem)))

    def account(self, request: Request, person: Person, *, problem: str = "") -> str:
        reader = self._reader(request)
        return sign_in.whole_page(reader, person.name, sign_in.account(reader, person, problem=sign_in.refusal_words(reader, problem)))

    def people(
        self, request: Request, person: Person, persons: list[Person], keys: list[Key], *, secret: str = "", problem: str = ""
    ) -> str:
        reader = self._reader(request)
        drawn: Markup = sign_in.people(
            reader, persons, keys, own_name=person.name, may_change=person.role == "manager", secret=secret,
            problem=sign_in.refusal_words(reader, problem),
        )  # fmt: skip
        return sign_in.whole_page(reader, reader.t("People"), drawn)
