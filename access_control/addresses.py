"""Which addresses only programs on this machine can reach."""

from __future__ import annotations

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Whether an address, or the name `localhost`, is this machine's alone. Other names are not looked up: they are not."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
