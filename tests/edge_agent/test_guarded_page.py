"""A page on the device: opened once by who reads the code, closed to everybody else and to every trick of a browser."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from edge_agent.adapters.page_server import AddressTaken, Asked, told_json
from edge_agent.flows.guarded_page import COOKIE, GuardedPage
from edge_agent.rules.one_time_code import CodeRule, OneTimeCode

CODE = "ABCD2345"
PAGES = Path(__file__).parents[2] / "edge_agent" / "pages"


class Visitor:
    """A browser without manners."""

    def __init__(self, page: GuardedPage) -> None:
        self.page = page
        self.at = urlsplit(page.address)
        self.cookie = ""
        self.csrf = ""

    def ask(self, method: str, path: str, said: object = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        assert self.at.hostname is not None
        connection = http.client.HTTPConnection(self.at.hostname, self.at.port, timeout=10)
        body = None if said is None else said if isinstance(said, bytes) else json.dumps(said).encode()
        plain = {"Cookie": f"{COOKIE}={self.cookie}", "X-Csrf-Token": self.csrf}
        if method == "POST":
            plain["Content-Type"] = "application/json"
        connection.request(method, path, body, {**plain, **{name.replace("_", "-"): value for name, value in headers.items()}})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders()), content

    def enter(self, code: str | None = None) -> int:
        status, headers, _ = self.ask("POST", "/enter", {"code": code if code is not None else self.page.code})
        if status == 200:
            self.cookie = headers["Set-Cookie"].split(";")[0].partition("=")[2]
            self.csrf = json.loads(self.ask("GET", "/session")[2])["csrf"]
        return status


@pytest.fixture
def serve() -> Iterator[Callable[..., Visitor]]:
    """Serve a page with one secret behind it."""
    stop, threads = threading.Event(), []

    def secret(asked: Asked) -> Any:
        return told_json({"secret": asked.said.get("wish", "the camera")})

    def start(**how: Any) -> Visitor:
        handlers = {("GET", "/secret"): secret, ("POST", "/secret"): secret}
        page = GuardedPage("127.0.0.1", 0, page="aim.html", handlers=handlers, **how)
        threads.append(threading.Thread(target=page.run, args=(stop,)))
        threads[-1].start()
        return Visitor(page)

    yield start
    stop.set()
    for thread in threads:
        thread.join(timeout=10)


def test_only_the_code_opens_the_page_and_only_once(serve: Callable[..., Visitor]) -> None:
    owner = serve()
    assert owner.ask("GET", "/secret")[0] == 401
    assert b'id="enter"' in owner.ask("GET", "/")[2]
    assert owner.enter() == 200
    assert json.loads(owner.ask("GET", "/secret")[2]) == {"secret": "the camera"}
    assert b'id="over"' in owner.ask("GET", "/")[2]
    other = Visitor(owner.page)
    assert other.enter() == 403  # The very code, seen over a shoulder.
    assert other.ask("GET", "/secret")[0] == 401
    assert owner.ask("GET", "/secret")[0] == 200


def test_ten_thousand_wrong_codes_are_compared_twenty_times_at_most(serve: Callable[..., Visitor]) -> None:
    guesser = serve(rule=CodeRule(pause_s=0.0))
    verdicts = []
    with contextlib.suppress(ConnectionError):  # The page ends while it is guessed at.
        for number in range(10_000):
            verdicts.append(guesser.enter(f"AAAA{number:04}"))  # noqa: PERF401  # What came before the end counts.
    assert set(verdicts) == {403}
    assert guesser.page.guesses_compared == 20
    assert guesser.page.why_over == "guessed"
    door, compared = OneTimeCode(CODE, now_s=0.0), 0
    for number in range(10_000):
        compared += door.judge(f"AAAA{number:04}", now_s=0.01 * number) == "wrong"
    assert compared == door.compared == 20
    assert door.judge(CODE, now_s=1e3) == "dead"


def test_after_five_wrong_codes_one_must_wait_and_the_right_one_still_opens() -> None:
    door = OneTimeCode(CODE, now_s=0.0)
    assert [door.judge("WRONG234", now_s=1.0) for _ in range(6)] == ["wrong"] * 5 + ["wait"]
    assert door.judge(CODE, now_s=3.9) == "wait"
    assert door.wait_s(3.0) == pytest.approx(1.0)
    assert door.judge("abcd-2345 ", now_s=4.1) == "right"
    assert door.judge(CODE, now_s=60.0) == "used"


def test_a_code_that_nobody_typed_expires() -> None:
    door = OneTimeCode(CODE, now_s=0.0)
    assert door.judge(CODE, now_s=601.0) == "expired"


def test_a_guessed_at_page_ends_and_an_idle_one_too() -> None:
    page = GuardedPage("127.0.0.1", 0, page="aim.html", handlers={}, idle_s=0.3, rule=CodeRule(tries_max=2, pause_s=0.0))
    ended: list[str] = []
    thread = threading.Thread(target=lambda: ended.append(page.run(threading.Event())))
    thread.start()
    guesser = Visitor(page)
    guesser.enter("WRONGAAA")
    guesser.enter("WRONGBBB")
    thread.join(timeout=10)
    idle = GuardedPage("127.0.0.1", 0, page="aim.html", handlers={}, idle_s=0.3)
    thread = threading.Thread(target=lambda: ended.append(idle.run(threading.Event())))
    thread.start()
    assert Visitor(idle).enter() == 200
    thread.join(timeout=10)
    assert ended == ["guessed", "idle"]


def test_the_session_cannot_be_read_by_scripts_nor_sent_by_other_sites(serve: Callable[..., Visitor]) -> None:
    owner = serve()
    _, headers, _ = owner.ask("POST", "/enter", {"code": owner.page.code})
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in headers["Set-Cookie"].split(";")}


def test_no_other_site_can_make_the_browser_change_anything(serve: Callable[..., Visitor]) -> None:
    owner = serve()
    owner.enter()
    assert json.loads(owner.ask("POST", "/secret", {"wish": "save"})[2]) == {"secret": "save"}
    assert owner.ask("POST", "/secret", {"wish": "x"}, X_Csrf_Token="guess")[0] == 403
    assert owner.ask("POST", "/secret", {"wish": "x"}, Origin="http://evil.example")[0] == 421
    assert owner.ask("POST", "/secret", {"wish": "x"}, Host="evil.example")[0] == 421  # A name that was turned to this address.
    assert owner.ask("POST", "/secret", b"wish=x", Content_Type="application/x-www-form-urlencoded")[0] == 415
    assert owner.ask("GET", "/secret", Host=f"localhost:{owner.at.port}")[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/pages/../config.py",
        "/pages/..%2fconfig.py",
        "/pages/%2e%2e/aim.html",
        "//etc/passwd",
        "/pages//etc/passwd",
        "/pages/aim.html",
        "/etc/passwd",
    ],
)
def test_no_address_leads_to_another_file(serve: Callable[..., Visitor], path: str) -> None:
    owner = serve()
    assert owner.ask("GET", path)[0] in (401, 404)
    owner.enter()
    assert owner.ask("GET", path)[0] == 404


def test_every_answer_forbids_what_the_page_does_not_need(serve: Callable[..., Visitor]) -> None:
    owner = serve()
    owner.enter()
    for path in ("/", "/pages/aim.js", "/secret", "/nothing"):
        headers = owner.ask("GET", path)[1]
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    for page in PAGES.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "<script>" not in text
        assert "style=" not in text
        assert "http" not in text.replace("http-equiv", "")


@pytest.mark.parametrize(
    ("body", "status"), [(b"", 400), (b"[]", 400), (b"{" * 5000, 400), (b'{"code": 5}', 403), (b'{"code": "\\ud800"}', 403), (b"\xff", 400)]
)
def test_nonsense_is_answered_and_hurts_nobody(serve: Callable[..., Visitor], body: bytes, status: int) -> None:
    visitor = serve()
    assert visitor.ask("POST", "/enter", body)[0] == status
    assert visitor.enter() == 200


def test_a_body_without_end_is_not_read(serve: Callable[..., Visitor]) -> None:
    visitor = serve()
    assert visitor.at.hostname is not None
    with socket.create_connection((visitor.at.hostname, visitor.at.port or 0), timeout=5) as line:
        line.sendall(b"POST /enter HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n")
        assert b" 413 " in line.recv(4096)
    assert visitor.enter() == 200


def test_a_taken_port_is_told_in_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(AddressTaken, match="somebody listens there already; choose another with --listen"):
            GuardedPage("127.0.0.1", taken.getsockname()[1], page="aim.html", handlers={})


def test_every_text_of_the_pages_is_in_the_chinese_list_and_no_other() -> None:
    said: set[str] = set()
    for path in [*PAGES.glob("*.js"), *PAGES.glob("*.html")]:
        if path.name != "words.js":
            text = path.read_text(encoding="utf-8")
            said |= set(re.findall(r'\bt\("((?:[^"\\]|\\.)*)"', text)) | set(re.findall(r'data-(?:t|label)="([^"]*)"', text))
    listed = dict(
        re.findall(r'^  "((?:[^"\\]|\\.)*)": "((?:[^"\\]|\\.)*)",$', (PAGES / "words.js").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert said == set(listed)
    for words, chinese in listed.items():
        assert set(re.findall(r"{\w+}", words)) == set(re.findall(r"{\w+}", chinese)), words
