"""A device with its keeper, as a process, on a real broker with a real hub; its scale is a node that speaks over that broker."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from running_programs import Program

from deployment.make_keeper import make_keeper
from deployment.state_file import State, read_state
from wire_format import codec, topics
from wire_format.commands import AnyCommand, DeviceConfiguration, SoftwareWanted

STORE, DEVICE = "corner", "pi-1"
PACKAGES = ("wire_format", "toml_settings", "service_manager", "deployment", "edge_agent")

PLANOGRAM: dict[str, Any] = {
    "v": 1,
    "type": "planogram",
    "store_id": STORE,
    "name": "Corner",
    "time_zone": "Europe/Berlin",
    "width_m": 10.0,
    "depth_m": 8.0,
    "bays": [
        {
            "bay_id": "bay-1",
            "name": "Bay 1",
            "place": {"x_m": 0.0, "y_m": 0.0, "width_m": 1.0, "depth_m": 0.5},
            "shelves": [
                {
                    "shelf_id": "drinks",
                    "level": 1,
                    "width_m": 1.0,
                    "facings": [{"sku": "cola", "from_m": 0.0, "width_m": 0.5, "capacity_units": 12, "low_units": 3, "start_units": 10}],
                }
            ],
        }
    ],
    "zones": [],
    "doors": [],
    "products": [{"sku": "cola", "name": "Cola", "unit_weight_g": 350.0, "unit_weight_sd_g": 1.0, "price_minor": 199}],
}


class KeptDevice:
    """The device, its hub and its scale. `close` ends them all."""

    def __init__(self, folder: Path, *, broker_port: int, hub_port: int, trial_s: float = 15.0, well_for_s: float = 2.0) -> None:
        self.folder = folder
        self.config = folder / "etc" / "edge.toml"
        self.state_file = folder / "deployment.json"
        self.ledger = folder / "ledger.sqlite"
        self._port = broker_port
        self._terms = ["--trial-s", str(trial_s), "--well-for-s", str(well_for_s)]
        self.config.parent.mkdir()
        self.config.write_text(self.toml())
        (folder / "planogram.json").write_text(json.dumps(PLANOGRAM))
        hub = f'[broker]\nport = {broker_port}\n[ledger]\npath = "{self.ledger}"\n[http]\nport = {hub_port}\n'
        (folder / "hub.toml").write_text(f"{hub}[people]\nopen_on_loopback = true\n")
        self.hub = self._start_hub(hub_port)
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self.client.connect("127.0.0.1", broker_port)
        self.client.loop_start()
        self._ended = threading.Event()
        self._scale = threading.Thread(target=self._weigh, name="the scale")
        self._scale.start()
        self.keeper: subprocess.Popen[bytes] | None = None

    def _start_hub(self, port: int) -> Program:
        program = [str(Path(sys.executable).parent / "store-hub"), "init", "--config", "hub.toml", "--planogram", "planogram.json"]
        subprocess.run(program, cwd=self.folder, check=True, timeout=60, capture_output=True)
        hub = Program("store-hub", ["run", "--config", "hub.toml"], self.folder)
        hub.wait_ready(f"http://127.0.0.1:{port}/health/ready")
        return hub

    def toml(self, *, topic: str = "nodes/s1/raw", confirm_every_s: float = 300.0) -> str:
        """A device's file; a scale that listens to another topic hears nothing."""
        return (
            f'store_id = "{STORE}"\ndevice_id = "{DEVICE}"\n'
            f'[broker]\nport = {self._port}\n[outbox]\npath = "{self.folder}/outbox.sqlite"\n'
            f'[[scales]]\nshelf_id = "drinks"\nadapter = "mqtt"\ntopic = "{topic}"\ncounts_per_gram = 21.0\ntare_counts = 1000.0\n'
            f"confirm_every_s = {confirm_every_s}\n"
        )

    def _weigh(self) -> None:
        while not self._ended.wait(0.1):
            self.client.publish("nodes/s1/raw", "74500")

    # ---- the device

    def use_installed(self, slot: str = "a") -> None:
        """Let a slot be the agent under test, as it is."""
        programs = self.folder / "slots" / slot / "bin"
        programs.mkdir(parents=True)
        (programs / "edge-agent").symlink_to(Path(sys.executable).parent / "edge-agent")

    def start(self) -> None:
        """Start the keeper with the system's own Python, as it is installed on a device."""
        keeper = self.folder / "edge-keeper.pyz"
        make_keeper(keeper)
        command = [os.path.realpath(sys.executable), "-I", str(keeper), "--folder", str(self.folder), "--config", str(self.config)]
        with (self.folder / "keeper.log").open("ab") as log:
            self.keeper = subprocess.Popen([*command, *self._terms], cwd=self.folder, stdout=log, stderr=log)

    def kill(self) -> None:
        """A power cut: keeper and agent are gone at once."""
        assert self.keeper is not None
        agents = subprocess.run(["pgrep", "-P", str(self.keeper.pid)], capture_output=True, text=True, check=False).stdout.split()
        for pid in (self.keeper.pid, *map(int, agents)):
            os.kill(pid, signal.SIGKILL)
        self.keeper.wait(60)

    def send(self, command: AnyCommand) -> None:
        """Say it as the hub does."""
        device = DEVICE
        topic = topics.configuration(STORE, device) if isinstance(command, DeviceConfiguration) else topics.software(STORE, device)
        self.client.publish(topic, codec.encode(command), qos=1, retain=True).wait_for_publish(5)

    def send_configuration(self, toml: str, *, version: int = 4, based_on: str | None = None) -> None:
        """Send a new file."""
        self.send(DeviceConfiguration(device_id=DEVICE, version=version, toml=toml, based_on=based_on))

    def send_software(self, bundle: Path, version: str, url: str) -> None:
        """Send for a bundle."""
        content = bundle.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        self.send(SoftwareWanted(device_id=DEVICE, version=version, url=url, sha256=digest, size_bytes=len(content)))

    # ---- what became of it

    @property
    def state(self) -> State:
        """The keeper's file."""
        return read_state(self.state_file)

    def booked(self, kind: str) -> list[dict[str, Any]]:
        """What the hub has in its journal of one kind of message."""
        ledger = sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True)
        try:
            rows = ledger.execute("SELECT payload FROM journal WHERE source = 'edge' ORDER BY journal_id").fetchall()
        finally:
            ledger.close()
        said = [json.loads(row[0]) for row in rows]
        return [message for message in said if message["type"] == kind]

    def wait_told(self, *states: str, within_s: float = 120.0) -> list[dict[str, Any]]:
        """Wait until the hub has heard these states, in this order."""

        def told() -> list[str]:
            return [message["state"] for message in self.booked("deployment_told")]

        self.wait(lambda: tuple(told()) == states, f"the hub hears {states}, not {told()}", within_s=within_s)
        return self.booked("deployment_told")

    def wait(self, is_so: Callable[[], bool], what: str, *, within_s: float = 120.0) -> None:
        """Wait, and show the keeper's log if it does not come about."""
        deadline = time.monotonic() + within_s
        while not is_so():
            assert time.monotonic() < deadline, f"{what}\n{(self.folder / 'keeper.log').read_text()[-4000:]}"
            time.sleep(0.1)

    def close(self) -> None:
        """End everything that was started."""
        self._ended.set()
        self._scale.join(5)
        if self.keeper is not None and self.keeper.poll() is None:
            self.keeper.terminate()
            self.keeper.wait(20)
        self.hub.stop()
        self.client.disconnect()
        self.client.loop_stop()


