"""Every page of the hub by axe's rules (labels, roles, contrast), on a phone in the dark and on a desktop in the light."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from hub_in_a_browser import SIZES, Hub
from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

PAGES = (
    "/", "/shelves?shelf=bay-1-shelf-1&sku=cola-033", "/tasks", "/sales", "/floor", "/receiving", "/stock-take", "/devices", "/settings",
    "/staff", "/plan", "/labels",
)  # fmt: skip
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}


def said(violations: list[dict[str, Any]]) -> list[str]:
    return [f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:3]]}" for one in violations]


@pytest.mark.parametrize(("size", "scheme"), [("phone", "dark"), ("desktop", "light")])
def test_axe_finds_nothing_wrong_on_any_page(browser: Browser, hub: Hub, size: str, scheme: Any) -> None:
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page, wrong = context.new_page(), {}
    for path in PAGES:
        page.goto(hub.address + path)
        page.wait_for_selector("h1, h2")
        if path == "/staff":
            page.wait_for_selector(".task")
        if path == "/plan":
            page.wait_for_selector(".bay")
        found = Axe().run(page, options=RULES).response["violations"]
        if found:
            wrong[path] = said(found)
    context.close()
    assert not wrong, "\n".join(f"{path}: {line}" for path, lines in wrong.items() for line in lines)
