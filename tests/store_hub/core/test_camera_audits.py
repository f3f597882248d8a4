"""What a person says of a camera's counts: booked with everything else, the newest in force, shown beside the counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from store_hub.adapters.broker_link import Delivered
from store_hub.adapters.ledger_views import LedgerViews
from store_hub.dashboard.audits import audit_notes, door_words, sum_words
from store_hub.dashboard.reader import Reader
from store_hub.flows.rebuild import rebuild
from store_hub.rules.camera_audits import DoorAccuracy, accuracy_of_sum
from wire_format import codec
from wire_format.observations import CameraAudited, ClockReading, DoorCrossing, Estimate

ENGLISH = Reader(zone=ZoneInfo("Europe/Berlin"), currency="EUR")
DAY_MS = 86_400_000


def audited(core: Any, at_ms: int, share: float | None, *, door_id: str = "door", audited_at_ms: int | None = None) -> CameraAudited:
    estimate = None if share is None else Estimate(value=share, low=share - 0.03, high=min(1.0, share + 0.02))
    return CameraAudited(
        **core.stamp(at_ms),
        area_id="entrance",
        door_id=door_id,
        audited_at_ms=at_ms if audited_at_ms is None else audited_at_ms,
        film_ms=1_800_000,
        looked_ms=600_000,
        counted=100,
        judged=100,
        right=97,
        missed=1,
        precision=estimate,
        recall=estimate,
        count_accuracy=estimate,
        method="Wilson 95 %",
    )


def test_the_newest_audit_of_a_door_is_in_force_however_late_an_older_one_arrives(shop: Any, core: Any, tmp_path: Path) -> None:
    now_ms = core.NOON_MS
    shop.see(audited(core, now_ms, 0.97), audited(core, now_ms, 0.80, audited_at_ms=now_ms - DAY_MS), audited(core, now_ms, None))
    with LedgerViews(shop.path).reading() as reading:
        (audit,) = reading.camera_audits()
    assert (audit.count_accuracy, audit.audited_at_ms, audit.judged_right) == (0.97, now_ms, 97)
    assert shop.rows("SELECT count(*) FROM camera_audits") == [(3,)]


def test_audits_are_rebuilt_bit_for_bit(shop: Any, core: Any) -> None:
    for number in range(5):
        shop.see(audited(core, core.NOON_MS + number * 1000, 0.9 + number / 100 if number % 2 else None))
    shop.see(
        DoorCrossing(**core.stamp(core.NOON_MS), door_id="door", started_at_ms=core.NOON_MS, duration_ms=60_000, people_in=4, people_out=1)
    )
    rebuilt = rebuild(shop.path, replace=False, progress=lambda done, total: None)
    assert rebuilt.differences == []
    assert rebuilt.entries >= 6


def test_a_device_that_woke_in_1970_does_not_date_its_audit_so(shop: Any, core: Any) -> None:
    said = audited(core, 5_000, 0.9, audited_at_ms=4_000)
    reading = ClockReading(device_id="pi-1", boot_id=core.BOOT, monotonic_ms=said.monotonic_ms, wall_clock_ms=5_000)
    shop.book(Delivered(f"stores/{core.STORE}/v1/clock/{core.OUTBOX}", codec.encode(reading), False, 0, 0, 1, core.NOON_MS))
    shop.see(said)
    ((audited_at_ms, happened_at_ms),) = shop.rows(
        "SELECT audited_at_ms, happened_at_ms FROM camera_audits JOIN journal USING (journal_id)"
    )
    assert audited_at_ms == happened_at_ms - 1_000


def test_a_count_is_shown_with_what_the_audit_says_of_it(shop: Any, core: Any) -> None:
    shop.see(audited(core, core.NOON_MS, 0.97))
    with LedgerViews(shop.path).reading() as reading:
        audits = reading.camera_audits()
    chinese = Reader(zone=ENGLISH.zone, currency="EUR", language="zh")
    assert sum_words(ENGLISH, {"door": 412}, audits, core.NOON_MS) == " · 97% right (94–99), audited 15 Jan"
    assert "核对" in sum_words(chinese, {"door": 412}, audits, core.NOON_MS)
    assert sum_words(ENGLISH, {"door": 412, "back": 3}, audits, core.NOON_MS) == " · 1 door not audited"
    assert sum_words(ENGLISH, {"back": 3}, audits, core.NOON_MS) == " · not audited"
    assert door_words(ENGLISH, "back", audits, core.NOON_MS) == "not audited"
    notes = str(audit_notes(ENGLISH, {"door": "Front <door>"}, ["door", "back"], audits))
    assert "Front &lt;door&gt;: of 100 crossings judged 97 were right; missed in 10 min looked at: 1." in notes
    assert "edge-agent audit" in notes


@pytest.mark.parametrize(
    ("counts", "value", "low"), [({"a": 300, "b": 100}, 0.925, 0.875), ({"a": 10, "b": 0}, 0.95, 0.90), ({"a": 0}, 0.95, 0.9)]
)
def test_the_accuracy_of_a_sum_weighs_each_door_by_its_people(counts: dict[str, int], value: float, low: float) -> None:
    audits = [DoorAccuracy("a", 0.95, 0.90, 0.98, 7), DoorAccuracy("b", 0.85, 0.80, 0.92, 5)]
    accuracy, missing = accuracy_of_sum(counts, audits)
    assert accuracy is not None
    assert (round(accuracy.value, 6), round(accuracy.low, 6), missing) == (value, low, [])


def test_a_sum_with_a_door_that_nobody_audited_has_no_accuracy() -> None:
    assert accuracy_of_sum({"a": 5, "c": 1}, [DoorAccuracy("a", 0.95, 0.90, 0.98, 7)]) == (None, ["c"])
