"""The socket of pages and doors: taken before anything else is started, so that a taken port is told at once."""

from __future__ import annotations

import errno
import socket

from store_hub.errors import ConfigurationInvalid, PortTaken


def listen(host: str, port: int, *, setting: str) -> socket.socket:
    """Return a listening socket.

    Raises:
        PortTaken: another program has it. ConfigurationInvalid: it cannot be had for another reason.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise ConfigurationInvalid(path=setting, field="http.host", problem=f"{host} is no address here: {error}") from None
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(host=host, port=port, setting=setting) from None
        raise ConfigurationInvalid(path=setting, field="http.port", problem=f"{host}:{port} cannot be had: {error.strerror}") from None
    return listener
