"""Every press that changes something goes through here: whose page it is, whether the role may, and a line in the audit log."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from nicegui import run, ui

from access_control.gate import person_of
from access_control.persons import Person
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.frame import UNANSWERED, say_refused
from cloud_api.errors import NotYours
from cloud_api.rules.roles import may_do

T = TypeVar("T")
NOBODY = "planner's page"
"""Who acts where nobody logs in."""


async def press(desk: Desk, act: str, words: str, do: Callable[[str], object]) -> bool:
    """Do something off the page's loop, in the name of whose page it is: `do` is given the name.

    Args:
        act: its kind, as `rules.roles` knows it; `words`: what it is, one line.

    Returns whether it was done. Where it was not, because the role may not, it could not be noted, or rules or records refused it, the
    page says why.
    """
    person = visitor()

    def noted_and_done() -> bool:
        do(_see_may(desk, person, act, words))
        return True

    return await answer(noted_and_done) or False


async def answer(question: Callable[[], T]) -> T | None:
    """Ask something off the page's loop; where rules or records refuse it, the page says why, and None is returned."""
    try:
        return await run.io_bound(question)
    except UNANSWERED as error:
        say_refused(error)
        return None


def entered(form: Callable[[], T]) -> T | None:
    """What a form says; where that cannot be, the page says why, and None is returned."""
    try:
        return form()
    except ValueError as error:
        say_refused(error)
        return None


def visitor() -> Person | None:
    """Whose page it is that a press came from; None where nobody logs in."""
    return person_of(ui.context.client.request)


def _see_may(desk: Desk, person: Person | None, act: str, words: str) -> str:
    if person is None or desk.keeper is None:
        return NOBODY
    if not may_do(person.role, act):
        desk.keeper.refuse(person.name, f"page.{act}", f"{words} as {person.role}")
        raise NotYours
    desk.keeper.note(person.name, f"page.{act}", words)
    return person.name
