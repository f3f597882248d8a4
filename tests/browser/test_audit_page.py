"""The audit page in a real browser, on a phone and on a desktop: strips are judged one by one, and the report says what was judged.

Set AISLEWISE_SCREENSHOTS to a folder to keep a picture of each page. The strips show the simulated shop.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from edge_agent.adapters.simulated_pictures import SimulatedPictures
from edge_agent.simulated_store.camera_view import camera_config
from wire_format import codec
from wire_format.plans import Planogram

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
SIZES = {"phone": (390, 844), "desktop": (1440, 900)}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with half a minute of the simulated shop, its boxes and the camera's keys."""
    if not CHROMIUM.exists():
        pytest.skip("Debian's chromium is not installed: apt-get install chromium")
    folder = tmp_path_factory.mktemp("audit-page")
    plan = codec.plans.decode((ROOT / "demo" / "planogram.json").read_bytes())
    assert isinstance(plan, Planogram)
    source, boxes = SimulatedPictures(plan, seed=3, is_paced=False), []
    writer = cv2.VideoWriter(str(folder / "film.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 5, (source.width_px, source.height_px))
    for _ in range(220):
        seen = source.next(1000)
        writer.write(seen.frame.pixels)
        for (left, top, right, bottom), sure in zip(seen.boxes, seen.scores, strict=True):
            boxes.append(f"{seen.frame.number},-1,{left:.1f},{top:.1f},{right - left:.1f},{bottom - top:.1f},{sure:.2f},-1,-1,-1")
    writer.release()
    (folder / "boxes.txt").write_text("\n".join(boxes) + "\n")
    line = camera_config(plan).lines[0]
    ends = f"x1 = {line.x1}\ny1 = {line.y1}\nx2 = {line.x2}\ny2 = {line.y2}\n"
    (folder / "camera.toml").write_text(
        f'area_id = "whole-floor"\nsource = "0"\nframes_per_s = 5.0\n[[lines]]\ndoor_id = "front-door"\n{ends}', encoding="utf-8"
    )
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    if not CHROMIUM.exists():
        pytest.skip("Debian's chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


def judge_all(page: Page, shot: Path, *, by_keys: bool) -> tuple[int, int]:
    """Call every crossing right, and one person missed in the first quiet stretch; how many were asked and missed."""
    asked, missed = 0, 0
    while True:
        asked += 1
        assert page.locator(".strip img").count() >= 1
        page.wait_for_function(
            "() => [...document.querySelectorAll('.strip img')].every(image => image.complete && image.naturalWidth > 0)"
        )
        is_last = page.get_by_role("button", name="Next").is_disabled()
        if page.get_by_text("Is that right?").count():
            if asked <= 3:
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
                page.screenshot(path=str(shot))
            page.keyboard.press("1") if by_keys else page.get_by_role("button", name="1 · Right").click()
        else:
            if not missed:
                page.get_by_role("button", name="One more: missed in").click()
                missed += 1
                page.get_by_role("button", name="Next").click() if not is_last else None
            else:
                page.get_by_role("button", name="Nobody crossed").click()
        if is_last:
            break
    return asked, missed


@pytest.mark.parametrize(("size", "theme"), [("phone", "light"), ("desktop", "dark")])
def test_strips_are_judged_and_the_report_says_so(browser: Browser, film: Path, tmp_path: Path, size: str, theme: str) -> None:
    command = ["audit", "film.avi", "--config", "camera.toml", "--detections", "boxes.txt", "--quiet", "1", "--events", "3", "--json"]
    running = subprocess.Popen(
        [sys.executable, "-m", "edge_agent", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=film
    )
    assert running.stderr is not None
    told = "".join(running.stderr.readline() for _ in range(3))
    found = re.search(r"Open\s+(\S+)\s+Code\s+(\S+)", told)
    assert found is not None, told + running.stderr.read()
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme="dark" if theme == "dark" else "light")
    page, complaints = context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(found[1])
    page.get_by_label("Code").fill(found[2])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("0 of ")
    expect(page.locator(".strip .now")).to_have_count(1 if page.get_by_text("Is that right?").count() else 0)
    shots = Path(os.environ.get("AISLEWISE_SCREENSHOTS", tmp_path))
    asked, missed = judge_all(page, shots / f"edge-audit-{size}-{theme}.png", by_keys=size == "desktop")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{asked} of {asked} judged")
    expect(page.get_by_text("too little judged")).to_have_count(0)
    page.screenshot(
        path=str(Path(os.environ.get("AISLEWISE_SCREENSHOTS", tmp_path)) / f"edge-audit-end-{size}-{theme}.png"), full_page=True
    )
    page.get_by_role("button", name="Finish the audit").click()
    output, errors = running.communicate(timeout=20)
    assert running.returncode == 0, errors
    assert "not sent to the hub: give --config the device's whole file" in errors or "Traceback" not in errors
    (door,) = json.loads(output)["doors"]
    assert (door["right"], door["judged"], door["missed"]) == (3, 3, missed) == (asked - 1, 3, 1)
    assert complaints == []
    context.close()
