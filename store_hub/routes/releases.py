"""Where devices fetch software. The bundles are signed and hold nothing secret: who may reach the hub may read them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path
from fastapi.responses import FileResponse

from store_hub.adapters.release_shelf import ReleaseShelf


def release_routes(shelf: ReleaseShelf) -> APIRouter:
    """Return `/v1/releases/{sha256}.tar`; a download that was cut off goes on with a Range."""
    router = APIRouter(tags=["devices"])

    @router.get("/v1/releases/{sha256}.tar", summary="A release of the edge agent", response_class=FileResponse)
    def release(sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")]) -> FileResponse:
        path = shelf.by_sum(sha256)
        if path is None:
            raise HTTPException(404, "no such release is here; add it with store-hub release add")
        return FileResponse(path, media_type="application/x-tar")

    return router
