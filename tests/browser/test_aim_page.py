"""The aiming page in a real browser, on a phone and on a desktop: what is drawn is what the camera's file then says.

Set AISLEWISE_SCREENSHOTS to a folder to keep a picture of each page. The pictures show the simulated shop.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
SIZES = {"phone": (390, 844), "desktop": (1440, 900)}
CAMERA = """\
# The camera above the door.
area_id = "whole-floor"   # as on the plan
source = "0"

[[lines]]
door_id = "front-door"  # measured by Ana
x1 = 140.0
y1 = 499.0
x2 = 240.0
y2 = 499.0
"""
FLOOR = [(64, 532, 0, 8), (897, 532, 12, 8), (727, 260, 12, 0), (235, 260, 0, 0), (480, 532, 6, 8)]


class Aim:
    """A running `edge-agent aim` on the simulated shop."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.file = folder / "camera.toml"
        self.file.write_text(CAMERA, encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "edge_agent",
            "aim",
            "--config",
            str(self.file),
            "--simulated",
            str(ROOT / "demo" / "planogram.json"),
        ]
        self.process = subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True, cwd=ROOT)
        assert self.process.stderr is not None
        told = "".join(self.process.stderr.readline() for _ in range(3))
        found = re.search(r"Open\s+(\S+)\s+Code\s+(\S+)", told)
        assert found is not None, told + self.process.stderr.read()
        self.address, self.code = found[1], found[2]

    def end(self) -> tuple[int, str]:
        """Stop it if it runs; its exit code and what it said."""
        if self.process.poll() is None:
            self.process.terminate()
        _, told = self.process.communicate(timeout=20)
        return self.process.returncode, told

    def said(self) -> dict[str, Any]:
        """What the file says now."""
        return tomllib.loads(self.file.read_text(encoding="utf-8"))


@pytest.fixture
def aim(tmp_path: Path) -> Iterator[Callable[..., Aim]]:
    """Start aiming pages; each must end without a traceback."""
    if not CHROMIUM.exists():
        pytest.skip("Debian's chromium is not installed: apt-get install chromium")
    started: list[Aim] = []

    def start(*options: str) -> Aim:
        started.append(Aim(tmp_path, *options))
        return started[-1]

    yield start
    for one in started:
        assert "Traceback" not in one.end()[1]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    if not CHROMIUM.exists():
        pytest.skip("Debian's chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


def open_page(browser: Browser, aim: Aim, *, size: str = "desktop", theme: str = "light", touch: bool = False) -> tuple[Page, list[str]]:
    """Type the code and wait for the picture; returns the page and the list of its complaints."""
    width, height = SIZES[size]
    scheme = "dark" if theme == "dark" else "light"
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, has_touch=touch, is_mobile=touch)
    page, complaints = context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(aim.address)
    page.get_by_label("Code").fill(aim.code.lower())
    page.get_by_role("button", name="Open the page").click()
    page.wait_for_selector("#canvas[data-number]")
    return page, complaints


def tap(page: Page, x_px: float, y_px: float, *, touch: bool) -> None:
    """Tap the picture at a pixel of the camera."""
    box = page.locator("#over").bounding_box()
    assert box is not None
    at = (box["x"] + x_px * box["width"] / 960, box["y"] + y_px * box["height"] / 720)
    page.touchscreen.tap(*at) if touch else page.mouse.click(*at)


def draw_a_line(page: Page, *, touch: bool) -> None:
    """A second line, named."""
    page.get_by_role("button", name="Add a line").click()
    tap(page, 300, 600, touch=touch)
    tap(page, 420, 600, touch=touch)
    page.get_by_label("Door", exact=True).last.fill("side-door")
    page.keyboard.press("Tab")


