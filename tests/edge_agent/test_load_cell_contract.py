"""Every load cell, however it is wired, keeps the same promises. A new one joins by adding a maker to `MAKERS`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.adapters.broker_link import BrokerLink
from edge_agent.adapters.load_cell_gpio import LoadCellGpio
from edge_agent.adapters.load_cell_iio import RAW_ZERO, LoadCellIio, find_hx711
from edge_agent.adapters.load_cell_mqtt import LoadCellMqtt
from edge_agent.adapters.load_cell_nau7802 import LoadCellNau7802
from edge_agent.adapters.load_cell_recording import LoadCellRecording, readings_of
from edge_agent.adapters.simulated_hx711 import SimulatedHx711
from edge_agent.adapters.simulated_load_cell import SimulatedLoadCell
from edge_agent.adapters.simulated_nau7802 import SimulatedNau7802
from edge_agent.adapters.simulated_playhead import SimulatedPlayhead
from edge_agent.config import BrokerConfig
from edge_agent.errors import LoadCellSilent, RecordingInvalid, SensorUnavailable
from edge_agent.readings import LoadCell
from edge_agent.simulated_store.shop import Shop
from edge_agent.simulated_store.weighing import scales_of
from wire_format.plans import Bay, Facing, Planogram, Product, Rectangle, Shelf


def fake_sysfs(root: Path, *names: str, counts: int = 4_000) -> Path:
    for number, name in enumerate(names):
        folder = root / f"iio:device{number}"
        folder.mkdir(parents=True)
        (folder / "name").write_text(name + "\n")
        (folder / "in_voltage0_raw").write_text(f"{RAW_ZERO + counts}\n")
    return root


def ticking(step_ms: int = 100) -> Callable[[], int]:
    now = [0]

    def monotonic_ms() -> int:
        now[0] += step_ms
        return now[0]

    return monotonic_ms


def recorded(folder: Path) -> LoadCell:
    trace = folder / "trace.csv"
    trace.write_text("t_s,raw,temperature_c\n" + "".join(f"{i / 10},{4_000 + i},21.5\n" for i in range(20)))
    return LoadCellRecording(trace, shelf_id="shelf-1")


def kernel(folder: Path) -> LoadCell:
    return LoadCellIio(shelf_id="shelf-1", device=None, monotonic_ms=ticking(), root=fake_sysfs(folder / "sys", "ads1115", "hx711"))


def simulated(folder: Path) -> LoadCell:
    """A shelf of a simulated shop whose story is an hour of the past."""
    shelf = Shelf(shelf_id="shelf-1", level=1, width_m=1.0, facings=[Facing(sku="tea", capacity_units=10, low_units=2)])
    bay = Bay(bay_id="bay-1", name="Tea", place=Rectangle(x_m=1.0, y_m=0.0, width_m=1.0, depth_m=0.5), shelves=[shelf])
    tea = Product(sku="tea", name="Tea", unit_weight_g=100.0)
    shop = Shop(Planogram(store_id="s", name="S", width_m=4.0, depth_m=4.0, bays=[bay], products=[tea]), seed=1, start_ms=10**12)
    playhead = SimulatedPlayhead(shop, now_ms=lambda: 10**12 + 3_600_000, booted_at_ms=10**12, end_ms=10**12 + 3_600_000)
    return SimulatedLoadCell(playhead, scales_of(shop.planogram, seed=1)["shelf-1"])


def bit_banged(_: Path) -> LoadCell:
    chip = SimulatedHx711(clock_pin=23, data_pin=24, counts=lambda at_s: -4_000 + round(10 * at_s))
    return LoadCellGpio(
        shelf_id="shelf-1",
        clock_pin=23,
        data_pin=24,
        monotonic_ms=chip.now_ms,
        pin_factory=chip.factory,
        now_ns=chip.now_ns,
        sleep_s=chip.sleep_s,
    )


def over_i2c(_: Path) -> LoadCell:
    chip = SimulatedNau7802(counts=lambda at_s: -4_000 + round(10 * at_s))
    return LoadCellNau7802(chip, shelf_id="shelf-1", monotonic_ms=chip.now_ms, now_s=chip.now_s, sleep_s=chip.sleep_s)


MAKERS: dict[str, Callable[[Path], LoadCell]] = {
    "recording": recorded,
    "kernel": kernel,
    "simulated": simulated,
    "bit-banged HX711": bit_banged,
    "NAU7802": over_i2c,
}
NODE = "ESP32 node"
TOPIC = "shelf-nodes/shelf-1/sensor/raw/state"


def speaking(host: str, port: int, over: threading.Event) -> threading.Thread:
    """A shelf node: a count every hundredth of a second until it is over."""

    def speak() -> None:
        node = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)  # ESPHome speaks 3.1.1.
        node.connect(host, port)
        node.loop_start()
        counts = -4_000
        while not over.wait(0.01):
            node.publish(TOPIC, str(counts))
            counts += 1
        node.disconnect()
        node.loop_stop()

    thread = threading.Thread(target=speak, name="shelf node")
    thread.start()
    return thread


@pytest.fixture(params=[*sorted(MAKERS), NODE])
def cell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LoadCell]:
    if request.param != NODE:
        yield MAKERS[request.param](tmp_path)
        return
    broker, over = request.getfixturevalue("mosquitto"), threading.Event()
    thread = speaking(broker.host, broker.port, over)
    try:
        link = BrokerLink(BrokerConfig(host=broker.host, port=broker.port), client_id="shelf-1")
        yield LoadCellMqtt(link, shelf_id="shelf-1", topic=TOPIC, monotonic_ms=ticking())
    finally:
        over.set()
        thread.join(5)


def test_it_says_which_shelf_it_carries(cell: LoadCell) -> None:
    assert cell.shelf_id == "shelf-1"


def test_its_readings_are_signed_counts_in_the_order_of_time(cell: LoadCell) -> None:
    readings = [cell.read(1_000) for _ in range(10)]
    assert all(r is not None and type(r.raw_counts) is int and abs(r.raw_counts) < 2**23 for r in readings)
    times = [r.taken_at_ms for r in readings if r is not None]
    assert times == sorted(times)


def test_closing_it_twice_harms_nothing(cell: LoadCell) -> None:
    cell.read(1_000)
    cell.close()
    cell.close()


def test_a_recording_ends_with_none(tmp_path: Path) -> None:
    cell = recorded(tmp_path)
    assert [cell.read(10) is None for _ in range(22)] == [False] * 20 + [True] * 2


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("t_s,raw\n0.0,100\n0.1,loose wire\n", 3, "not a reading"),
        ("t_s,raw\n0.0,100\n0.1\n", 3, "not a reading"),
        ("t_s,raw\n0.0,nan\n", 2, "out of bounds"),
        ("t_s,raw\n5.0,100\n0.1,100\n", 3, "backwards"),
        ("time,counts\n0,1\n", 1, "column t_s is missing"),
        ("", 1, "column t_s is missing"),
    ],
)
def test_a_broken_trace_is_refused_with_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    trace = tmp_path / "broken.csv"
    trace.write_text(text)
    with pytest.raises(RecordingInvalid, match=says) as refused:
        list(readings_of(trace))
    assert refused.value.line == line


def test_a_trace_that_is_not_there_or_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingInvalid, match="no such file"):
        list(readings_of(tmp_path / "nowhere.csv"))
    (tmp_path / "picture.csv").write_bytes(b"\xff\xd8\xff\xe0" * 50)
    with pytest.raises(RecordingInvalid):
        list(readings_of(tmp_path / "picture.csv"))


def test_the_kernels_counts_lose_their_offset(tmp_path: Path) -> None:
    root = fake_sysfs(tmp_path, "hx711", counts=-1_234)
    reading = LoadCellIio(shelf_id="s", device="iio:device0", monotonic_ms=ticking(), root=root).read(100)
    assert reading is not None
    assert reading.raw_counts == -1_234


def test_without_an_hx711_the_advice_is_to_load_the_overlay(tmp_path: Path) -> None:
    with pytest.raises(SensorUnavailable, match="overlay"):
        LoadCellIio(shelf_id="s", device=None, monotonic_ms=ticking(), root=fake_sysfs(tmp_path, "bme280"))


def test_with_two_hx711_one_must_be_named(tmp_path: Path) -> None:
    root = fake_sysfs(tmp_path, "hx711", "hx711")
    assert [folder.name for folder in find_hx711(root)] == ["iio:device0", "iio:device1"]
    with pytest.raises(SensorUnavailable, match="iio_device"):
        LoadCellIio(shelf_id="s", device=None, monotonic_ms=ticking(), root=root)
    with pytest.raises(SensorUnavailable, match="no HX711 called"):
        LoadCellIio(shelf_id="s", device="iio:device7", monotonic_ms=ticking(), root=root)


def test_a_kernel_that_is_interrupted_is_asked_again_and_then_called_silent(tmp_path: Path) -> None:
    root = fake_sysfs(tmp_path, "hx711")
    (root / "iio:device0/in_voltage0_raw").write_text("")
    cell = LoadCellIio(shelf_id="s", device=None, monotonic_ms=ticking(), root=root)
    with pytest.raises(LoadCellSilent):
        cell.read(30)


def test_an_unplugged_converter_is_called_unavailable(tmp_path: Path) -> None:
    root = fake_sysfs(tmp_path, "hx711")
    cell = LoadCellIio(shelf_id="s", device=None, monotonic_ms=ticking(), root=root)
    (root / "iio:device0/in_voltage0_raw").unlink()
    with pytest.raises(SensorUnavailable):
        cell.read(30)
