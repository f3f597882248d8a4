"""A shop that is silent, a sensor that is dead and a day that is quiet are three different things."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cloud_api.rules.early_warning import Concern, DeviceState, StoreState, concerns
from cloud_api.rules.footfall_review import Comparison

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def look(
    *, silent_min: float = 5, devices: tuple[DeviceState, ...] = (), visitors: int = 0, usual: float = 0.0, quarantined: int = 0
) -> list[Concern]:
    change = visitors / usual - 1.0 if usual else None
    comparison = Comparison(visitors=visitors, usual_visitors=usual or None, change_share=change, hours=8 if usual else 0, weeks=4)
    state = StoreState(
        store_id="shop-1", name="Corner shop", reported_at=NOW - timedelta(minutes=silent_min), devices=devices,
        comparison=comparison, quarantined=quarantined,
    )  # fmt: skip
    return concerns(state, now=NOW)


def camera(*, silent_min: float = 1, state: str = "alive", faults: tuple[str, ...] = ()) -> DeviceState:
    return DeviceState(device_id="door-camera", state=state, last_seen_at=NOW - timedelta(minutes=silent_min), fault_codes=faults)


def test_a_shop_that_reports_counts_and_sees_its_usual_visitors_needs_no_look() -> None:
    assert look(devices=(camera(),), visitors=100, usual=104.0) == []


def test_a_silent_shop_comes_first() -> None:
    found = look(silent_min=180, quarantined=2)
    assert [(concern.kind, concern.urgency) for concern in found] == [("silent", "now"), ("quarantine", "look")]
    assert "3 hours" in found[0].sentence


def test_a_dead_sensor_is_told_from_a_quiet_day() -> None:
    assert [concern.kind for concern in look(devices=(camera(state="death", silent_min=90),))] == ["device"]
    assert [concern.kind for concern in look(visitors=300, usual=500.0)] == ["footfall"]


def test_a_device_is_not_blamed_for_its_shops_silence() -> None:
    """The camera was well when the shop last spoke."""
    assert [concern.kind for concern in look(silent_min=180, devices=(camera(silent_min=181),))] == ["silent"]


def test_a_small_shops_chance_is_no_finding() -> None:
    assert look(visitors=9, usual=14.0) == []


def test_a_fault_is_told_in_words() -> None:
    assert "load cell silent" in look(devices=(camera(faults=("load_cell_silent",)),))[0].sentence
