"""When a place is low, from the planogram and from what the manager has set: by units, by share of capacity, by minutes until empty."""

from __future__ import annotations

from math import ceil, floor

from store_hub.entries_settings import AlertRules, PlaceRule
from store_hub.rows import FacingRow
from store_hub.rules.places import HYSTERESIS_SHARE


def place_rule(rules: AlertRules, shelf_id: str, sku: str) -> PlaceRule:
    """Return the rule of one place: what is said of it most closely counts, field by field (place, article, shelf, shop)."""
    said = [one for one in rules.places if one.sku in (None, sku) and one.shelf_id in (None, shelf_id)]
    said.sort(key=lambda one: (one.sku is None) + (one.shelf_id is None) * 0.5)
    return PlaceRule(
        sku=sku,
        shelf_id=shelf_id,
        low_units=next((one.low_units for one in said if one.low_units is not None), None),
        low_share=next((one.low_share for one in said if one.low_share is not None), rules.low_share),
        low_minutes=next((one.low_minutes for one in said if one.low_minutes is not None), rules.low_minutes),
    )


def with_rule(facing: FacingRow, rule: PlaceRule) -> FacingRow:
    """Return a facing with the marks that hold for it; one that no rule speaks of keeps the planogram's own."""
    low = facing.low_units if rule.low_units is None else rule.low_units
    if rule.low_share is not None:
        low = max(low, floor(rule.low_share * facing.capacity_units))
    low = min(low, facing.capacity_units - 1)
    if low == facing.low_units:
        return facing
    apart = max(1, ceil(HYSTERESIS_SHARE * facing.capacity_units))
    own_gap = facing.clear_units - facing.low_units
    return facing._replace(low_units=low, clear_units=min(facing.capacity_units, low + max(1, min(apart, own_gap))))


def by_pace(facing: FacingRow, low_minutes: float | None, per_hour: float) -> FacingRow:
    """Return a facing that calls earlier while its article goes fast: from as many units as go in `low_minutes`.

    Never from so many that a full shelf would still call: a refill must be able to close what it is called for.
    """
    if low_minutes is None or per_hour <= 0.0:
        return facing
    low = min(floor(per_hour * low_minutes / 60.0), facing.clear_units - 1)
    return facing._replace(low_units=low) if low > facing.low_units else facing
