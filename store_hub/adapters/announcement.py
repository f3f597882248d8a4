"""Lets devices find the hub in the shop's network by multicast DNS. Whoever answers there must still prove the fingerprint of the code."""

from __future__ import annotations

import contextlib
from ipaddress import ip_address

import structlog
from zeroconf import InterfaceChoice, IPVersion, ServiceInfo, Zeroconf

from store_hub.adapters.own_addresses import own_addresses
from wire_format.join_code import SERVICE

_log = structlog.get_logger("announcement")


class Announcement:
    """Announces the device door between `start` and `stop`. A network that does not carry multicast costs nothing but a line in the log."""

    def __init__(self, *, store_id: str, fingerprint: str, host: str, port: int) -> None:
        self._store_id, self._fingerprint, self._host, self._port = store_id, fingerprint, host, port
        self._zeroconf: Zeroconf | None = None
        self._told: list[str] = []

    def start(self) -> None:
        """Begin."""
        addresses = self._told = self._addresses()
        if not addresses:
            return  # No network yet: `look` begins again.
        label = f"{self._store_id}-{self._fingerprint[:6].lower()}"
        info = ServiceInfo(
            SERVICE, f"{label}.{SERVICE}", port=self._port, parsed_addresses=addresses, server=f"{label}.local.",
            properties={"store": self._store_id, "fingerprint": self._fingerprint},
        )  # fmt: skip
        try:
            interfaces = addresses if addresses == ["127.0.0.1"] else InterfaceChoice.All
            self._zeroconf = Zeroconf(interfaces=interfaces, ip_version=IPVersion.V4Only)
            self._zeroconf.register_service(info, allow_name_change=True)
        except Exception as error:  # noqa: BLE001  # Whatever the network lacks: joining works with --hub ADDRESS as well.
            _log.warning("the hub cannot be found by itself", problem=str(error) or type(error).__name__, advice="join with --hub ADDRESS")

    def look(self) -> None:
        """Begin anew where this machine has other addresses than it told: the network may have come after the hub."""
        if self._addresses() != self._told:
            self.stop()
            self.start()

    def stop(self) -> None:
        """Say goodbye."""
        if self._zeroconf is not None:
            with contextlib.suppress(Exception):
                self._zeroconf.close()
            self._zeroconf = None

    def _addresses(self) -> list[str]:
        if not _is_address(self._host):
            return ["127.0.0.1"] if self._host == "localhost" else own_addresses()
        address = ip_address(self._host)
        if address.is_loopback:
            return ["127.0.0.1"]
        return own_addresses() if address.is_unspecified or address.version == 6 else [self._host]


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
