"""How the planner's own forecast holds over all articles of four real shops: its 80 % bands by class, and what reconciling does to totals.

Run: python -m benchmarks.planner_bands (needs ../shared/data/demand; some minutes)
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cloud_api.adapters.sales_tables import read_categories, read_promotions, read_sales
from cloud_api.rules.forecast_methods import Floats
from cloud_api.rules.forecast_planner import bands, planner_forecast
from cloud_api.rules.forecast_pooled import HORIZON_WEEKS, Panel

DATA = Path(__file__).parents[2] / "shared" / "data" / "demand"
DATES = 2
DAYS_SOLD_MIN = 3


def whole_panel() -> Panel:
    """Every article that sold on three days of the year, however seldom."""
    table = read_sales(DATA / "transactions_dev.parquet")
    display, mailer = read_promotions(DATA / "promotions_dev.parquet", table)
    categories = read_categories(DATA / "products.parquet")
    kept = (table.units > 0).sum(axis=1) >= DAYS_SOLD_MIN

    def codes(names: list[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.unique(np.array(names)[kept], return_inverse=True)[1].astype(np.int64).ravel()

    return Panel(
        units=table.units[kept], shop=codes(table.shops), article=codes(table.articles),
        category=codes([categories.get(article, "") for article in table.articles]), display=display[kept], mailer=mailer[kept],
    )  # fmt: skip


def sold_before(panel: Panel, week: int) -> Panel:
    """Only what had sold in the half year before: what had not was no article of the shop yet."""
    rows = panel.units[:, 7 * max(0, week - 26) : 7 * week].any(axis=1)
    fields = ("units", "shop", "article", "category", "display", "mailer")
    return Panel(**{name: getattr(panel, name)[rows] for name in fields})


def total_errors(panel: Panel, weekly: Floats, week: int) -> list[float]:
    """Each shop's error of four weeks' units, as a share of them."""
    truth = panel.weeks[:, week : week + HORIZON_WEEKS].sum(axis=1)
    told = weekly.sum(axis=1)
    return [abs(float(told[panel.shop == shop].sum() / truth[panel.shop == shop].sum() - 1)) for shop in np.unique(panel.shop)]


def main() -> None:
    """Print both."""
    panel = whole_panel()
    forecasts, errors = [], []
    for back in range(1, DATES + 1):
        week = panel.weeks.shape[1] - HORIZON_WEEKS * back
        known = sold_before(panel, week)
        forecasts.append(planner_forecast(known, week))
        errors += total_errors(known, forecasts[-1].weekly, week)
    for name, held in bands(forecasts).items():
        print(f"{name}: 80 % bands held in {held.held:.3f} of {held.outcomes} outcomes of two weeks")
    print(f"a shop's four weeks: {100 * float(np.mean(errors)):.1f} % off on average, over {len(errors)} shops and dates")


if __name__ == "__main__":
    main()
