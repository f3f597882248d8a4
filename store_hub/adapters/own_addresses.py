"""Where this machine is reached in the shop's network: what phones, tills and devices are told."""

from __future__ import annotations

import contextlib
import fcntl
import socket
import struct
from ipaddress import ip_address

SIOCGIFADDR = 0x8915
"""Linux's question for the IPv4 address of an interface (`man netdevice`)."""


def own_addresses() -> list[str]:
    """The IPv4 address of each interface besides loopback, the one towards the world first; nothing is sent for this.

    A shop's network may have no way out at all: then none is first, and every interface counts alike.
    """
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            with contextlib.suppress(OSError):  # An interface without an address.
                answer = fcntl.ioctl(probe.fileno(), SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
                found.append(socket.inet_ntoa(answer[20:24]))
        try:
            probe.connect(("192.0.2.1", 9))  # A network for documentation: no packet is sent.
            first = str(probe.getsockname()[0])
        except OSError:
            first = ""
    usable = [address for address in found if not (ip_address(address).is_loopback or ip_address(address).is_link_local)]
    return sorted(dict.fromkeys(usable), key=lambda address: address != first)
