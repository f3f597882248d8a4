"""Finds the hub of a code in the shop's network by multicast DNS. It only tells an address: the hub there must still prove itself."""

from __future__ import annotations

import socket
import threading

from zeroconf import InterfaceChoice, IPVersion, ServiceBrowser, ServiceInfo, ServiceListener, Zeroconf

from wire_format.join_code import SERVICE

FIND_WITHIN_S = 6.0
REACH_WITHIN_S = 1.5


class _Listener(ServiceListener):
    def __init__(self, fingerprint: str) -> None:
        self._fingerprint = fingerprint.encode()
        self.found = threading.Event()
        self.address = ""

    def add_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        info = zc.get_service_info(type_, name, timeout=2000)
        if info is None or info.properties.get(b"fingerprint") != self._fingerprint:
            return
        address = address_told(info)
        if address is not None:
            self.address = address
            self.found.set()

    def update_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        self.add_service(zc, type_, name)

    def remove_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        pass


def address_told(info: ServiceInfo) -> str | None:
    """The first address that takes a connection: a hub with two networks announces itself with both. None does: the first.

    None where only IPv6 is told, which neither this search nor a hub's certificate knows.
    """
    hosts = info.parsed_addresses(IPVersion.V4Only)
    for host in hosts:
        with socket.socket() as caller:
            caller.settimeout(REACH_WITHIN_S)
            if caller.connect_ex((host, info.port or 0)) == 0:
                return f"{host}:{info.port}"
    return f"{hosts[0]}:{info.port}" if hosts else None


def find_hub(fingerprint: str, *, within_s: float = FIND_WITHIN_S, interfaces: list[str] | None = None) -> str | None:
    """The address (HOST:PORT) of the hub with this fingerprint; None when none announces itself in time.

    Args:
        interfaces: addresses of this machine to look from; all by default.

    Raises:
        OSError: this network carries no multicast.
    """
    zeroconf = Zeroconf(InterfaceChoice.All if interfaces is None else interfaces, ip_version=IPVersion.V4Only)
    try:
        listener = _Listener(fingerprint)
        ServiceBrowser(zeroconf, SERVICE, listener)
        return listener.address if listener.found.wait(within_s) else None
    finally:
        zeroconf.close()
