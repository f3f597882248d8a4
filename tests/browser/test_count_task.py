"""A shelf that staff should count: on the phone and at the desk, with a number that must be one, and without a network.

Set AISLEWISE_SCREENSHOTS to a folder to keep a picture of it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable

import pytest
from hub_in_a_browser import Hub, Watch
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

COUNTED = "SELECT count(*), max(counted_units), max(shelf_id) FROM hand_counts"


@pytest.fixture
def hub(make_hub: Callable[[str], Hub]) -> Hub:
    """The Sunday afternoon, with rice to be counted."""
    return make_hub("seed_with_a_count")


def test_a_count_is_typed_on_the_phone_waits_for_the_network_and_is_booked_once(phone: Page, hub: Hub) -> None:
    rice = phone.locator(".task", has_text="Long-grain rice 1 kg")
    expect(rice).to_contain_text("3–8 believed to be there")
    if folder := os.environ.get("AISLEWISE_SCREENSHOTS"):
        rice.scroll_into_view_if_needed()
        phone.screenshot(path=f"{folder}/hub-staff-count-phone-light.png")
    field, button = rice.get_by_label("Units on the shelf"), rice.get_by_role("button", name="Book the count: Long-grain rice 1 kg")
    for size in (field, button):
        assert (size.bounding_box() or {"height": 0})["height"] >= 44
    field.fill("a few")
    button.click()
    expect(phone.get_by_text("Type how many stand on the shelf")).to_be_visible()
    expect(field).to_be_focused()
    field.fill("7")
    phone.get_by_role("button", name="Take: Whole milk 1 l").click()  # News redraws the list: what was typed stays.
    expect(phone.get_by_text(re.compile("taken by Ana Ruiz"))).to_be_visible()
    expect(field).to_have_value("7")
    phone.context.set_offline(True)
    button.click()
    expect(phone.locator("#unsent")).to_contain_text("Not sent yet: 1")
    expect(button).to_be_hidden()
    assert hub.ask(COUNTED)[0] == 0
    phone.context.set_offline(False)
    expect(rice).to_be_hidden()
    assert hub.ask(COUNTED) == (1, 7, "bay-4-shelf-3")
    assert hub.ask("SELECT units FROM stock WHERE sku = 'rice-1kg' AND place = 'bay-4-shelf-3'") == (7.0,)


def test_the_manager_books_a_count_at_the_desk_and_sees_it_closed(watch: Callable[..., Watch], hub: Hub) -> None:
    watched = watch()
    desk = watched.go("/tasks")
    desk.get_by_label("Units of Long-grain rice 1 kg on the shelf").fill("-2")
    desk.get_by_role("button", name="Book the count: Long-grain rice 1 kg").click()
    expect(desk.get_by_text("-2 is no number of units")).to_be_visible()
    if folder := os.environ.get("AISLEWISE_SCREENSHOTS"):
        desk.screenshot(path=f"{folder}/hub-tasks-count-desktop-light.png")
    desk.get_by_label("Units of Long-grain rice 1 kg on the shelf").fill("11")
    desk.get_by_role("button", name="Book the count: Long-grain rice 1 kg").click()
    expect(desk.get_by_text("was in doubt")).to_be_visible()
    assert hub.ask(COUNTED) == (1, 11, "bay-4-shelf-3")
    watched.done()
