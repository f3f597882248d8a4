"""The till: sells what is in the shopper's hands, errs now and then, and tells the hub minutes later."""

from __future__ import annotations

from collections import Counter

from edge_agent.simulated_store.stage import Person, Stage


def ring_up(stage: Stage, person: Person) -> None:
    """Turn a shopper's goods into a receipt that is due at the hub after the till's delay."""
    truly = Counter(unit.sku for unit in person.hands)
    receipt: Counter[str] = Counter()
    for sku, units in sorted(truly.items()):
        stage.tell("sale", person=person.number, sku=sku, units=units)
        for said_sku, said_units in _as_scanned(stage, sku, units):
            receipt[said_sku] += said_units
            if said_sku != sku or said_units != units:
                stage.tell("till_error", person=person.number, sku=said_sku, units=said_units, note=f"truly {units} × {sku}")
    if not receipt:
        return
    for sku, units in receipt.items():
        stage.enter_books(sku, -units)
    lines = [{"sku": sku, "units": units, "price_minor": stage.maker.products[sku].price_minor or 0} for sku, units in receipt.items()]
    stage.post(
        "/v1/sales",
        f"till-1-{person.number}-{stage.state.now_ms}",
        {"sold_at_ms": stage.state.now_ms, "till": "till-1", "lines": lines},
        due_at_ms=stage.state.now_ms + round(1000.0 * stage.between(stage.habits.till_delay_s)),
    )


def _as_scanned(stage: Stage, sku: str, units: int) -> list[tuple[str, int]]:
    """What the till makes of one article: nearly always the truth."""
    habits = stage.habits
    if stage.chance(habits.till_misses_line):
        return [(sku, units - 1)] if units > 1 else []
    if stage.chance(habits.till_scans_twice):
        return [(sku, units + 1)]
    if stage.chance(habits.till_scans_neighbour):
        category = stage.maker.products[sku].category
        alike = [p.sku for p in stage.planogram.products if p.category == category and p.sku != sku]
        if alike:
            return [(alike[int(stage.random.integers(len(alike)))], units)]
    return [(sku, units)]
