"""The hub's doors for other systems: a key opens its scopes alone, whoever is refused is written down, this machine needs none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from store_hub.adapters.audit_log import AuditLog
from store_hub.adapters.door_tokens import DoorKeys, DoorTokens
from store_hub.adapters.people_file import PeopleFile
from store_hub.flows.doorkeeper import Doorkeeper
from store_hub.routes.doors import Doors
from store_hub.routes.refusals import answer_refusals
from store_hub.rules.roles import SCOPES, scope_of

FILE_TOKEN = "a-token-of-the-file-0123"
DOORS = ["/v1/sales", "/v1/deliveries", "/v1/counts", "/v1/alerts/1/take", "/v1/stock-take-reads", "/v1/write-offs", "/epcis/events"]


class Street:
    """Doors that only look who enters, and somebody in front of them."""

    def __init__(self, folder: Path, *, is_local_enough: bool) -> None:
        self.audit = AuditLog(folder / "audit.sqlite", now_ms=lambda: 1_000)
        hasher = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
        self.keeper = Doorkeeper(PeopleFile(folder / "people.sqlite"), self.audit, now_ms=lambda: 1_000, hasher=hasher)
        keys = DoorKeys(
            DoorTokens([] if is_local_enough else [FILE_TOKEN]), find=self._find, is_local_enough=is_local_enough,
            refused=lambda actor, detail: self.audit.refused(actor, "door.enter", detail),
        )  # fmt: skip
        bookkeep: Any = None  # Nobody gets that far here.
        doors = Doors(bookkeep=bookkeep, tokens=keys, now_ms=lambda: 1_000)
        self.app = FastAPI()
        answer_refusals(self.app)

        @self.app.post("/{path:path}")
        def enter(request: Request) -> str:
            doors.enter(request)
            return "in"

    def _find(self, secret: str) -> tuple[str, tuple[str, ...]] | None:
        found = self.keeper.key(secret)
        return None if found is None else (found.name, found.scopes)

    def post(self, path: str, key: str | None = None, *, at: str = "192.168.1.9", host: str = "hub.test", scheme: str = "Bearer") -> int:
        headers = {} if key is None else {b"authorization": f"{scheme} {key}".encode()}
        client = TestClient(self.app, base_url=f"http://{host}", client=(at, 5))
        return client.post(path, headers=headers).status_code

    def refusals(self) -> int:
        return len([row for row in self.audit.newest(1000) if row.action == "door.enter"])


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    made = Street(tmp_path, is_local_enough=True)
    with closing(made.audit):
        yield made


@pytest.mark.parametrize("scope", SCOPES)
def test_a_key_opens_its_scope_and_no_other(street: Street, scope: str) -> None:
    key = street.keeper.make_key("till-1", [scope], actor="test")
    opened = {path for path in DOORS if street.post(path, key) == 200}
    assert opened == {path for path in DOORS if scope in ("all", scope_of(path))}
    assert street.refusals() == len(DOORS) - len(opened), "each refusal leaves a line"
    street.keeper.remove_key("till-1", actor="test")
    assert street.post("/v1/sales", key) == 401


def test_without_a_key_only_this_machine_by_its_own_name_comes_in(street: Street) -> None:
    assert street.post("/v1/sales", at="127.0.0.1", host="127.0.0.1:8080") == 200
    assert street.post("/v1/sales", at="127.0.0.1", host="evil.example") == 401, "a web page whose name was pointed here"
    assert street.post("/v1/sales", at="192.168.1.9", host="127.0.0.1") == 401
    assert street.post("/v1/sales", "wrong", at="127.0.0.1", host="127.0.0.1") == 401, "a wrong key is no better than none"
    assert street.refusals() == 3


@pytest.mark.parametrize("key", ["", " ", "aislewise_", "' OR 1=1 --", "é" * 40, "x" * 20_000, FILE_TOKEN])
def test_what_is_no_key_opens_nothing(street: Street, key: str) -> None:
    secret = street.keeper.make_key("till-1", ["all"], actor="test")
    assert street.post("/v1/sales", key) == 401
    assert street.post("/v1/sales", secret, scheme="Basic") == 401
    assert street.post("/v1/sales", secret.upper()) == 401


def test_the_tokens_of_a_file_open_all_doors_and_then_this_machine_needs_one_too(tmp_path: Path) -> None:
    made = Street(tmp_path, is_local_enough=False)
    with closing(made.audit):
        assert {made.post(path, FILE_TOKEN) for path in DOORS} == {200}
        assert made.post("/v1/sales", at="127.0.0.1", host="127.0.0.1") == 401
