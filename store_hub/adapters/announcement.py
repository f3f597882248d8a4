"""Lets devices find the hub in the shop's network by multicast DNS. Whoever answers there must still prove the fingerprint of the code."""

from __future__ import annotations

import contextlib
import socket
from ipaddress import ip_address

import structlog
from zeroconf import IPVersion, ServiceInfo, Zeroconf

from wire_format.join_code import SERVICE

_log = structlog.get_logger("announcement")


class Announcement:
    """Announces the device door between `start` and `stop`. A network that does not carry multicast costs nothing but a line in the log."""

    def __init__(self, *, store_id: str, fingerprint: str, host: str, port: int) -> None:
        self._store_id, self._fingerprint, self._host, self._port = store_id, fingerprint, host, port
        self._zeroconf: Zeroconf | None = None

    def start(self) -> None:
        """Begin."""
        loopback = ip_address(self._host).is_loopback if _is_address(self._host) else self._host == "localhost"
        addresses = ["127.0.0.1"] if loopback else _own_addresses()
        label = f"{self._store_id}-{self._fingerprint[:6].lower()}"
        info = ServiceInfo(
            SERVICE, f"{label}.{SERVICE}", port=self._port, parsed_addresses=addresses, server=f"{label}.local.",
            properties={"store": self._store_id, "fingerprint": self._fingerprint},
        )  # fmt: skip
        try:
            self._zeroconf = (
                Zeroconf(interfaces=addresses, ip_version=IPVersion.V4Only) if loopback else Zeroconf(ip_version=IPVersion.V4Only)
            )
            self._zeroconf.register_service(info, allow_name_change=True)
        except Exception as error:  # noqa: BLE001  # Whatever the network lacks: joining works with --hub ADDRESS as well.
            _log.warning("the hub cannot be found by itself", problem=str(error) or type(error).__name__, advice="join with --hub ADDRESS")

    def stop(self) -> None:
        """Say goodbye."""
        if self._zeroconf is not None:
            with contextlib.suppress(Exception):
                self._zeroconf.close()


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _own_addresses() -> list[str]:
    """The address from which this machine would speak to its network; nothing is sent for this."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return [str(probe.getsockname()[0])]
        except OSError:
            return ["127.0.0.1"]
