"""Every page and press of the hub is some role's on purpose: what nobody thought of is the manager's alone."""

from __future__ import annotations

import re
from pathlib import Path

from store_hub.rules.roles import ROLES, may_do, may_post, may_see

DASHBOARD = Path(__file__).resolve().parents[2] / "store_hub" / "dashboard"


def test_every_door_that_a_page_books_through_is_known_to_the_rules() -> None:
    doors = {door for path in DASHBOARD.glob("*.py") for door in re.findall(r'door="([a-z-]+)"', path.read_text(encoding="utf-8"))}
    assert doors
    for door in doors - {"settings"}:
        assert may_do("staff", door) or may_do("installer", door), (
            f"nobody but the manager may book through {door}: say so in rules/roles.py"
        )


def test_looking_presses_nothing() -> None:
    for path in ("/plan/force", "/people/invite", "/unheard-of", "/settings/force"):
        assert not may_post("staff", path) or path.startswith("/people")
        assert not may_post("auditor", path) or path.startswith("/people")
    assert {role for role in ROLES if may_post(role, "/plan/force")} == {"manager", "planner"}


def test_an_address_below_a_page_is_the_pages() -> None:
    for role in ROLES:
        assert may_see(role, "/staff/tasks") == may_see(role, "/staff")
        assert may_see(role, "/plan/current") == may_see(role, "/plan")
        assert not may_see("staff", "/../devices")
