"""What is bought together is told as counts of baskets, once the day has ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec

from store_hub.entries import Sale, SaleLine
from store_hub.flows.report import Report
from store_hub.rows.report import BasketLine
from store_hub.rules.basket_facts import basket_day
from wire_format.reports import AnyFact, BasketDay

DAY = date(2026, 6, 1)
CATEGORY = {"milk": "Dairy", "cheese": "Dairy", "cola": "Drinks", "beans": "Tins", "bag": ""}


def lines(*receipts: dict[str, int]) -> list[BasketLine]:
    return [BasketLine(number, sku, units) for number, receipt in enumerate(receipts, start=1) for sku, units in receipt.items()]


def test_a_pair_counts_once_for_each_basket_that_held_both() -> None:
    fact = basket_day(lines({"milk": 2, "cheese": 1, "cola": 6}, {"milk": 1, "cola": 1}, {"beans": 1}), CATEGORY, DAY)
    assert fact is not None
    assert (fact.day, fact.baskets, fact.categories) == ("2026-06-01", 3, {"Dairy": 2, "Drinks": 2, "Tins": 1})
    assert [(pair.first, pair.second, pair.baskets) for pair in fact.pairs] == [("Dairy", "Drinks", 2)]


def test_what_was_brought_back_or_has_no_category_pairs_with_nothing() -> None:
    fact = basket_day(lines({"milk": 1, "cola": -1, "bag": 1}, {"beans": -2}), CATEGORY, DAY)
    assert fact is not None
    assert (fact.baskets, fact.categories, fact.pairs) == (1, {"Dairy": 1}, [])


def test_nothing_sold_is_nothing_told() -> None:
    assert basket_day([], CATEGORY, DAY) is None


def test_what_few_baskets_held_is_not_told() -> None:
    baskets = [{"milk": 1, "cola": 1}] * 5 + [{"milk": 1, "beans": 1}] * 2
    fact = basket_day(lines(*baskets), CATEGORY, DAY, people_min=3)
    assert fact is not None
    assert (fact.baskets, fact.categories) == (7, {"Dairy": 7, "Drinks": 5})
    assert [(pair.first, pair.second) for pair in fact.pairs] == [("Dairy", "Drinks")]


def test_a_day_is_told_when_it_has_ended_and_again_after_late_news(shop: Any, make_report: Callable[..., Report]) -> None:
    report = make_report(category_of=lambda: CATEGORY)

    def told() -> list[BasketDay]:
        report.report_once()
        rows = shop.rows("SELECT fact FROM report_outbox ORDER BY sequence")
        facts = [msgspec.json.decode(fact, type=AnyFact) for (fact,) in rows]
        return [fact for fact in facts if isinstance(fact, BasketDay)]

    def sell(**at: int) -> None:
        sold = [SaleLine(sku="milk", units=1, price_minor=100), SaleLine(sku="cola", units=1, price_minor=100)]
        shop.tell(Sale(till="till-1", lines=sold, **at))

    first_ms = shop.clock.now_ms()
    sell()
    assert told() == [], "the day goes on"
    shop.clock.pass_s(86_400)
    sell()
    assert [(fact.day, fact.baskets) for fact in told()] == [("2026-06-01", 1)]
    sell(sold_at_ms=first_ms + 1000)
    again = told()[-1]
    assert (again.day, again.baskets, again.categories) == ("2026-06-01", 2, {"Dairy": 2, "Drinks": 2})
