"""Who opens a page of another role is told whom to ask, and led back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from people_shop import PeopleShop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[PeopleShop]:
    made = PeopleShop(tmp_path)
    yield made
    made.audit.close()


def test_a_page_of_another_role_says_whom_to_ask_and_leads_back(shop: PeopleShop) -> None:
    browser = shop.somebody("Bo", "staff")
    refused = browser.get("/devices")
    assert "Ask the manager." in refused.text
    assert '<a href="/">' in refused.text
    assert refused.headers["x-frame-options"] == "DENY"
    browser.cookies.set("aislewise_language", "zh")
    assert "此页面不对您的角色开放" in browser.get("/devices").text
    assert browser.get("/devices", headers={"accept": "application/json"}).text == "This page is not for your role. Ask the manager."
