"""The hub's log-in in a real browser: the first link, a wrong password, the way in and out, and what a role sees."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

PROGRAM = str(Path(sys.executable).parent / "store-hub")
GOOD = "three quiet apples"


@pytest.fixture
def closed_hub(repository: Path, tmp_path: Path, free_port: int) -> Iterator[tuple[str, str, list[str]]]:
    """A hub that nobody has logged in to: its address, the link it printed, and the option that names its configuration."""
    config = tmp_path / "hub.toml"
    config.write_text(f'[ledger]\npath = "{tmp_path}/ledger.sqlite"\n[http]\nport = {free_port}\n[broker]\nport = 1\n')
    options = ["--config", str(config)]
    planogram = str(repository / "demo/planogram.json")
    subprocess.run([PROGRAM, "init", "--planogram", planogram, *options], check=True, capture_output=True, timeout=60)
    hub = subprocess.Popen([PROGRAM, "run", *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert hub.stdout is not None
    try:
        link = next(found[0] for line in hub.stdout if (found := re.search(r"http://\S+/welcome/\S+", line)))
        yield f"http://127.0.0.1:{free_port}", link, options
    finally:
        hub.terminate()
        hub.wait(60)


@pytest.mark.browser
def test_the_first_link_makes_a_manager_who_lets_others_in(browser: Browser, closed_hub: tuple[str, str, list[str]]) -> None:
    address, link, options = closed_hub
    manager = browser.new_page()
    manager.goto(link)
    manager.fill("input[name=password]", GOOD)
    manager.get_by_role("button", name="Begin").click()
    expect(manager.locator("nav")).to_contain_text("Devices")
    manager.goto(f"{address}/people")
    manager.fill("form[action='/people/invite'] input", "Ana Perez")
    manager.get_by_role("button", name="Make a link").click()
    invitation = manager.locator("code").inner_text()

    ana = browser.new_context().new_page()
    ana.goto(invitation)
    ana.fill("input[name=password]", "four loud oranges")
    ana.get_by_role("button", name="Begin").click()
    expect(ana.locator("nav")).to_contain_text("Tasks")
    expect(ana.locator("nav")).not_to_contain_text("Devices")
    assert ana.goto(f"{address}/devices").status == 403  # type: ignore[union-attr]
    ana.goto(f"{address}/account")
    ana.get_by_role("button", name="Log out").click()
    ana.goto(f"{address}/shelves")
    ana.fill("input[name=name]", "Ana Perez")
    ana.fill("input[name=password]", "wrong wrong wrong")
    ana.get_by_role("button", name="Log in").click()
    expect(ana.get_by_role("alert")).to_contain_text("do not fit together")
    ana.fill("input[name=password]", "four loud oranges")
    ana.get_by_role("button", name="Log in").click()
    expect(ana).to_have_url(f"{address}/shelves")
    shown = subprocess.run([PROGRAM, "audit", "show", *options], capture_output=True, text=True, timeout=60, check=True).stdout
    for line in ("person.invite", "person.password", "refused person.login", "refused page.open", "person.logout"):
        assert line in " ".join(shown.split()), line
