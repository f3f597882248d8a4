"""Tries other terms of ordering before they are kept: the shop's year is played with the terms as they are and as they would be."""

from __future__ import annotations

from typing import Any

import msgspec

from cloud_api.adapters.terms_records import TermsBook, TermsRecord
from cloud_api.config import PlanningConfig
from cloud_api.errors import MessageInvalid
from cloud_api.flows.shop_inputs import ShopReading
from cloud_api.flows.store_plan import ArticlePlans, article_plans, tried_articles
from cloud_api.rules.order_simulation import Outcome, simulate_orders
from cloud_api.rules.order_terms import EVERYTHING, WHOLE_CHAIN, Scope, Terms

ARTICLES_MAX = 120
TRIED_DAYS = 84


class TermsChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Terms of a supplier, a category, an article or all, in one shop or (`*`) every shop; they take the place of what was said there."""

    store_id: str = WHOLE_CHAIN
    scope: Scope
    name: str = EVERYTHING
    terms: Terms


class WhatIf(msgspec.Struct, frozen=True, kw_only=True):
    """A year with the terms as they are and as they would be, of the articles that sell for most money."""

    store_id: str
    articles: int
    of_articles: int
    tried_days: int
    before: Outcome
    after: Outcome


class WhatIfs:
    """Tries terms and keeps them."""

    def __init__(self, *, reading: ShopReading, terms: TermsBook, config: PlanningConfig) -> None:
        self._reading, self._terms, self._config = reading, terms, config

    def said(self, store_id: str | None = None) -> list[TermsRecord]:
        """What was said so far, of the chain and one shop, or of all."""
        return self._terms.all(store_id)

    def try_out(self, store_id: str, change: TermsChange) -> WhatIf:
        """Play both years for one shop; nothing is written.

        Raises:
            StoreUnknown, PlanogramMissing: there is nothing to play with.
            MessageInvalid: the terms name nothing, or no article has a demand yet.
        """
        _see_named(change)
        inputs = self._reading.inputs(store_id)
        key = (change.store_id, change.scope, change.name)
        changed = msgspec.structs.replace(inputs, said={**inputs.said, key: change.terms})
        before, after = article_plans(inputs, self._config), article_plans(changed, self._config)
        tried = tried_articles(before, ARTICLES_MAX)
        if not tried:
            raise MessageInvalid(field="store", problem=f"{store_id} has no article with known stock and sales yet; try again tomorrow")
        return WhatIf(
            store_id=store_id, articles=len(tried), of_articles=len(inputs.planogram.products), tried_days=TRIED_DAYS,
            before=_played(before), after=_played(after),
        )  # fmt: skip

    def keep(self, change: TermsChange, *, by: str) -> None:
        """Keep the terms; the next planning goes by them. Terms that say nothing take away what was said.

        Raises:
            MessageInvalid: the terms name nothing.
        """
        _see_named(change)
        body: dict[str, Any] = {field: value for field, value in msgspec.structs.asdict(change.terms).items() if value is not None}
        self._terms.save(store_id=change.store_id, scope=change.scope, name=change.name, body=body, by=by)


def _played(found: ArticlePlans) -> Outcome:
    return simulate_orders(tried_articles(found, ARTICLES_MAX), found.minimums, days=TRIED_DAYS)


def _see_named(change: TermsChange) -> None:
    if (change.scope == "all") != (change.name == EVERYTHING):
        raise MessageInvalid(field="name", problem=f"scope {change.scope} needs {'no name' if change.scope == 'all' else 'its name'}")
