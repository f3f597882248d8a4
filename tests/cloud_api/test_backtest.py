"""What a backtest promises: known methods right, the future unseen, every policy on the same weeks, bad files told in one line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from cloud_api.__main__ import app
from cloud_api.adapters.sales_tables import read_promotions, read_sales
from cloud_api.errors import SalesFileInvalid
from cloud_api.rules.forecast_methods import PUBLISHED, croston_sba, imapa, tsb
from cloud_api.rules.forecast_pooled import Panel, features_at, pooled_forecast
from cloud_api.rules.forecast_scores import rmsse, score_forecasts
from cloud_api.rules.order_policies import Terms, base_stock, hindsight, never_order, scenario_order, simulate
from cloud_api.rules.order_scenarios import Demand, Scenarios
from cloud_api.rules.order_scores import score_policies


def sales(*, shops: int = 2, articles: int = 8, weeks: int = 40, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).poisson(0.8, size=(shops * articles, 7 * weeks)).astype(float)


def panel(units: np.ndarray, shops: int = 2) -> Panel:
    n, weeks = len(units), units.shape[1] // 7
    each = n // shops
    nothing = np.zeros((n, weeks))
    return Panel(
        units=units, shop=np.repeat(np.arange(shops), each), article=np.tile(np.arange(each), shops), category=np.zeros(n, dtype=np.int64),
        display=nothing, mailer=nothing,
    )  # fmt: skip


def write(path: Path, **columns: object) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def write_sales(path: Path, units: np.ndarray, each: int) -> Path:
    series, day = np.nonzero(units)
    return write(
        path,
        store_id=series // each,
        product_id=series % each,
        quantity=units[series, day],
        transaction_timestamp=np.datetime64("2024-01-01", "D").astype("datetime64[s]") + day * np.timedelta64(86_400, "s"),
    )


@pytest.mark.parametrize("name", [name for name in PUBLISHED if name != "zero"])
def test_an_article_that_sells_two_a_day_is_forecast_at_two(name: str) -> None:
    expected = 1.9 if name == "croston_sba" else 2.0
    assert PUBLISHED[name](np.full((1, 84), 2.0), 7) == pytest.approx(np.full((1, 7), expected))


def test_a_dead_article_fades_with_tsb_and_stays_with_croston() -> None:
    history = np.concatenate([np.ones((1, 60)), np.zeros((1, 40))], axis=1)
    assert tsb(history, 1)[0, 0] < 0.4
    assert croston_sba(history, 1)[0, 0] > 0.9


def test_days_before_the_first_sale_do_not_count_as_no_demand() -> None:
    history = np.concatenate([np.zeros((1, 100)), np.full((1, 60), 3.0)], axis=1)
    assert imapa(history, 1)[0, 0] == pytest.approx(3.0)


def test_the_naive_forecasts_error_is_one() -> None:
    history = np.array([[1.0, 3.0, 1.0, 3.0]])
    assert rmsse(history, np.array([[5.0]]), np.array([[3.0]])) == pytest.approx(1.0)


def test_a_forecast_sees_nothing_after_its_origin() -> None:
    units = sales()
    changed = units.copy()
    changed[:, 7 * 30 :] *= 50
    assert np.array_equal(pooled_forecast(panel(units), 30).ours, pooled_forecast(panel(changed), 30).ours)
    assert all(
        np.array_equal(a, b) for a, b in zip(features_at(panel(units), 30).values(), features_at(panel(changed), 30).values(), strict=True)
    )


def test_twin_shops_teach_each_other_the_same() -> None:
    """Twin shops are forecast alike, as each is taught by the other."""
    units = sales()
    units[8:] = units[:8]
    ours = pooled_forecast(panel(units), 30).ours
    assert np.allclose(ours[:8], ours[8:])


def test_never_ordering_costs_what_is_lost() -> None:
    outcome = simulate(np.full((1, 4), 5.0), np.array([5.0]), never_order, Terms())
    assert (outcome.cost, outcome.fill_rate) == (15.0, 0.25)


def test_an_order_arrives_a_week_later_in_whole_cases() -> None:
    outcome = simulate(np.array([[0.0, 4.0]]), np.array([0.0]), base_stock(np.full((1, 2), 4.0), Terms(case_pack=6)), Terms(case_pack=6))
    assert (outcome.lost_units, outcome.held_unit_weeks) == (0.0, 2.0)


def test_hindsight_loses_and_holds_nothing_without_cases() -> None:
    demand = np.random.default_rng(3).poisson(4, size=(20, 30)).astype(float)
    outcome = simulate(demand, demand[:, 0], hindsight(demand, Terms()), Terms())
    assert outcome.cost == pytest.approx(0.0)


def test_a_case_that_costs_more_than_it_earns_is_not_ordered() -> None:
    weeks = np.tile([[[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [1.0, 1.0]]], (1, 20, 1))
    dear = scenario_order(weeks, np.zeros(1), Terms(case_pack=6), rate=np.array([0.2]))
    needed = scenario_order(weeks, np.zeros(1), Terms(case_pack=6, shortage=10), rate=np.array([0.2]))
    assert (dear[0], needed[0]) == (0.0, 6.0)


def demand(*, articles: int = 20, weeks: int = 60) -> Demand:
    units = sales(articles=articles, weeks=weeks)
    return Demand(units=units, shop=np.repeat([0, 1], articles), lines=(units > 0).astype(float), line_roots=np.sqrt(units))


def test_our_policy_costs_less_than_the_base_stock_and_more_than_hindsight() -> None:
    scores = score_policies(demand(), weeks=12, terms=Terms())
    assert scores["perfect_hindsight"].cost < scores["ours"].cost < scores["base_stock"].cost


def test_a_promised_fill_rate_is_kept_where_the_cheapest_order_would_not_keep_it() -> None:
    scores = score_policies(demand(), weeks=12, terms=Terms(shortage=0.25))
    assert scores["ours"].fill_rate < 0.85
    assert scores["ours_fill_90"].fill_rate == pytest.approx(0.90, abs=0.04)


@pytest.mark.parametrize("reading", ["counts", "wild"])
def test_scenarios_see_nothing_of_the_weeks_they_stand_for(reading: str) -> None:
    known = demand()
    changed = known.units.copy()
    changed[:, 7 * 40 :] *= 50
    later = Demand(units=changed, shop=known.shop, lines=known.lines, line_roots=known.line_roots)
    drawn = [getattr(Scenarios(each, draws=50), reading)(40) for each in (known, later)]
    assert np.array_equal(*drawn)


@pytest.mark.parametrize("reading", ["counts", "wild"])
def test_scenarios_of_a_steady_article_lie_around_its_rate(reading: str) -> None:
    drawn = getattr(Scenarios(demand()), reading)(50)
    assert drawn.mean() == pytest.approx(0.8 * 7, rel=0.05)


def test_the_command_prints_every_method_and_policy_as_json(tmp_path: Path) -> None:
    units = sales()
    path = write_sales(tmp_path / "sales.parquet", units, 8)
    run = CliRunner().invoke(app, ["backtest", "--transactions", str(path), "--origins", "1", "--no-boosting", "--json"])
    assert run.exit_code == 0, run.output
    report = json.loads(run.stdout)
    assert set(report["forecast"]["methods"]) == {*PUBLISHED, "pooled_ridge", "planner", "ours"}
    assert {"ours", "never_order", "perfect_hindsight", "base_stock"} <= set(report["orders"][0]["policies"])


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"product_id": [1], "quantity": [1.0]}, "column transaction_timestamp: is missing"),
        (
            {"product_id": [1], "quantity": ["two"], "transaction_timestamp": [np.datetime64("2024-01-01T00:00:00")]},
            "column quantity: holds string",
        ),
        ({"product_id": [1], "quantity": [1], "transaction_timestamp": ["Monday"]}, "column transaction_timestamp: holds string"),
        ({"product_id": pa.array([], pa.int64())}, "has no rows"),
    ],
)
def test_a_file_that_does_not_fit_is_told_with_its_column(tmp_path: Path, columns: dict[str, object], told: str) -> None:
    path = write(tmp_path / "sales.parquet", **columns)
    with pytest.raises(SalesFileInvalid, match=r"sales\.parquet") as caught:
        read_sales(path)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_of_another_kind_is_told_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "sales.parquet"
    path.write_text("store,product\n1,2\n", encoding="utf-8")
    run = CliRunner().invoke(app, ["backtest", "--transactions", str(path)])
    assert run.exit_code == 3
    assert "cannot be read as Parquet" in run.output


def test_the_panel_shops_are_forecast_better_than_by_imapa(shared_data: Path) -> None:
    """The ridge alone, one origin, real panel with its promotions: ahead of IMAPA and of the 28-day mean."""
    table = read_sales(shared_data / "demand" / "transactions_dev.parquet")
    display, mailer = read_promotions(shared_data / "demand" / "promotions_dev.parquet", table)
    kept = (table.units > 0).sum(axis=1) >= 10
    codes = [np.unique(np.array(names)[kept], return_inverse=True)[1].ravel() for names in (table.shops, table.articles)]
    real = Panel(
        units=table.units[kept], shop=codes[0], article=codes[1], category=np.zeros(int(kept.sum()), dtype=np.int64),
        display=display[kept], mailer=mailer[kept],
    )  # fmt: skip
    scores, _, _ = score_forecasts(real, origins=1, days_sold_min=20, learner=None, told=lambda _: None)
    for name in ("imapa", "mean_28"):
        assert scores["ours"].rmsse_weekly < scores[name].rmsse_weekly
        assert scores["ours"].rmsse_weekly_fastest < scores[name].rmsse_weekly_fastest
