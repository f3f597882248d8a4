"""Finds the hub of a code in the shop's network by multicast DNS. It only tells an address: the hub there must still prove itself."""

from __future__ import annotations

import threading

from zeroconf import InterfaceChoice, IPVersion, ServiceBrowser, ServiceListener, Zeroconf

from wire_format.join_code import SERVICE

FIND_WITHIN_S = 6.0


class _Listener(ServiceListener):
    def __init__(self, fingerprint: str) -> None:
        self._fingerprint = fingerprint.encode()
        self.found = threading.Event()
        self.address = ""
        self.others = 0

    def add_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        info = zc.get_service_info(type_, name, timeout=2000)
        if info is None or not info.parsed_addresses(IPVersion.V4Only):
            return
        if info.properties.get(b"fingerprint") != self._fingerprint:
            self.others += 1
            return
        self.address = f"{info.parsed_addresses(IPVersion.V4Only)[0]}:{info.port}"
        self.found.set()

    def update_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        self.add_service(zc, type_, name)

    def remove_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        pass


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
