"""What a unit weighs is learned from touches beyond doubt; and whatever is taken, put and leaned on, events and weight agree in the end."""

from __future__ import annotations

import random
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.readings import RawReading
from edge_agent.rules.calibration import Calibration
from edge_agent.rules.weighing import Settled, Weigher, WeighingRule
from store_hub.adapters.ledger_views import LedgerViews
from store_hub.dashboard.calibration import wrong_weights
from store_hub.dashboard.reader import Reader
from store_hub.flows.rebuild import rebuild
from store_hub.rules.picks import Article, BeliefState, PickEvent, ShelfBelief
from wire_format.observations import ShelfWeight

COLA = Article(sku="cola", unit_weight_g=350.0, unit_weight_sd_g=3.0, start_units=10, capacity_units=30)
TEA = Article(sku="tea", unit_weight_g=1500.0, unit_weight_sd_g=4.0, start_units=8, capacity_units=30)
CALIBRATION = Calibration(counts_per_gram=400.0, tare_counts=10_000.0, capacity_g=50_000.0)


def bought_one_by_one(belief: ShelfBelief, unit_g: float, times: int, weight_g: float, from_ms: int) -> list[PickEvent]:
    events: list[PickEvent] = []
    for i in range(1, times + 1):
        events += belief.take(weight_g - i * unit_g, 0.3, from_ms + i * 60_000, from_ms + i * 60_000 - 2_000)
    return events


def test_a_delivery_that_weighs_a_little_more_is_learned_and_the_next_one_at_once() -> None:
    belief = ShelfBelief([msgspec.structs.replace(COLA, capacity_units=21), TEA])
    belief.take(15500.0, 0.3, 0)
    bought_one_by_one(belief, 354.0, 9, 15500.0, 0)
    assert 351.0 < belief.unit_weights_g()["cola"] < 354.0
    left_g = 15500.0 - 9 * 354.0
    assert [e.kind for e in belief.take(left_g + 20 * 349.5, 0.3, 700_000, 698_000)] == ["refill"]
    bought_one_by_one(belief, 349.5, 1, left_g + 20 * 349.5, 700_000)
    assert belief.told_units() == {"cola": 20, "tea": 8}
    assert belief.unit_weights_g()["cola"] == pytest.approx(350.1, abs=0.1)
    assert belief.unit_weights_g()["tea"] == 1500.0


@pytest.mark.parametrize("share", [-0.02, -0.015, -0.01, 0.01])
@pytest.mark.parametrize("sd_g", [1.0, 3.0])
def test_a_refill_of_another_batch_that_leaves_room_is_a_refill_and_its_units_are_known_at_once(share: float, sd_g: float) -> None:
    belief = ShelfBelief([msgspec.structs.replace(COLA, unit_weight_sd_g=sd_g, capacity_units=40), TEA])
    belief.take(15500.0, 0.3, 0)
    bought_one_by_one(belief, 350.0, 8, 15500.0, 0)
    full_g, unit_g = 15500.0 - 8 * 350.0 + 20 * 350.0 * (1.0 + share), 350.0 * (1.0 + share)
    assert [(e.kind, e.sku, e.units) for e in belief.take(full_g, 0.3, 700_000, 698_000)] == [("refill", "cola", 20)]
    told = bought_one_by_one(belief, unit_g, 12, full_g, 700_000)
    assert [(e.kind, e.units) for e in told] == [("pick", -1)] * 12
    assert belief.told_units() == {"cola": 10, "tea": 8}
    assert belief.unit_weights_g()["cola"] == pytest.approx(unit_g, abs=2.0)


def test_look_alikes_teach_nothing() -> None:
    lime = Article(sku="lime", unit_weight_g=350.0, unit_weight_sd_g=3.0, start_units=10, capacity_units=30)
    belief = ShelfBelief([COLA, lime])
    belief.take(7000.0, 0.3, 0)
    bought_one_by_one(belief, 353.0, 5, 7000.0, 0)
    assert belief.unit_weights_g() == {"cola": 350.0, "lime": 350.0}


def test_what_was_learned_survives_being_put_away() -> None:
    belief = ShelfBelief([COLA, TEA])
    belief.take(15500.0, 0.3, 0)
    bought_one_by_one(belief, 354.0, 4, 15500.0, 0)
    again = ShelfBelief.from_state([COLA, TEA], belief.state())
    assert again.unit_weights_g() == belief.unit_weights_g() != {"cola": 350.0, "tea": 1500.0}
    assert again.take(13376.0, 0.3, 900_000, 898_000) == belief.take(13376.0, 0.3, 900_000, 898_000)
    assert again.state() == belief.state()


def test_a_wrong_unit_weight_is_told_once_to_the_manager_and_learned_and_rebuilt_alike(shop: Any, core: Any) -> None:
    """The plan says 350 g, the new bottles weigh 385 g."""
    shop.weigh(10, 6)
    for i in range(1, 9):
        shop.clock.at_ms += 60_000
        now_ms = shop.clock.at_ms
        weight_g = 10 * 350.0 + 6 * 1500.0 - i * 385.0
        shop.see(ShelfWeight(**core.stamp(now_ms), shelf_id="drinks", weight_g=weight_g, spread_g=1.0, moved_at_ms=now_ms - 3000))
    told = shop.rows("SELECT sku, units, weight_change_g, runner_up FROM shelf_events WHERE meaning = 'misweighed'")
    assert len(told) == 1
    assert told[0][:2] == ("cola", 0)
    assert told[0][2] == pytest.approx(385.0, abs=3.0)
    assert "350.0 g" in told[0][3]
    assert shop.rows("SELECT sum(units) FROM shelf_events WHERE meaning = 'picked' AND sku = 'cola'")[0][0] <= -4
    with LedgerViews(shop.path).reading() as reading:
        shown = str(wrong_weights(Reader(zone=ZoneInfo("Europe/Berlin"), currency="EUR"), reading))
        assert reading.wrong_weights()[0].found_g == pytest.approx(385.0, abs=3.0)
    assert all(words in shown for words in ("Cola 0.33 l", "350.0 g", "38"))
    assert rebuild(shop.path, replace=False, progress=lambda done, total: None).differences == []


