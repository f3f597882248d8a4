"""The terms orders are made on: of a supplier, a category or an article, for one shop or for the whole chain. The nearest word counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

WHOLE_CHAIN = "*"
"""Stands where a shop's name would, for terms of every shop; no shop can be called so."""
EVERYTHING = "*"
Scope = Literal["all", "supplier", "category", "article"]
_NEAREST_LAST: tuple[Scope, ...] = ("all", "supplier", "category", "article")

Minor = Annotated[int, Meta(ge=0, le=10**12)]
Days = Annotated[float, Meta(gt=0.0, le=3650.0)]


class Terms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody said; null is nothing said. Money in minor units.

    `service_by_cost` true: a lost sale's margin is weighed against holding, and `service_level` is not asked.
    """

    minimum_minor: Minor | None = None
    minimum_units: Annotated[int, Meta(ge=0, le=10**9)] | None = None
    review_days: Days | None = None
    lead_time_days: Annotated[float, Meta(ge=0.0, le=365.0)] | None = None
    service_level: Annotated[float, Meta(gt=0.5, lt=1.0)] | None = None
    service_by_cost: bool | None = None
    holding_per_year: Annotated[float, Meta(ge=0.0, le=10.0)] | None = None
    shelf_life_days: Days | None = None
    back_room_units: Annotated[int, Meta(ge=0, le=10**9)] | None = None


Sayings = Mapping[tuple[str, str, str], Terms]
"""Terms by shop (`*`: the chain), scope and name: a supplier, a category or a SKU; `*` with scope `all`."""


def terms_for(said: Sayings, *, store_id: str, supplier: str, category: str = "", sku: str = "") -> Terms:
    """What holds for an article: the article's own before its category's, its supplier's, everybody's; a shop's before the chain's."""
    names = {"all": EVERYTHING, "supplier": supplier, "category": category, "article": sku}
    found: dict[str, object] = {}
    for scope in _NEAREST_LAST:
        for place in (WHOLE_CHAIN, store_id):
            terms = said.get((place, scope, names[scope]))
            if terms is None:
                continue
            words = {field: value for field, value in msgspec.structs.asdict(terms).items() if value is not None}
            if "service_level" in words:
                words.setdefault("service_by_cost", False)  # A nearer level takes the place of a farther "by cost".
            found |= words
    return msgspec.convert(found, Terms)
