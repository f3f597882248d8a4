"""Who may open which page and press what. What no line names is the manager's and, to look at, the auditor's."""

from __future__ import annotations

from typing import Literal, get_args

Role = Literal["manager", "staff", "planner", "installer", "auditor"]
ROLES: tuple[Role, ...] = get_args(Role)

_ALL = frozenset(ROLES)
_PAGES: dict[str, frozenset[str]] = {
    "/": _ALL,
    "/shelves": _ALL,
    "/alerts": frozenset({"manager", "staff", "auditor"}),
    "/tasks": frozenset({"manager", "staff", "auditor"}),
    "/staff": frozenset({"manager", "staff", "auditor"}),
    "/s": frozenset({"manager", "staff", "auditor"}),
    "/staff-worker.js": _ALL,
    "/staff.webmanifest": _ALL,
    "/labels": frozenset({"manager", "staff", "planner", "auditor"}),
    "/receiving": frozenset({"manager", "staff", "auditor"}),
    "/stock-take": frozenset({"manager", "staff", "auditor"}),
    "/accuracy": frozenset({"manager", "planner", "auditor"}),
    "/accuracy.csv": frozenset({"manager", "planner", "auditor"}),
    "/floor": frozenset({"manager", "planner", "auditor", "installer"}),
    "/floor.csv": frozenset({"manager", "planner", "auditor"}),
    "/devices": frozenset({"manager", "installer", "auditor"}),
    "/fleet": frozenset({"manager", "installer", "auditor"}),
    "/sales": frozenset({"manager", "planner", "auditor"}),
    "/sales.csv": frozenset({"manager", "planner", "auditor"}),
    "/sales-articles.csv": frozenset({"manager", "planner", "auditor"}),
    "/plan": frozenset({"manager", "planner", "auditor"}),
    "/account": _ALL,
}
_POSTS: dict[str, frozenset[str]] = {
    "/staff": _ALL,  # Looks at the role itself, for each press.
    "/people": _ALL,  # So does this.
    "/plan": frozenset({"manager", "planner"}),
    "/account": _ALL,
    "/logout": _ALL,
}
_ACTS: dict[str, frozenset[str]] = {
    "alerts": frozenset({"manager", "staff"}),
    "tasks": frozenset({"manager", "staff"}),
    "lights": frozenset({"manager", "staff", "installer"}),
    "calibrations": frozenset({"manager", "installer"}),
    "stock-takes": frozenset({"manager", "staff"}),
    "counts": frozenset({"manager", "staff"}),
    "notices": frozenset({"manager", "staff"}),
}
SCOPES = ("sales", "deliveries", "counts", "alerts", "goods", "products", "epcis", "all")
"""What a key of another system may open."""


def may_see(role: str, path: str) -> bool:
    """Whether a role may open a page."""
    if path.startswith(("/_nicegui", "/assets/")):
        return True
    page = path if path in _PAGES else "/" + path.strip("/").split("/", 1)[0]
    return role in _PAGES.get(page, frozenset({"manager", "auditor"}))


def may_post(role: str, path: str) -> bool:
    """Whether a role may send a form or a press to an address; on the pages themselves, `may_do` decides."""
    if path.startswith(("/_nicegui", "/assets/")):
        return True
    return role in _POSTS.get("/" + path.strip("/").split("/", 1)[0], frozenset({"manager"}))


def may_do(role: str, act: str) -> bool:
    """Whether a role may have something booked; `act` is the door's name."""
    return role in _ACTS.get(act, frozenset({"manager"}))


def scope_of(path: str) -> str:
    """Which scope a door's address needs."""
    if path.startswith("/epcis"):
        return "epcis"
    door = path.removeprefix("/v1/").split("/", 1)[0]
    if door in ("sales", "deliveries", "counts", "alerts"):
        return door
    if door in ("returns", "products", "prices"):
        return "sales" if door == "returns" else "products"
    return "goods" if door.startswith(("stock-take-", "delivery-", "write-offs", "moves")) else "all"
