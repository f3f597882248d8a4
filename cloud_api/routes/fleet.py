"""A program's doors to rollouts of software, and where hubs fetch a release."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool

from cloud_api.adapters.fleet_records import RolloutRecord, ShopRollout
from cloud_api.adapters.release_shelf import ReleaseShelf
from cloud_api.adapters.tokens import Tokens
from cloud_api.flows.fleet_rollouts import FleetRollouts
from cloud_api.routes.bodies import described, invalid_from, read_body, spoken
from cloud_api.routes.callers import Callers
from wire_format.identifiers import DeviceId, StoreId


class RolloutView(msgspec.Struct, frozen=True, kw_only=True):
    """A rollout, and what shops said of it."""

    rollout: RolloutRecord
    shops: list[ShopRollout]


class RolloutList(msgspec.Struct, frozen=True, kw_only=True):
    """Rollouts, newest first."""

    rollouts: list[RolloutView]


class RolloutWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A release, and the shop it begins in: with `first_device`, or with a device of the hub's choice."""

    version: str
    first_store: StoreId
    first_device: DeviceId | None = None


def fleet_routes(*, rollouts: FleetRollouts, shelf: ReleaseShelf, tokens: Tokens, limit_bytes: int) -> APIRouter:
    """The doors under `/v1/fleet`, and `/v1/stores/{store_id}/releases`."""
    router = APIRouter(prefix="/v1", tags=["fleet"])

    caller = Callers(tokens)

    _add_releases(router, shelf, caller)
    _add_rollouts(router, rollouts, caller, limit_bytes)
    return router


def _add_releases(router: APIRouter, shelf: ReleaseShelf, caller: Callers) -> None:
    @router.get("/stores/{store_id}/releases/{sha256}.tar", summary="A release of the edge agent", response_class=FileResponse)
    def release(request: Request, store_id: str, sha256: str) -> FileResponse:
        caller(request).require_store(store_id)
        path = shelf.by_sum(sha256)
        if path is None:
            raise HTTPException(404, "no such release is here; add it with cloud-api release add")
        return FileResponse(path, media_type="application/x-tar")


def _add_rollouts(router: APIRouter, rollouts: FleetRollouts, caller: Callers, limit_bytes: int) -> None:
    @router.get("/fleet/rollouts", summary="Rollouts of software and how they go", **described(RolloutList))
    def get_rollouts(request: Request) -> Response:
        caller(request).require_reader(None)
        found = [RolloutView(rollout=record, shops=rollouts.told(record.rollout_id)) for record in rollouts.rollouts()]
        return spoken(RolloutList(rollouts=found))

    @router.post("/fleet/rollouts", summary="Begin one", **described(RolloutView, body=RolloutWanted))
    async def start(request: Request) -> Response:
        who = await run_in_threadpool(caller.to_change, request, "fleet")
        try:
            wanted = msgspec.json.decode(await read_body(request, limit_bytes=limit_bytes), type=RolloutWanted)
        except msgspec.DecodeError as error:
            raise invalid_from(error) from None
        record = await run_in_threadpool(
            lambda: rollouts.start(wanted.version, first_store=wanted.first_store, first_device=wanted.first_device, by=who.name)
        )
        return spoken(RolloutView(rollout=record, shops=[]))

    @router.post("/fleet/rollouts/{rollout_id}/stop", summary="Halt it", **described(RolloutView))
    def stop(request: Request, rollout_id: str) -> Response:
        who = caller.to_change(request, "fleet")
        record = rollouts.stop(rollout_id, by=who.name)
        return spoken(RolloutView(rollout=record, shops=rollouts.told(rollout_id)))