def test_a_belief_put_away_before_unit_weights_were_learned_is_taken_up_again() -> None:
    belief = ShelfBelief([COLA, TEA])
    belief.take(15500.0, 0.3, 0)
    bought_one_by_one(belief, 350.0, 2, 15500.0, 0)
    old = msgspec.json.decode(msgspec.json.encode(belief.state()))
    del old["weights"], old["lesson"]
    again = ShelfBelief.from_state([COLA, TEA], msgspec.convert(old, BeliefState))
    assert again.unit_weights_g() == {"cola": 350.0, "tea": 1500.0}
    assert again.told_units() == {"cola": 8, "tea": 8}
    assert [(e.kind, e.units) for e in again.take(14450.0, 0.3, 900_000, 898_000)] == [("pick", -1)]


def test_a_unit_weight_that_somebody_corrects_in_the_plan_counts_from_then_on() -> None:
    belief = ShelfBelief([COLA, TEA])
    belief.take(15500.0, 0.3, 0)
    bought_one_by_one(belief, 354.0, 4, 15500.0, 0)
    heavier = msgspec.structs.replace(COLA, unit_weight_g=420.0)
    again = ShelfBelief.from_state([heavier, TEA], belief.state())
    assert again.unit_weights_g() == {"cola": 420.0, "tea": 1500.0}
    assert [(e.kind, e.sku, e.units) for e in again.take(14084.0 - 420.0, 0.3, 900_000, 898_000)] == [("pick", "cola", -1)]
    same = ShelfBelief.from_state([COLA, msgspec.structs.replace(TEA, unit_weight_g=1510.0)], belief.state())
    assert same.unit_weights_g()["cola"] == belief.unit_weights_g()["cola"]
    assert same.unit_weights_g()["tea"] == 1510.0


class Hands:
    """Takes, puts and leans, as the scale's converter reads them: ten times a second."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.readings: list[RawReading] = []
        self.units = {"cola": 10, "tea": 8}
        self.taken = {"cola": 0, "tea": 0}

    def rest(self, lasts_s: float, pressed_g: float = 0.0) -> None:
        for _ in range(round(lasts_s * 10)):
            load_g = 350.0 * self.units["cola"] + 1500.0 * self.units["tea"] + pressed_g * self.chance.uniform(0.6, 1.4)
            counts = 10_000 + 400.0 * (load_g + self.chance.gauss(0.0, 0.1))
            self.readings.append(RawReading(len(self.readings) * 100, round(counts), 21.0))

    def do(self, what: str, sku: str, units: int, lean_g: float) -> None:
        self.rest(self.chance.uniform(0.5, 1.5), lean_g)
        if what == "take":
            self.units[sku] -= min(units, self.units[sku])
        elif what == "put":
            self.units[sku] += min(units, self.taken[sku])
        self.taken[sku] = {"cola": 10, "tea": 8}[sku] - self.units[sku]
        self.rest(self.chance.uniform(2.0, 6.0))


touches = st.lists(
    st.tuples(st.sampled_from(["take", "put", "lean"]), st.sampled_from(["cola", "tea"]), st.integers(1, 2), st.floats(60.0, 900.0)),
    max_size=12,
)


@settings(max_examples=20, deadline=None)
@given(touches, st.integers(0, 1_000))
def test_after_any_taking_putting_and_leaning_the_events_add_up_to_the_weight(story: list[tuple[str, str, int, float]], seed: int) -> None:
    hands = Hands(seed)
    hands.rest(5.0)
    for touch in story:
        hands.do(*touch)
    hands.rest(8.0)
    weigher, belief = Weigher(CALIBRATION, WeighingRule()), ShelfBelief([COLA, TEA])
    told = {"cola": 10, "tea": 8}
    weight_g = 0.0
    for word in map(weigher.take, hands.readings):
        if isinstance(word, Settled):
            weight_g = word.weight_g
            for event in belief.take(word.weight_g, word.spread_g, word.at_ms, word.moved_at_ms):
                assert 0.0 <= event.runner_up_probability <= event.probability <= 1.0 or event.kind == "corrected"
                if event.sku is not None:
                    told[event.sku] += event.units
    assert told == belief.told_units()
    assert told["cola"] * 350.0 + told["tea"] * 1500.0 == pytest.approx(weight_g, abs=20.0)
    assert told == hands.units


def heard(readings: list[RawReading]) -> bytes:
    weigher, belief = Weigher(CALIBRATION, WeighingRule()), ShelfBelief([COLA, TEA])
    events = []
    for word in map(weigher.take, readings):
        if isinstance(word, Settled):
            events += belief.take(word.weight_g, word.spread_g, word.at_ms, word.moved_at_ms)
    return msgspec.json.encode((events, belief.state()))


@settings(max_examples=10, deadline=None)
@given(touches, st.integers(0, 1_000))
def test_a_recording_replayed_twice_gives_the_same_bytes(story: list[tuple[str, str, int, float]], seed: int) -> None:
    hands = Hands(seed)
    hands.rest(5.0)
    for touch in story:
        hands.do(*touch)
    assert heard(hands.readings) == heard(hands.readings)
