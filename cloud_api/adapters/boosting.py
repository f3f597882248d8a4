"""Gradient boosted trees (LightGBM) behind one function; loaded only when a forecast asks for them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def boosting_available() -> str | None:
    """None when LightGBM can be loaded, else why not, with what to do."""
    try:
        import lightgbm  # noqa: F401  # Loading it is the question.
    except (ImportError, OSError) as error:
        return f"gradient boosting is left out: {' '.join(str(error).split())}; install lightgbm, and libgomp1 on Debian"
    return None


def boosted_trees(known: Floats, value: Floats, weight: Floats, asked: Floats) -> Floats:
    """Learn `value` from `known` by 200 small trees (Ke et al., NeurIPS 2017) and tell it for `asked`; the same seed every time."""
    import lightgbm

    settings = {
        "objective": "l2", "learning_rate": 0.03, "num_leaves": 15, "min_data_in_leaf": 100, "lambda_l2": 10.0,
        "bagging_fraction": 0.7, "bagging_freq": 1, "feature_fraction": 0.5,
        "num_threads": 2, "seed": 7, "deterministic": True, "force_row_wise": True, "verbosity": -1,
    }  # fmt: skip
    trees = lightgbm.train(settings, lightgbm.Dataset(known, label=value, weight=weight), num_boost_round=200)
    return np.asarray(trees.predict(asked), dtype=np.float64)
