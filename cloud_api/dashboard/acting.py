"""Every press that changes something goes through here: whose page it is, whether the role may, and a line in the audit log."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from nicegui import run, ui

from access_control.errors import RegisterSilent
from access_control.gate import person_of
from access_control.persons import Person
from cloud_api.dashboard.desk import Desk
from cloud_api.errors import CloudError, NotYours
from cloud_api.rules.roles import may_do

T = TypeVar("T")
NOBODY = "planner's page"
"""Who acts where nobody logs in."""


class Unnoted(CloudError):
    """The audit log could not be written, so nothing was done."""


async def pressed(desk: Desk, act: str, words: str, do: Callable[[str], T]) -> T | None:
    """Do something off the page's loop, in the name of whose page it is: `do` is given the name.

    Args:
        act: its kind, as `rules.roles` knows it; `words`: what it is, one line.

    Raises:
        NotYours: the role may not; nothing was done. Unnoted: it could not be noted; nothing was done.
        Whatever `do` raises.
    """
    person = visitor()
    return await run.io_bound(lambda: do(_see_may(desk, person, act, words)))


async def see_may(desk: Desk, act: str, words: str) -> str:
    """The name of whose page it is, once it is noted what they are about to do.

    Raises:
        NotYours: the role may not. Unnoted: it could not be noted.
    """
    person = visitor()
    return await run.io_bound(lambda: _see_may(desk, person, act, words)) or NOBODY


def visitor() -> Person | None:
    """Whose page it is that a press came from; None where nobody logs in."""
    return person_of(ui.context.client.request)


def _see_may(desk: Desk, person: Person | None, act: str, words: str) -> str:
    if person is None or desk.keeper is None:
        return NOBODY
    try:
        if not may_do(person.role, act):
            desk.keeper.refuse(person.name, f"page.{act}", f"{words} as {person.role}")
            raise NotYours
        desk.keeper.note(person.name, f"page.{act}", words)
    except RegisterSilent as error:
        raise Unnoted(str(error)) from None
    return person.name
