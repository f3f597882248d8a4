"""Is it alive, is it ready, and what has it done: for supervisors and Prometheus. These doors need no token."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest

from cloud_api.errors import CloudError
from cloud_api.routes.bodies import described, spoken


class Gauges:
    """What the cloud counts about itself; one set per application, so that several can live in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.facts = Counter("aislewise_facts_booked", "Facts booked into the records", registry=self.registry)
        self.quarantined = Counter("aislewise_facts_quarantined", "Facts set aside because they cannot be true", registry=self.registry)
        self.batch_seconds = Histogram("aislewise_batch_seconds", "Seconds from a whole batch to its commit", registry=self.registry)
        self.refused = Counter("aislewise_requests_refused", "Requests answered with an error", ["status"], registry=self.registry)
        self.plans = Counter("aislewise_stores_planned", "Stores whose orders were planned", registry=self.registry)


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """`problem` says in one line what is wrong and what to do; null when all is well."""

    ok: bool
    problem: str | None = None


def health_routes(*, gauges: Gauges, see_ready: Callable[[], None]) -> APIRouter:
    """`see_ready` raises a CloudError while the cloud cannot do its work."""
    router = APIRouter(tags=["health"])

    @router.get("/health/live", summary="The program runs", **described(Health))
    def live() -> Response:
        return spoken(Health(ok=True))

    @router.get("/health/ready", summary="It can book and answer", **described(Health))
    def ready() -> Response:
        try:
            see_ready()
        except CloudError as error:
            return spoken(Health(ok=False, problem=str(error)), status_code=503)
        return spoken(Health(ok=True))

    @router.get("/metrics", summary="Counters for Prometheus", response_class=Response)
    def metrics() -> Response:
        return Response(generate_latest(gauges.registry), media_type=CONTENT_TYPE_LATEST)

    return router
