"""Log-ins against strangers: guessing, fixation, other sites' forms, marks in names, used and forged links, roles: each leaves a line."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from people_shop import GOOD, HOST, PeopleShop, cookie_of
from starlette.websockets import WebSocketDisconnect

from access_control.errors import LogInRefused, PeopleInvalid
from access_control.log_in_limits import LimitRule
from store_hub.adapters.audit_log import verify_audit
from store_hub.routes.people_gate import COOKIE, PeopleGate
from store_hub.rules.roles import ROLES, may_do, may_see


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[PeopleShop]:
    made = PeopleShop(tmp_path)
    yield made
    assert verify_audit(tmp_path / "audit.sqlite").broken_at is None
    made.audit.close()


def test_without_a_session_every_page_leads_to_the_log_in(shop: PeopleShop) -> None:
    browser = shop.browser()
    answer = browser.get("/devices?calibrate=x")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/devices%3Fcalibrate%3Dx")
    assert browser.post("/press").status_code == 401
    assert browser.get("/", headers={"accept": "*/*"}).status_code == 401
    with pytest.raises(WebSocketDisconnect), browser.websocket_connect(f"ws://{HOST}/_nicegui_ws/socket.io"):
        pass


def test_there_is_no_password_before_the_first_link_is_used(shop: PeopleShop) -> None:
    link = shop.keeper.first_link()
    assert link is not None
    for password in ("", "admin", "manager", "password"):
        with pytest.raises(LogInRefused):
            shop.keeper.log_in("manager", password, address="10.0.0.9")
    browser = shop.browser()
    assert "12 characters" in browser.get(f"/welcome/{link}").text
    assert browser.post(f"/welcome/{link}", data={"password": "short"}).status_code == 403, "and the link is not used up"
    assert browser.post(f"/welcome/{link}", data={"password": GOOD}).status_code == 303
    assert browser.get("/").json() == {"name": "manager"}
    assert shop.keeper.first_link() is None
    assert shop.browser().post(f"/welcome/{link}", data={"password": GOOD}).status_code == 403
    assert shop.browser().get(f"/welcome/{link}").status_code == 403
    assert len(shop.refused("person.link")) == 2


def test_a_link_ends_after_a_day_and_with_the_next_one(shop: PeopleShop) -> None:
    first = shop.keeper.invite("Ana", "staff", actor="test")
    second = shop.keeper.invite("Ana", "staff", actor="test")
    assert shop.keeper.link_for(first) is None
    shop.now_ms += 86_400_000
    assert shop.keeper.link_for(second) is None


def test_a_links_address_is_the_configured_one_behind_whatever_proxy(tmp_path: Path) -> None:
    shop = PeopleShop(tmp_path, page_url="https://hub.example/")
    told = shop.somebody().post("/people/invite", data={"name": "Ben", "role": "staff"}, headers={"Origin": f"http://{HOST}"}).text
    assert "https://hub.example/welcome/" in told
    assert f"{HOST}/welcome" not in told
    shop.audit.close()


def test_ten_thousand_wrong_log_ins_open_nothing_and_leave_ten_thousand_lines(shop: PeopleShop) -> None:
    shop.somebody()
    for number in range(10_000):
        with pytest.raises(LogInRefused):
            shop.keeper.log_in("Ana", f"guess {number}", address=f"10.0.0.{number % 50}")
    lines = shop.refused("person.login")
    assert len(lines) == 10_000
    assert sum("too many" not in line for line in lines) <= LimitRule().name_max, "so many were compared at all"
    shop.now_s += LimitRule().within_s + 1
    assert shop.keeper.who(shop.keeper.log_in("Ana", GOOD, address="10.0.0.1")) is not None


def test_a_stranger_who_guesses_does_not_lock_the_owner_out(shop: PeopleShop) -> None:
    shop.somebody()
    for number in range(30):
        with pytest.raises(LogInRefused):
            shop.keeper.log_in("Ana", f"guess {number}", address="10.6.6.6")
    assert shop.keeper.log_in("Ana", GOOD, address="10.0.0.1")


def test_a_name_that_nobody_has_is_answered_like_a_wrong_password(shop: PeopleShop) -> None:
    shop.somebody()
    answers = [shop.browser().post("/login", data={"name": name, "password": "wrong wrong wrong"}) for name in ("Ana", "Nobody")]
    assert answers[0].text.replace("Ana", "Nobody") == answers[1].text
    assert {answer.status_code for answer in answers} == {403}


def test_a_session_that_somebody_else_chose_is_worth_nothing(shop: PeopleShop) -> None:
    """Session fixation: the attacker plants a cookie, the owner logs in, the planted one stays worthless, and an older session ends."""
    owner = shop.somebody()
    owner.cookies.clear()
    owner.cookies.set(COOKIE, "planted-by-the-attacker")
    answer = owner.post("/login", data={"name": "Ana", "password": GOOD})
    fresh = answer.cookies[COOKIE]
    assert fresh != "planted-by-the-attacker"
    assert shop.keeper.who("planted-by-the-attacker") is None
    again = shop.browser()
    again.cookies.set(COOKIE, fresh)
    again.post("/login", data={"name": "Ana", "password": GOOD})
    assert shop.keeper.who(fresh) is None, "rotated at log-in"


def test_the_sessions_cookie_is_hidden_from_scripts_and_other_sites(shop: PeopleShop) -> None:
    shop.somebody().post("/logout")
    session, name = shop.browser().post("/login", data={"name": "Ana", "password": GOOD}).headers.get_list("set-cookie")
    cookie = session.lower()
    assert name.startswith("aislewise_name=Ana;"), "what she presses is signed with her name without being asked"
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "domain" not in cookie
    with closing(sqlite3.connect(shop.folder / "people.sqlite")) as people:
        kept = "\n".join(people.iterdump())
    assert cookie.split("=")[1].split(";")[0] not in kept.lower(), "only its hash is kept"
    assert GOOD not in kept
    assert "$argon2id$" in kept


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}, {"sec-fetch-site": "same-site"}]
)
def test_another_sites_page_presses_nothing(shop: PeopleShop, headers: dict[str, str]) -> None:
    browser = shop.somebody()
    assert browser.post("/press", headers=headers).status_code == 403
    assert browser.post("/people/invite", data={"name": "Eve", "role": "manager"}, headers=headers).status_code == 403
    assert browser.post("/login", data={"name": "Ana", "password": GOOD}, headers=headers).status_code == 403
    with (
        pytest.raises(WebSocketDisconnect),
        browser.websocket_connect(f"ws://{HOST}/_nicegui_ws/socket.io", headers=headers | cookie_of(browser)),
    ):
        pass
    assert len(shop.refused("page.foreign")) == 4
    assert browser.post("/press", headers={"origin": f"http://{HOST}"}).status_code == 200


def test_an_open_socket_ends_with_the_session(shop: PeopleShop) -> None:
    browser = shop.somebody()
    with browser.websocket_connect(f"ws://{HOST}/_nicegui_ws/socket.io", headers=cookie_of(browser)) as socket:
        socket.send_text("here")
        assert socket.receive_text() == "here"
        shop.keeper.remove("Ana", actor="test")
        assert shop.sockets_ended == 0
        socket.send_text("still here?")
    assert shop.sockets_ended == 1


def test_a_session_ends_by_log_out_by_time_and_when_unused(shop: PeopleShop) -> None:
    browser = shop.somebody()
    token = browser.cookies[COOKIE]
    assert browser.post("/logout").status_code == 303
    assert shop.keeper.who(token) is None
    unused = shop.keeper.log_in("Ana", GOOD, address="10.0.0.1")
    shop.now_ms += 4 * 3_600_000
    assert shop.keeper.who(unused) is None
    used = shop.keeper.log_in("Ana", GOOD, address="10.0.0.1")
    for _ in range(11):
        shop.now_ms += 3_600_000
        assert shop.keeper.who(used) is not None
    shop.now_ms += 3_600_000
    assert shop.keeper.who(used) is None


def test_a_new_password_ends_every_other_session(shop: PeopleShop) -> None:
    browser = shop.somebody()
    elsewhere = shop.keeper.log_in("Ana", GOOD, address="10.0.0.2")
    assert browser.post("/account/password", data={"old": "wrong wrong wrong", "new": "four loud oranges"}).status_code == 403
    assert shop.keeper.who(elsewhere) is not None
    assert browser.post("/account/password", data={"old": GOOD, "new": "four loud oranges"}).status_code == 303
    assert shop.keeper.who(elsewhere) is None
    assert browser.get("/account").status_code == 200


def test_a_log_in_leads_only_to_our_own_pages(shop: PeopleShop) -> None:
    shop.somebody()
    for target in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nSet-Cookie: x=1"):
        answer = shop.browser().post("/login", data={"name": "Ana", "password": GOOD, "next": target})
        assert answer.headers["location"] == "/", target
    assert shop.browser().post("/login", data={"name": "Ana", "password": GOOD, "next": "/floor?x=1"}).headers["location"] == "/floor?x=1"


NASTY = ["<script>alert(1)</script>", "'; DROP TABLE persons; --", '" onmouseover="x', "{{7*7}}", "\u202egnp", "a\x00b", "x" * 41, "", "  "]


@pytest.mark.parametrize("name", NASTY)
def test_marks_and_statements_in_names_do_nothing(shop: PeopleShop, name: str) -> None:
    browser = shop.somebody()
    for path, fields in (("/people/invite", {"name": name, "role": "staff"}), ("/people/key", {"name": name, "scope": "sales"})):
        answer = browser.post(path, data=fields)
        assert answer.status_code in (200, 422)
        assert "<script>alert" not in answer.text
        assert '" onmouseover="x' not in answer.text
    answer = browser.post("/login", data={"name": name, "password": "wrong wrong wrong"})
    assert "<script>alert" not in answer.text
    assert '" onmouseover="x' not in answer.text
    assert [person.name for person in shop.keeper.persons()] == ["Ana"]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_its_own_pages_and_changes_no_people(shop: PeopleShop, role: str) -> None:
    browser = shop.somebody("Bo", role)
    assert browser.get("/").status_code == 200
    assert browser.get("/devices").status_code == (200 if role in ("manager", "installer", "auditor") else 403)
    made = browser.post("/people/invite", data={"name": "Eve", "role": "manager"})
    assert made.status_code == (200 if role == "manager" else 403)
    assert bool(shop.refused("page.open") or shop.refused("page.press")) == (role != "manager")


def test_who_may_only_look_presses_nothing() -> None:
    acts = ("alerts", "lights", "calibrations", "stock-takes", "notices", "settings", "what nobody has thought of")
    assert [act for act in acts if may_do("auditor", act) or may_do("planner", act)] == []
    assert not may_see("staff", "/what-nobody-has-thought-of")


@pytest.mark.parametrize(
    "path", ["/../../etc/passwd", "//etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/assets/../people.sqlite", "/login/../devices"]
)
def test_no_address_leads_around_the_gate(shop: PeopleShop, path: str) -> None:
    with shop.browser() as browser:
        answer = browser.request("GET", httpx.URL(f"http://{HOST}", raw_path=path.encode()))
        assert answer.status_code in (303, 401, 404)
        assert b"root:" not in answer.content


def test_pages_open_to_this_machine_are_shut_for_all_others_and_for_borrowed_names(tmp_path: Path) -> None:
    """DNS rebinding: a web page whose name was pointed at this machine comes from loopback, but not by its name."""
    app, refused = FastAPI(), []

    @app.get("/")
    def page() -> str:
        return "open"

    app.add_middleware(PeopleGate, doorkeeper=None, is_secure=False, refused=lambda *what: refused.append(what))
    local = ("127.0.0.1", 5)
    assert TestClient(app, base_url="http://localhost", client=local).get("/").status_code == 200
    assert TestClient(app, base_url="http://127.0.0.1:8080", client=local).get("/").status_code == 200
    assert TestClient(app, base_url="http://evil.example", client=local).get("/").status_code == 403
    assert TestClient(app, base_url="http://127.0.0.1", client=("192.168.1.7", 5)).get("/").status_code == 403
    assert len(refused) == 2


def test_nobody_frames_the_pages(shop: PeopleShop) -> None:
    answer = shop.somebody().get("/")
    assert answer.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_forms_of_people_are_kept_by_no_cache(shop: PeopleShop) -> None:
    browser = shop.somebody()
    assert {browser.get(path).headers["cache-control"] for path in ("/account", "/people")} == {"no-store"}
    assert '"cache"' in browser.post("/logout").headers["clear-site-data"]


def test_a_password_counts_to_its_last_character(shop: PeopleShop) -> None:
    longest = "a long sentence, " * 15 + "!"
    shop.keeper.accept(shop.keeper.invite("Bo", "staff", actor="test"), longest, address="here")
    for wrong in (longest[:-1], longest + "x" * (257 - len(longest)), "x" + longest):
        with pytest.raises(LogInRefused):
            shop.keeper.log_in("Bo", wrong, address="here")
    assert shop.keeper.log_in("Bo", longest, address="here")


def test_what_is_guessed_first_is_no_password() -> None:
    from access_control.doorkeeper import check_password

    for password in ("aaaaaaaaaaaaaaaa", "short", "x" * 300, "ananaananaanan"):
        with pytest.raises(PeopleInvalid):
            check_password(password, name="Ana")
    check_password("passwords of ten words are long", name="Ana")


def test_a_key_opens_its_scopes_and_is_kept_as_a_hash(shop: PeopleShop) -> None:
    secret = shop.keeper.make_key("till-1", ["sales", "counts"], actor="test")
    found = shop.keeper.key(secret)
    assert found is not None
    assert found.scopes == ("sales", "counts")
    with closing(sqlite3.connect(shop.folder / "people.sqlite")) as people:
        assert secret not in "\n".join(people.iterdump())
    for wrong in (secret[:-1], secret + "x", "", "aislewise_", "' OR 1=1 --"):
        assert shop.keeper.key(wrong) is None
    with pytest.raises(PeopleInvalid):
        shop.keeper.make_key("till-2", ["everything"], actor="test")
    shop.keeper.remove_key("till-1", actor="test")
    assert shop.keeper.key(secret) is None
