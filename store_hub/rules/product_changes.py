"""The planogram after what other systems say of its articles."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from store_hub.entries_products import ProductChange
from wire_format.plans import Planogram, Product


def with_products(plan: Planogram, changes: Sequence[ProductChange]) -> tuple[Planogram, list[str]]:
    """Return the planogram with its articles changed, as the next version, and what is wrong with the changes.

    A planogram that stays as it is keeps its version, so that the same list told twice changes nothing.
    """
    products = {product.sku: product for product in plan.products}
    problems = []
    for change in changes:
        said = {name: value for name in change.__struct_fields__ if (value := getattr(change, name)) is not None}
        known = products.get(change.sku)
        if known is None and change.name is None:
            problems.append(f"article {change.sku} is not in the planogram: give it a name to add it")
        else:
            products[change.sku] = Product(**said) if known is None else msgspec.structs.replace(known, **said)
    changed = msgspec.structs.replace(plan, products=list(products.values()))
    return (plan if changed == plan else msgspec.structs.replace(changed, version=plan.version + 1)), problems
