"""A small HTTPS server for devices: TLS 1.3, a certificate of the shop asked for but not demanded, its serial told to the routes."""

from __future__ import annotations

import asyncio
import ssl
import threading
from pathlib import Path
from socket import socket
from typing import Any

import uvicorn
from starlette.requests import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

from store_hub.adapters.authority import serial_of

PEER = "aislewise.peer_serial"
GRACE_S = 1
CONNECTIONS_MAX = 64


class _PeerProtocol(H11Protocol):
    """uvicorn's own, which also tells who is at the other end: TLS has checked the certificate before a byte of HTTP is read."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        shown = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
        serial, inner = None if shown is None else serial_of(shown), self.app

        async def told(scope: Any, receive: Any, send: Any) -> None:
            await inner({**scope, PEER: serial}, receive, send)

        self.app = told


def peer_serial(request: Request) -> str | None:
    """The serial number of the caller's certificate, in hex; None when none was shown."""
    found: str | None = request.scope.get(PEER)
    return found


class TlsDoor:
    """Serves `application` on a thread of its own between `start` and `stop`.

    Args:
        certificate: key and chain in one file.
        authority: whose certificates devices show.
    """

    def __init__(self, application: Any, listener: socket, *, certificate: Path, authority: Path) -> None:
        config = uvicorn.Config(
            application, http=_PeerProtocol, ws="none", lifespan="off", log_level="warning", access_log=False, server_header=False,
            timeout_graceful_shutdown=GRACE_S, timeout_keep_alive=5, limit_concurrency=CONNECTIONS_MAX,
            ssl_certfile=str(certificate), ssl_keyfile=str(certificate), ssl_ca_certs=str(authority), ssl_cert_reqs=ssl.CERT_OPTIONAL,
        )  # fmt: skip
        config.load()
        assert config.ssl is not None
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_3
        self._context, self._certificate, self._listener = config.ssl, certificate, listener
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, name="device-door", daemon=True)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def reload(self) -> None:
        """Show the renewed certificate to whoever connects from now on."""
        self._context.load_cert_chain(self._certificate)

    def stop(self) -> None:
        """End, and let go of the port."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(GRACE_S + 1.0)
        self._listener.close()
