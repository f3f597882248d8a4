"""Settings in a real browser: what is set holds in the ledger, channels are tested, and the planogram is edited by hand."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import cv2
import pytest
from hub_in_a_browser import Hub, Watch
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


class Receiver(BaseHTTPRequestHandler):
    """A service that takes messages."""

    def do_POST(self) -> None:  # The library's own name.
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.took.append(json.loads(body))  # type: ignore[attr-defined]  # Ours.
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    server.took = []  # type: ignore[attr-defined]  # Ours.
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def settings(hub: Hub) -> Any:
    row = hub.ask("SELECT payload FROM settings")
    return None if row is None else json.loads(row[0])


def test_marks_are_set_for_the_shop_and_for_an_article_and_hold_at_once(watch: Callable[..., Watch], hub: Hub) -> None:
    page = watch().go("/settings")
    alerts, places = page.locator("#form-alerts"), page.locator("#form-places")
    alerts.get_by_label("Low from, % of what fits").fill("50")
    alerts.get_by_label("Quiet from").fill("22:00")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_role("alert")).to_have_text("Quiet hours need both a beginning and an end.")
    alerts.get_by_label("Quiet until").fill("06:30")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_role("alert")).to_have_text("Saved. It holds from now on.")
    assert settings(hub)["alerts"]["low_share"] == 0.5
    assert settings(hub)["alerts"]["quiet_to"] == "06:30"
    assert hub.ask("SELECT low_units, capacity_units FROM facings WHERE sku = 'gouda-400'")[0] * 2 >= 10
    places.get_by_label("Article").fill("Gouda in slices 400 g")
    places.get_by_label("Low from, units").fill("many")
    page.get_by_role("button", name="Add the rule").click()
    expect(page.get_by_role("alert")).to_have_text("many is no number.")
    places.get_by_label("Low from, units").fill("4")
    page.get_by_role("button", name="Add the rule").click()
    row = page.get_by_role("row", name="Gouda in slices 400 g")
    expect(row).to_be_visible()
    assert settings(hub)["alerts"]["places"][0]["low_units"] == 4
    row.get_by_role("button", name="Remove").click()
    expect(row).to_be_hidden()


def test_a_target_is_set_with_its_owner(watch: Callable[..., Watch], hub: Hub) -> None:
    page = watch(size="phone").go("/settings")
    page.get_by_label("Conversion, %").fill("61.5")
    page.locator("[name=conversion_owner]").fill("Li Wei")
    page.locator("[name=conversion_review]").fill("2026-12-31")
    page.get_by_role("button", name="Save").nth(1).click()
    expect(page.get_by_role("alert")).to_have_text("Saved. It holds from now on.")
    assert settings(hub)["targets"] == [{"figure": "conversion", "value": 0.615, "owner": "Li Wei", "review_on": "2026-12-31"}]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_channel_is_added_tested_and_removed_and_its_password_is_never_shown(
    watch: Callable[..., Watch], hub: Hub, receiver: HTTPServer
) -> None:
    page = watch().go("/settings")
    page.locator("#form-channels [name=name]").fill("Ana's phone")
    page.locator("[name=url]").fill("nonsense")
    page.get_by_role("button", name="Add for staff").click()
    expect(page.get_by_role("alert")).to_contain_text("That address is none that is known")
    page.locator("[name=url]").fill(f"json://ana:secret@127.0.0.1:{receiver.server_port}/secretpath")
    page.get_by_role("button", name="Add for staff").click()
    expect(page.get_by_role("cell", name="Ana's phone", exact=True)).to_be_visible()
    assert "secret" not in page.content()
    assert page.locator("[name=url]").input_value() == ""
    page.get_by_role("button", name="Send a test to Ana's phone").click()
    expect(page.get_by_role("alert")).to_have_text("The service of Ana's phone took the test message.")
    assert [told["title"] for told in receiver.took] == ["Corner shop: a test"]  # type: ignore[attr-defined]  # Ours.
    page.get_by_role("button", name="Remove Ana's phone").click()
    expect(page.get_by_role("cell", name="Ana's phone", exact=True)).to_be_hidden()
    assert hub.ask("SELECT count(*) FROM channels") == (0,)


def open_editor(watch: Callable[..., Watch]) -> Page:
    page = watch().go("/settings")
    page.get_by_role("link", name="Edit the planogram").click()
    page.wait_for_selector(".bay")
    return page


def plan(hub: Hub) -> Any:
    return json.loads(hub.ask("SELECT payload FROM planogram")[0])


def test_a_bay_is_dragged_put_in_force_and_an_earlier_version_put_back(watch: Callable[..., Watch], hub: Hub) -> None:
    page = open_editor(watch)
    bay = page.get_by_role("button", name="Dairy")
    before = plan(hub)["bays"][1]["place"]
    box = bay.locator("rect").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 20, box["y"] + box["height"] / 2 + box["height"] * 2, steps=4)
    page.mouse.up()
    expect(page.get_by_text("Changed, not yet in force.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    assert page.get_by_label("from the top, m").input_value() == f"{before['y_m']:g}"
    page.get_by_role("button", name="Redo").click()
    bay.focus()
    page.keyboard.press("Shift+ArrowRight")
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("Nothing contradicts itself.")).to_be_visible()
    expect(page.get_by_text("Pantry · shelf 3: a scale cannot tell Long-grain rice 1 kg and Wheat flour 1 kg apart.")).to_be_visible()
    page.get_by_role("button", name="Put in force").click()
    expect(page.get_by_text("Version 2 is in force.")).to_be_visible()
    after = plan(hub)["bays"][1]["place"]
    assert after["x_m"] == pytest.approx(before["x_m"] + 0.5)
    assert after["y_m"] == pytest.approx(before["y_m"] + 2 * before["depth_m"], abs=0.1)
    page.get_by_role("button", name="Put back: version 1").click()
    expect(page.get_by_text("Version 3 is in force.")).to_be_visible()
    assert plan(hub)["bays"][1]["place"] == before


def test_an_article_is_given_a_place_and_what_contradicts_itself_is_refused(watch: Callable[..., Watch], hub: Hub) -> None:
    page = open_editor(watch)
    page.get_by_role("button", name="Cold drinks").click()
    page.get_by_label("fit", exact=True).first.fill("20")
    page.get_by_label("call at").first.fill("30")
    page.get_by_label("call at").first.press("Tab")
    version = plan(hub)["version"]
    page.get_by_role("button", name="Put in force").click()
    expect(page.get_by_text("has low_units 30, but only 20 fit")).to_be_visible()
    assert plan(hub)["version"] == version
    page.get_by_label("call at").first.fill("5")
    page.get_by_label("call at").first.press("Tab")
    page.get_by_role("button", name="Put in force").click()
    expect(page.get_by_text(f"Version {version + 1} is in force.")).to_be_visible()
    assert plan(hub)["bays"][0]["shelves"][0]["facings"][0]["low_units"] == 5


def draw_with_fingers(page: Page, *ways: tuple[tuple[float, float], tuple[float, float]]) -> None:
    """Put a finger down at each way's start, go to its end in steps, and lift them."""
    session = page.context.new_cdp_session(page)

    def tell(kind: str, share: float) -> None:
        points = [
            {"x": x + (to_x - x) * share, "y": y + (to_y - y) * share, "id": number} for number, ((x, y), (to_x, to_y)) in enumerate(ways)
        ]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points if kind != "touchEnd" else []})

    tell("touchStart", 0)
    for step in range(1, 5):
        tell("touchMove", step / 4)
    tell("touchEnd", 1)


