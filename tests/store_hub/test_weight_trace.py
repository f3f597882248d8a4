"""The last hour of a shelf's weight, as a manager sees it: what is not known stays open, and every reading says how sure it is."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from store_hub.adapters.ledger_views_rows import EventRow, WeightRow
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.weight_trace import doubt_words, event_words, silent_stretches, trace_legend, weight_chart

READER = Reader(zone=ZoneInfo("Europe/Berlin"), currency="EUR")
MINUTE_MS = 60_000
TO_MS = 60 * MINUTE_MS


def weights(*minutes: int) -> list[WeightRow]:
    return [WeightRow(at_ms=minute * MINUTE_MS, weight_g=10_000.0 + minute) for minute in minutes]


def event(**changed: Any) -> EventRow:
    plain: dict[str, Any] = {
        "at_ms": 30 * MINUTE_MS, "sku": "cola", "name": "Cola", "units": -1, "meaning": "picked", "probability": 1.0, "runner_up": None,
        "runner_up_probability": 0.0,
    }  # fmt: skip
    return EventRow(**{**plain, **changed})


def line(points: list[WeightRow], events: list[EventRow] | None = None) -> list[list[Any]]:
    chart = weight_chart(READER, points, events or [], "cola", 0, TO_MS, 0)
    data: list[list[Any]] = chart["series"][0]["data"]
    return data


def test_a_stretch_without_a_word_from_the_scale_is_open_and_not_zero() -> None:
    points = weights(-2, 3, 8, 13, 40, 45, 50, 55)
    assert silent_stretches(points, 0, TO_MS) == [(13 * MINUTE_MS, 40 * MINUTE_MS)]
    data = line(points)
    gap = next(number for number, (_, weight) in enumerate(data) if weight is None)
    assert data[gap - 1] == [13 * MINUTE_MS, 10.013]
    assert data[gap + 1] == [40 * MINUTE_MS, 10.04]
    assert all(weight is None or weight > 9 for _, weight in data)
    assert "no word from the scale" in trace_legend(READER, points, [], 0, TO_MS)


def test_a_scale_that_confirms_its_weight_draws_one_line_to_the_present() -> None:
    points = weights(*range(-5, 60, 5))
    assert silent_stretches(points, 0, TO_MS) == []
    data = line(points)
    assert data[0][0] == 0
    assert data[-1] == [TO_MS, 10.055]


def test_a_scale_that_fell_silent_long_ago_or_never_spoke_draws_nothing_of_now() -> None:
    assert line([]) == []
    assert silent_stretches([], 0, TO_MS) == [(0, TO_MS)]
    old = weights(-200)
    assert silent_stretches(old, 0, TO_MS) == [(0, TO_MS)]
    assert [weight for _, weight in line(old)] == [None]
    stopped = line(weights(-1, 5, 10))
    assert [at_ms for at_ms, weight in stopped if weight is not None][-1] == 10 * MINUTE_MS


def test_a_doubtful_reading_names_its_runner_up_and_a_correction_says_what_it_corrects() -> None:
    doubtful = event(probability=0.72, runner_up="1 Lager taken", runner_up_probability=0.26)
    assert doubt_words(READER, doubtful) == "72% sure; else 1 Lager taken (26%)"
    assert doubt_words(READER, event()) == ""
    assert event_words(READER, event(meaning="corrected", units=2)) == "2 Cola more than was thought"
    chart = weight_chart(READER, weights(29, 31), [doubtful, event(meaning="corrected")], "cola", 0, TO_MS, 0)
    corrected, hollow = chart["series"][1]["data"]
    assert (corrected["symbol"], hollow["symbol"]) == ("diamond", "triangle")
    assert hollow["itemStyle"][":color"] != hollow["itemStyle"][":borderColor"]
    assert "72% sure" in hollow["name"]


def test_a_unit_weight_that_is_wrong_on_the_plan_is_said_with_what_to_do_and_no_doubt_beside_it() -> None:
    wrong = event(meaning="misweighed", units=0, probability=0.97, runner_up="the plan says 350.0 g a unit, the scale finds 385.0 g")
    assert event_words(READER, wrong) == "Cola one does not weigh what the plan says: weigh one and correct the plan"
    assert doubt_words(READER, wrong) == ""
    assert "a unit weight of the plan is wrong" in trace_legend(READER, weights(5), [wrong], 0, TO_MS)
