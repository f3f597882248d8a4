"""Backtests forecasts and order policies on files of sales: reads, scores and puts the figures beside their baselines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from cloud_api.adapters.auto_ets import auto_ets_levels, auto_ets_missing
from cloud_api.adapters.boosting import boosted_trees, boosting_available
from cloud_api.adapters.sales_tables import SalesTable, read_categories, read_promotions, read_sales
from cloud_api.errors import BacktestTooShort
from cloud_api.rules.forecast_planner import BandHeld
from cloud_api.rules.forecast_pooled import DAYS_SOLD_MIN, HORIZON_WEEKS, LEARN_FROM_WEEK, Panel
from cloud_api.rules.forecast_scores import FASTEST, Score, score_forecasts
from cloud_api.rules.order_policies import Terms
from cloud_api.rules.order_scenarios import Demand
from cloud_api.rules.order_scores import EtsLevels, PolicyScore, policy_table

DENSE_SHARE = 0.5
"""Series that sell on at least this share of days are dense: their costs are tried at shortage 1, others at 1, 3 and 10."""
ORDER_SERIES_MAX_DENSE = 300
ORDER_WEEKS = 24


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How much is tried: forecast origins four weeks apart, days sold before an origin that make a series, and boosting or not."""

    origins: int = 3
    days_sold_min: int = 20
    boosting: bool = True


class ForecastReport(msgspec.Struct, frozen=True, kw_only=True):
    """Scores by method, over `series` per origin (latest first), the `fastest` of them apart; the planner's 80 % bands by class."""

    horizon_days: int
    series: list[int]
    fastest: int
    trained: str
    methods: dict[str, Score]
    bands: dict[str, BandHeld]


class OrderReport(msgspec.Struct, frozen=True, kw_only=True):
    """One setting's outcome by policy."""

    demand: str
    holding: float
    shortage: float
    case_pack: int
    policies: dict[str, PolicyScore]


class BacktestReport(msgspec.Struct, frozen=True, kw_only=True):
    """All a backtest found; `notes` say what was left out and how to read it."""

    shops: int
    weeks: int
    order_series: int
    order_weeks: int
    forecast: ForecastReport
    orders: list[OrderReport]
    notes: list[str]


def backtest(
    transactions: Path, products: Path | None, promotions: Path | None, options: Options, told: Callable[[str], None]
) -> BacktestReport:
    """Read the files, score forecasts and policies.

    Raises:
        SalesFileInvalid: a file does not fit. BacktestTooShort: there are too few weeks or no series sells often enough.
    """
    told(f"reading {transactions}")
    table = read_sales(transactions)
    notes = (
        [f"{table.measured_left_out} series sold by measure (1000 units or more in a line) are left out"] if table.measured_left_out else []
    )
    panel = _panel(transactions, table, products, promotions, options)
    if promotions is None:
        notes.append("no promotions were given: the pooled forecasts know none")
    missing = boosting_available() if options.boosting else "gradient boosting was switched off"
    if missing:
        notes.append(missing)
    scores, series, held = score_forecasts(
        panel, origins=options.origins, days_sold_min=options.days_sold_min, learner=None if missing else boosted_trees, told=told
    )
    several = len(np.unique(panel.shop)) > 1
    demand = _order_demand(table, panel, options)
    ets = auto_ets_levels if auto_ets_missing() is None else None
    if ets is None:
        notes.append(f"orders: {auto_ets_missing()}")
    orders = _orders(demand, "dense" if (demand.units > 0).mean() >= DENSE_SHARE else "sparse", told, ets)
    notes.append("daily RMSSE says little where most days are zero: a forecast of zero can win it")
    return BacktestReport(
        shops=len(set(table.shops)),
        weeks=panel.weeks.shape[1],
        order_series=len(demand.units),
        order_weeks=ORDER_WEEKS,
        forecast=ForecastReport(
            horizon_days=7 * HORIZON_WEEKS,
            series=series,
            fastest=FASTEST,
            trained="leave one shop out" if several else "on the same shop's past",
            methods=scores,
            bands=held,
        ),
        orders=orders,
        notes=notes,
    )


def _orders(demand: Demand, kind: str, told: Callable[[str], None], ets: EtsLevels | None) -> list[OrderReport]:
    shortages = [1.0] if kind == "dense" else [1.0, 3.0, 10.0]
    settings = [Terms(shortage=shortage, case_pack=case_pack) for shortage in shortages for case_pack in (6, 1)]
    scored = policy_table(demand, weeks=ORDER_WEEKS, settings=settings, told=told, ets=ets)
    return [
        OrderReport(demand=kind, holding=terms.holding, shortage=terms.shortage, case_pack=terms.case_pack, policies=policies)
        for terms, policies in scored
    ]


def _panel(path: Path, table: SalesTable, products: Path | None, promotions: Path | None, options: Options) -> Panel:
    weeks = table.units.shape[1] // 7
    origin = weeks - HORIZON_WEEKS * options.origins
    needed = max(LEARN_FROM_WEEK + HORIZON_WEEKS * (1 + options.origins), ORDER_WEEKS + 12)
    if weeks < needed:
        raise BacktestTooShort(path=str(path), problem=f"holds {weeks} whole weeks", advice=f"give at least {needed}")
    categories = read_categories(products) if products else {}
    nothing = np.zeros((len(table.units), weeks))
    display, mailer = read_promotions(promotions, table) if promotions else (nothing, nothing)
    kept = _kept(table)
    begun = (table.units[:, : 7 * origin] > 0).sum(axis=1) >= options.days_sold_min
    if not begun.any():
        problem = f"no article sold on {options.days_sold_min} days of a shop before the first forecast"
        raise BacktestTooShort(path=str(path), problem=problem, advice="give more sales, or lower --days-sold")

    def codes(names: list[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.unique(np.array(names)[kept], return_inverse=True)[1].astype(np.int64).ravel()

    return Panel(
        units=table.units[kept],
        shop=codes(table.shops),
        article=codes(table.articles),
        category=codes([categories.get(article, "") for article in table.articles]),
        display=display[kept],
        mailer=mailer[kept],
    )


def _kept(table: SalesTable) -> NDArray[np.bool_]:
    kept: NDArray[np.bool_] = (table.units > 0).sum(axis=1) >= DAYS_SOLD_MIN
    return kept


def _order_demand(table: SalesTable, panel: Panel, options: Options) -> Demand:
    """The series orders are simulated for, chosen by what they sold before the first order: where there are dense ones, the 300 densest."""
    before = panel.units[:, : -7 * ORDER_WEEKS]
    days = (before > 0).sum(axis=1)
    chosen = np.argsort(-days, kind="stable")[:ORDER_SERIES_MAX_DENSE]
    if (before[chosen] > 0).mean() < DENSE_SHARE:
        often = np.flatnonzero(days >= options.days_sold_min // 2)
        chosen = often if len(often) else chosen
    kept = _kept(table)
    return Demand(
        units=panel.units[chosen], shop=panel.shop[chosen], lines=table.lines[kept][chosen], line_roots=table.line_roots[kept][chosen]
    )
