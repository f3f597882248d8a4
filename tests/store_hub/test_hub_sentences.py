"""What devices say is not well with them, and what the hub refuses, a page that is read in Chinese says in Chinese."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from spoken import sentences, unsaid

from edge_agent.rules.scale_health import WORDS
from store_hub.adapters.ledger_views_rows import DeviceRow, FaultRow
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.wording import device_troubles
from store_hub.errors import AlertUnknown, HubBusy, PlaceUnknown, SettingsOutdated

CHINESE = Reader(zone=ZoneInfo("Europe/Berlin"), currency="EUR", language="zh")
SPOKEN: dict[str, tuple[str, ...]] = {
    "edge_agent/rules/calibration_fit.py": (),
    "edge_agent/rules/calibration_session.py": (),
    "edge_agent/rules/taring.py": (),
    "edge_agent/adapters/load_cell_gpio.py": (),
    "edge_agent/adapters/load_cell_iio.py": (),
    "edge_agent/adapters/load_cell_mqtt.py": (),
    "edge_agent/adapters/load_cell_nau7802.py": (),
    "edge_agent/adapters/tag_reader_llrp.py": (),
    "edge_agent/adapters/reader_notes.py": (),
    "edge_agent/adapters/picture_watch.py": (),
    "edge_agent/adapters/camera.py": (),
    "edge_agent/adapters/buttons_and_lights.py": (),
    "edge_agent/adapters/broker_link.py": (),
    "edge_agent/adapters/software_slot.py": ("__init__", "fetch", "_run"),
    "edge_agent/flows/uplink.py": (),
    "edge_agent/flows/recorder.py": (),
    "edge_agent/flows/scale_care.py": (),
    "edge_agent/flows/shelf_signals.py": (),
    "edge_agent/flows/scan.py": ("run", "_scan", "_heed"),
    "edge_agent/flows/tending.py": (),
    "edge_agent/flows/credentials.py": (),
    "edge_agent/flows/simulated_till.py": (),
    "store_hub/rules/planogram_checks.py": (
        "planogram_problems",
        "_time_zone",
        "_location_number",
        "_tagged",
        "_zones",
        "_tag_zones",
        "_badges",
        "_off_the_floor",
        "_shelf",
        "_facing",
    ),
    "store_hub/rules/calibrations.py": (),
    "store_hub/rules/told.py": (),
}


@pytest.mark.parametrize(("path", "functions"), SPOKEN.items())
def test_nothing_that_the_pages_pass_on_is_without_a_translation(repository: Path, path: str, functions: tuple[str, ...]) -> None:
    said = sentences(repository / path, functions)
    assert said
    missing = unsaid(said, Reader.locales)
    assert not missing, f"{path}: put these into store_hub/dashboard/locales/zh/sentences_*.po: {sorted(missing)}"


def test_a_fault_is_said_in_chinese_but_for_names_and_figures() -> None:
    told = [
        FaultRow(part="shelf bay-1-shelf-2", message="no weight for 900 ms", advice="check the HX711 wires", since_ms=None),
        FaultRow(part="reader door antenna 2", message="antenna 2 is disconnected", advice="check its cable and its plug", since_ms=None),
        FaultRow(part="camera ceiling", message="pictures are 640×480 now, they were 1280×720", advice="ask Ana", since_ms=None),
        *(FaultRow(part="shelf a", message=message, advice=advice, since_ms=None) for message, advice in WORDS.values()),
    ]
    device = DeviceRow(
        device_id="shelves-1", state="alive", agent_version="0.1.0", last_seen_at_ms=0, state_since_ms=0, outbox_depth=0, outbox_capacity=0,
        shed={}, temperature_c=None, disk_free_mb=None, faults=told, parts=[],
    )  # fmt: skip
    troubles = device_troubles(CHINESE, device, 0)
    assert troubles[:3] == [
        ("货架 bay-1-shelf-2：900 毫秒没有重量读数", "请检查 HX711 的接线"),
        ("读写器 door 天线 2：天线 2 已断开", "请检查线缆和插头"),
        ("摄像头 ceiling：画面现在是 640×480，原来是 1280×720", "ask Ana"),
    ]
    assert all(text.replace("货架 a", "").isascii() is False and "the " not in text for trouble in troubles[3:] for text in trouble)
    assert CHINESE.say("shelf a: the reading never changes. check the data wire and power the converter off and on") == (
        "货架 a：读数一直不变。请检查数据线，并给转换器断电再通电"
    )


def test_what_the_hub_refuses_is_said_in_chinese_but_for_names_and_figures() -> None:
    refused = [
        AlertUnknown(alert_id=3, closed=True),
        PlaceUnknown(sku="cola-033", shelf_id="bay-1-shelf-1"),
        PlaceUnknown(sku="cola-033", shelf_id=None),
        SettingsOutdated(seen=1, now=2),
        HubBusy(waiting=40),
    ]
    assert [CHINESE.say(str(error)) for error in refused] == [
        "任务 3 已关闭；请重新查看未完成的任务",
        "陈列图中货架 bay-1-shelf-1 上没有商品 cola-033；请检查商品和货架，或更新陈列图",
        "陈列图中没有商品 cola-033；请检查商品和货架，或更新陈列图",
        "设置在此期间已被修改（现为第 2 版，您看到的是第 1 版）；请重新查看后再修改",
        "有 40 个请求在等待入账；请稍后再试",
    ]
    assert CHINESE.say("shelf bay-1-shelf-1: cola-033 has low_units 30, but only 20 fit") == (
        "层板 bay-1-shelf-1：cola-033 的补货线（low_units）是 30，但只放得下 20 件"
    )
