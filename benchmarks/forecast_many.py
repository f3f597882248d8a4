"""How long the forecasts of a whole chain take: 100,000 series of 26 weeks, by one and by two processes.

Run: python -m benchmarks.forecast_many [--series 100000]
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from cloud_api.rules.shop_forecast import History, forecast_shop

SHOP = 2_500
DAYS = 182


def forecast_one_shop(seed: int) -> int:
    """Forecast a simulated shop of 2,500 articles, a few of them out of stock at times; returns how many forecasts came."""
    rng = np.random.default_rng(seed)
    sold = rng.poisson(rng.gamma(0.3, 3.0, SHOP)[:, None], size=(SHOP, DAYS)).astype(float)
    in_stock = np.where(rng.random(sold.shape) < 0.03, 0.5, 1.0)
    history = History(skus=[str(row) for row in range(SHOP)], sold=sold, in_stock=in_stock)
    return len(forecast_shop(history, {}).articles)


def main() -> None:
    """Print seconds by number of processes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=100_000)
    shops = range(-(-parser.parse_args().series // SHOP))
    for workers in (1, 2):
        with ProcessPoolExecutor(max_workers=workers) as pool:
            list(pool.map(abs, range(workers)))  # Start them first: imports are no forecasts.
            started = time.perf_counter()
            done = sum(pool.map(forecast_one_shop, shops))
            print(f"{done} series, {workers} processes: {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main()
