"""A shop's key opens that shop and nothing else, on every route there is; keys take each other's place without a gap."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from cloud_api.__main__ import app as command_line
from cloud_api.adapters.tokens import LOOK_EVERY_S, Tokens, new_key, read_tokens
from cloud_api.assemble import Cloud
from cloud_api.errors import TokenMissing
from cloud_api.rules.roles import SCOPES
from wire_format import codec
from wire_format.reports import StoreProfile

OWN, OTHER, PLANNER = "store-token-of-shop-1", "store-token-of-shop-2", "planner-token-of-mei"
OPEN = {"/health/live", "/health/ready", "/metrics", "/openapi.json"}
"""Doors that tell no shop's figures."""


def routes(app: FastAPI) -> list[tuple[str, str]]:
    """Every method and address, with shop-1 wherever a shop is named and 1 for any other thing."""
    found: list[tuple[str, str]] = []

    def walk(router: Any) -> None:
        for route in router.routes:
            if isinstance(route, APIRoute):
                path = re.sub(r"\{[^}]+\}", "1", route.path.replace("{store_id}", "shop-1"))
                found.extend((method, path) for method in sorted(route.methods or ()))
            elif hasattr(route, "original_router"):
                walk(route.original_router)
            elif hasattr(route, "routes"):
                walk(route)

    walk(app)
    return sorted(set(found))


def test_no_route_opens_to_another_shops_key_or_to_none(cloud: Cloud) -> None:
    app = cloud.doors(Tokens(stores={"shop-1": OWN, "shop-2": OTHER}, planners={"Mei": PLANNER}))
    walked = [(method, path) for method, path in routes(app) if path not in OPEN]
    assert len(walked) > 15, walked
    client = TestClient(app, raise_server_exceptions=False)
    profile = StoreProfile(store_id="shop-1", name="One", time_zone="Europe/Berlin", currency="EUR", floor_width_m=5.0, floor_depth_m=5.0)
    kept = client.put("/v1/stores/shop-1/profile", content=codec.encode(profile), headers={"authorization": f"Bearer {OWN}"})
    assert kept.status_code == 200
    query = {"store": "shop-1", "store_id": "shop-1", "from": "2026-11-01", "to": "2026-11-22", "after": "0"}
    for method, path in walked:
        nobody = client.request(method, path, params=query, json={})
        assert nobody.status_code == 401, f"{method} {path} without a key: {nobody.status_code}"
        stranger = client.request(method, path, params=query, json={}, headers={"authorization": f"Bearer {OTHER}"})
        if path == "/v1/stores":  # Each sees itself there.
            assert "shop-1" not in stranger.text
            continue
        refused = {403, 404} if "/orders/1" in path or "/1" in path else {403}  # 1 is no thing of anybody's.
        assert stranger.status_code in refused, f"{method} {path} with another shop's key: {stranger.status_code} {stranger.text[:200]}"


def test_every_door_opens_to_the_scopes_that_name_it_and_to_no_other(cloud: Cloud) -> None:
    tokens = Tokens(stores={}, planners={"Mei": PLANNER})
    app = cloud.doors(tokens)
    client = TestClient(app, raise_server_exceptions=False)
    keeper = cloud.guards.keeper
    keys = {scope: keeper.make_key(f"key for {scope}", [scope], actor="test") for scope in SCOPES}
    seen: dict[str, set[str]] = {}
    for method, path in routes(app):
        if path in OPEN or path.startswith("/v1/stores/"):
            continue
        for scope, key in keys.items():
            answer = client.request(
                method, path, params={"store": "none", "after": "0"}, json={}, headers={"authorization": f"Bearer {key}"}
            )
            assert answer.status_code != 401, f"{method} {path} with {scope}"
            if answer.status_code != 403:
                seen.setdefault(f"{method} {path}", set()).add(scope)
        opened = seen[f"{method} {path}"]
        assert opened == set(SCOPES) if method == "GET" else len(opened) == 2 and "all" in opened, f"{method} {path}: {opened}"
    changes = {next(iter(opened - {"all"})) for door, opened in seen.items() if not door.startswith("GET ")}
    assert changes <= set(SCOPES) - {"read"}
    refused = [row for row in cloud.guards.audit.newest(1000) if row.action == "door.enter"]
    assert any("POST /v1/orders/1/approve" in row.detail for row in refused), "whoever was turned away stands in the audit log"
    done = {(row.actor, row.action, row.detail) for row in cloud.guards.audit.newest(1000) if row.outcome == "done"}
    assert ("key:key for orders", "door.orders", "POST /v1/orders/1/approve") in done, "and whoever was let change something"


def test_a_hubs_key_made_here_opens_its_shop_alone(cloud: Cloud) -> None:
    client = TestClient(cloud.doors(Tokens(stores={}, planners={})), raise_server_exceptions=False)
    key = {"authorization": f"Bearer {cloud.guards.keeper.make_key('hub', ['store:shop-1'], actor='test')}"}
    profile = StoreProfile(store_id="shop-1", name="One", time_zone="Europe/Berlin", currency="EUR", floor_width_m=5.0, floor_depth_m=5.0)
    assert client.put("/v1/stores/shop-1/profile", content=codec.encode(profile), headers=key).status_code == 200
    assert client.put("/v1/stores/shop-2/profile", content=codec.encode(profile), headers=key).status_code == 403
    assert client.get("/v1/concerns", headers=key).status_code == 403
    cloud.guards.keeper.remove_key("hub", actor="test")
    assert client.get("/v1/stores/shop-1/plans", headers=key).status_code == 401


def test_two_keys_count_while_one_takes_the_others_place(tmp_path: Path) -> None:
    path, now = tmp_path / "tokens.toml", [0.0]
    (old, old_kept), (new, new_kept) = new_key(), new_key()
    path.write_text(f'[stores]\n"shop-1" = "{old_kept}"\n')
    tokens = read_tokens(path, demo=None)
    tokens.follow(path, demo=None, clock=lambda: now[0])

    def counts(token: str) -> bool:
        now[0] += LOOK_EVERY_S
        try:
            return tokens.bearer(token).store_id == "shop-1"
        except TokenMissing:
            return False

    assert (counts(old), counts(new)) == (True, False)
    path.write_text(f'[stores]\n"shop-1" = ["{old_kept}", "{new_kept}"]\n')
    assert (counts(old), counts(new)) == (True, True)
    path.write_text("[stores\n")
    assert (counts(old), counts(new)) == (True, True), "a mistake in the file locks nobody out"
    path.write_text(f'[stores]\n"shop-1" = "{new_kept}"\n')
    assert (counts(old), counts(new)) == (False, True)
    assert not counts(new_kept), "what the file holds opens nothing"


def test_a_key_is_shown_once_and_the_file_needs_only_its_hash() -> None:
    shown = CliRunner().invoke(command_line, ["key", "shop-1"]).output.split()
    assert shown[1:3] == ['"shop-1"', "="]
    assert shown[3].startswith('"sha256:')
