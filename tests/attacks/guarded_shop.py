"""A shop with certificates: a real Mosquitto on the files that the hub wrote, a hub, and devices that join by code."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import msgspec
import pytest

from edge_agent.adapters.broker_link import BrokerLink, Post
from edge_agent.config import BrokerConfig, load_config
from edge_agent.errors import BrokerUnavailable
from edge_agent.flows import join as joining
from store_hub.adapters.audit_log import AuditLog, AuditRow, audit_path
from store_hub.assemble import Hub
from store_hub.config import HubConfig
from store_hub.config import load_config as load_hub_config
from store_hub.flows.found import found_ledger
from store_hub.flows.trust import Trust, found_trust
from store_hub.flows.watch_broker import watch_broker
from wire_format.join_code import HUB_NAME

STORE = "corner-shop"
REPOSITORY = Path(__file__).resolve().parents[2]


class RealClock:
    """The wall clock, as the hub reads it."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


def wait_for(happened: Callable[[], Any], what: str, within_s: float = 120.0) -> Any:
    deadline = time.monotonic() + within_s
    while not (found := happened()):
        assert time.monotonic() < deadline, f"did not happen in {within_s} s: {what}"
        time.sleep(0.01)
    return found


class Device:
    """A device that has joined: its folder, and a connection to the broker as the agent makes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config_file = folder / "edge.toml"

    @property
    def broker(self) -> BrokerConfig:
        return load_config(self.config_file).broker

    def link(self, *, client_id: str = "test", will: Post | None = None, **changes: Any) -> BrokerLink:
        link = BrokerLink(msgspec.structs.replace(self.broker, **changes), client_id=client_id)
        link.connect(will)
        return link

    def refusal(self, topic: str, *, client_id: str = "test") -> str | None:
        """What the broker says to a letter of this device on a topic; None when it took it."""
        link = self.link(client_id=client_id)
        link.publish(Post(topic, b"{}"))
        link.flush(5.0)
        link.close()
        return link.refusal

    def may_connect(self, **changes: Any) -> bool:
        try:
            self.link(**changes).close()
        except BrokerUnavailable:
            return False
        return True


class GuardedShop:
    """Everything of one shop, in a folder of its own."""

    def __init__(self, folder: Path, ports: tuple[int, int, int, int]) -> None:
        self.folder = folder
        self.broker_port, self.door_port, self.http_port, self.node_port = ports
        self.door = f"127.0.0.1:{self.door_port}"
        (folder / "hub.toml").write_text(
            f'planogram = "{REPOSITORY}/demo/planogram.json"\n[broker]\nport = {self.broker_port}\n'
            f'[ledger]\npath = "{folder}/ledger.sqlite"\n[http]\nport = {self.http_port}\n'
            f'[trust]\nfolder = "{folder}/trust"\nhost = "127.0.0.1"\nport = {self.door_port}\n'
            f"node_port = {self.node_port}\nannounce = false\n"
            f'reload_broker = ["sh", "-c", "test ! -s {folder}/broker.pid || kill -HUP $(cat {folder}/broker.pid)"]\n',
            encoding="utf-8",
        )
        self.config: HubConfig = load_hub_config(folder / "hub.toml")
        self._clock = RealClock()
        found_ledger(folder / "ledger.sqlite", REPOSITORY / "demo/planogram.json", store_id=None, clock=self._clock)
        self.audit = AuditLog(audit_path(folder / "ledger.sqlite"), now_ms=self._clock.now_ms)
        (folder / "broker.pid").write_text("")
        made = found_trust(self.config, store_id=STORE, audit=self.audit, now_ms=self._clock.now_ms)
        assert made is not None
        self.trust: Trust = made
        self._broker: subprocess.Popen[bytes] | None = None
        self.hub: Hub | None = None

    def start(self) -> None:
        program = shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")
        if program is None:
            pytest.skip("Mosquitto is not installed: apt-get install mosquitto")
        settings = (self.folder / "trust/broker/mosquitto.conf").read_text(encoding="utf-8")
        (self.folder / "mosquitto.conf").write_text(f"{settings}user root\n", encoding="utf-8")
        command = [program, "-v", "-c", str(self.folder / "mosquitto.conf")]
        self._broker = subprocess.Popen(command, stderr=subprocess.PIPE)
        threading.Thread(target=self._sieve, args=(self._broker.stderr,), name="sieve", daemon=True).start()
        (self.folder / "broker.pid").write_text(str(self._broker.pid))
        wait_for(lambda: _listens(self.broker_port), "the broker listens")
        self.hub = Hub(self.config, config_path=str(self.folder / "hub.toml"))
        self.hub.start()
        wait_for(lambda: self.hub is not None and self.hub.link.connected and _listens(self.door_port), "the hub is up")

    def _sieve(self, lines: IO[bytes]) -> None:
        """Stands behind the broker, as the unit in firmware_configs/broker does."""
        with (self.folder / "mosquitto.log").open("a") as kept:
            watch_broker(lines, kept, audit=self.audit, acl=self.trust.files.folder / "acl", now_ms=self._clock.now_ms)

    def stop(self) -> None:
        if self.hub is not None:
            self.hub.stop()
        if self._broker is not None:
            self._broker.terminate()
            self._broker.wait(60)
        self.audit.close()

    def join(self, device_id: str) -> Device:
        code = self.trust.enrol(device_id, valid_minutes=5)
        folder = self.folder / f"device-{device_id}"
        joining.join(code, address=self.door, folder=folder / "identity", config=folder / "edge.toml")
        return Device(folder)

    def refusals(self, action: str) -> list[AuditRow]:
        return [row for row in self.audit.newest(1000) if row.action == action and row.outcome == "refused"]

    def told(self, actor: str, action: str, detail: str) -> bool:
        """Whether the audit log has a line of a refusal."""
        return any(row.actor == actor and row.detail == detail for row in self.refusals(action))


def _listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


NAMED = HUB_NAME
