"""How long the forecasts of a whole chain take: 100,000 series of 26 weeks, by one and by two workers of a real Dask cluster.

Run: python -m benchmarks.forecast_many [--series 100000]
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter

import numpy as np

from cloud_api.adapters.dask_cluster import on_cluster
from cloud_api.rules.shop_forecast import History, forecast_shop

SHOP = 2_500
DAYS = 182


def forecast_one_shop(seed: int) -> tuple[int, float, int]:
    """Forecast a simulated shop of 2,500 articles, a few of them out of stock at times; how many came, seconds of processor, and whose."""
    rng = np.random.default_rng(seed)
    sold = rng.poisson(rng.gamma(0.3, 3.0, SHOP)[:, None], size=(SHOP, DAYS)).astype(float)
    in_stock = np.where(rng.random(sold.shape) < 0.03, 0.5, 1.0)
    history = History(skus=[str(row) for row in range(SHOP)], sold=sold, in_stock=in_stock)
    started = time.process_time()
    return len(forecast_shop(history, {}).articles), time.process_time() - started, os.getpid()


def main() -> None:
    """Print seconds by number of workers; on a shared machine the processor's seconds tell more than the clock's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=100_000)
    shops = range(-(-parser.parse_args().series // SHOP))
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # One worker is one core: no threads of the algebra beneath it.
    for workers in (1, 2):
        started = time.perf_counter()
        done = on_cluster(forecast_one_shop, shops, workers=workers)
        seconds = time.perf_counter() - started
        busy = Counter[int]()
        for _, each_s, worker in done:
            busy[worker] += each_s
        shares = " + ".join(f"{each_s:.1f}" for each_s in busy.values())
        print(f"{sum(count for count, _, _ in done)} series, {workers} workers: {seconds:.1f} s, {shares} s of processor", flush=True)


if __name__ == "__main__":
    main()
