"""A page behind a one-time code: files of the package, a session for the one who typed the code, and an end when nobody is there.

`aim` and `audit` both serve theirs with it. Only what `handlers` names can be asked for.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from importlib import resources

from edge_agent.adapters.page_server import Answer, Asked, PageServer, Told, told_json
from edge_agent.rules.one_time_code import ALPHABET, CODE_CHARACTERS, CodeRule, OneTimeCode, spelled

COOKIE = "aislewise_page"
IDLE_S = 900.0
LOOK_EVERY_S = 0.2

Handler = Callable[[Asked], Told]

_STATUS = {"wrong": 403, "wait": 429, "used": 403, "dead": 403, "expired": 403}
_KINDS = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


class GuardedPage:
    """One page, one person, for a while.

    Args:
        host, port: where to listen; port 0 takes a free one.
        page: the file shown once the code was typed; it and all other files are in `edge_agent/pages`.
        handlers: what the page may ask for: method and path to handler. Each is only called for the one with the session.
        idle_s: how long nobody may do anything before the page ends by itself.

    Raises:
        AddressTaken: cannot listen there.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        page: str,
        handlers: Mapping[tuple[str, str], Handler],
        idle_s: float = IDLE_S,
        rule: CodeRule | None = None,
    ) -> None:
        code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_CHARACTERS))
        self.code = spelled(code)
        self._guard = OneTimeCode(code, now_s=time.monotonic(), rule=rule)
        self._lock = threading.Lock()
        self._session, self._csrf = "", secrets.token_urlsafe(24)
        self._handlers = dict(handlers)
        self._files = _files()
        self._page = page
        self._idle_s = idle_s
        self._touched_at_s = time.monotonic()
        self._over = threading.Event()
        self.why_over = ""
        self._server = PageServer(host, port, self._answer)
        shown = f"[{host}]" if ":" in host else host
        self.address = f"http://{shown}:{self._server.port}/"

    @property
    def is_open(self) -> bool:
        """Whether the code was typed."""
        return bool(self._session)

    @property
    def guesses_compared(self) -> int:
        """How many codes were compared with the right one."""
        return self._guard.compared

    def end(self, why: str) -> None:
        """End the page soon, for a reason: `finished`, `idle`, …"""
        self.why_over = self.why_over or why
        self._over.set()

    def run(self, stop: threading.Event, *, each_turn: Callable[[], None] = lambda: None) -> str:
        """Serve until `stop` is set, the page is done, nobody came, nobody is there any more, or too many guessed; returns which.

        `each_turn` is called several times a second and may raise to end it.
        """
        self._server.start()
        try:
            while not stop.is_set() and not self._over.wait(LOOK_EVERY_S):
                each_turn()
                self._look()
        finally:
            self._server.stop()
        return self.why_over or "stopped"

    def _look(self) -> None:
        now_s = time.monotonic()
        with self._lock:
            if self._guard.is_dead:
                self.end("guessed")
            elif self._guard.is_expired(now_s):
                self.end("nobody_came")
            elif self.is_open and now_s - self._touched_at_s > self._idle_s:
                self.end("idle")

    def _answer(self, asked: Asked) -> Told:
        if (asked.method, asked.path) == ("POST", "/enter"):
            return self._enter(asked)
        is_in = bool(self._session) and hmac.compare_digest(asked.cookies.get(COOKIE, "").encode(), self._session.encode())
        if asked.method == "GET" and asked.path == "/":
            return self._files[self._page if is_in else "enter.html"]
        if asked.method == "GET" and asked.path.startswith("/pages/"):
            found = self._files.get(asked.path.removeprefix("/pages/"))
            return found if found is not None and not asked.path.endswith(".html") else _refused("no_such_page", 404)
        handler = self._handlers.get((asked.method, asked.path))
        if not is_in:
            return _refused("no_session", 401)
        if (asked.method, asked.path) == ("GET", "/session"):
            return told_json({"csrf": self._csrf, "idle_s": self._idle_s})
        if asked.method == "POST":
            if not hmac.compare_digest(asked.csrf.encode(), self._csrf.encode()):
                return _refused("no_csrf_token", 403)
            self._touched_at_s = time.monotonic()  # Pictures that a forgotten page asks for keep nothing alive.
            if asked.path == "/here":
                return told_json({})
        return handler(asked) if handler is not None else _refused("no_such_page", 404)

    def _enter(self, asked: Asked) -> Told:
        said = asked.said.get("code", "")
        with self._lock:
            now_s = time.monotonic()
            verdict = self._guard.judge(said if isinstance(said, str) else "", now_s)
            if verdict != "right":
                return told_json({"problem": verdict, "wait_s": round(self._guard.wait_s(now_s), 1)}, status=_STATUS[verdict])
            self._session = secrets.token_urlsafe(32)
            self._touched_at_s = now_s
        return told_json({}, cookie=(COOKIE, self._session))


def _refused(problem: str, status: int) -> Told:
    return told_json({"problem": problem}, status=status)


def _files() -> dict[str, Told]:
    """All page files, read once: no address is ever made into a path."""
    folder = resources.files("edge_agent") / "pages"
    return {
        file.name: Told(file.read_bytes(), _KINDS[file.name.rpartition(".")[2]])
        for file in folder.iterdir()
        if file.name.rpartition(".")[2] in _KINDS
    }


__all__ = ["Answer", "GuardedPage"]
