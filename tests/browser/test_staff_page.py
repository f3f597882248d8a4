"""The staff's page on a phone: tasks under the thumb, live, without a network, and no press booked twice or lost.

Set AISLEWISE_SCREENSHOTS to a folder to keep a picture of it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hub_in_a_browser import SIZES, Hub, Watch
from playwright.sync_api import Browser, Page, Route, expect
from running_programs import wait_until

pytestmark = pytest.mark.browser

PRESSES = "SELECT count(*) FROM journal WHERE source = 'alert_action'"


def test_tasks_stand_in_walking_order_with_large_buttons_and_without_a_complaint(watch: Callable[..., Watch]) -> None:
    watched = watch(size="phone")
    watched.page.on("requestfailed", lambda request: None)
    page = watched.go("/staff")
    page.wait_for_selector(".task")
    expect(page.locator(".task h2")).to_have_text(["Whole milk 1 l", "Cola 0.33 l", "Lager 0.5 l"])
    small = page.evaluate("[...document.querySelectorAll('button, a')].filter(e => e.offsetParent && e.offsetHeight < 44).length")
    assert small == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES["phone"][0]
    if folder := os.environ.get("AISLEWISE_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/hub-staff-phone-light.png")
    page.get_by_role("button", name="Take: Whole milk 1 l").click()
    expect(page.get_by_label("Your name")).to_be_focused()  # Who is it? Asked once.
    page.keyboard.type("Bo <b>")
    page.keyboard.press("Enter")
    expect(page.locator("#who")).to_have_text("Bo <b>")
    page.goto("about:blank")  # Ends the stream before the page is closed.
    watched.complaints = [one for one in watched.complaints if "/staff/events" not in one]


def test_without_a_network_a_press_waits_says_so_and_is_booked_once_when_it_is_back(phone: Page, hub: Hub) -> None:
    before = hub.ask(PRESSES)[0]
    phone.context.set_offline(True)
    phone.get_by_role("button", name="Take: Whole milk 1 l").click()
    expect(phone.locator("#unsent")).to_contain_text("Not sent yet: 1")
    phone.get_by_role("button", name="Give back: Whole milk 1 l").click()  # It looks taken at once.
    phone.get_by_role("button", name="Take: Whole milk 1 l").click()  # Another mind, without a network, is a press of its own.
    expect(phone.locator("#unsent")).to_contain_text("Not sent yet: 3")
    assert hub.ask(PRESSES)[0] == before
    phone.context.set_offline(False)
    expect(phone.locator("#unsent")).to_be_hidden()
    expect(phone.get_by_text(re.compile("taken by Ana Ruiz"))).to_be_visible()
    assert hub.ask(PRESSES)[0] == before + 3


def test_a_press_whose_answer_is_lost_is_sent_again_and_booked_once(phone: Page, hub: Hub) -> None:
    before = hub.ask(PRESSES)[0]
    lost = []

    def lose_the_first_answer(route: Route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.fetch().status)
        route.abort()

    phone.route("**/staff/press", lose_the_first_answer)
    phone.get_by_role("button", name="Not there: Lager 0.5 l").click()
    expect(phone.get_by_text(re.compile("nothing there, says Ana Ruiz"))).to_be_visible()
    expect(phone.locator("#unsent")).to_be_hidden()
    assert lost == [200]
    assert hub.ask(PRESSES)[0] == before + 1
    phone.get_by_role("button", name="Take it up again: Lager 0.5 l").click()
    expect(phone.get_by_role("button", name="Take: Lager 0.5 l")).to_be_visible()
    wait_until(lambda: hub.ask(PRESSES)[0] == before + 2, what="what the page shows at once is booked too, before the phone is gone")


def test_once_opened_it_opens_without_a_network_and_shows_what_was_last_known(phone: Page, hub: Hub) -> None:
    phone.evaluate("navigator.serviceWorker.ready.then(() => true)")
    phone.wait_for_function("navigator.serviceWorker.controller !== null")
    phone.context.set_offline(True)
    phone.reload()
    expect(phone.locator(".task h2")).to_have_count(3)
    expect(phone.get_by_text(re.compile("No connection to the hub. What you see is of 16:0"))).to_be_visible()
    phone.goto(hub.address + "/s/bay-1-shelf-3")  # A printed code that this phone never read before.
    expect(phone.locator(".task h2")).to_have_text(["Lager 0.5 l"])
    phone.context.set_offline(False)
    expect(phone.get_by_text(re.compile("No connection to the hub"))).to_be_hidden()


def test_the_manager_gives_a_task_and_the_phone_sees_it_at_once(phone: Page, watch: Callable[..., Watch]) -> None:
    desk = watch().go("/tasks")
    desk.get_by_label("Whom to give Lager 0.5 l to").fill("Ana Ruiz")
    desk.get_by_role("button", name="Give to: Lager 0.5 l").click()
    expect(phone.get_by_text("for you")).to_be_visible()
    expect(desk.get_by_text("given to Ana Ruiz")).to_be_visible()


def test_a_shelf_shows_its_articles_and_its_printed_code_leads_there(phone: Page, hub: Hub, browser: Browser) -> None:
    sheet = browser.new_page(viewport={"width": 1440, "height": 900}, device_scale_factor=2)
    sheet.goto(hub.address + "/labels")
    label = sheet.locator("li", has_text="Cold drinks").first
    picture = cv2.imdecode(np.frombuffer(label.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    address, _, _ = cv2.QRCodeDetector().detectAndDecode(picture)
    sheet.close()
    assert address.startswith(hub.address + "/s/bay-1-shelf-1")
    phone.goto(address)
    expect(phone.get_by_role("heading", level=1)).to_have_text("Cold drinks · shelf 1")
    expect(phone.locator("#shelf").get_by_text("Cola 0.33 l")).to_be_visible()
    expect(phone.locator(".task h2")).to_have_text(["Cola 0.33 l"])


def test_the_sheet_of_codes_fits_a_phone_too(phone: Page, hub: Hub) -> None:
    phone.goto(hub.address + "/labels")
    expect(phone.locator("li").first).to_be_visible()
    assert phone.evaluate("[innerWidth, document.documentElement.scrollWidth]") == [SIZES["phone"][0]] * 2


def test_it_can_be_installed(phone: Page, hub: Hub) -> None:
    told = phone.context.request.get(hub.address + "/staff.webmanifest").json()
    assert (told["start_url"], told["display"], told["short_name"]) == ("/staff", "standalone", "Tasks")
    assert [phone.context.request.get(hub.address + icon["src"]).status for icon in told["icons"]] == [200] * 3


def test_only_the_hubs_own_pages_may_press(phone: Page, hub: Hub) -> None:
    body = '{"type":"alert_action","alert_id":1,"action":"take"}'
    headers = {"content-type": "application/json", "idempotency-key": "k1"}
    foreign = phone.context.request.post(hub.address + "/staff/press", data=body, headers={**headers, "sec-fetch-site": "cross-site"})
    assert foreign.status == 403
    assert phone.context.request.post(hub.address + "/staff/press", data="{", headers=headers).status == 422
    gone = phone.context.request.post(hub.address + "/staff/press", data=body.replace(":1,", ":99,"), headers=headers)
    assert gone.status == 404
