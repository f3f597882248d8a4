"""Buttons and lights at the shelves, on gpiozero's mock pins: short and long presses, rhythms that differ, wishes that time out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory

from edge_agent.adapters.buttons_and_lights import GpioButton, GpioLight, SimulatedButton, SimulatedLight
from edge_agent.adapters.clock import AgentClock
from edge_agent.config import EdgeConfig, load_config
from edge_agent.errors import ConfigurationInvalid, SensorUnavailable
from edge_agent.flows.check import check_device
from edge_agent.flows.fault_board import FaultBoard
from edge_agent.flows.orders import Orders
from edge_agent.flows.scale_care import CALIBRATING
from edge_agent.flows.shelf_signals import ShelfSignals
from edge_agent.rules.button_press import PressWatch
from edge_agent.rules.light_signal import RHYTHMS_MS, Signal, is_lit
from wire_format.commands import ShelfLight
from wire_format.observations import ButtonPressed, Observation

HEAD = 'store_id = "corner"\ndevice_id = "shelves-1"\n'
SCALE = '[[scales]]\nshelf_id = "s1"\nadapter = "gpio"\nclock_pin = 5\ndata_pin = 6\ncounts_per_gram = 21.0\ntare_counts = 84000\n'
BUTTON = '[[buttons]]\nbutton_id = "b1"\nshelf_id = "s1"\npin = 17\n'
LIGHT = '[[lights]]\nshelf_id = "s1"\npin = 27\n'


def loaded(folder: Path, text: str) -> EdgeConfig:
    (folder / "edge.toml").write_text(HEAD + text)
    return load_config(folder / "edge.toml")


class Care:
    """A scale that answers a held button as it is told to."""

    def __init__(self, answer: tuple[bool, str, str]) -> None:
        self.answer = answer

    def ask_tare(self, asked: Any) -> None:
        asked.answer(*self.answer)


class Shelf:
    """A button and a light on mock pins, and a hand."""

    def __init__(self, folder: Path, *, care: Care | None = None, text: str = SCALE + BUTTON + LIGHT) -> None:
        self.pins = MockFactory()
        self.said: list[Observation] = []
        self.clock = AgentClock()
        self.faults = FaultBoard(self.clock.wall_ms)
        self.orders = Orders()
        cares: Any = {} if care is None else {"s1": care}
        self.signals = ShelfSignals(
            loaded(folder, text),
            record=self.said.append,
            clock=self.clock,
            faults=self.faults,
            orders=self.orders,
            cares=cares,
            pin_factory=self.pins,
        )
        self.signals.open()
        self.at_ms = 0
        self.shown: list[int] = []
        self.wait(200)

    def wait(self, length_ms: int) -> list[int]:
        """Let time pass; returns the light every 25 ms."""
        begun = len(self.shown)
        for _ in range(length_ms // 25):
            self.at_ms += 25
            self.signals.turn(self.at_ms)
            self.shown.append(int(self.pins.pin(27).state))
        return self.shown[begun:]

    def press(self, held_ms: int) -> list[int]:
        pin = self.pins.pin(17)
        pin.drive_low()
        shown = self.wait(held_ms)
        pin.drive_high()
        self.wait(200)
        return shown

    def actions(self) -> list[tuple[str, str]]:
        return [(said.action, said.detail) for said in self.said if isinstance(said, ButtonPressed)]


def test_a_short_press_takes_the_shelfs_tasks(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, care=Care((True, "", "")))
    shelf.press(200)
    assert shelf.actions() == [("pressed", "")]


def test_contacts_that_bounce_press_once_and_a_spark_not_at_all(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    for _ in range(3):
        shelf.press(25)
    assert shelf.actions() == []
    pin = shelf.pins.pin(17)
    for level in (0, 1, 0, 1, 0):
        pin.drive_low() if level == 0 else pin.drive_high()
        shelf.wait(25)
    shelf.wait(200)
    pin.drive_high()
    shelf.wait(200)
    assert shelf.actions() == [("pressed", "")]


def test_a_long_press_zeroes_and_the_light_answers_while_it_is_held(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, care=Care((True, "the empty shelf weighed +3.0 g", "")))
    shown = shelf.press(4_000)
    assert shelf.actions() == [("tared", "the empty shelf weighed +3.0 g")]
    assert not any(shown[:100])
    assert all(shown[125:155])


def test_a_refused_zero_flickers_and_says_why(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, care=Care((False, "5000 g are on it", "empty the shelf")))
    shown = shelf.press(3_500)[122:]
    assert shelf.actions() == [("tare_refused", "5000 g are on it; empty the shelf")]
    assert 0 < sum(shown) < len(shown)


def test_without_a_scale_a_long_press_is_refused_with_what_to_do(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, text=BUTTON + LIGHT)
    shelf.press(3_500)
    assert shelf.actions() == [("tare_refused", "this device has no scale of this shelf; give it one, or move the button")]


def test_a_button_that_is_down_when_the_power_comes_back_was_pressed_by_nobody() -> None:
    watch = PressWatch(hold_ms=3_000)
    assert [watch.take(True, at_ms) for at_ms in range(0, 10_000, 25)] == [None] * 400
    assert [press for at_ms in range(10_000, 12_000, 25) if (press := watch.take(11_000 <= at_ms < 11_500, at_ms))] == ["pressed"]


def test_a_button_that_is_down_for_a_minute_is_no_finger(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, care=Care((True, "", "")))
    pin = shelf.pins.pin(17)
    pin.drive_low()
    shelf.wait(61_000)
    assert [fault.code for fault in shelf.faults.current()] == ["button_stuck"]
    pin.drive_high()
    shelf.wait(200)
    assert shelf.faults.current() == []
    assert [action for action, _ in shelf.actions()] == ["tared"]


def test_every_state_has_a_rhythm_of_its_own() -> None:
    signals: tuple[Signal, ...] = ("off", "pick_here", "refill_here", "fault", "done", "refused")
    seen = {tuple(is_lit(signal, at_ms) for at_ms in range(0, 4_000, 25)) for signal in signals}
    assert len(seen) == len(signals)
    flashes = {signal: sum(is_lit(signal, t) and not is_lit(signal, t - 10) for t in range(10, 10_000, 10)) for signal in signals[1:4]}
    assert flashes["pick_here"] > 1.5 * flashes["fault"] > 3 * flashes["refill_here"], "told apart by counting, not by colour"
    assert max(1000 / sum(rhythm) for rhythm in (RHYTHMS_MS["pick_here"], RHYTHMS_MS["fault"])) < 4, "slow enough to hurt nobody"


def lit_share(shown: list[int]) -> float:
    return sum(shown) / len(shown)


def test_the_light_shows_what_the_hub_wishes_and_after_a_while_what_comes_next(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.orders.obey(ShelfLight(shelf_id="s1", state="pick_here", for_s=60.0, then="refill_here"))
    assert lit_share(shelf.wait(30_000)) == pytest.approx(0.5, abs=0.05)
    shelf.orders.obey(ShelfLight(shelf_id="s1", state="pick_here", for_s=60.0, then="refill_here"))  # Repeated after a lost line.
    shelf.wait(31_000)
    assert lit_share(shelf.wait(20_000)) == pytest.approx(0.75, abs=0.05)
    shelf.orders.obey(ShelfLight(shelf_id="s1", state="off"))
    assert sum(shelf.wait(5_000)) == 0


def test_a_wish_whose_hub_has_gone_times_out(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, text=BUTTON + LIGHT + "timeout_s = 60\n")
    shelf.orders.obey(ShelfLight(shelf_id="s1", state="refill_here"))
    shelf.wait(61_000)
    assert sum(shelf.wait(5_000)) == 0


def test_a_fault_of_the_scale_is_shown_but_a_person_who_looks_for_the_shelf_goes_first(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.faults.raise_fault("shelf s1", CALIBRATING, "is being calibrated")
    assert sum(shelf.wait(4_000)) == 0
    shelf.faults.raise_fault("shelf s1", "scale_silent", "no weight")
    shelf.orders.obey(ShelfLight(shelf_id="s1", state="refill_here"))
    assert lit_share(shelf.wait(20_000)) == pytest.approx(0.18, abs=0.04)
    shelf.orders.obey(ShelfLight(shelf_id="s1", state="pick_here"))
    assert lit_share(shelf.wait(20_000)) == pytest.approx(0.5, abs=0.05)
    shelf.faults.clear("shelf s1", "scale_silent")
    shelf.orders.obey(ShelfLight(shelf_id="s1", state="off"))
    assert sum(shelf.wait(4_000)) == 0


def test_a_pin_that_cannot_be_had_is_told_and_the_others_work(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    taken = GpioLight("light s2", 22, pin_factory=shelf.pins)
    with pytest.raises(SensorUnavailable, match="GPIO22 cannot be used"):
        GpioButton("button b2", 22, pin_factory=shelf.pins)
    taken.close()


def test_a_simulated_button_and_light_do_the_same_without_pins(tmp_path: Path) -> None:
    times_ms = iter(range(0, 8_000, 500))
    button = SimulatedButton([(1.0, 0.5), (3.0, 4.0)], lambda: next(times_ms))
    assert [half for half in range(16) if button.is_down()] == [2, *range(6, 14)]
    light = SimulatedLight("light s1")
    light.set(True)
    assert light.is_lit
    light.close()
    assert not light.is_lit


def test_a_check_looks_at_buttons_and_lights_and_says_what_is_missing(tmp_path: Path) -> None:
    simulated = BUTTON.replace("pin = 17", 'adapter = "simulated"') + LIGHT
    found = {finding.part: finding for finding in check_device(loaded(tmp_path, simulated))}
    assert found["button b1"].is_ok
    assert not found["light s1"].is_ok
    assert "GPIO27 cannot be used" in found["light s1"].found
    assert "group gpio" in found["light s1"].advice


REFUSED = {
    "no pin": ('[[lights]]\nshelf_id = "s1"\n', "lights[1].pin", "is missing"),
    "a pin of a scale": (SCALE + LIGHT.replace("27", "5"), "lights[1].pin", "GPIO5 belongs to shelf s1 already"),
    "a pin of a button": (BUTTON + LIGHT.replace("27", "17"), "lights[1].pin", "GPIO17 belongs to button b1 already"),
    "two lights at a shelf": (LIGHT + LIGHT.replace("27", "22"), "lights[2].shelf_id", "is the name of a light above already"),
    "two buttons of a name": (BUTTON + BUTTON.replace("17", "22"), "buttons[2].button_id", "is the name of a button above already"),
    "a pin that no Pi has": (LIGHT.replace("27", "40"), "lights[1].pin", "40"),
    "nothing to zero": (BUTTON + "tare_max_g = 50\n", "buttons[1].tare_max_g", "has nothing to zero"),
    "a hold nobody can tell from a press": (BUTTON + "tare_hold_s = 0.2\n", "buttons[1].tare_hold_s", "0.2"),
    "planned presses of a real button": (BUTTON + "presses_s = [[1, 2]]\n", "buttons[1].presses_s", 'belongs to adapter = "simulated"'),
    "a pin of nothing": (LIGHT + 'adapter = "simulated"\n', "lights[1].pin", 'belongs to adapter = "gpio"'),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_wired_so_is_refused_with_field_line_and_reason(tmp_path: Path, case: str) -> None:
    text, field, says = REFUSED[case]
    with pytest.raises(ConfigurationInvalid) as refused:
        loaded(tmp_path, text)
    assert refused.value.field == field
    assert says in refused.value.problem
    assert refused.value.line is not None
