"""The chain's people with a page or two behind the gate, on real records, and clocks that a test may turn."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from argon2 import PasswordHasher
from fastapi import FastAPI, Request, WebSocket
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from starlette.websockets import WebSocketDisconnect

from access_control.gate import person_of
from cloud_api.config import CloudConfig
from cloud_api.guarding import Guards
from cloud_api.routes.people_gate import COOKIE

GOOD = "three quiet apples"
HOST = "chain.test"
QUICK = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
PAGES = ("/", "/footfall", "/orders", "/orders/terms", "/promotions", "/layout", "/figures", "/shops", "/devices", "/audit")


class PeopleChain:
    """One, empty of people; its audit log goes on where the last one's ended."""

    def __init__(self, engine: Engine, config: CloudConfig | None = None) -> None:
        self.engine, self.now_ms, self.now_s, self.sockets_ended = engine, 1_800_000_000_000, 0.0, 0
        with engine.begin() as connection:
            connection.execute(text("TRUNCATE person, person_session, person_link, access_key"))
            self.first_row = connection.execute(text("SELECT coalesce(max(number), 0) FROM audit")).scalar_one()
        self.guards = Guards(
            engine, config or CloudConfig(), now=lambda: datetime.fromtimestamp(self.now_ms / 1000, UTC), clock=lambda: self.now_s,
            hasher=QUICK,
        )  # fmt: skip
        self.keeper = self.guards.keeper
        self.app = FastAPI()
        for path in PAGES:
            self.app.add_api_route(path, self._page, methods=["GET"])
        self.app.add_api_route("/press", self._page, methods=["POST"])

        @self.app.websocket("/_nicegui_ws/socket.io")
        async def socket(link: WebSocket) -> None:
            await link.accept()
            with suppress(WebSocketDisconnect):
                while True:
                    await link.send_text(await link.receive_text())
            self.sockets_ended += 1

        self.guards.guard(self.app, is_open=False)

    @staticmethod
    def _page(request: Request) -> dict[str, Any]:
        person = person_of(request)
        return {"name": None if person is None else person.name}

    def browser(self, **headers: str) -> TestClient:
        return TestClient(self.app, base_url=f"http://{HOST}", headers={"accept": "text/html", **headers}, follow_redirects=False)

    def somebody(self, name: str = "Ana", role: str = "administrator") -> TestClient:
        """A browser that has come in by a link."""
        browser = self.browser()
        token = self.keeper.invite(name, role, actor="test")
        assert browser.post(f"/welcome/{token}", data={"password": GOOD}).status_code == 303
        return browser

    def refused(self, action: str) -> list[str]:
        rows = self.guards.audit.newest(100_000)
        return [row.detail for row in rows if row.number > self.first_row and (row.action, row.outcome) == (action, "refused")]


def cookie_of(browser: TestClient) -> dict[str, str]:
    """The session, for a socket: the test client sends cookies with HTTP alone."""
    return {"cookie": f"{COOKIE}={browser.cookies[COOKIE]}"}
