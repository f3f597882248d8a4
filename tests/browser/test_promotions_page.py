"""A promotion is planned on its page in a real browser: tried, kept, measured while it runs, and called off."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from cloud_in_a_browser import SIZES, TOKEN, Cloud, Watched, browser, chain, cloud, empty_page_told
from playwright.sync_api import Browser, expect

from wire_format.plans import Planogram
from wire_format.reports import AnyFact

__all__ = ["browser", "chain", "cloud", "empty_page_told"]  # Fixtures, one cloud for this file.
pytestmark = pytest.mark.browser


def test_a_promotion_is_tried_planned_measured_and_called_off(
    chain: Cloud, browser: Browser, three_shops: list[tuple[Planogram, list[AnyFact]]]
) -> None:
    today = datetime.now(ZoneInfo(three_shops[0][0].time_zone)).date()  # The shop's, whose past is just long enough.
    running = {
        "sku": "water-15", "first_day": (today - timedelta(days=6)).isoformat(), "last_day": (today + timedelta(days=2)).isoformat(),
        "price_minor": 49, "display": "gondola end", "store_ids": ["corner-shop"],
    }  # fmt: skip
    assert httpx.post(f"{chain.address}/v1/promotions", headers=TOKEN, json=running, timeout=60).status_code == 200
    watched = Watched(browser)
    watched.page.goto(f"{chain.address}/promotions")
    expect(watched.page.locator("h1")).to_contain_text("1 promotion runs")
    measured = watched.page.locator("table.figures tbody tr")
    expect(measured).to_have_count(1)
    expect(measured).to_contain_text("Corner shop")
    expect(measured.locator("td").nth(3)).to_contain_text(" – ")
    watched.page.get_by_label("Article").fill("Cola 0.33")
    watched.page.get_by_role("option").first.click()
    watched.page.get_by_label("Price, EUR").fill("0.69")
    watched.page.get_by_role("button", name="See what it brings").click()
    expect(watched.page.locator("h2", has_text="expected")).to_contain_text("units and")
    _picture(watched, "promotions-tried")
    watched.page.get_by_role("button", name="Plan it and tell the shops").click()
    expect(watched.page.locator("h1")).to_contain_text("1 more is planned")
    card = watched.page.locator("article", has_text="Cola 0.33 l")
    expect(card).to_contain_text("At €0.69")
    expect(card).to_contain_text("3 shops")
    card.get_by_role("button", name="Call it off").click()
    expect(watched.page.locator("h1")).to_contain_text("no more is planned")
    watched.check()
    phone = Watched(browser, size="phone")
    phone.page.goto(f"{chain.address}/promotions")
    expect(phone.page.locator("h1")).to_be_visible()
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= SIZES["phone"][0]
    _picture(phone, "promotions-phone")
    phone.check()


def _picture(watched: Watched, name: str) -> None:
    if os.environ.get("AISLEWISE_SCREENSHOTS"):
        watched.page.screenshot(path=Path(os.environ["AISLEWISE_SCREENSHOTS"]) / f"cloud-{name}.png", full_page=True)
