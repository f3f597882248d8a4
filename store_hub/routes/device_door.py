"""What a device asks of the hub over HTTPS: who the authority is, a certificate for a code, the next one, and its own outbox."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Annotated

from fastapi import FastAPI, Request, Response
from msgspec import Meta, Struct
from starlette.concurrency import run_in_threadpool

from store_hub.adapters.authority import RequestUnsound
from store_hub.adapters.tls_door import peer_serial
from store_hub.flows.trust import CertificateRefused, Joined, JoinRefused, Trust
from store_hub.routes.bodies import decode, read_body, spoken
from store_hub.routes.refusals import Refusal, RequestRefused, answer_refusals
from wire_format.identifiers import OutboxId

BODY_MAX_BYTES = 16 * 1024
WRONG_CODES_MAX = 20
WRONG_CODES_WITHIN_S = 60.0


class JoinBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A device's code and its certificate request (PKCS#10, PEM)."""

    secret: Annotated[str, Meta(min_length=10, max_length=10)]
    csr: Annotated[str, Meta(max_length=8192)]


class RenewBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The next certificate request."""

    csr: Annotated[str, Meta(max_length=8192)]


class OutboxBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An outbox that is the device's own."""

    outbox_id: OutboxId


class JoinAnswer(Struct, frozen=True, kw_only=True):
    """Who the device is, its certificate, and where the broker listens on this same machine."""

    device_id: str
    store_id: str
    certificate: str
    broker_port: int


class TooManyTries(RequestRefused):
    """Somebody guesses codes."""

    status_code = 429

    def __init__(self) -> None:
        super().__init__("too many wrong codes; wait a minute")


class Turnstile:
    """Bounds how many wrong codes are looked at: with 50 random bits and 20 a minute, guessing takes a hundred million years."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._wrong: list[float] = []

    def enter(self) -> bool:
        """Whether another code may be looked at."""
        with self._lock:
            since = self._clock() - WRONG_CODES_WITHIN_S
            self._wrong = [at for at in self._wrong if at > since]
            return len(self._wrong) < WRONG_CODES_MAX

    def was_wrong(self) -> None:
        """Note a wrong one."""
        with self._lock:
            self._wrong.append(self._clock())


def device_door(trust: Trust, *, broker_port: int, refused: Callable[[str, str], None]) -> FastAPI:
    """Return the application. `refused` notes an actor and why, for what never reached the trust."""
    app = FastAPI(title="Aislewise device door", openapi_url=None, docs_url=None, redoc_url=None)
    turnstile = Turnstile()
    answer_refusals(app)

    def answered(joined: Joined) -> Response:
        return spoken(JoinAnswer(**joined._asdict(), broker_port=broker_port))

    @app.get("/authority")
    def authority() -> Response:
        return Response(trust.authority.certificate, media_type="application/x-pem-file")

    @app.post("/v1/join")
    async def join(request: Request) -> Response:
        actor = _address(request)
        if not turnstile.enter():
            refused(actor, "too many wrong codes")
            raise TooManyTries
        body = decode(await read_body(request, limit_bytes=BODY_MAX_BYTES), JoinBody)
        try:
            return answered(await run_in_threadpool(trust.join, body.secret, body.csr, actor=actor))
        except JoinRefused:
            turnstile.was_wrong()
            raise

    @app.post("/v1/renew")
    async def renew(request: Request) -> Response:
        body = decode(await read_body(request, limit_bytes=BODY_MAX_BYTES), RenewBody)
        return answered(await run_in_threadpool(trust.renew, peer_serial(request), body.csr, actor=_address(request)))

    @app.post("/v1/outbox")
    async def outbox(request: Request) -> Response:
        body = decode(await read_body(request, limit_bytes=BODY_MAX_BYTES), OutboxBody)
        await run_in_threadpool(trust.claim, peer_serial(request), body.outbox_id, actor=_address(request))
        return spoken(body)

    app.add_exception_handler(JoinRefused, _refuse(403))
    app.add_exception_handler(CertificateRefused, _refuse(403))
    app.add_exception_handler(RequestUnsound, _refuse(422))
    return app


def _refuse(status_code: int) -> Callable[[Request, Exception], Response]:
    return lambda _, error: spoken(Refusal(error=str(error)), status_code=status_code)


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else "unknown"
