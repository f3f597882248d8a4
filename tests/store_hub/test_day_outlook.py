"""Where a day will close, what drifts, and whether a figure is where it should be; and charts as tables."""

from __future__ import annotations

import pytest

from store_hub.dashboard.chart_export import chart_csv
from store_hub.entries_settings import Target
from store_hub.rules.day_outlook import (
    Closing,
    DayTotals,
    availability_at,
    availability_of,
    closing,
    drifts,
    is_till_silent,
    light,
    ratio_of,
    trend,
)  # fmt: skip

QUIET = Closing(100.0, 200.0, 150.0, 250.0, 200.0, 100.0)


def day(visitors: int | None = 100, receipts: int = 30, lost: int = 1) -> DayTotals:
    return DayTotals(visitors=visitors, receipts=receipts, revenue_minor=30_000, units=90, lost_units=lost)


def test_a_day_that_goes_as_usual_closes_as_usual() -> None:
    told = closing(100.0, [(100.0, 200.0)] * 4)
    assert (told.forecast, told.low, told.high, told.usual) == (200.0, 200.0, 200.0, 200.0)


def test_a_strong_morning_raises_the_rest_in_part_and_spread_days_widen_the_band() -> None:
    told = closing(150.0, [(90.0, 180.0), (110.0, 220.0)])
    assert told.forecast is not None
    assert 150 + 100 < told.forecast < 150 + 150
    assert told.low is not None
    assert told.high is not None
    assert told.low < told.forecast < told.high


def test_without_a_comparable_day_nothing_is_forecast() -> None:
    assert closing(50.0, [(0.0, 0.0)]).forecast is None


@pytest.mark.parametrize(
    ("figure", "value", "colour"),
    [
        ("conversion", 0.31, "green"),
        ("conversion", 0.29, "amber"),
        ("conversion", 0.2, "red"),
        ("shrink", 0.29, "green"),
        ("shrink", 0.4, "red"),
        ("conversion", None, "grey"),
    ],
)
def test_a_light_says_on_which_side_of_the_target_a_figure_is(figure: str, value: float | None, colour: str) -> None:
    assert light(Target(figure=figure, value=0.3), value) == colour  # type: ignore[arg-type]  # The names of two figures.


def test_a_trend_needs_days_on_both_sides() -> None:
    assert trend([10.0] * 21 + [12.0] * 7) == pytest.approx(0.2)
    assert trend([None] * 21 + [12.0] * 7) is None


def test_a_shop_that_goes_well_has_no_warnings() -> None:
    assert drifts(QUIET, [day()] * 28, [("front", 0.97, 0.98)]) == []


def test_each_drift_is_found() -> None:
    weak = Closing(70.0, 170.0, 150.0, 190.0, 200.0, 100.0)
    assert [one.kind for one in drifts(weak, [day()] * 28, [])] == ["sales_under"]
    fewer_buy = [day()] * 21 + [day(visitors=120, receipts=28)] * 7
    assert [one.kind for one in drifts(QUIET, fewer_buy, [])] == ["conversion_down"]
    stolen = [day(lost=2)] * 21 + [day(lost=5)] * 7
    assert [one.kind for one in drifts(QUIET, stolen, [])] == ["shrink_up"]
    assert [(one.kind, one.subject) for one in drifts(QUIET, [day()] * 28, [("front", 0.93, 0.98)])] == [("accuracy_down", "front")]


def test_one_stolen_bottle_more_is_no_trend() -> None:
    assert drifts(QUIET, [day(lost=0)] * 20 + [day(lost=1)] + [day(lost=0)] * 6 + [day(lost=1)], []) == []


def test_a_till_is_silent_only_if_it_should_have_spoken_by_now() -> None:
    assert is_till_silent([6, 7])
    assert not is_till_silent([2, 3])
    assert not is_till_silent([])


def test_a_chart_is_a_table_and_keeps_counts_of_few_people_in_the_shop() -> None:
    options = {
        "xAxis": {"data": ["09:00", "10:00"]},
        "series": [{"name": "today", "data": [7, None]}, {"name": "=last", "data": [2, 9]}],
    }
    assert chart_csv(options, withheld=lambda value: value < 3) == "x,today,'=last\r\n09:00,7,\r\n10:00,,9\r\n"
    traced = {"xAxis": {"type": "time"}, "series": [{"name": "kg", "data": [[1000, 2.5], {"value": [2000, 2.4]}]}]}
    assert chart_csv(traced) == "x,kg\r\n1000,2.5\r\n2000,2.4\r\n"


def test_the_availability_of_a_day_counts_only_the_time_inside_it() -> None:
    assert availability_of([(-50, 20), (90, 400)], 0, 100, articles=2) == pytest.approx(1 - 30 / 200)
    assert availability_of([], 100, 100, articles=2) is None


def test_at_closing_what_runs_out_before_is_gone_too() -> None:
    assert availability_at(1_000, 1, [900, 1_100, None], articles=10) == pytest.approx(0.8)
    assert availability_at(1_000, 0, [], articles=0) is None


def test_the_closing_conversion_needs_both_forecasts() -> None:
    known, unknown = Closing(1.0, 30.0, 25.0, 35.0, 30.0, 1.0), Closing(1.0, None, None, None, None, None)
    assert ratio_of(known, Closing(1.0, 120.0, 100.0, 140.0, 120.0, 1.0)) == pytest.approx(0.25)
    assert ratio_of(known, unknown) is None


def test_a_day_without_a_loss_is_a_day_like_others() -> None:
    assert closing(0.0, [(0.0, 0.0)] * 4, may_be_none=True).forecast == 0.0
    assert closing(1.0, [(0.0, 0.0), (1.0, 4.0)], may_be_none=True).forecast == pytest.approx(1 + 1.5 * 1.25)
