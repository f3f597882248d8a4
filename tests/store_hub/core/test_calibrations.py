"""Calibrating from the page: two people cannot both lead, the device says what was weighed, the broker holds the present wish."""

from __future__ import annotations

from typing import Any

import pytest

from store_hub.config import BookkeepingConfig
from store_hub.entries import CalibrationAction
from store_hub.errors import CalibrationOutOfStep
from store_hub.flows.bookkeep import Bookkeeper
from store_hub.flows.commands import Book
from store_hub.flows.rebuild import rebuild
from store_hub.rows import CalibrationRow
from store_hub.rules.calibrations import request_for
from wire_format import codec
from wire_format.commands import CalibrationRequest
from wire_format.observations import CalibrationProgress, CalibrationResult, WeighedLoad

SESSION, OTHER = "5e1a90c37f20b6d4", "0123456789abcdef"


class Led:
    """A calibration as one person after the other leads it."""

    def __init__(self, shop: Any, core: Any) -> None:
        self.shop, self.core = shop, core

    @property
    def row(self) -> CalibrationRow:
        return CalibrationRow(*self.shop.rows(f"SELECT {', '.join(CalibrationRow._fields)} FROM calibrations")[0])

    @property
    def revision(self) -> int:
        rows = self.shop.rows("SELECT revision FROM calibrations")
        return int(rows[0][0]) if rows else 0

    def act(self, action: Any, *, known_g: float = 0.0, by: str = "Ana", session: str = SESSION, revision: int | None = None) -> None:
        self.shop.clock.at_ms += 5_000
        seen = self.revision if revision is None else revision
        told = CalibrationAction(
            shelf_id="drinks", device_id="pi-1", session_id=session, action=action, revision=seen, known_g=known_g, by=by
        )
        self.shop.ask(Book(told, "calibrations"))

    def says(self, stage: Any, loads: dict[int, float], *, through: int, session: str = SESSION, **more: Any) -> None:
        self.shop.clock.at_ms += 2_000
        weighed = [WeighedLoad(step=step, known_g=g, readings=20, mean_counts=g * 21, spread_counts=9.0) for step, g in loads.items()]
        self.shop.see(
            CalibrationProgress(
                **self.core.stamp(self.shop.clock.at_ms), shelf_id="drinks", session_id=session, stage=stage,
                handled_through=through, loads=weighed, **more,
            )
        )  # fmt: skip

    def steps(self) -> list[int]:
        return [step.step for step in request_for(self.row).steps]


RESULT = CalibrationResult(counts_per_gram=21.0, tare_counts=84_000.0, linearity_g=0.2, repeatability_g=0.5)


@pytest.fixture
def led(shop: Any, core: Any) -> Led:
    return Led(shop, core)


def test_a_calibration_goes_from_the_empty_shelf_to_figures_in_use(led: Led) -> None:
    led.act("start")
    led.says("ready", {}, through=0)
    led.act("weigh")
    led.says("ready", {1: 0.0}, through=1)
    led.act("weigh", known_g=5_000.0)
    led.says("ready", {1: 0.0, 2: 5_000.0}, through=2, result=RESULT)
    led.act("accept")
    assert request_for(led.row).stage == "accept"
    led.says("applied", {1: 0.0, 2: 5_000.0}, through=2, result=RESULT)
    assert led.row.stage == "applied"
    assert request_for(led.row).stage == "closed"
    assert rebuild(led.shop.path, replace=False, progress=lambda done, total: None).differences == []


def test_of_two_people_who_start_at_once_one_leads_and_the_other_is_told_by_whom(led: Led) -> None:
    led.act("start", by="Ana")
    with pytest.raises(CalibrationOutOfStep, match="somebody else was quicker"):
        led.act("start", by="Li", session=OTHER, revision=0)
    with pytest.raises(CalibrationOutOfStep, match="Ana is calibrating this scale"):
        led.act("start", by="Li", session=OTHER)
    assert led.row.session_id == SESSION


def test_a_button_pressed_on_two_screens_weighs_once(led: Led) -> None:
    led.act("start")
    led.says("ready", {}, through=0)
    seen = led.revision
    led.act("weigh", revision=seen)
    with pytest.raises(CalibrationOutOfStep, match="somebody else was quicker"):
        led.act("weigh", revision=seen, by="Li")
    assert led.steps() == [1]


def test_a_forgotten_calibration_keeps_nobody_from_a_new_one(led: Led) -> None:
    led.act("start", by="Ana")
    led.shop.clock.at_ms += 31 * 60_000
    led.act("start", by="Li", session=OTHER)
    assert (led.row.session_id, led.row.started_by) == (OTHER, "Li")
    led.says("ended", {}, through=0)  # The device gives up the old one.
    assert led.row.stage == "open"


def test_a_refused_load_is_taken_off_the_list_and_the_others_stay(led: Led) -> None:
    led.act("start")
    led.says("ready", {}, through=0)
    led.act("weigh")
    led.says("ready", {1: 0.0}, through=1)
    led.act("weigh", known_g=5_000.0)
    led.says("weighing", {1: 0.0}, through=1)
    assert led.steps() == [1, 2]
    led.says("refused", {1: 0.0}, through=2, refused_step=2, problem="the readings spread over 80 g")
    assert led.steps() == [1]
    led.act("weigh", known_g=5_000.0)
    assert led.steps() == [1, 3]


@pytest.mark.parametrize(
    ("action", "known_g", "reason"),
    [("weigh", 5_000.0, "the empty shelf comes first"), ("accept", 0.0, "too few loads")],
)
def test_a_step_out_of_turn_is_refused_with_its_reason(led: Led, action: str, known_g: float, reason: str) -> None:
    led.act("start")
    led.says("ready", {}, through=0)
    with pytest.raises(CalibrationOutOfStep, match=reason):
        led.act(action, known_g=known_g)


def test_a_load_still_being_weighed_is_waited_for(led: Led) -> None:
    led.act("start")
    led.act("weigh")
    with pytest.raises(CalibrationOutOfStep, match="still being weighed"):
        led.act("weigh", known_g=100.0)
    led.act("end", by="Li")
    assert request_for(led.row).stage == "closed"
    with pytest.raises(CalibrationOutOfStep, match="has ended"):
        led.act("weigh")


def test_the_wish_is_told_once_booked_and_again_on_every_new_line_to_the_broker(shop: Any, core: Any) -> None:
    led = Led(shop, core)
    led.act("start")
    line, keeper = core.Line(), Bookkeeper(shop.ledger, clock=shop.clock, config=BookkeepingConfig())
    keeper.start(line)
    told = CalibrationAction(shelf_id="drinks", device_id="pi-1", session_id=SESSION, action="weigh", revision=led.revision)
    keeper.submit(Book(told, "calibrations")).result(timeout=10)
    keeper.stop()
    topic = "stores/corner/v1/calibrate/pi-1/drinks"
    first = codec.commands.decode(line.kept[topic])
    assert isinstance(first, CalibrationRequest)
    assert [step.known_g for step in first.steps] == [0.0]
    wiped, again = core.Line(), Bookkeeper(shop.ledger, clock=shop.clock, config=BookkeepingConfig())
    again.inbox.put_line_up()
    again.start(wiped)
    again.submit(Book(CalibrationAction(**{**_fields(told), "action": "end", "revision": led.revision}), "calibrations")).result(timeout=10)
    again.stop()
    last = codec.commands.decode(wiped.kept[topic])
    assert isinstance(last, CalibrationRequest)
    assert last.stage == "closed"


def _fields(told: CalibrationAction) -> dict[str, Any]:
    return {name: getattr(told, name) for name in told.__struct_fields__}
