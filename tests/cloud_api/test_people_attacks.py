"""Log-ins of the chain against strangers, on real records: guessing, fixation, other sites' forms, used links, roles."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from people_chain import GOOD, HOST, PAGES, PeopleChain, cookie_of
from providers import log_in_at, provider_process
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from starlette.websockets import WebSocketDisconnect
from structlog.testing import capture_logs

from access_control.audit_chain import verify_rows
from access_control.errors import LogInRefused, PeopleInvalid
from access_control.log_in_limits import LimitRule
from access_control.provider_config import ProviderConfig
from cloud_api.adapters.audit_records import REFUSALS_MAX, AuditRecords, _rows
from cloud_api.adapters.database import open_database
from cloud_api.adapters.people_records import PeopleRecords
from cloud_api.config import CloudConfig
from cloud_api.flows.audit_telling import AuditTelling
from cloud_api.routes.people_gate import COOKIE
from cloud_api.rules.roles import ACTS, ROLES, home_of, may_do, may_post, may_see


@pytest.fixture
def chain(engine: Engine) -> Iterator[PeopleChain]:
    made = PeopleChain(engine)
    yield made
    assert made.guards.audit.verify().broken_at is None


def test_without_a_session_every_page_leads_to_the_log_in(chain: PeopleChain) -> None:
    browser = chain.browser()
    for path in PAGES:
        assert browser.get(path).headers["location"].startswith("/login?next="), path
    assert browser.post("/press").status_code == 401
    assert browser.get("/", headers={"accept": "*/*"}).status_code == 401
    with pytest.raises(WebSocketDisconnect), browser.websocket_connect(f"ws://{HOST}/_nicegui_ws/socket.io"):
        pass


def test_the_first_link_makes_an_administrator_once(chain: PeopleChain) -> None:
    link = chain.keeper.first_link()
    assert link is not None
    for password in ("", "admin", "administrator"):
        with pytest.raises(LogInRefused):
            chain.keeper.log_in("administrator", password, address="10.0.0.9")
    browser = chain.browser()
    assert browser.post(f"/welcome/{link}", data={"password": "short"}).status_code == 403, "and the link is not used up"
    answer = browser.post(f"/welcome/{link}", data={"password": GOOD})
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert browser.get("/").json() == {"name": "administrator"}
    assert chain.keeper.first_link() is None
    assert chain.browser().post(f"/welcome/{link}", data={"password": GOOD}).status_code == 403
    assert "administrator" in browser.get("/people").text
    with chain.engine.connect() as connection:
        kept = " ".join(
            str(row) for name in ("person", "person_session", "person_link") for row in connection.execute(text(f"TABLE {name}"))
        )
    assert browser.cookies[COOKIE] not in kept
    assert GOOD not in kept
    assert "$argon2id$" in kept


def test_one_of_many_uses_a_link_up(chain: PeopleChain) -> None:
    link = chain.keeper.invite("Bo", "planner", actor="test")
    people = PeopleRecords(chain.engine)
    with ThreadPoolExecutor(6) as many:
        used = list(many.map(lambda _: people.link(link, now_ms=chain.now_ms, use_up=True), range(6)))
    assert sum(person is not None for person in used) == 1


def test_wrong_log_ins_are_bounded_and_each_leaves_a_line(chain: PeopleChain) -> None:
    chain.somebody()
    for number in range(150):
        with pytest.raises(LogInRefused):
            chain.keeper.log_in("Ana", f"guess {number}", address=f"10.0.0.{number % 50}")
    lines = chain.refused("person.login")
    assert len(lines) == 150
    assert sum("too many" not in line for line in lines) <= LimitRule().name_max, "so many were compared at all"
    with pytest.raises(LogInRefused):
        chain.keeper.log_in("Ana", GOOD, address="10.0.0.1")
    chain.now_s += LimitRule().within_s + 1
    assert chain.keeper.who(chain.keeper.log_in("aNA", GOOD, address="10.0.0.1")) is not None


def test_whoever_floods_the_log_is_counted_and_does_not_fill_the_disk(chain: PeopleChain) -> None:
    now_ms = [chain.now_ms + 86_400_000]
    log = AuditRecords(chain.engine, now_ms=lambda: now_ms[0])
    log._refusals, log._minute = REFUSALS_MAX - 1, now_ms[0] // 60_000  # As after so many in this minute.
    for number in range(50):
        log.refused(f"10.0.{number}.1", "door.enter", "flood")
    now_ms[0] += 60_000
    log.refused("10.0.0.1", "door.enter", "later")
    assert [row.detail for row in log.newest(3)] == ["later", "49 more refusals in one minute, not written one by one", "flood"]


def test_a_session_that_somebody_else_chose_is_worth_nothing(chain: PeopleChain) -> None:
    owner = chain.somebody()
    owner.cookies.clear()
    owner.cookies.set(COOKIE, "planted-by-the-attacker")
    fresh = owner.post("/login", data={"name": "Ana", "password": GOOD}).cookies[COOKIE]
    assert fresh != "planted-by-the-attacker"
    assert chain.keeper.who("planted-by-the-attacker") is None
    again = chain.browser()
    again.cookies.set(COOKIE, fresh)
    again.post("/login", data={"name": "Ana", "password": GOOD})
    assert chain.keeper.who(fresh) is None, "rotated at log-in"


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}])
def test_another_sites_page_presses_nothing(chain: PeopleChain, headers: dict[str, str]) -> None:
    browser = chain.somebody()
    for path, fields in (("/press", {}), ("/people/invite", {"name": "Eve", "role": "administrator"}), ("/logout", {})):
        assert browser.post(path, data=fields, headers=headers).status_code == 403
    assert browser.post("/login", data={"name": "Ana", "password": GOOD}, headers=headers).status_code == 403
    with (
        pytest.raises(WebSocketDisconnect),
        browser.websocket_connect(f"ws://{HOST}/_nicegui_ws/socket.io", headers=headers | cookie_of(browser)),
    ):
        pass
    assert len(chain.refused("page.foreign")) == 5
    assert browser.post("/press", headers={"origin": f"http://{HOST}"}).status_code == 200


def test_a_session_and_its_socket_end_by_time_by_log_out_and_with_the_person(chain: PeopleChain) -> None:
    browser = chain.somebody()
    token = browser.cookies[COOKIE]
    assert browser.post("/logout").status_code == 303
    assert chain.keeper.who(token) is None
    unused = chain.keeper.log_in("Ana", GOOD, address="10.0.0.1")
    chain.now_ms += 4 * 3_600_000
    assert chain.keeper.who(unused) is None
    browser.post("/login", data={"name": "Ana", "password": GOOD})
    with browser.websocket_connect(f"ws://{HOST}/_nicegui_ws/socket.io", headers=cookie_of(browser)) as socket:
        socket.send_text("here")
        assert socket.receive_text() == "here"
        chain.keeper.remove("ANA", actor="test")
        socket.send_text("still here?")
    assert chain.sockets_ended == 1
    assert browser.get("/").status_code == 303


ROLE_PAGES = {
    "administrator": {*PAGES},
    "planner": {*PAGES} - {"/audit"},
    "installer": {"/shops", "/devices"},
    "auditor": {*PAGES},
}


@pytest.mark.parametrize("role", ROLES)
def test_every_page_opens_to_its_roles_and_people_are_the_administrators(chain: PeopleChain, role: str) -> None:
    browser = chain.somebody("Bo", role)
    assert {path for path in PAGES if browser.get(path).status_code == 200} == ROLE_PAGES[role]
    assert len(chain.refused("page.open")) == len(PAGES) - len(ROLE_PAGES[role]) - (home_of(role) != "/")
    assert browser.get(home_of(role)).status_code == 200
    assert browser.get("/").headers.get("location", "/") == home_of(role)
    assert browser.get("/people").status_code == (200 if role in ("administrator", "auditor") else 403)
    made = browser.post("/people/invite", data={"name": "Eve", "role": "administrator"})
    assert made.status_code == (200 if role == "administrator" else 403)
    assert browser.post("/press").status_code == (200 if role == "administrator" else 403)
    assert browser.get("/account").status_code == 200


def test_who_may_only_look_presses_nothing() -> None:
    acts = (*ACTS, "people", "what nobody has thought of")
    assert [act for act in acts if may_do("auditor", act)] == []
    assert {act for act in acts if may_do("planner", act)} == {"orders", "promotions", "trials", "written"}
    assert {act for act in acts if may_do("installer", act)} == {"fleet"}
    assert not may_see("planner", "/what-nobody-has-thought-of")
    assert not may_post("planner", "/what-nobody-has-thought-of")


NASTY = ["<script>alert(1)</script>", "'; DROP TABLE person; --", '" onmouseover="x', "a\x00b", "x" * 41, "", "  "]


@pytest.mark.parametrize("name", NASTY)
def test_marks_and_statements_in_names_do_nothing(chain: PeopleChain, name: str) -> None:
    browser = chain.somebody()
    for path, fields in (("/people/invite", {"name": name, "role": "planner"}), ("/people/key", {"name": name, "scope": "read"})):
        answer = browser.post(path, data=fields)
        assert answer.status_code in (200, 422)
        assert "<script>alert" not in answer.text
    answer = browser.post("/login", data={"name": name, "password": "wrong wrong wrong"})
    assert answer.status_code == 403
    assert "<script>alert" not in answer.text
    assert '" onmouseover="x' not in answer.text
    assert [person.name for person in chain.keeper.persons()] == ["Ana"]


def test_a_row_of_the_log_cannot_be_changed_and_one_that_was_is_named(chain: PeopleChain) -> None:
    chain.somebody()
    audit = chain.guards.audit
    verdict = audit.verify()
    for statement in ("UPDATE audit SET actor = 'nobody'", "DELETE FROM audit", "TRUNCATE audit"):
        with pytest.raises(DBAPIError, match="never changed"), chain.engine.begin() as connection:
            connection.execute(text(statement))
    noted = (verdict.rows, verdict.head)
    with chain.engine.connect() as connection, connection.begin() as undone:  # As whoever owns the database could.
        connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        connection.execute(text("UPDATE audit SET detail = 'nothing' WHERE number = :row"), {"row": verdict.rows - 1})
        assert verify_rows(_rows(connection)).broken_at == verdict.rows - 1
        undone.rollback()
    assert audit.verify(expected=noted).broken_at is None
    assert audit.verify(expected=(verdict.rows + 1, "0" * 64)).broken_at == verdict.rows + 1, "the end was cut off"


def test_nobody_is_let_in_while_the_records_are_silent(chain: PeopleChain) -> None:
    browser = chain.somebody()
    gone = open_database(chain.engine.url.render_as_string(hide_password=False))
    silent = PeopleChain(gone)
    with gone.begin() as connection:
        connection.execute(text("ALTER TABLE person_session RENAME TO elsewhere"))
    try:
        answer = silent.browser().get("/", headers=cookie_of(browser))
        assert answer.status_code == 503
        assert "records do not answer" in answer.text
    finally:
        with gone.begin() as connection:
            connection.execute(text("ALTER TABLE elsewhere RENAME TO person_session"))
        gone.dispose()


def test_a_key_is_shown_once_and_its_scopes_must_exist(chain: PeopleChain) -> None:
    browser = chain.somebody()
    shown = browser.post("/people/key", data={"name": "hub of shop-1", "scope": "store:", "of": "shop-1"}).text
    secret = shown.split("<code>")[1].split("</code>")[0]
    assert secret not in browser.get("/people").text
    found = chain.keeper.caller(secret)
    assert found is not None
    assert (found.store_id, found.scopes) == ("shop-1", frozenset())
    with chain.engine.connect() as connection:
        assert secret not in str(connection.execute(text("TABLE access_key")).all())
    for scope in ("everything", "store:", "store:a b", ""):
        with pytest.raises(PeopleInvalid):
            chain.keeper.make_key("till", [scope], actor="test")
    with pytest.raises(PeopleInvalid, match="one shop's doors, not those of shop-1 and shop-2; make one for each hub"):
        chain.keeper.make_key("two hubs", ["store:shop-1", "read", "store:shop-2"], actor="test")
    assert chain.keeper.make_key("a hub twice", ["store:shop-1", "store:shop-1"], actor="test")
    chain.keeper.remove_key("hub of shop-1", actor="test")
    assert chain.keeper.caller(secret) is None


def test_a_real_provider_lets_planners_into_the_chain(engine: Engine, tmp_path: Path) -> None:
    secret = tmp_path / "oidc.secret"
    secret.write_text("the chain's secret\n")
    mei = {"sub": "m", "preferred_username": "Mei", "groups": ["chain-planners"]}
    with provider_process(mei) as issuer:
        table = ProviderConfig(
            issuer=issuer, client_id="chain", client_secret_file=str(secret), page_url="https://chain.test",
            roles={"chain-planners": "planner"},
        )  # fmt: skip
        chain = PeopleChain(engine, CloudConfig(oidc=table))
        browser = TestClient(chain.app, base_url="https://chain.test", headers={"accept": "text/html"}, follow_redirects=False)
        assert "Log in with the company account" in browser.get("/login").text
        away = browser.get("/login/provider", params={"next": "/orders"}).headers["location"]
        back = browser.get(log_in_at(away, "m", "https://chain.test"))
        assert (back.status_code, back.headers["location"]) == (303, "/orders"), back.text
        assert browser.get("/orders").json() == {"name": "Mei"}
        assert browser.get("/people").status_code == 403
        assert chain.guards.audit.newest(2)[1].action == "person.provider"


def test_the_log_hears_each_hour_where_the_audit_log_stands(chain: PeopleChain) -> None:
    chain.guards.audit.done("Mei", "page.orders", "approve 1")
    stop = threading.Event()
    with capture_logs() as told:
        looking = threading.Thread(target=AuditTelling(chain.guards.audit, every_s=0.01).run, args=(stop,))
        looking.start()
        while len(told) < 2:
            looking.join(0.01)
        stop.set()
        looking.join()
    newest = chain.guards.audit.newest(1)[0]
    assert (told[0]["event"], told[0]["number"], told[0]["hash"]) == ("the audit log stands at", newest.number, newest.hash)