def mark_the_floor(page: Page, *, touch: bool) -> None:
    """Five points on picture and plan."""
    page.get_by_role("tab", name="Floor").click()
    for number, (x_px, y_px, x_m, y_m) in enumerate(FLOOR):
        page.get_by_role("button", name="Add a point").click()
        tap(page, x_px, y_px, touch=touch)
        page.get_by_label("x, m").nth(number).fill(str(x_m))
        page.get_by_label("y, m").nth(number).fill(str(y_m))


def draw_a_mask(page: Page, *, touch: bool) -> None:
    """Three corners in the picture."""
    page.get_by_role("tab", name="Masks").click()
    page.get_by_role("button", name="Add a mask").click()
    for corner in ((700, 100), (900, 100), (800, 200)):
        tap(page, *corner, touch=touch)
    page.get_by_role("button", name="Close the mask").click()
    expect(page.locator("#over .mask")).to_have_count(1)


def draw_a_zone(page: Page, *, touch: bool) -> None:
    """Four corners in the picture."""
    page.get_by_role("tab", name="Zones").click()
    page.get_by_role("button", name="Add a zone").click()
    for corner in ((300, 400), (420, 400), (430, 480), (290, 480)):
        tap(page, *corner, touch=touch)
    page.get_by_role("button", name="Close the zone").click()
    page.get_by_label("Kind").select_option("queue")
    expect(page.locator("#over .area")).to_have_count(1)


@pytest.mark.parametrize(("size", "theme", "touch"), [("phone", "dark", True), ("desktop", "light", False)])
def test_a_line_and_a_floor_are_drawn_and_the_file_says_so(
    browser: Browser, aim: Callable[..., Aim], tmp_path: Path, size: str, theme: str, touch: bool
) -> None:
    running = aim()
    page, complaints = open_page(browser, running, size=size, theme=theme, touch=touch)
    shots = Path(os.environ.get("AISLEWISE_SCREENSHOTS", tmp_path))
    expect(page.get_by_role("heading", level=1)).to_have_text("Doors are counted; the floor is not known yet")
    draw_a_line(page, touch=touch)
    page.screenshot(path=str(shots / f"edge-aim-lines-{size}-{theme}.png"))
    mark_the_floor(page, touch=touch)
    expect(page.locator("#residual")).to_contain_text("The points are missed by up to")
    expect(page.locator("#over .grid")).not_to_have_count(0)
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= SIZES[size][0]
    small = page.evaluate(
        "[...document.querySelectorAll('button, select, input')].filter(e => e.offsetParent && e.offsetHeight < 44).length"
    )
    assert small == 0
    page.screenshot(path=str(shots / f"edge-aim-floor-{size}-{theme}.png"))
    draw_a_zone(page, touch=touch)
    page.screenshot(path=str(shots / f"edge-aim-zones-{size}-{theme}.png"))
    draw_a_mask(page, touch=touch)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Saved to camera.toml")).to_be_visible()
    said = running.said()
    assert [line["door_id"] for line in said["lines"]] == ["front-door", "side-door"]
    assert abs(said["lines"][1]["x2"] - 420) < 3
    assert [(p["x_m"], p["y_m"]) for p in said["floor"]["points"]] == [(x, y) for *_, x, y in FLOOR]
    (mask,) = said["masks"]
    assert (mask["name"], len(mask["points"])) == ("mask-1", 3)
    (zone,) = said["zones"]
    assert (zone["zone_id"], zone["kind"], len(zone["corners_m"])) == ("zone-1", "queue", 4)
    assert all(1.5 < x < 6.5 and 3.5 < y < 7.5 for x, y in zone["corners_m"])
    assert running.file.read_text(encoding="utf-8").startswith(CAMERA)
    page.get_by_role("button", name="End the page").click()
    running.process.wait(timeout=60)
    assert not {complaint.replace("REFUSED", "RESET") for complaint in complaints} - {"Failed to load resource: net::ERR_CONNECTION_RESET"}
    page.context.close()


