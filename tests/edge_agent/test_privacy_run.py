"""No pixel leaves: a running agent's files and sockets, and every byte that it wrote or sent, while a film runs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import paho.mqtt.client as mqtt
import pytest

MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"RIFF", b"WEBP", b"ftyp", b"\x1aE\xdf\xa3", b"/9j/", b"iVBORw0KGgo")
"""How JPEG, PNG, GIF, AVI, WebP, MP4 and Matroska begin; the last two are JPEG and PNG in base64."""

FRAMES = 60


class Listener:
    """Hears every message that anybody sends to the broker."""

    def __init__(self, host: str, port: int) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.dwell = threading.Event()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.on_message = self._hear
        self._client.connect(host, port)
        self._client.subscribe("#", qos=1)
        self._client.loop_start()

    def _hear(self, client: mqtt.Client, _: object, message: mqtt.MQTTMessage) -> None:
        self.heard.append((message.topic, message.payload))
        if b'"floor_dwell"' in message.payload:
            self.dwell.set()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def film(shared_data: Path, tmp_path: Path) -> tuple[Path, list[np.ndarray]]:
    """Six seconds of a square with people, and its frames as the agent will decode them."""
    path = tmp_path / "film.avi"
    source = cv2.VideoCapture(str(shared_data / "footfall" / "pets09_s2l1" / "video.avi"))
    writer = None
    for _ in range(FRAMES):
        came, picture = source.read()
        assert came
        if writer is None:
            writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (picture.shape[1], picture.shape[0]))
        writer.write(picture)
    assert writer is not None
    writer.release()
    decoded, again = [], cv2.VideoCapture(str(path))
    while (read := again.read())[0]:
        decoded.append(read[1])
    return path, decoded


@pytest.fixture
def listener(mosquitto: object) -> Iterator[Listener]:
    heard = Listener(mosquitto.host, mosquitto.port)  # type: ignore[attr-defined]  # The broker of the suite.
    yield heard
    heard.close()


def written_to(pid: int) -> set[str]:
    """Files that a process has open for writing."""
    found = set()
    for descriptor in Path(f"/proc/{pid}/fdinfo").iterdir():
        try:
            target = os.readlink(f"/proc/{pid}/fd/{descriptor.name}")
            flags = int(descriptor.read_text().split("flags:")[1].split()[0], 8)
        except OSError:
            continue  # Closed since it was listed.
        if target.startswith("/") and not target.startswith(("/dev/", "/memfd:")) and flags & (os.O_WRONLY | os.O_RDWR):
            found.add(target)
    return found


def connected_to(pid: int) -> set[str]:
    """Internet sockets of a process: `tcp 127.0.0.1:1883` by where they lead, or `listens …` by what they listen on."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(descriptor)
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = set()
    for kind in ("tcp", "tcp6", "udp", "udp6", "raw"):
        for line in Path(f"/proc/{pid}/net/{kind}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes:
                far = f"{kind} {_address(fields[2])}"
                found.add(f"listens {kind} {_address(fields[1])}" if fields[3] == "0A" else far)
    return found


def _address(field: str) -> str:
    host, port = field.split(":")
    return f"{socket.inet_ntoa(bytes.fromhex(host)[::-1]) if len(host) == 8 else host}:{int(port, 16)}"


def watch_until(process: subprocess.Popen[bytes], done: threading.Event) -> tuple[set[str], set[str]]:
    """Look at the process again and again until something has happened; what it wrote to, and where it was connected."""
    files, sockets = set[str](), set[str]()
    deadline = time.monotonic() + 90
    while not done.wait(0.02):
        assert process.poll() is None, "the agent ended by itself"
        assert time.monotonic() < deadline, "the agent told nothing"
        files |= written_to(process.pid)
        sockets |= connected_to(process.pid)
    return files, sockets


def pieces_of(pictures: list[np.ndarray]) -> list[bytes]:
    """Sixteen pixels in a row from the middle of every frame: whoever keeps a frame as it is, keeps these bytes."""
    return [picture[picture.shape[0] // 2, 300:316].tobytes() for picture in pictures]


def test_a_running_agent_writes_and_sends_counts_and_no_picture(
    film: tuple[Path, list[np.ndarray]], tmp_path: Path, mosquitto: object, listener: Listener
) -> None:
    path, pictures = film
    work = tmp_path / "work"
    work.mkdir()
    port = mosquitto.port  # type: ignore[attr-defined]
    (work / "edge.toml").write_text(
        f'store_id = "corner"\ndevice_id = "camera-1"\n[broker]\nport = {port}\n[outbox]\npath = "outbox.sqlite"\n'
        f'[[cameras]]\narea_id = "square"\nsource = "{path}"\n'
        '[[cameras.lines]]\ndoor_id = "door"\nx1 = 384\ny1 = 570\nx2 = 384\ny2 = 0\n'
        "[cameras.floor.tile]\ncorners_px = [[100, 300], [600, 300], [700, 560], [20, 560]]\nwidth_m = 9.0\ndepth_m = 9.0\n"
        '[[cameras.zones]]\nzone_id = "all"\ncorners_m = [[-20, -20], [40, -20], [40, 40], [-20, 40]]\n'
    )
    with (tmp_path / "agent.log").open("wb") as log:
        command = [sys.executable, "-m", "edge_agent", "run", "--config", "edge.toml"]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "TMPDIR": str(work)}
        agent = subprocess.Popen(command, cwd=work, stdout=log, stderr=log, env=environment)
        try:
            files, sockets = watch_until(agent, listener.dwell)
        finally:
            agent.send_signal(signal.SIGTERM)
            agent.wait(20)
    assert any(b'"door_crossing"' in payload for _, payload in listener.heard)
    assert any(b'"floor_zones"' in payload for _, payload in listener.heard)
    assert {Path(file).name.split(".sqlite")[0] for file in files if file != str(tmp_path / "agent.log")} == {"outbox"}
    assert sockets == {f"tcp 127.0.0.1:{port}"}
    left_behind = {file.relative_to(work): file.read_bytes() for file in work.rglob("*") if file.is_file()}
    everything = [*left_behind.values(), *(payload for _, payload in listener.heard), (tmp_path / "agent.log").read_bytes()]
    for trace in (*MAGIC, *pieces_of(pictures)):
        assert not any(trace in content for content in everything), trace
    assert max(len(payload) for _, payload in listener.heard) < 10_000


def test_the_watch_would_see_a_picture_written_and_a_stranger_called(tmp_path: Path, free_port: int) -> None:
    """A program that does what the agent must not: the same look finds its file, its socket and its picture."""
    leak = (
        "import cv2, numpy, socket, sys\n"
        f"server = socket.create_server(('127.0.0.1', {free_port}))\n"
        f"call = socket.create_connection(('127.0.0.1', {free_port}))\n"
        "picture = numpy.random.default_rng(1).integers(0, 255, (64, 400, 3), dtype=numpy.uint8)\n"
        "file = open('leak.jpg', 'wb'); file.write(cv2.imencode('.jpg', picture)[1].tobytes()); file.flush()\n"
        "print('leaked', flush=True); sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", leak], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"leaked\n"
    assert written_to(process.pid) == {str(tmp_path / "leak.jpg")}
    assert {f"tcp 127.0.0.1:{free_port}", f"listens tcp 127.0.0.1:{free_port}"} <= connected_to(process.pid)
    assert any(trace in (tmp_path / "leak.jpg").read_bytes() for trace in MAGIC)
    process.communicate()
