"""The manager's pages in a real browser: readable on phone and desktop, light and dark, in place, offline, and true to the ledger.

Set AISLEWISE_SCREENSHOTS to a folder to keep a picture of each page.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from hub_in_a_browser import SIZES, Hub, Watch
from playwright.sync_api import Browser, expect

pytestmark = pytest.mark.browser

PAGES = {
    "today": (
        "/",
        ["2 places are empty, 1 is running low", "97% right (92–100), audited 12 Nov", "On-shelf availability", "no till|units"],
    ),
    "shelves": (
        "/shelves?shelf=bay-1-shelf-1&sku=cola-033",
        ["Cold drinks", "Books say, whole shop", "kg on the whole shelf", "no word from the scale", "fewer than was thought"],
    ),
    "floor": ("/floor", ["Most time was spent at", "person-seconds per m²", "units picked", "96 crossings judged"]),
    "tasks": ("/tasks", ["Whole milk 1 l", "taken by Ana", "Closed in the last seven days"]),
    "sales": ("/sales", ["on usual", "Closes at about", "EUR an hour", "Cola 0.33 l", "till-1"]),
    "accuracy": ("/accuracy", ["1 thing is worth a look", "How accurate the records are"]),
    "settings": ("/settings", ["When to call", "Where people are called", "Targets", "How long things are kept", "No backup is made"]),
    "devices": (
        "/devices",
        ["2 of 4 devices need a look", "Check the HX711 wires", "3 messages or lines have no effect", "sscc-96:3.0614141.1234567890"],
    ),
}
SHOWN_ON_A_PHONE = {"units picked": "stopped → 29 picked → 29 paid"}  # A list stands in for the table of zones there.


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
def test_every_page_says_its_sentence_without_a_complaint(watch: Callable[..., Watch], size: str, theme: str, tmp_path: Path) -> None:
    watched = watch(size=size, theme=theme)
    folder = Path(os.environ.get("AISLEWISE_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    for name, (path, texts) in PAGES.items():
        page = watched.go(path)
        for text in texts:
            alternatives = (SHOWN_ON_A_PHONE.get(text, text) if size == "phone" else text).split("|")
            shown = page.locator("#main").get_by_text(alternatives[-1]).first
            expect(shown).to_be_visible()
        if name in ("today", "shelves", "sales"):
            page.wait_for_selector(".chart svg")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= SIZES[size][0], f"{name} scrolls sideways on a {size}: {wide}"
        page.screenshot(path=str(folder / f"hub-{name}-{size}-{theme}.png"))


def test_targets_are_large_enough_for_a_thumb(watch: Callable[..., Watch]) -> None:
    watched = watch(size="phone")
    for path in ("/", "/shelves?shelf=bay-1-shelf-1&sku=cola-033", "/floor", "/tasks", "/devices?calibrate=bay-1-shelf-1"):
        page = watched.go(path)
        small = page.evaluate(
            "[...document.querySelectorAll('button, nav a, select, input, summary')].filter(e => e.offsetParent && e.offsetHeight < 44)"
            ".map(e => e.outerHTML.slice(0, 120))"
        )
        assert small == [], f"{path}: {small}"


def test_a_task_is_taken_and_done_and_the_ledger_knows_by_whom(watch: Callable[..., Watch], hub: Hub) -> None:
    manager, staff = watch(), watch(size="phone")
    wall = manager.go("/tasks")
    phone = staff.go("/")
    phone.get_by_label("Your name, light or dark, language").click()
    phone.get_by_label("Your name, for tasks you take").fill("Ana <Ruiz>")
    with phone.expect_navigation():
        phone.keyboard.press("Tab")
    phone.get_by_role("button", name="Take Whole milk 1 l").click()
    expect(phone.get_by_text("taken by Ana <Ruiz>")).to_be_visible()
    assert hub.ask("SELECT taken_by FROM alerts WHERE alert_id = 2") == ("Ana <Ruiz>",)
    expect(wall.get_by_text("taken by Ana <Ruiz>")).to_be_visible()  # The other screen was never reloaded.
    wall.get_by_role("button", name="Refill done: Whole milk 1 l").click()
    expect(wall.get_by_text("done by the office")).to_be_visible()
    assert hub.ask("SELECT done_by FROM alerts WHERE alert_id = 2") == ("the office",)


def test_typing_finds_a_facing_and_pressing_it_shows_its_evidence(watch: Callable[..., Watch]) -> None:
    watched = watch()
    page = watched.go("/")
    page.keyboard.press("2")
    page.wait_for_url("**/shelves")
    page.wait_for_selector(".glass")
    page.keyboard.press("/")
    page.keyboard.type("gouda")
    expect(page.locator(".bay")).to_have_count(1)
    page.get_by_role("button", name="Gouda in slices").click()
    expect(page.get_by_text("Books say, whole shop")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.get_by_text("Books say, whole shop")).to_be_hidden()
    page.get_by_label("Find an article").fill("nothing of the kind")
    expect(page.get_by_text("No article of that name is on the planogram.")).to_be_visible()


def test_what_lies_in_the_wrong_place_is_shown_where_it_lies_and_leads_to_where_it_belongs(watch: Callable[..., Watch]) -> None:
    page = watch().go("/shelves")
    expect(page.locator(".bay p.stray")).to_have_text("1 Cola 0.33 l does not belong here")
    line = page.get_by_role("list", name="In the wrong place").get_by_role("listitem")
    expect(line).to_contain_text("belongs to")
    line.get_by_role("link", name="Show its place").click()
    expect(page.get_by_role("row", name="In the wrong place")).to_contain_text("1 on ")


def test_an_article_that_does_not_weigh_what_the_plan_says_is_listed_with_both_weights_and_what_to_do(
    watch: Callable[..., Watch],
) -> None:
    page = watch(size="phone").go("/devices")
    expect(page.get_by_role("heading", name="One unit weighs something else than the plan says")).to_be_visible()
    row = page.get_by_role("row", name="Ground coffee 500 g")
    expect(row).to_contain_text("Bread and breakfast · shelf 1")
    expect(row).to_contain_text("552.4 g")
    expect(page.get_by_text("Weigh one unit and correct the plan.")).to_be_visible()


def test_a_name_with_markup_in_it_is_shown_as_it_is_written(watch: Callable[..., Watch]) -> None:
    page = watch().go("/shelves")
    expect(page.get_by_text('Crisps <b>paprika</b> & "salt"', exact=True)).to_be_visible()
    assert page.locator(".glass b", has_text="paprika").count() == 0


def test_the_floor_can_be_asked_for_another_time(watch: Callable[..., Watch]) -> None:
    page = watch().go("/floor")
    page.get_by_role("button", name="Today").click()
    expect(page.get_by_text("00:00 to 16:0")).to_be_visible()
    page.get_by_label("From").select_option("12:00")
    expect(page.get_by_text("12:00 to 13:00")).to_be_visible()
    page.get_by_label("From").select_option("02:00")
    page.get_by_label("To", exact=True).select_option("03:00")
    expect(page.get_by_text("No camera has reported in this time (hatched): unseen, not empty.")).to_be_visible()


def test_light_dark_and_chinese_are_kept(watch: Callable[..., Watch]) -> None:
    page = watch().go("/")
    page.get_by_label("Your name, light or dark, language").click()
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    with page.expect_navigation():
        page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("link", name="货架").first).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_contain_text("缺货")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_an_address_that_leads_nowhere_says_so_and_where_to_go(hub: Hub, browser: Browser) -> None:
    page = browser.new_page()
    answer = page.goto(hub.address + "/shelvs")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    page.get_by_role("link", name="Shelves").click()
    page.wait_for_selector(".glass")
    page.close()
    assert httpx.get(hub.address + "/v1/nothing").json()["detail"].startswith("There is nothing at /v1/nothing")


def test_a_shop_in_which_nothing_has_happened_yet_says_what_will_be_here(browser: Browser, make_hub: Callable[[str], Hub]) -> None:
    empty = make_hub("make_ledger")
    watched = Watch(browser, empty, size="phone")
    for path, text in {
        "/": "Every shelf has enough",
        "/floor": "Nobody watched the floor",
        "/tasks": "A task appears here",
        "/devices": "No device has reported yet",
    }.items():
        expect(watched.go(path).get_by_text(text).first).to_be_visible()
    watched.done()
