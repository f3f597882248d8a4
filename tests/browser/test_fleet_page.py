"""A manager changes a device and brings software to it: hub, agent, keeper, broker and browser are real.

Set AISLEWISE_SCREENSHOTS to a folder to keep pictures of the steps.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hub_in_a_browser import ARGUMENTS, CHROMIUM, SIZES
from kept_device import KeptDevice, make_borrowed_wheel, make_wheel, running
from playwright.sync_api import Page, expect, sync_playwright

pytestmark = [pytest.mark.browser, pytest.mark.broker, pytest.mark.timeout(400)]


@pytest.fixture
def device(tmp_path: Path, mosquitto: Any, free_port: int) -> Iterator[KeptDevice]:
    with running(tmp_path, broker_port=mosquitto.port, hub_port=free_port) as kept:
        yield kept


@pytest.fixture
def page(device: KeptDevice, free_port: int) -> Iterator[Page]:
    if not CHROMIUM.exists():
        pytest.skip("Debian's chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        width, height = SIZES["desktop"]
        opened = browser.new_page(base_url=f"http://127.0.0.1:{free_port}", viewport={"width": width, "height": height})
        complaints: list[str] = []
        opened.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.set_default_timeout(60_000)
        yield opened
        browser.close()
    assert complaints == []


def keep_picture(page: Page, name: str) -> None:
    if folder := os.environ.get("AISLEWISE_SCREENSHOTS"):
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            page.screenshot(path=f"{folder}/hub-{name}-{size}-light.png", full_page=True)
        page.set_viewport_size(dict(zip(("width", "height"), SIZES["desktop"], strict=True)))


def released(folder: Path, version: str) -> None:
    """A release made and put on the hub with the commands of an engineer."""
    wheels = folder / "wheels"
    wheels.mkdir()
    make_wheel(wheels, version)
    make_borrowed_wheel(wheels)
    program = [str(Path(sys.executable).parent / "store-hub"), "release"]
    keys = folder / "var" / "releases" / "keys"
    trusted = folder / "etc" / "release_keys"
    for place in (keys, trusted):
        place.mkdir(parents=True)

    def run(*words: str) -> None:
        said = subprocess.run([*program, *words], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
        assert said.returncode == 0, said.stderr

    run("key", ".")
    for place in (keys, trusted):
        (place / "release.pub").write_bytes((folder / "release.pub").read_bytes())
    run("pack", "wheels", "--version", version, "--key", "release.key", "--out", f"{version}.tar")
    run("add", f"{version}.tar")


def test_a_device_is_changed_and_updated_from_the_page(device: KeptDevice, page: Page, tmp_path: Path) -> None:
    released(tmp_path, "0.9.5")
    device.start()
    page.goto("/devices/setup")
    page.get_by_role("link", name="Configure").click()
    file = page.locator("#device-file")
    expect(file).to_have_value(device.toml())
    file.fill(device.toml().replace("[broker]", "[brokre]"))
    page.get_by_role("button", name="Send it to the device").click()
    expect(page.get_by_role("alert")).to_contain_text("brokre")
    better = device.toml(confirm_every_s=60.0)
    file.fill(better)
    page.get_by_role("button", name="Send it to the device").click()
    expect(page.get_by_text("Version 1: works, and is kept")).to_be_visible()
    expect(file).to_have_value(better)
    assert device.config.read_text() == better
    page.get_by_role("button", name="Get its log").click()
    expect(page.locator("pre")).to_contain_text("edge agent starts")
    keep_picture(page, "setup-file")
    page.goto("/devices/setup")
    page.get_by_role("button", name="Roll out").click()
    expect(page.get_by_text("0.9.5 is being rolled out by")).to_be_visible()
    expect(page.get_by_text("0.9.5 runs on every device")).to_be_visible(timeout=120_000)
    keep_picture(page, "setup")
    assert device.state.slot == "b"
