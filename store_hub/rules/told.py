"""Books what tills, deliveries and counting people tell. What names no known article is kept, counted and shown, never dropped."""

from __future__ import annotations

from store_hub.entries import BACK_ROOM, Delivery, Sale, StockCount, StockMove, WriteOff
from store_hub.rows import DeliveryRow, HandCountRow, MoveRow, QuarantineRow, SaleRow, WriteOffRow
from store_hub.rules.changes import Changes
from store_hub.rules.places import Places
from store_hub.rules.stock import StockBook


def is_place(sku: str, place: str | None, places: Places | None) -> bool:
    """Tell whether an article is known and has this place: a shelf of its own, the back room, or None for the whole store."""
    if places is None or sku not in places.skus:
        return False
    return place is None or place == BACK_ROOM or (place, sku) in places.facings


def unknown_skus(told: Sale | Delivery | WriteOff, places: Places | None) -> list[str]:
    """Return the articles that the planogram does not know, each once, in order."""
    return list(dict.fromkeys(line.sku for line in told.lines if places is None or line.sku not in places.skus))


def book_told(said: Sale | Delivery | StockCount | WriteOff | StockMove, stock: StockBook, places: Places | None, changes: Changes) -> None:
    """Book what a till or a person tells."""
    match said:
        case Sale():
            book_sale(said, stock, places, changes)
        case Delivery():
            book_delivery(said, stock, places, changes)
        case WriteOff():
            book_write_off(said, stock, places, changes)
        case StockMove():
            book_move(said, stock, places, changes)
        case StockCount():
            book_count(said, stock, changes)


def book_sale(sale: Sale, stock: StockBook, places: Places | None, changes: Changes) -> None:
    """Book a receipt, line by line; and give up what has been carried past the till for too long."""
    for lost in stock.baskets.give_up_picks(changes):
        changes.add_to_quarter(lost.sku, at_ms=lost.given_up_at_ms, lost=lost.units)
    for line, sold in enumerate(sale.lines, start=1):
        known = places is not None and sold.sku in places.skus
        changes.effects.append(
            SaleRow(changes.journal_id, line, sold.sku, sold.units, sold.price_minor, sale.till, changes.at_ms, int(known))
        )
        if not known or places is None:
            _quarantine(line, f"till {sale.till} sold {sold.units} of {sold.sku}, which the planogram does not know", changes)
            continue
        if sold.units == 0:
            continue
        changes.add_to_quarter(sold.sku, sold=sold.units, revenue_minor=sold.units * _price_minor(sold.sku, sold.price_minor, places))
        stock.sell(sold.sku, sold.units, changes, line=line, places=places)
    stock.hear_receipt(changes)


def book_delivery(delivery: Delivery, stock: StockBook, places: Places | None, changes: Changes) -> None:
    """Book a delivery, line by line."""
    for line, came in enumerate(delivery.lines, start=1):
        known = places is not None and came.sku in places.skus
        changes.effects.append(
            DeliveryRow(changes.journal_id, line, delivery.delivery_id, came.sku, came.units, delivery.to, changes.at_ms, int(known))
        )
        if not known or places is None:
            _quarantine(
                line, f"delivery {delivery.delivery_id} brought {came.units} of {came.sku}, which the planogram does not know", changes
            )
            continue
        stock.receive(came.sku, came.units, delivery.to, changes, places=places)


def book_write_off(told: WriteOff, stock: StockBook, places: Places | None, changes: Changes) -> None:
    """Book goods that were thrown away, line by line."""
    for line, gone in enumerate(told.lines, start=1):
        known = places is not None and gone.sku in places.skus
        changes.effects.append(
            WriteOffRow(changes.journal_id, line, gone.sku, gone.place, gone.units, told.reason, told.by, changes.at_ms, int(known))
        )
        if places is None or not known:
            _quarantine(line, f"{gone.units} of {gone.sku} were written off, which the planogram does not know", changes)
            continue
        stock.write_off(gone.sku, gone.units, gone.place, changes, line=line, places=places)


def book_move(told: StockMove, stock: StockBook, places: Places | None, changes: Changes) -> None:
    """Book what staff carried from one place to another. What the planogram no longer knows is kept and shown."""
    changes.effects.append(MoveRow(changes.journal_id, told.sku, told.from_place, told.to_place, told.units, told.by, changes.at_ms))
    if not (is_place(told.sku, told.from_place, places) and is_place(told.sku, told.to_place, places)):
        _quarantine(1, f"{told.units} of {told.sku} were moved to a place that the planogram does not know", changes)
        return
    stock.move(told.sku, told.units, told.from_place, told.to_place, changes)


def book_count(count: StockCount, stock: StockBook, changes: Changes) -> None:
    """Book a count by hand: it is right, and corrects the books. A count of the whole store puts what is on no shelf into the back room."""
    rows = stock.places(count.sku)
    here = [row for row in rows if count.shelf_id is None or row.place == count.shelf_id]
    believed = sum(row.units for row in here)
    book_units = stock.book_units(count.sku)
    changes.effects.append(HandCountRow(changes.journal_id, count.sku, count.shelf_id, count.units, believed, book_units, changes.at_ms))
    if count.shelf_id is not None:
        stock.count_shelf(count.sku, count.shelf_id, count.units, changes)
        elsewhere = sum(row.units for row in stock.places(count.sku) if row.place != count.shelf_id)
        stock.adjust_book(count.sku, count.units + round(elsewhere), changes)
        return
    stock.count_all(count.sku, count.units, changes)
    on_shelves = round(sum(row.units for row in stock.places(count.sku) if row.place != BACK_ROOM))
    rest = float(max(0, count.units - on_shelves))
    stock.put(count.sku, BACK_ROOM, rest, rest, rest, "count", changes)
    stock.adjust_book(count.sku, count.units, changes)


def _price_minor(sku: str, told_minor: int | None, places: Places) -> int:
    if told_minor is not None:
        return told_minor
    return next((product.price_minor or 0 for product in places.planogram.products if product.sku == sku), 0)


def _quarantine(line: int, detail: str, changes: Changes) -> None:
    changes.effects.append(QuarantineRow(changes.journal_id, line, "unknown_sku", detail, changes.at_ms))
