"""Moves of bays and trials on the Layout page, in a real browser."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cloud_in_a_browser import SIZES, Cloud, Watched, browser, chain, cloud, empty_page_told
from playwright.sync_api import Browser, expect

__all__ = ["browser", "chain", "cloud", "empty_page_told"]  # Fixtures.
pytestmark = pytest.mark.browser


def test_moves_are_worked_out_beside_the_page_and_drawn_before_and_after(chain: Cloud, browser: Browser) -> None:
    for size in SIZES:
        watched = Watched(browser, size=size)
        watched.page.goto(f"{chain.address}/layout?store=corner-shop")
        card = watched.page.locator(".card", has=watched.page.get_by_role("heading", name="Moves worth trying"))
        card.get_by_role("button", name="4 bays").click()
        expect(card.locator("h3").first).to_contain_text("bays brings goods of one basket", timeout=90_000)
        expect(card.locator("figcaption")).to_have_text(["Today", "After the moves"])
        assert card.locator("svg").first.locator("rect.moved").count() in range(2, 5)
        expect(card).to_contain_text("a trial has to show")
        wider = watched.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0
        if os.environ.get("AISLEWISE_SCREENSHOTS"):
            watched.page.screenshot(path=Path(os.environ["AISLEWISE_SCREENSHOTS"]) / f"cloud-moves-{size}.png", full_page=True)
        watched.check()


def test_three_shops_are_too_few_for_a_trial_and_the_page_says_so(chain: Cloud, browser: Browser) -> None:
    watched = Watched(browser)
    watched.page.goto(f"{chain.address}/layout")
    card = watched.page.locator(".card", has=watched.page.get_by_role("heading", name="Trials"))
    expect(card).to_contain_text("6 are needed to tell an effect from chance")
    expect(card).to_contain_text("no gain in sales is claimed")
    watched.check()
