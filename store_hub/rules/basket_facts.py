"""Tells the cloud which categories are bought together: counts of baskets, so that no receipt leaves the shop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import combinations, groupby

from store_hub.rows.report import BasketLine
from store_hub.rules.report_facts import UNNUMBERED
from wire_format.reports import BasketDay, CategoryPair


def basket_day(lines: Iterable[BasketLine], category_of: Mapping[str, str], day: date, *, people_min: int = 1) -> BasketDay | None:
    """Return the fact of a day; None when nothing was sold.

    Args:
        lines: receipt after receipt. What was returned (units below one) is in no basket.
        category_of: SKU → category; an article without one makes no pair.
        people_min: a category or a pair of fewer baskets is left out. What is left out may have been none, so it says nothing of anyone.
    """
    baskets, categories, pairs = 0, Counter[str](), Counter[tuple[str, str]]()
    for _, receipt in groupby(lines, key=lambda line: line.receipt):
        kept = [line.sku for line in receipt if line.units > 0]
        found = sorted({category_of[sku] for sku in kept if category_of.get(sku)})
        baskets += bool(kept)
        categories.update(found)
        pairs.update(combinations(found, 2))
    if not baskets:
        return None
    return BasketDay(
        sequence=UNNUMBERED,
        day=day.isoformat(),
        baskets=baskets if baskets >= people_min else 0,
        categories={name: count for name, count in sorted(categories.items()) if count >= people_min},
        pairs=[CategoryPair(first=first, second=second, baskets=n) for (first, second), n in sorted(pairs.items()) if n >= people_min],
    )
