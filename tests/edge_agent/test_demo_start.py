"""`make demo` before anything runs: ports, settings, and the broker that comes in the wheel."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as mqtt

from cloud_api.config import load_config as load_cloud
from demo.corner_shop import PLANOGRAM_PATH, corner_shop, gtin_13
from store_hub.config import load_config as load_hub
from wire_format import codec

ROOT = Path(__file__).parents[2]


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def test_a_taken_port_is_named_together_with_the_way_to_choose_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        broker, cloud = free_ports(2)
        environment = {**os.environ, "BROKER_PORT": str(broker), "HUB_PORT": str(taken), "CLOUD_PORT": str(cloud)}
        done = subprocess.run(
            [sys.executable, "-m", "demo"], check=False, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 6
    assert f"port {taken} (for the hub)" in done.stderr
    assert "make demo HUB_PORT=" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_port_that_is_none_is_refused() -> None:
    environment = {**os.environ, "HUB_PORT": "eighty"}
    done = subprocess.run(
        [sys.executable, "-m", "demo"], check=False, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "HUB_PORT=eighty is no port" in done.stderr


def test_a_past_that_is_no_number_of_hours_is_refused() -> None:
    environment = {**os.environ, "CATCH_UP_HOURS": "yesterday"}
    done = subprocess.run(
        [sys.executable, "-m", "demo"], check=False, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "'yesterday' is no number of hours" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_settings_of_the_demo_load_and_agree_with_each_other() -> None:
    hub, cloud = load_hub(ROOT / "demo" / "hub.toml"), load_cloud(ROOT / "demo" / "cloud.toml")
    assert hub.cloud.url == f"http://127.0.0.1:{cloud.listen.port}"
    assert hub.store_id == corner_shop().store_id
    assert hub.planogram is not None
    assert (ROOT / hub.planogram).read_bytes() == PLANOGRAM_PATH.read_bytes()


def test_the_planogram_is_what_its_tables_say() -> None:
    shop = corner_shop()
    assert codec.plans.decode(PLANOGRAM_PATH.read_bytes()) == shop
    places = [facing.sku for bay in shop.bays for shelf in bay.shelves for facing in shelf.facings]
    assert {product.sku for product in shop.products} == set(places)
    assert gtin_13(1) == "9521234000013"
    for product in shop.products:
        digits = [int(digit) for digit in product.gtin or ""]
        assert sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10 == 0


@contextmanager
def wheel_broker(port: int, folder: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "demo.broker", "--port", str(port), "--state", str(folder), "--without-mosquitto"]
    broker = subprocess.Popen(command, cwd=ROOT)
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield
    finally:
        broker.terminate()
        broker.wait(60)


def client(name: str, port: int, *, will: bool = False) -> mqtt.Client:
    connected = threading.Event()
    made = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv5)
    made.on_connect = lambda *_: connected.set()
    if will:
        made.will_set("stores/s/v1/health/d", b"death", qos=1, retain=True)
    made.connect("127.0.0.1", port, keepalive=5)
    made.loop_start()
    assert connected.wait(60)
    return made


def test_the_broker_in_the_wheel_keeps_retained_words_and_speaks_a_last_will(free_port: int, tmp_path: Path) -> None:
    heard: list[tuple[bytes, bool]] = []
    dead = threading.Event()

    def hear(_: mqtt.Client, __: object, message: mqtt.MQTTMessage) -> None:
        heard.append((message.payload, message.retain))
        if message.payload == b"death":
            dead.set()

    with wheel_broker(free_port, tmp_path):
        device = client("device", free_port, will=True)
        device.publish("stores/s/v1/health/d", b"birth", qos=1, retain=True).wait_for_publish(10)
        late = client("late", free_port)
        late.on_message = hear
        late.subscribe("stores/s/v1/health/+", qos=1)
        deadline = time.monotonic() + 10
        while not heard and time.monotonic() < deadline:
            time.sleep(0.02)
        assert heard == [(b"birth", True)]
        raw = device.socket()
        assert raw is not None
        raw.shutdown(socket.SHUT_RDWR)
        device.loop_stop()
        assert dead.wait(15)
        late.disconnect()
        late.loop_stop()