@contextmanager
def running(folder: Path, *, broker_port: int, hub_port: int) -> Iterator[KeptDevice]:
    """A device with its hub, the agent under test in the slot in force; everything ends with the block. Its keeper is not started."""
    kept = KeptDevice(folder, broker_port=broker_port, hub_port=hub_port)
    kept.use_installed()
    try:
        yield kept
    finally:
        kept.close()


def make_wheel(folder: Path, version: str, *, changes: dict[str, str] | None = None) -> Path:
    """A wheel of the agent as it is in this checkout, with a version of its own.

    Args:
        changes: by module path, what is appended to that module: how a release comes to be broken.
    """
    root = Path(__file__).resolve().parents[2]
    wheel = folder / f"aislewise-{version}-py3-none-any.whl"
    about = f"aislewise-{version}.dist-info"
    names = []
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for package in PACKAGES:
            for path in sorted((root / package).rglob("*")):
                name = str(path.relative_to(root))
                if path.suffix in {".py", ".json", ".toml"} and "__pycache__" not in name:
                    archive.writestr(name, path.read_text() + (changes or {}).get(name, ""))
                    names.append(name)
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: aislewise\nVersion: {version}\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/entry_points.txt", "[console_scripts]\nedge-agent = edge_agent.__main__:main\n")
        archive.writestr(f"{about}/RECORD", "".join(f"{name},,\n" for name in names))
    return wheel


def make_borrowed_wheel(folder: Path) -> Path:
    """A wheel that lends a slot the libraries of the environment in which the tests run, so that none must be fetched."""
    libraries = Path(next(path for path in sys.path if path.endswith("site-packages")))
    wheel = folder / "borrowed-1-py3-none-any.whl"
    # Ours is installed there too, as a link to the checkout: only the libraries are lent.
    code = f"import sys; sys.path.append({str(libraries)!r})\n"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("borrowed.pth", code)
        archive.writestr("borrowed-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: borrowed\nVersion: 1\n")
        archive.writestr("borrowed-1.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("borrowed-1.dist-info/RECORD", "")
    return wheel
