"""Makes articles, categories and the shop add up, each level's own forecast counting as much as it is sure.

Minimum trace with a diagonal of variances (Wickramasuriya, Athanasopoulos and Hyndman, JASA 114, 2019, "WLS"). On a tree it needs no
matrix: information goes up, weighed by precision, and what the whole learns goes down by variance, as in a Gaussian network (Pearl,
"Probabilistic Reasoning in Intelligent Systems", chapter 7). Above the shop, totals are sums: they add up by themselves.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from cloud_api.rules.forecast_methods import Floats

_LEAST = 1e-9
_SES_ALPHA = 0.2


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """Forecasts of one level and their variances, `(k,)` each."""

    mean: Floats
    variance: Floats


def reconcile(articles: Level, category: NDArray[np.int64], categories: Level, whole: Level) -> Floats:
    """Articles' forecasts `(n,)` that lie nearest to all levels' forecasts at once; none below zero.

    Args:
        category: number of each article's category, `(n,)`; `categories` has one entry a number, `whole` one entry.
    """
    size = len(categories.mean)
    below = np.bincount(category, articles.mean, minlength=size)
    doubt = np.bincount(category, articles.variance, minlength=size) + _LEAST
    precision = 1.0 / doubt + 1.0 / (categories.variance + _LEAST)
    middle, middle_doubt = (below / doubt + categories.mean / (categories.variance + _LEAST)) / precision, 1.0 / precision
    total, total_doubt = middle.sum(), middle_doubt.sum()
    top = (total / total_doubt + whole.mean[0] / (whole.variance[0] + _LEAST)) / (1.0 / total_doubt + 1.0 / (whole.variance[0] + _LEAST))
    middle = middle + middle_doubt / total_doubt * (top - total)
    down: Floats = articles.mean + articles.variance / doubt[category] * (middle - below)[category]
    return np.maximum(down, 0.0)


def direct_forecasts(weeks: Floats, span: int) -> Level:
    """Level and error variance of totals over `span` weeks, by simple exponential smoothing of weekly totals `(k, weeks)`.

    The variance is what the same smoothing missed over the past, drawn towards what totals of the size miss (a power of their mean).
    """
    start = weeks[:, : min(4, weeks.shape[1])].mean(axis=1)
    level, missed, count = start.copy(), np.zeros(len(weeks)), 0
    for week in range(weeks.shape[1]):
        if week >= min(8, weeks.shape[1] // 2) and week + span <= weeks.shape[1]:
            missed += (weeks[:, week : week + span].sum(axis=1) - span * level) ** 2
            count += 1
        level = level + _SES_ALPHA * (weeks[:, week] - level)
    mean = span * level
    own = missed / count if count else mean
    known = (own > 0) & (mean > 0)
    if known.sum() < 3:
        return Level(mean=mean, variance=np.maximum(own, mean))
    size = np.column_stack([np.ones(len(mean)), np.log(mean + 0.5)])
    fitted = np.exp(size @ np.linalg.lstsq(size[known], np.log(own[known]), rcond=None)[0])
    return Level(mean=mean, variance=np.maximum((own + fitted) / 2, mean))