def test_handles_move_by_arrow_keys_and_undo_takes_it_back(browser: Browser, aim: Callable[..., Aim]) -> None:
    running = aim()
    page, complaints = open_page(browser, running)
    page.locator('[data-handle="lines 0 1"]').focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.get_by_label("x1, px")).to_have_value("141")
    expect(page.get_by_label("y1, px")).to_have_value("509")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("y1, px")).to_have_value("499")
    page.get_by_role("button", name="Redo").click()
    page.get_by_role("tab", name="Masks").press("Enter")
    page.get_by_role("button", name="Add a mask").press("Enter")
    page.locator('[data-handle="masks 0 1"]').press("Shift+ArrowLeft")
    expect(page.locator("#over .mask polygon").first).to_have_attribute("points", "384,432 566,432 624,540 336,540")
    page.get_by_role("button", name="Remove mask-1").press("Enter")
    page.keyboard.press("Control+s")
    expect(page.get_by_role("status").filter(has_text="Saved to")).to_be_visible()
    assert running.file.read_text(encoding="utf-8") == CAMERA.replace("x1 = 140.0", "x1 = 141.0").replace("y1 = 499.0", "y1 = 509.0")
    assert complaints == []
    page.context.close()


def test_a_file_that_somebody_else_changed_is_not_overwritten(browser: Browser, aim: Callable[..., Aim]) -> None:
    running = aim()
    page, _ = open_page(browser, running)
    changed = running.file.read_text(encoding="utf-8").replace("Ana", "Li Wei")
    running.file.write_text(changed, encoding="utf-8")
    page.get_by_role("button", name="Swap in and out of front-door").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("somebody else has changed the file")).to_be_visible()
    assert running.file.read_text(encoding="utf-8") == changed
    page.context.close()


def test_the_page_speaks_chinese_and_shows_the_coarse_picture(browser: Browser, aim: Callable[..., Aim], tmp_path: Path) -> None:
    running = aim("--cover", "people")
    page, complaints = open_page(browser, running, theme="dark")
    assert page.locator("#cover option").count() == 2  # Whoever started it allowed nothing weaker.
    page.get_by_label("Made unrecognisable").select_option("everything")
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("门已计数；地面尚未标定")
    first = page.locator("#canvas").get_attribute("data-number")
    page.wait_for_function("number => Number(document.getElementById('canvas').dataset.number) > Number(number) + 4", arg=first)
    colours = page.evaluate(
        "() => { const c = document.getElementById('canvas'); const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        " let runs = 0; for (let x = 1; x < c.width; x += 1) { const i = (300 * c.width + x) * 4;"
        " if (Math.abs(d[i] - d[i - 4]) > 6) runs += 1; } return runs; }"
    )
    assert colours <= 3 * 48, "the coarse picture has more than its blocks"
    shots = Path(os.environ.get("AISLEWISE_SCREENSHOTS", tmp_path))
    page.screenshot(path=str(shots / "edge-aim-coarse-desktop-dark.png"))
    assert complaints == []
    page.context.close()


def test_nobody_else_gets_in_with_the_code_once_it_was_used(browser: Browser, aim: Callable[..., Aim]) -> None:
    running = aim()
    page, _ = open_page(browser, running)
    other = browser.new_context().new_page()
    other.goto(running.address)
    other.get_by_label("Code").fill(running.code)
    other.get_by_role("button", name="Open the page").click()
    expect(other.get_by_role("alert")).to_have_text("This code was used already. Start the command again for a new one.")
    assert other.request.get(running.address + "live.jpg").status == 401
    other.context.close()
    page.context.close()


def test_a_page_that_everybody_has_left_ends_by_itself(browser: Browser, aim: Callable[..., Aim]) -> None:
    running = aim("--idle-minutes", "0.05")
    page, _ = open_page(browser, running)  # It goes on asking for pictures, and nobody touches it.
    assert running.process.wait(timeout=20) == 0
    expect(page.get_by_role("alert")).to_contain_text("The page has ended")
    page.context.close()