def box_of(page: Page, part: str) -> tuple[float, float, float, float]:
    box = page.locator(part).bounding_box()
    assert box is not None
    return box["x"], box["y"], box["width"], box["height"]


def test_on_a_phone_a_bay_is_found_by_name_and_dragged_by_its_middle_and_corner(watch: Callable[..., Watch], hub: Hub) -> None:
    page = watch(size="phone", by="finger").go("/plan")
    before = next(bay for bay in plan(hub)["bays"] if bay["name"] == "Snacks and sweets")["place"]
    page.get_by_label("Bay", exact=True).select_option("Snacks and sweets")
    x, y, wide, high = box_of(page, ".bay.chosen rect >> nth=0")
    assert high >= 40, "a thumb can take it"
    draw_with_fingers(page, ((x + wide / 2, y + high / 2), (x + wide / 2 + 40, y + high / 2)))
    moved = before["x_m"] + before["width_m"] * 40 / wide
    expect(page.get_by_text("Changed, not yet in force.")).to_be_visible()
    assert float(page.get_by_label("from the left, m").input_value()) == pytest.approx(moved, abs=0.06)
    page.get_by_label("Bay", exact=True).select_option("Dairy")
    page.get_by_label("Bay", exact=True).select_option("Snacks and sweets")
    x, y, wide, high = box_of(page, ".grip")
    assert min(wide, high) >= 43, "so can the corner be"
    draw_with_fingers(page, ((x + wide - 6, y + high - 6), (x + wide - 66, y + high - 6)))
    assert float(page.locator("#panel .fields").get_by_label("width, m").input_value()) < before["width_m"] - 0.2


