"""Forecasts of articles, categories, shops and the chain: sums of the same figures, so that they agree on every level."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Literal

import msgspec

from cloud_api.adapters.article_records import ArticleBook, ArticleRecord

Level = Literal["chain", "store", "category", "article"]
_Z80 = 1.2816


class ForecastTotal(msgspec.Struct, frozen=True, kw_only=True):
    """Units over the next 7 and 28 days, and between what they lie in 8 of 10 cases; null names stand for all."""

    store_id: str | None
    category: str | None
    sku: str | None
    articles: int
    units_7: float
    units_28: float
    low_28: float
    high_28: float


class ForecastTotals:
    """Adds up what planning last worked out."""

    def __init__(self, articles: ArticleBook) -> None:
        self._articles = articles

    def totals(self, level: Level, store_id: str | None = None) -> list[ForecastTotal]:
        """Forecasts on a level, of one shop or all, the largest first. Articles' errors are taken as independent."""
        return add_up(self._articles.of(None if store_id is None else [store_id]), level)


def add_up(records: Sequence[ArticleRecord], level: Level) -> list[ForecastTotal]:
    """Sum articles' plans: a shop's categories over its articles, the chain over its shops."""
    groups: dict[tuple[str | None, str | None, str | None], list[ArticleRecord]] = {}
    for record in records:
        if "units_28" in record.body:
            groups.setdefault(_key(record, level), []).append(record)
    found = []
    for (store_id, category, sku), members in groups.items():
        week, month, variance = (sum(float(member.body[name]) for member in members) for name in ("units_7", "units_28", "variance_28"))
        spread = _Z80 * sqrt(variance)
        found.append(
            ForecastTotal(
                store_id=store_id, category=category, sku=sku, articles=len(members), units_7=week, units_28=month,
                low_28=max(0.0, month - spread), high_28=month + spread,
            )
        )  # fmt: skip
    return sorted(found, key=lambda total: (-total.units_28, total.store_id or "", total.category or "", total.sku or ""))


def _key(record: ArticleRecord, level: Level) -> tuple[str | None, str | None, str | None]:
    match level:
        case "chain":
            return None, None, None
        case "store":
            return record.store_id, None, None
        case "category":
            return None, str(record.body["category"]), None
        case "article":
            return record.store_id, str(record.body["category"]), record.sku
