"""Who may open which page and press what in the chain. What no line names is the administrator's and, to look at, the auditor's."""

from __future__ import annotations

import re
from typing import Literal, get_args

Role = Literal["administrator", "planner", "installer", "auditor"]
ROLES: tuple[Role, ...] = get_args(Role)

_ALL = frozenset(ROLES)
_PLANNING = frozenset({"administrator", "planner", "auditor"})
_PAGES: dict[str, frozenset[str]] = {
    "/": _PLANNING,
    "/footfall": _PLANNING,
    "/orders": _PLANNING,
    "/promotions": _PLANNING,
    "/layout": _PLANNING,
    "/figures": _PLANNING,
    "/shops": _ALL,
    "/devices": _ALL,
    "/account": _ALL,
}
_POSTS: dict[str, frozenset[str]] = {
    "/people": _ALL,  # Looks at the role itself, for each press.
    "/account": _ALL,
    "/logout": _ALL,
}
_ACTS: dict[str, frozenset[str]] = {
    "orders": frozenset({"administrator", "planner"}),
    "promotions": frozenset({"administrator", "planner"}),
    "trials": frozenset({"administrator", "planner"}),
    "written": frozenset({"administrator", "planner"}),
    "fleet": frozenset({"administrator", "installer"}),
}
ACTS = tuple(_ACTS)
SCOPES = ("read", *ACTS, "all")
"""What a key of a program may open: `read` looks at the whole chain; the others may look and change what they name."""
_STORE_SCOPE = re.compile("^store:([^ \x00-\x1f\x7f]{1,100})$")


def may_see(role: str, path: str) -> bool:
    """Whether a role may open a page."""
    if path.startswith("/_nicegui"):
        return True
    page = path if path in _PAGES else "/" + path.strip("/").split("/", 1)[0]
    return role in _PAGES.get(page, frozenset({"administrator", "auditor"}))


def may_post(role: str, path: str) -> bool:
    """Whether a role may send a form to an address; what is pressed on the pages themselves, `may_do` decides."""
    if path.startswith("/_nicegui"):
        return True
    return role in _POSTS.get("/" + path.strip("/").split("/", 1)[0], frozenset({"administrator"}))


def may_do(role: str, act: str) -> bool:
    """Whether a role may change something of a kind."""
    return role in _ACTS.get(act, frozenset({"administrator"}))


def home_of(role: str) -> str:
    """Where a role begins."""
    return "/" if may_see(role, "/") else "/devices"


def store_of(scope: str) -> str | None:
    """Whose hub a key with the scope `store:NAME` is; None for every other scope."""
    found = _STORE_SCOPE.match(scope)
    return None if found is None else found[1]
