"""A small web server on the standard library, for pages that one person opens for a while on the device itself.

It knows a fixed table of addresses and nothing of files, so no address leads out of it. Each answer forbids the browser to run, load, frame
or keep anything that is not the page's own. Requests, bodies, connections and waiting are bounded. Nothing is logged of a request.
"""

from __future__ import annotations

import errno
import ipaddress
import json
import threading
from collections.abc import Callable, Mapping
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import structlog

from edge_agent.errors import EdgeError

log = structlog.get_logger("edge_agent.page_server")

BODY_MAX_BYTES = 256 * 1024
CONNECTIONS_MAX = 24
PATIENCE_S = 15.0

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


class AddressTaken(EdgeError, OSError):
    """The page cannot listen where it was told to."""

    exit_code = 4

    def __init__(self, *, address: str, problem: str) -> None:
        super().__init__(f"cannot listen on {address}: {problem}; choose another with --listen HOST:PORT")
        self.address = address
        self.problem = problem


class Asked(NamedTuple):
    """A request. `said`: the JSON object of a POST. `cookies` and `query` are what the browser sent."""

    method: str
    path: str
    query: Mapping[str, str]
    cookies: Mapping[str, str]
    csrf: str
    said: dict[str, Any]


class Told(NamedTuple):
    """An answer. `cookie`: sets a cookie that no script can read and no other site sends."""

    body: bytes
    kind: str = "application/json"
    status: int = 200
    cookie: tuple[str, str] | None = None
    more: Mapping[str, str] = {}


Answer = Callable[[Asked], Told]


def told_json(content: object, *, status: int = 200, cookie: tuple[str, str] | None = None) -> Told:
    """An answer in JSON."""
    return Told(json.dumps(content, ensure_ascii=False).encode(), "application/json; charset=utf-8", status, cookie)


class PageServer:
    """Listens from the moment it is made; answers between `start` and `stop`.

    Args:
        host, port: where; port 0 takes a free one.
        answer: is called from several threads, and must not raise for anything that a browser can send.

    Raises:
        AddressTaken: somebody else listens there, or this device has no such address.
    """

    def __init__(self, host: str, port: int, answer: Answer) -> None:
        handler = type("Handler", (_Handler,), {"answer": staticmethod(answer), "own_host": host})
        try:
            self._server = _Server((host, port), handler)
        except (OSError, UnicodeError) as error:
            problem = {errno.EADDRINUSE: "somebody listens there already", errno.EADDRNOTAVAIL: "this device has no such address"}.get(
                getattr(error, "errno", 0) or 0, getattr(error, "strerror", None) or "no such address"
            )
            raise AddressTaken(address=f"{host}:{port}", problem=problem) from None
        self.host, self.port = host, int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, name="page server", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer nobody any more and let go of the port."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(timeout=5.0)
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 16
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._room = threading.BoundedSemaphore(CONNECTIONS_MAX)
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)  # Whoever opens more connections than a browser does is turned away.
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        """A browser that hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    answer: Answer
    own_host: str
    timeout = PATIENCE_S
    server_version = "aislewise"
    sys_version = ""

    def do_GET(self) -> None:
        self._serve("GET", {})

    def do_POST(self) -> None:
        said = self._body()
        if said is not None:
            self._serve("POST", said)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server calls it so
        """Nothing is logged of a request: an address may hold what was typed."""

    def _serve(self, method: str, said: dict[str, Any]) -> None:
        if not self._is_for_us():
            self._send(told_json({"problem": "foreign_host"}, status=421))
            return
        address = urlsplit(self.path)
        try:
            jar = SimpleCookie(self.headers.get("Cookie", ""))
            cookies = {name: morsel.value for name, morsel in jar.items()}
        except CookieError:
            cookies = {}
        query = dict(parse_qsl(address.query, max_num_fields=20)) if len(address.query) < 2_000 else {}
        asked = Asked(method, address.path, query, cookies, self.headers.get("X-Csrf-Token", ""), said)
        try:
            told = type(self).answer(asked)
        except Exception as error:  # noqa: BLE001  # Our own mistake must not leave the browser without an answer.
            log.error("the page could not answer", path=address.path, error=f"{type(error).__name__}: {error}")
            told = told_json({"problem": "internal", "detail": type(error).__name__}, status=500)
        self._send(told)

    def _is_for_us(self) -> bool:
        """Refuse names of other sites that lead here (DNS rebinding), and forms that other sites send."""
        host = self.headers.get("Host", "")
        name = urlsplit(f"//{host}").hostname or ""
        if name not in ("localhost", self.own_host.lower()) and not _is_address(name):
            return False
        origin = self.headers.get("Origin")
        return origin is None or urlsplit(origin).netloc == host

    def _body(self) -> dict[str, Any] | None:
        """The JSON object of the request; what is wrong with it is answered here."""
        length = self.headers.get("Content-Length", "")
        if self.headers.get_content_type() != "application/json":
            self._send(told_json({"problem": "not_json"}, status=415))
        elif not length.isdecimal():
            self._send(told_json({"problem": "no_length"}, status=411))
        elif int(length) > BODY_MAX_BYTES:
            self.close_connection = True
            self._send(told_json({"problem": "too_long"}, status=413))
        else:
            try:
                said = json.loads(self.rfile.read(int(length)))
            except (ValueError, RecursionError):
                said = None
            if isinstance(said, dict):
                return said
            self._send(told_json({"problem": "not_json"}, status=400))
        return None

    def _send(self, told: Told) -> None:
        self.send_response(told.status)
        for name, value in {**_HEADERS, **told.more}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", told.kind)
        self.send_header("Content-Length", str(len(told.body)))
        if told.cookie is not None:
            self.send_header("Set-Cookie", f"{told.cookie[0]}={told.cookie[1]}; Path=/; HttpOnly; SameSite=Strict")
        self.end_headers()
        self.wfile.write(told.body)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
