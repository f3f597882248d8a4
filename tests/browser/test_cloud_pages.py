"""The planner's pages in a real browser: readable on phone and desktop, light and dark, with nothing fetched from elsewhere.

Set AISLEWISE_SCREENSHOTS to a folder to keep a picture of each page.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from cloud_in_a_browser import SIZES, TOKEN, Cloud, Watched, browser, chain, cloud, empty_page_told
from playwright.sync_api import Browser, expect
from test_accessibility import RULES, said

from deployment.release import make_key, pack
from deployment.shelf import ReleaseShelf
from wire_format import codec

__all__ = ["browser", "chain", "cloud", "empty_page_told"]  # Fixtures, one cloud for this file.
pytestmark = pytest.mark.browser

PAGES = {
    "shops": "/shops",
    "devices": "/devices",
    "figures": "/figures",
    "morning": "/",
    "footfall": "/footfall?store=corner-shop",
    "orders": "/orders",
    "terms": "/orders/terms?store=corner-shop",
    "promotions": "/promotions",
    "layout": "/layout?store=corner-shop",
}
CHINESE = {("phone", "light"), ("desktop", "dark")}
AXED = {("phone", "dark"), ("desktop", "light")}
MARKED_UP_NAME = "North & <Co>"
"""A browser that took the name for a mark would show only its first half."""


def test_an_empty_cloud_says_what_will_be_here_and_how_to_make_it_so(empty_page_told: str) -> None:
    assert "No shop has reported yet" in empty_page_told
    assert "cloud.url" in empty_page_told


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
def test_every_page_shows_its_finding_in_the_first_screenful(
    chain: Cloud, browser: Browser, repository: Path, size: str, theme: str
) -> None:
    names = (repository / "demo" / "planogram.json").read_text(encoding="utf-8")
    language = "zh" if (size, theme) in CHINESE else "en"
    watched = Watched(browser, size=size, theme=theme, language=language)
    for name, path in PAGES.items():
        watched.page.goto(chain.address + path)
        if language == "zh":
            told = re.findall(r"[A-Za-z]{3,}(?: [a-z]{2,}){2,}", watched.page.locator("body").inner_text())
            assert not [words for words in told if words not in names], f"{name} speaks English: {told}"
        heading = watched.page.locator("h1")
        expect(heading).to_be_visible()
        if name == "footfall":
            expect(watched.page.locator(".nicegui-echart svg")).to_be_visible()
        box = heading.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < SIZES[size][1] / 2
        if (size, theme) in AXED:
            found = Axe().run(watched.page, options=RULES).response["violations"]
            assert not found, f"{name}: {said(found)}"
        wider = watched.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"{name} scrolls sideways by {wider} px"
        if os.environ.get("AISLEWISE_SCREENSHOTS"):
            picture = Path(os.environ["AISLEWISE_SCREENSHOTS"]) / f"cloud-{name}-{size}-{theme}.png"
            watched.page.screenshot(path=picture, full_page=size == "desktop" and name in ("footfall", "layout"))
    watched.check()


def test_an_address_that_leads_nowhere_says_so_and_leads_back(chain: Cloud, browser: Browser) -> None:
    watched = Watched(browser)
    answer = watched.page.goto(f"{chain.address}/nowhere")
    assert answer is not None
    assert answer.status == 404
    expect(watched.page.locator("h1")).to_have_text("There is no such page")
    watched.page.get_by_role("link", name="Orders").first.click()
    expect(watched.page.locator("h1")).to_contain_text("to approve")
    assert httpx.get(f"{chain.address}/v1/nowhere", headers=TOKEN).json()["detail"].startswith("There is nothing at /v1/nowhere")


def test_a_shop_that_is_not_there_is_said_to_be_none_and_another_is_shown(chain: Cloud, browser: Browser) -> None:
    watched = Watched(browser)
    for path in ("/footfall", "/layout", "/orders/terms", "/orders"):
        watched.page.goto(f"{chain.address}{path}?store=<b>nowhere</b>")
        expect(watched.page.get_by_text("There is no shop <b>nowhere</b> here")).to_be_visible()
        expect(watched.page.locator("h1")).to_be_visible()
    watched.check()


def test_a_shops_name_is_text_and_never_mark_up(chain: Cloud, browser: Browser) -> None:
    watched = Watched(browser)
    for path in ("/", "/footfall?store=north-shop", "/orders", "/layout?store=north-shop"):
        watched.page.goto(chain.address + path)
        expect(watched.page.locator(".main")).to_contain_text(MARKED_UP_NAME)
    watched.check()


def test_a_day_nobody_watched_is_a_gap_and_not_a_zero(chain: Cloud, browser: Browser) -> None:
    watched = Watched(browser)
    watched.page.goto(f"{chain.address}/footfall?store=north-shop")
    expect(watched.page.locator("tr.picked svg .gap")).to_have_count(1)
    expect(watched.page.locator("table.heat td.gapcell").first).to_be_visible()
    expect(watched.page.locator("h1")).to_contain_text("under the same weekdays and hours")
    watched.check()


def test_a_view_is_kept_and_drawings_are_taken_away(chain: Cloud, browser: Browser) -> None:
    watched = Watched(browser)
    watched.page.goto(f"{chain.address}/footfall?store=north-shop&days=7")
    expect(watched.page.locator("svg.map .label")).to_have_count(2)
    expect(watched.page.locator(".tiles")).to_contain_text("passed by")
    scripts = "[...document.scripts].filter((script) => script.text.includes('window.savePicture')).length"
    assert watched.page.evaluate(scripts) == 1
    for name in ("chain-map", "visitors-north-shop"):
        with watched.page.expect_download() as drawn:
            watched.page.locator(".picture", has=watched.page.locator("svg.map, .nicegui-echart")).nth(
                0 if name == "chain-map" else 1
            ).locator("+ .buttons button").click()
        assert drawn.value.suggested_filename == f"{name}.png"
        assert drawn.value.path().read_bytes().startswith(b"\x89PNG")
    watched.page.get_by_text("Keep this view").click()
    watched.page.get_by_label("Name of the view").fill("North <week>")
    watched.page.get_by_role("button", name="Keep", exact=True).click()
    kept = watched.page.get_by_role("link", name="North <week>")
    expect(kept).to_have_attribute("href", "/footfall?store=north-shop&days=7")
    watched.check()


def test_a_silent_sensor_stands_on_the_morning_list(chain: Cloud, browser: Browser) -> None:
    watched = Watched(browser)
    watched.page.goto(chain.address)
    expect(watched.page.locator(".main")).to_contain_text("Device door-camera has been silent")
    watched.check()


def test_an_order_is_changed_approved_and_reaches_the_hub(chain: Cloud, browser: Browser) -> None:
    order = httpx.get(f"{chain.address}/v1/orders?state=proposed&store=corner-shop", headers=TOKEN).json()["orders"][0]
    watched = Watched(browser)
    watched.page.goto(f"{chain.address}/orders?open={order['order_id']}")
    card = watched.page.locator("article").first
    number = card.locator("input[type=number]").first
    number.fill("")
    number.press("Tab")
    card.get_by_role("button", name="Approve").click()
    expect(watched.page.locator(".q-notification")).to_contain_text("give a number of units")
    number.fill("7")
    number.press("Tab")
    card.get_by_role("button", name="Approve").click()
    expect(watched.page.locator(".q-notification").filter(has_text="Say why")).to_be_visible()
    why = card.get_by_label("Why changed")
    why.fill("Weather")
    why.press("Enter")
    card.get_by_role("button", name="Approve").click()
    expect(card).to_contain_text("the shop's hub fetches it now")
    watched.page.reload()
    decided = watched.page.locator(".card", has_text="Decided in the last 14 days")
    expect(decided).to_contain_text("0 %")
    expect(decided).to_contain_text("→ 7: Weather")
    with watched.page.expect_download() as handed_out:
        watched.page.get_by_role("button", name=f"{order['order_id']} CSV").click()
    assert f"{order['order_id']}," in handed_out.value.path().read_text()
    if os.environ.get("AISLEWISE_SCREENSHOTS"):
        watched.page.screenshot(path=Path(os.environ["AISLEWISE_SCREENSHOTS"]) / "cloud-decided.png", full_page=True)
    watched.check()
    plans = httpx.get(f"{chain.address}/v1/stores/corner-shop/plans?after=0", headers=TOKEN).json()["plans"]
    sent = next(page["plan"] for page in plans if page["plan"].get("order_id") == order["order_id"])
    first = codec.plans.decode(json.dumps(sent).encode())
    assert next(line.units for line in first.lines if line.sku == order["body"]["lines"][0]["sku"]) == 7  # type: ignore[union-attr]  # An order.


def test_terms_are_tried_and_then_kept(chain: Cloud, browser: Browser) -> None:
    watched = Watched(browser)
    watched.page.goto(f"{chain.address}/orders/terms?store=corner-shop")
    watched.page.get_by_label("Service level, %").fill("70")
    watched.page.get_by_role("button", name="Try").click()
    expect(watched.page.locator("table.figures").first).to_contain_text("Demand served")
    expect(watched.page.locator(".stack h2")).to_contain_text("less of the demand")
    if os.environ.get("AISLEWISE_SCREENSHOTS"):
        watched.page.screenshot(path=Path(os.environ["AISLEWISE_SCREENSHOTS"]) / "cloud-terms-tried.png", full_page=True)
    watched.page.get_by_role("button", name="Keep").click()
    expect(watched.page.locator(".card", has_text="Terms kept")).to_contain_text("service level 70 %")
    httpx.put(f"{chain.address}/v1/terms", headers=TOKEN, json={"scope": "all", "terms": {}})
    watched.check()


def test_the_list_is_worked_through_with_the_keyboard(chain: Cloud, browser: Browser) -> None:
    watched = Watched(browser)
    watched.page.goto(chain.address)
    cards = watched.page.locator("section article.card")
    expect(cards.first).to_be_visible()
    before = cards.count()
    skipped = cards.first.inner_text()
    watched.page.keyboard.press("s")
    expect(cards).to_have_count(before - 1)
    watched.page.keyboard.press("u")
    expect(cards).to_have_count(before)
    assert cards.first.inner_text() == skipped
    watched.page.keyboard.press("e")
    watched.page.wait_for_url(re.compile("/orders"))
    watched.check()


def test_the_readers_own_theme_is_kept_for_the_next_page(chain: Cloud, browser: Browser) -> None:
    watched = Watched(browser)
    watched.page.goto(chain.address)
    watched.page.get_by_role("button", name="Light or dark").click()
    expect(watched.page.locator("body")).to_have_class(re.compile("body--dark"))
    watched.page.goto(f"{chain.address}/layout")
    expect(watched.page.locator("body")).to_have_class(re.compile("body--dark"))
    watched.check()


def test_a_release_is_brought_to_the_shops_and_stopped_from_the_page(chain: Cloud, browser: Browser, tmp_path: Path) -> None:
    (chain.releases / "keys").mkdir(parents=True)
    key, public = make_key(tmp_path)
    (chain.releases / "keys" / "maker.pub").write_bytes(public.read_bytes())
    wheel = tmp_path / "aislewise-0.9.1-py3-none-any.whl"
    wheel.write_bytes(b"a wheel")
    pack([wheel], version="0.9.1", packages=["aislewise==0.9.1"], key_file=key, out=tmp_path / "0.9.1.tar")
    ReleaseShelf(chain.releases).add(tmp_path / "0.9.1.tar")
    watched = Watched(browser)
    watched.page.goto(chain.address + "/devices")
    watched.page.get_by_role("button", name="Begin with one device").click()
    card = watched.page.locator("section.card", has_text="Software")
    expect(card).to_contain_text("0.9.1 is being rolled out")
    expect(card.locator("tbody tr").first).to_contain_text("1 shop has not answered yet")
    expect(card).to_contain_text("This ring is waited for 48 hours more")
    told = httpx.get(f"{chain.address}/v1/fleet/rollouts", headers=TOKEN).json()["rollouts"][0]["rollout"]
    assert [len(ring) for ring in told["rings"]] == [1, 1, 1, 1]
    plans = httpx.get(f"{chain.address}/v1/stores/{told['rings'][0][0]}/plans", params={"after": 0}, headers=TOKEN).json()["plans"]
    assert [plan["plan"]["reach"] for plan in plans if plan["plan"]["type"] == "software_rollout"] == ["one_device"]
    card.get_by_role("button", name="Stop it").click()
    expect(card).to_contain_text("was halted: stopped by")
    expect(card.locator("tbody tr").first).to_contain_text("not finished:")
    watched.check()
