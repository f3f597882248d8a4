"""A home automation on the shop's broker finds the shop by itself, hears each change, and hears that the hub is gone."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from store_hub.rules.home_assistant import PlaceState, ShopState, component_names, discovery, states
from wire_format import codec, topics
from wire_format.observations import DoorCrossing, ShelfWeight

CONFIG = "homeassistant/device/aislewise-corner/config"


class House:
    """A home automation: it keeps the last word of every topic, as a broker retains it."""

    def __init__(self, broker: Any) -> None:
        self.words: dict[str, bytes] = {}
        self.heard = 0
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self.client.on_connect = lambda client, *_: client.subscribe([("homeassistant/#", 0), ("stores/corner/v1/home/#", 0)])
        self.client.on_message = self._heard
        self.client.connect(broker.host, broker.port)
        self.client.loop_start()

    def _heard(self, client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:
        self.words[message.topic] = bytes(message.payload)
        self.heard += 1

    def until(self, true: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + 20
        while not true():
            assert time.monotonic() < deadline, f"{what}: not in time; {sorted(self.words)}"
            time.sleep(0.02)

    def says(self, topic: str) -> Any:
        word = self.words.get(topic)
        return None if word is None else json.loads(word)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def house(mosquitto: Any) -> Iterator[House]:
    made = House(mosquitto)
    yield made
    made.close()


@pytest.fixture
def hub(tmp_path: Path, mosquitto: Any, free_port: int, core: Any) -> Iterator[subprocess.Popen[bytes]]:
    (tmp_path / "plan.json").write_bytes(codec.encode(core.shop_plan()))
    (tmp_path / "hub.toml").write_text(
        f'planogram = "{tmp_path}/plan.json"\n[broker]\nport = {mosquitto.port}\n[ledger]\npath = "{tmp_path}/ledger.sqlite"\n'
        f'[http]\nport = {free_port}\n[home_assistant]\nenabled = true\n[pager]\npage_url = "http://hub.corner:8080"\n',
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "store_hub"]
    subprocess.run([*command, "init", "--config", str(tmp_path / "hub.toml")], check=True, capture_output=True, timeout=60)
    with (tmp_path / "hub.log").open("wb") as log:
        process = subprocess.Popen([*command, "run", "--config", str(tmp_path / "hub.toml")], stderr=log)
    yield process
    if process.poll() is None:
        process.kill()
        process.wait(60)


@pytest.mark.broker
def test_the_shop_appears_by_itself_each_change_is_told_and_a_killed_hub_is_missed(
    hub: subprocess.Popen[bytes], house: House, core: Any
) -> None:
    house.until(lambda: CONFIG in house.words, "the description")
    described = house.says(CONFIG)
    assert described["device"]["name"] == "Corner"
    assert described["device"]["configuration_url"] == "http://hub.corner:8080"
    cola = next(each for each in described["components"].values() if each["name"] == "Cola 0.33 l · Bay 1, 1")
    house.until(lambda: cola["state_topic"] in house.words, "the cola's state")
    assert house.says(cola["state_topic"])["units"] == 10.0
    assert house.words[described["availability_topic"]] == b"online"

    now_ms = int(time.time() * 1000)
    for sequence, (cola_units, at_ms) in enumerate(((10, now_ms - 60_000), (2, now_ms - 30_000)), start=1):
        weight_g = cola_units * 350.0 + 6 * 1500.0
        said = ShelfWeight(**core.stamp(at_ms), shelf_id="drinks", weight_g=weight_g, spread_g=1.0, moved_at_ms=at_ms - 3000)
        house.client.publish(topics.seen("corner", core.OUTBOX, sequence), codec.encode(said), qos=1)
    came = DoorCrossing(**core.stamp(now_ms), door_id="door", started_at_ms=now_ms - 60_000, duration_ms=60_000, people_in=3, people_out=1)
    house.client.publish(topics.seen("corner", core.OUTBOX, 3), codec.encode(came), qos=1)
    house.until(lambda: (house.says(cola["state_topic"]) or {}).get("problem") == "ON", "the low shelf")
    assert house.says(cola["state_topic"])["units"] == 2.0
    assert house.says(cola["state_topic"])["alert"] == "low_shelf"
    shop_topic = described["components"]["sensor-people_now"]["state_topic"]
    house.until(lambda: (house.says(shop_topic) or {}).get("people_now") == 2, "the people")
    assert house.says(shop_topic)["visitors_today"] == 3

    hub.kill()
    hub.wait(60)
    house.until(lambda: house.words[described["availability_topic"]] == b"offline", "the last will")


@pytest.mark.broker
def test_a_hub_that_is_stopped_says_goodbye(hub: subprocess.Popen[bytes], house: House) -> None:
    house.until(lambda: CONFIG in house.words, "the description")
    hub.terminate()
    assert hub.wait(15) == 0
    house.until(lambda: house.words["stores/corner/v1/home/availability"] == b"offline", "the farewell")


def test_every_template_finds_its_field_and_every_name_is_the_components_own(core: Any) -> None:
    """What the description promises is in what is told: a home automation would show 'unknown' else."""
    plan = core.shop_plan()
    described = json.loads(discovery(plan, version="1", page_url=None))
    places = [PlaceState(shelf, sku, 3.0, 2.0, 4.0, None) for shelf, sku in (("drinks", "cola"), ("drinks", "tea"), ("sweets", "gum"))]
    told = {topic: json.loads(word) for topic, word in states(plan.store_id, places, ShopState(1, None, 0)).items()}
    names = set()
    for component in described["components"].values():
        field = component["value_template"].removeprefix("{{ value_json.").removesuffix(" }}")
        assert field in told[component["state_topic"]]
        names.add(component["unique_id"])
    assert len(names) == len(described["components"])
    assert set(described["components"]) == component_names(plan)
    assert len(names) == 2 * len(places) + 3


def test_places_whose_names_read_alike_stay_two(core: Any) -> None:
    plan = core.shop_plan()
    shelf = plan.bays[0].shelves[0]
    facings = [msgspec.structs.replace(shelf.facings[0], sku=sku) for sku in ("tea.1", "tea_1")]
    bays = [msgspec.structs.replace(plan.bays[0], shelves=[msgspec.structs.replace(shelf, facings=facings)])]
    described = json.loads(discovery(msgspec.structs.replace(plan, bays=bays), version="1", page_url=None))
    assert len({each["unique_id"] for each in described["components"].values()}) == 2 * 2 + 3


def test_a_place_that_is_no_more_disappears(core: Any) -> None:
    plan = core.shop_plan()
    described = json.loads(discovery(plan, version="1", page_url=None, gone=["binary_sensor-old-tea"]))
    assert described["components"]["binary_sensor-old-tea"] == {"platform": "binary_sensor"}
