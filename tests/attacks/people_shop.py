"""The hub's people with a page or two behind the gate, and clocks that a test may turn."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from fastapi import FastAPI, Request, WebSocket
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from access_control.provider import Provider
from store_hub.adapters.audit_log import AuditLog
from store_hub.adapters.people_file import PeopleFile
from store_hub.dashboard.reader import Reader, time_zone
from store_hub.flows.doorkeeper import Doorkeeper
from store_hub.routes.people_forms import PeopleForms
from store_hub.routes.people_gate import COOKIE, PeopleGate, person_of

GOOD = "three quiet apples"
HOST = "hub.test"


class PeopleShop:
    """One."""

    def __init__(self, folder: Path, *, provider: Provider | None = None, page_url: str | None = None) -> None:
        self.folder, self.now_ms, self.now_s = folder, 1_800_000_000_000, 0.0
        self.sockets_ended = 0
        self.audit = AuditLog(folder / "audit.sqlite", now_ms=lambda: self.now_ms)
        self.keeper = Doorkeeper(
            PeopleFile(folder / "people.sqlite"), self.audit, now_ms=lambda: self.now_ms, clock=lambda: self.now_s,
            hasher=PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1),
        )  # fmt: skip
        self.app = FastAPI()
        self.app.include_router(
            PeopleForms(
                self.keeper, reader=lambda request: Reader.of(request.cookies, zone=time_zone("UTC"), currency="EUR"), shop="Corner",
                is_secure=False, provider=provider, label="the test account", page_url=page_url,
            ).router()
        )  # fmt: skip

        @self.app.get("/")
        @self.app.get("/devices")
        @self.app.post("/press")
        def page(request: Request) -> dict[str, Any]:
            person = person_of(request)
            return {"name": None if person is None else person.name}

        @self.app.websocket("/_nicegui_ws/socket.io")
        async def socket(link: WebSocket) -> None:
            await link.accept()
            with suppress(WebSocketDisconnect):
                while True:
                    await link.send_text(await link.receive_text())
            self.sockets_ended += 1

        self.app.add_middleware(PeopleGate, doorkeeper=self.keeper, is_secure=False, refused=self.keeper.refuse)

    def browser(self, **headers: str) -> TestClient:
        return TestClient(self.app, base_url=f"http://{HOST}", headers={"accept": "text/html", **headers}, follow_redirects=False)

    def somebody(self, name: str = "Ana", role: str = "manager") -> TestClient:
        """A browser that has come in by a link."""
        browser = self.browser()
        token = self.keeper.invite(name, role, actor="test")
        assert browser.post(f"/welcome/{token}", data={"password": GOOD}).status_code == 303
        return browser

    def refused(self, action: str) -> list[str]:
        return [row.detail for row in self.audit.newest(100_000) if row.action == action and row.outcome == "refused"]


def cookie_of(browser: TestClient) -> dict[str, str]:
    """The session, for a socket: the test client sends cookies with HTTP alone."""
    return {"cookie": f"{COOKIE}={browser.cookies[COOKIE]}"}
