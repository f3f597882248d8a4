"""Puts a planogram in force: places come and go, goods follow, books begin once."""

from __future__ import annotations

from store_hub.entries import BACK_ROOM
from store_hub.rows import FacingRow, Gone, PlanogramRow, ProductRow, StaffCall
from store_hub.rules.alerts import AlertBoard
from store_hub.rules.changes import Changes
from store_hub.rules.places import Places, product_rows
from store_hub.rules.stock import StockBook


def put_in_force(before: Places | None, after: Places, stock: StockBook, alerts: AlertBoard, payload: bytes, changes: Changes) -> None:
    """Change tables, stock and alerts from one planogram to the next. The scales have been told already."""
    plan = after.planogram
    changes.effects.append(PlanogramRow(1, changes.journal_id, plan.version, changes.at_ms, payload))
    if before is not None:
        changes.effects += [Gone(ProductRow, (sku,)) for sku in sorted(before.skus - after.skus)]
        changes.effects += [Gone(FacingRow, key) for key in sorted(set(before.facings) - set(after.facings))]
    changes.effects += product_rows(plan)
    changes.effects += after.facings.values()
    _leave_places(before, after, stock, alerts, changes)
    _begin_back_room(before, after, stock, changes)
    _begin_shelves(after, stock, changes)
    _forget_strangers(before, after, stock, changes)
    for shelf_id, sku in after.facings:
        changes.places[sku, shelf_id] = None  # Its marks may have changed, though its stock has not.
    for product in plan.products:
        started = [after.start_units[shelf_id, product.sku] or 0 for shelf_id in after.shelves_of[product.sku]]
        stock.begin_book(product.sku, sum(started) + plan.back_room.get(product.sku, 0), changes)


def _leave_places(before: Places | None, after: Places, stock: StockBook, alerts: AlertBoard, changes: Changes) -> None:
    """What stood on a place that is gone is carried to the back room until a scale or a person finds it again."""
    if before is None:
        return
    for shelf_id, sku in sorted(set(before.facings) - set(after.facings)):
        left = stock.at(sku, shelf_id)
        if left is not None:
            stock.clear_place(sku, shelf_id, changes)
            if sku in after.skus and round(left.units) > 0:
                stock.add_to_back_room(sku, round(left.units), "planogram", changes)
        for row in alerts.close_place(shelf_id, sku, at_ms=changes.at_ms):
            changes.effects += [row, StaffCall(row.alert_id, "cleared")]


def _begin_back_room(before: Places | None, after: Places, stock: StockBook, changes: Changes) -> None:
    """The back room of the first planogram is the beginning; later ones only begin articles that are new."""
    for sku in sorted(after.skus):
        if before is None or sku not in before.skus:
            units = float(after.planogram.back_room.get(sku, 0))
            stock.put(sku, BACK_ROOM, units, units, units, "planogram", changes)


def _begin_shelves(after: Places, stock: StockBook, changes: Changes) -> None:
    for shelf_id, skus in after.skus_on.items():
        if stock.scales.scale(shelf_id) is not None:
            stock.retell_shelf(shelf_id, changes, evidence="planogram")
            continue
        for sku in skus:
            row, start = stock.at(sku, shelf_id), after.start_units[shelf_id, sku]
            units = start if row is None else round(row.units)
            if units is None:
                continue
            believed = stock.unseen.begin(after.facings[shelf_id, sku], units, after, changes)
            if believed is not None:
                stock.put(sku, shelf_id, believed.units, believed.low, believed.high, "planogram", changes)
            elif row is None:
                stock.put(sku, shelf_id, float(units), None, None, "planogram", changes)


def _forget_strangers(before: Places | None, after: Places, stock: StockBook, changes: Changes) -> None:
    """What lay on a shelf where it did not belong is known no more when its scale or the article has gone from the plan."""
    if before is None:
        return
    for sku, place in stock.every_place():
        if place in before.skus_on and (place, sku) not in after.facings:
            weighed = stock.scales.scale(place) is not None
            if not (weighed and sku in stock.scales.estimates(place)):
                stock.clear_place(sku, place, changes)