def test_on_a_phone_two_fingers_zoom_and_buttons_move_and_size_what_is_put_in_force(watch: Callable[..., Watch], hub: Hub) -> None:
    page = watch(size="phone", by="finger").go("/plan")
    before = next(bay for bay in plan(hub)["bays"] if bay["name"] == "At the till")["place"]
    page.get_by_label("Bay", exact=True).select_option("At the till")
    drawn = box_of(page, "#view svg")[2]
    x, y, _, _ = box_of(page, "#view")
    draw_with_fingers(page, ((x + 60, y + 300), (x + 120, y + 300)), ((x + 260, y + 300), (x + 200, y + 300)))
    page.wait_for_function("wide => document.querySelector('#view svg').getBoundingClientRect().width < 0.6 * wide", arg=drawn)
    page.get_by_label("One press").select_option("50 cm")
    page.get_by_role("button", name="Move left").tap()
    page.get_by_role("button", name="Wider").tap()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    version = plan(hub)["version"]
    page.get_by_role("button", name="Put in force").tap()
    expect(page.get_by_text(f"Version {version + 1} is in force.")).to_be_visible()
    after = next(bay for bay in plan(hub)["bays"] if bay["name"] == "At the till")["place"]
    assert (after["x_m"], after["width_m"]) == pytest.approx((before["x_m"] - 0.5, before["width_m"] + 0.5))


def test_what_drifts_and_each_target_stand_on_sales_and_a_chart_can_be_taken_along(watch: Callable[..., Watch], hub: Hub) -> None:
    page = watch().go("/sales")
    expect(page.get_by_role("row", name="Conversion")).to_contain_text("off target")
    expect(page.get_by_role("row", name="Conversion")).to_contain_text("Li Wei")
    with page.expect_download() as table:
        page.get_by_role("button", name="CSV: Sales by hour").click()
    assert table.value.path().read_text().splitlines()[0].startswith("x,today")
    with page.expect_download() as picture:
        page.get_by_role("button", name="PNG: Sales by hour").click()
    assert picture.value.path().read_bytes().startswith(b"\x89PNG")
    articles = page.context.request.get(hub.address + "/sales-articles.csv").text()
    assert articles.splitlines()[0] == "sku,name,units,revenue_minor,units_week_before"
    page = watch().go("/floor")
    with page.expect_download() as cells:
        page.get_by_role("button", name="CSV: Heat of the floor").click()
    assert cells.value.path().read_text().splitlines()[0] == "left_m,top_m,side_m,person_s_per_m2"
    with page.expect_download() as heat:
        page.get_by_role("button", name="PNG: Heat of the floor").click()
    drawn = cv2.imread(str(heat.value.path()))
    assert drawn[:, :, 1].max() - drawn[:, :, 1].min() > 200  # Neither blank nor without its ground.
    plan_box = page.locator(".plan").bounding_box()
    assert plan_box is not None
    assert drawn.shape[1] == pytest.approx(2 * (plan_box["width"] + 32), abs=2)
