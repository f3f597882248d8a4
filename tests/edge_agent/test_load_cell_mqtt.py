"""A shelf node is heard through the real broker; its firmware's configuration is what ESPHome accepts."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.adapters.broker_link import BrokerLink
from edge_agent.adapters.load_cell_mqtt import LoadCellMqtt
from edge_agent.config import BrokerConfig
from edge_agent.errors import BrokerUnavailable, LoadCellSilent, SensorUnavailable
from edge_agent.readings import RawReading
from store_hub.adapters.authority import Authority, utc_now
from store_hub.rules.node_file import node_file

RAW, WARMTH = "shelf-nodes/s1/sensor/raw/state", "shelf-nodes/s1/sensor/temperature/state"
SECRETS = "wifi_ssid: shop\nwifi_password: eight-or-more\nota_password: x\n"


@pytest.fixture
def node(mosquitto: Any) -> Iterator[mqtt.Client]:
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect(mosquitto.host, mosquitto.port)
    client.loop_start()
    yield client
    client.disconnect()
    client.loop_stop()


def listening(mosquitto) -> LoadCellMqtt:
    link = BrokerLink(BrokerConfig(host=mosquitto.host, port=mosquitto.port), client_id="agent.s1")
    return LoadCellMqtt(link, shelf_id="s1", topic=RAW, monotonic_ms=lambda: 7, temperature_topic=WARMTH)


def said(node: mqtt.Client, topic: str, text: str, *, retain: bool = False) -> None:
    node.publish(topic, text, qos=1, retain=retain).wait_for_publish(5)


def heard(cell: LoadCellMqtt, node: mqtt.Client) -> None:
    """Until the subscription stands: what was said before it is lost, as it must be."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        said(node, RAW, "0")
        try:
            cell.read(50)
        except LoadCellSilent:
            continue
        break
    while True:  # Nothing of it may be left over.
        try:
            cell.read(50)
        except LoadCellSilent:
            return


def test_counts_and_temperature_arrive_in_order(mosquitto: Any, node: mqtt.Client) -> None:
    cell = listening(mosquitto)
    heard(cell, node)
    said(node, WARMTH, "21.5")
    for text in ("84213", "-84213", "84214.0"):
        said(node, RAW, text)
    assert [cell.read(2_000) for _ in range(3)] == [RawReading(7, counts, 21.5) for counts in (84_213, -84_213, 84_214)]


def test_a_node_that_is_off_is_silent_with_what_to_check(mosquitto: Any) -> None:
    with pytest.raises(LoadCellSilent, match="node's power and network"):
        listening(mosquitto).read(50)


def test_a_count_kept_by_the_broker_from_yesterday_is_no_reading(mosquitto: Any, node: mqtt.Client) -> None:
    said(node, RAW, "84213", retain=True)
    with pytest.raises(LoadCellSilent):
        listening(mosquitto).read(200)


def test_what_is_no_count_is_counted_and_told(mosquitto: Any, node: mqtt.Client) -> None:
    cell = listening(mosquitto)
    heard(cell, node)
    for text in ("nan", "1.2 kg", "99999999"):
        said(node, RAW, text)
    with pytest.raises(SensorUnavailable, match=r"3 messages .* were no counts, the last '99999999'"):
        cell.read(300)
    said(node, RAW, "5")
    assert cell.read(2_000) == RawReading(7, 5, None)


def test_a_broker_that_goes_away_is_told(mosquitto: Any, node: mqtt.Client) -> None:
    cell = listening(mosquitto)
    mosquitto.stop()
    with pytest.raises(BrokerUnavailable):
        cell.read(2_000)


def test_the_nodes_firmware_is_what_esphome_accepts(repository: Path, tmp_path: Path) -> None:
    """With the file that store-hub enrol-node prints for it."""
    esphome = shutil.which(repository / ".venv-esphome" / "bin" / "esphome") or shutil.which("esphome")
    if esphome is None:
        pytest.skip("ESPHome is not installed: make esphome")
    shutil.copy(repository / "firmware_configs" / "esphome" / "shelf_node.yaml", tmp_path)
    (tmp_path / "secrets.yaml").write_text(SECRETS)
    key, issued = (authority := Authority.found(tmp_path / "trust", store_id="s", now=utc_now())).make_pair(
        name="b2", days=9, now=utc_now()
    )
    papers = {"authority": authority.certificate.decode(), "certificate": issued.pem.decode(), "key": key.decode()}
    (tmp_path / "b2.yaml").write_text(node_file("b2", address="192.168.1.10", port=8884, **papers))
    run = subprocess.run([esphome, "config", "b2.yaml"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "topic: shelf-nodes/b2/status" in run.stdout
    assert "port: 8884" in run.stdout


def test_the_nodes_topic_is_the_one_the_documents_give(repository: Path) -> None:
    firmware = (repository / "firmware_configs" / "esphome" / "shelf_node.yaml").read_text(encoding="utf-8")
    documents = (repository / "docs" / "wire-a-scale.md").read_text(encoding="utf-8")
    assert "topic_prefix: shelf-nodes/${node}" in firmware
    assert "name: raw" in firmware
    assert 'topic = "shelf-nodes/bay1-top/sensor/raw/state"' in documents
