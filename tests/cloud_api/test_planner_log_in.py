"""Planners log in with their key: the session ends by log-out, with time and with the key, and cannot be chosen by others."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from cloud_api.adapters.tokens import Tokens
from cloud_api.routes.planner_sessions import COOKIE, LASTS_S
from cloud_api.routes.planners_only import WRONG_MAX, PlannersOnly

KEY = "planner-token-of-mei"


class Chain:
    """A page behind the gate, and a clock that a test may turn."""

    def __init__(self) -> None:
        self.now = 0.0
        self.tokens = Tokens(stores={"shop-1": "store-token-of-shop-1"}, planners={"Mei": KEY})
        self.app = FastAPI()

        @self.app.get("/")
        @self.app.post("/press")
        def page() -> str:
            return "orders"

        self.app.add_middleware(PlannersOnly, tokens=self.tokens, clock=lambda: self.now)

    def browser(self) -> TestClient:
        return TestClient(self.app, base_url="http://chain.test", headers={"accept": "text/html"}, follow_redirects=False)

    def planner(self) -> TestClient:
        browser = self.browser()
        assert browser.post("/login", data={"name": "Mei", "key": KEY}).status_code == 303
        return browser


@pytest.fixture
def chain() -> Chain:
    return Chain()


def test_a_planner_logs_in_and_out(chain: Chain) -> None:
    browser = chain.browser()
    assert browser.get("/").headers["location"] == "/login"
    assert "Planner's key" in browser.get("/login").text
    answer = browser.post("/login", data={"name": "Mei", "key": KEY})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert KEY not in answer.headers["set-cookie"]
    assert browser.get("/").json() == "orders"
    before = browser.cookies[COOKIE]
    assert browser.post("/logout").status_code == 303
    browser.cookies.set(COOKIE, before)
    assert browser.get("/").status_code == 303, "the session is over, not only the cookie gone"


@pytest.mark.parametrize("key", ["", "wrong", "store-token-of-shop-1", "<script>alert(1)</script>", "x" * 5000])
def test_no_other_key_opens_the_pages(chain: Chain, key: str) -> None:
    answer = chain.browser().post("/login", data={"name": "<script>alert(1)</script>", "key": key})
    assert answer.status_code == 403
    assert "<script>" not in answer.text
    assert COOKIE not in answer.cookies


def test_guessing_is_stopped(chain: Chain) -> None:
    browser = chain.browser()
    for number in range(WRONG_MAX):
        assert browser.post("/login", data={"name": "Mei", "key": f"guess {number}"}).status_code == 403
    assert browser.post("/login", data={"name": "Mei", "key": KEY}).status_code == 403


def test_a_planted_session_is_worth_nothing_and_an_old_one_ends(chain: Chain) -> None:
    browser = chain.browser()
    browser.cookies.set(COOKIE, "planted")
    fresh = browser.post("/login", data={"name": "Mei", "key": KEY}).cookies[COOKIE]
    assert fresh != "planted"
    again = chain.browser()
    again.cookies.set(COOKIE, fresh)
    again.post("/login", data={"name": "Mei", "key": KEY})
    stale = chain.browser()
    stale.cookies.set(COOKIE, fresh)
    assert stale.get("/").status_code == 303


def test_a_session_ends_with_time_and_with_its_key(chain: Chain) -> None:
    browser = chain.planner()
    chain.now += LASTS_S
    assert browser.get("/").status_code == 303
    browser = chain.planner()
    chain.tokens._callers.clear()  # As after the file was changed.
    assert browser.get("/").status_code == 303


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}])
def test_another_sites_page_presses_nothing_and_logs_nobody_in(chain: Chain, headers: dict[str, str]) -> None:
    browser = chain.planner()
    assert browser.post("/press", headers=headers).status_code == 401
    assert browser.post("/login", data={"name": "Mei", "key": KEY}, headers=headers).status_code == 401
    assert browser.post("/logout", headers=headers).status_code == 401
    assert browser.post("/press").status_code == 200
