"""The listening socket and the server on it: says at once when the port is taken, and stops within seconds."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from cloud_api.errors import ConfigurationInvalid, PortTaken
from service_manager.web_server import WatchedServer


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A bound socket, before anything else is started.

    Raises:
        PortTaken: somebody else listens there.
        ConfigurationInvalid: the host is no address of this machine, or the port is not ours to take.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise ConfigurationInvalid(path="listen.host", field="listen.host", problem=f"{host}: {error.strerror}") from None
    with socket.socket(family, kind, protocol) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(address)
            door.listen(1024)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortTaken(host=host, port=port) from None
            problem = f"cannot listen on {host} port {port}: {error.strerror}"
            raise ConfigurationInvalid(path="listen", field="listen.host, listen.port", problem=problem) from None
        yield door


def serve_on(app: Any, door: socket.socket) -> None:
    """Serve the application until SIGINT or SIGTERM; open connections get two seconds to end."""
    settings = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2, server_header=False)
    WatchedServer(settings).run(sockets=[door])
