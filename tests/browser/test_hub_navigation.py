"""From page to page in a real browser: with a thumb on a narrow phone, by keyboard, by screen reader's names, and at a desk."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from hub_in_a_browser import Hub, Watch
from playwright.sync_api import expect

from store_hub.dashboard.masthead import PAGE_PATHS

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("language", "more", "floor"), [("en", "More", "Floor"), ("zh", "更多", "客流")])
def test_a_narrow_phone_has_four_pages_under_the_thumb_and_the_rest_behind_more(
    watch: Callable[..., Watch], hub: Hub, language: str, more: str, floor: str
) -> None:
    watched = watch(size="phone")
    watched.context.add_cookies([{"name": "aislewise_language", "value": language, "url": hub.address}])
    watched.page.set_viewport_size({"width": 360, "height": 640})
    page = watched.go("/tasks")
    bar = page.get_by_role("navigation")
    expect(bar.get_by_role("link")).to_have_count(4)
    expect(bar.locator("[aria-current]")).to_have_attribute("href", "/tasks")
    expect(bar.locator(".count")).to_be_visible()
    targets = "[...document.querySelectorAll('nav a, nav button')].filter(e => e.checkVisibility()).map(e => e.getBoundingClientRect())"
    fits = f"{targets}.every(b => b.left >= 0 && b.right <= 360 && b.bottom <= 640 && b.width >= 44 && b.height >= 44)"
    assert page.evaluate(f"{fits} && [...document.querySelectorAll('nav, nav > ul, nav a')].every(e => e.scrollWidth <= e.clientWidth)")

    press = bar.get_by_role("button", name=more)
    press.click()
    expect(bar.get_by_role("link")).to_have_count(len(PAGE_PATHS))
    assert page.evaluate(fits)
    page.keyboard.press("Escape")
    expect(bar.get_by_role("link")).to_have_count(4)
    expect(press).to_be_focused()
    page.keyboard.press("Enter")
    expect(press).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Tab")
    expect(bar.get_by_role("link", name=floor)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/floor")
    expect(bar.get_by_role("button", name=f"{more} {'Now: ' if language == 'en' else '当前：'}{floor}")).to_have_attribute(
        "aria-current", "true"
    )
    page.locator("h1").click()
    expect(press).to_have_attribute("aria-expanded", "false")


def test_news_does_not_shut_the_sheet_of_pages_under_the_finger(watch: Callable[..., Watch], hub: Hub) -> None:
    staff, manager = watch(size="phone"), watch()
    phone, wall = staff.go("/tasks"), manager.go("/tasks")
    phone.get_by_role("button", name="More").click()
    count = phone.locator("nav .count")
    before = int(count.inner_text())
    with closing(sqlite3.connect(hub.ledger)) as ledger, ledger:  # A shelf weighs full again; the next booking tells the pages.
        first = "SELECT min(alert_id) FROM alerts WHERE cleared_at_ms IS NULL"
        ledger.execute(f"UPDATE alerts SET cleared_at_ms = raised_at_ms WHERE alert_id = ({first})")
    wall.get_by_role("button", name="Refill done").last.click()
    expect(count).to_have_text(str(before - 1))
    expect(phone.get_by_role("link", name="Devices", exact=True)).to_be_visible()


def test_a_desktop_shows_every_page_and_the_keys_follow_their_order(watch: Callable[..., Watch]) -> None:
    page = watch().go("/")
    links = page.get_by_role("navigation").get_by_role("link")
    expect(links).to_have_count(len(PAGE_PATHS))
    for place, name in enumerate(("Today", "Shelves", re.compile("Tasks"), "Receiving", "Floor")):
        expect(links.nth(place)).to_have_text(name)
    expect(page.get_by_role("button", name="More")).to_be_hidden()
    for width in (1280, 768, 720):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(f"document.documentElement.scrollWidth <= {width}")  # The chart follows a moment later.
    page.keyboard.press("5")
    page.wait_for_url("**/floor")
    expect(page.locator("nav [aria-current=page]")).to_have_text("Floor")
