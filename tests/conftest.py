"""What tests of every program share: real data where it lies beside the project, a real broker, free ports."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED_DATA = Path(os.environ.get("AISLEWISE_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))


@pytest.fixture(autouse=True)
def _the_log_is_each_tests_own() -> Iterator[None]:
    """A command that runs inside a test binds the log to that test's own standard error; the next test must not find it closed."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings; skips the test where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the recordings are not here: put them beside the project as shared/data, or name them in AISLEWISE_SHARED_DATA")
    return SHARED_DATA


def find_free_port() -> int:
    """A TCP port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def free_port() -> int:
    """A TCP port on loopback that nobody listens on now."""
    return find_free_port()


class Mosquitto:
    """A real broker of the test's own: can be stopped, killed, wiped and started again on the same port."""

    host = "127.0.0.1"

    def __init__(self, program: str, folder: Path, *, settings: str = "allow_anonymous true") -> None:
        self._program = program
        self._folder = folder
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self.port = find_free_port()

    @property
    def _store(self) -> Path:
        return self._folder / "mosquitto.db"

    def start(self) -> None:
        """Start, and wait until it accepts connections."""
        configuration = self._folder / "mosquitto.conf"
        configuration.write_text(
            f"listener {self.port} {self.host}\n{self._settings}\npersistence true\npersistence_location {self._folder}/\n"
            "max_queued_messages 0\nuser root\n",
            encoding="utf-8",
        )
        with (self._folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen([self._program, "-c", str(configuration)], stdout=log, stderr=log)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                socket.create_connection((self.host, self.port), timeout=0.2).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise RuntimeError(f"Mosquitto did not start: {(self._folder / 'mosquitto.log').read_text(errors='replace')[-500:]}")

    def stop(self) -> None:
        """Stop it orderly: it saves what it holds."""
        self._end(lambda process: process.terminate())

    def kill(self) -> None:
        """Kill it: it saves nothing."""
        self._end(lambda process: process.kill())

    def wipe(self) -> None:
        """Forget all that it had stored. It must not be running."""
        self._store.unlink(missing_ok=True)

    def _end(self, end: Callable[[subprocess.Popen[bytes]], None]) -> None:
        if self._process is not None and self._process.poll() is None:
            end(self._process)
            self._process.wait(60)
        self._process = None


def start_mosquitto(folder: Path, *, settings: str = "allow_anonymous true") -> Mosquitto:
    """Start a Mosquitto on a free loopback port, with lines of its configuration file; skips the test where it is not installed."""
    program = shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")
    if program is None:
        pytest.skip("Mosquitto is not installed: apt-get install mosquitto")
    broker = Mosquitto(program, folder, settings=settings)
    broker.start()
    return broker


@pytest.fixture
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """A running Mosquitto on a free loopback port; skips the test where it is not installed."""
    broker = start_mosquitto(tmp_path_factory.mktemp("mosquitto"))
    yield broker
    broker.stop()


@pytest.fixture
def mosquitto_with(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Mosquitto]]:
    """Starts a Mosquitto with lines of its configuration file; it ends with the test."""
    brokers: list[Mosquitto] = []

    def start(settings: str) -> Mosquitto:
        brokers.append(start_mosquitto(tmp_path_factory.mktemp("mosquitto"), settings=settings))
        return brokers[-1]

    yield start
    for broker in brokers:
        broker.stop()
