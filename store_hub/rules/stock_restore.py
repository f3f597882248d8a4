"""Gives the stock back what the ledger holds of it."""

from __future__ import annotations

from store_hub.rows import BasketRow, BeliefRow, BookRow, HabitsRow, ReceiptsRow, RecentPutRow, StockRow, UnseenRow
from store_hub.rules.stock import StockBook

StockState = StockRow | BookRow | BasketRow | BeliefRow | RecentPutRow | UnseenRow | ReceiptsRow | HabitsRow


def restore_stock(stock: StockBook, row: StockState) -> None:
    """Take a row in, in the order of its table's key."""
    match row:
        case StockRow():
            stock.restore_stock(row)
        case BookRow():
            stock.restore_book(row)
        case BasketRow():
            stock.baskets.restore(row)
        case BeliefRow():
            stock.scales.restore(row)
        case RecentPutRow():
            stock.puts.restore(row)
        case UnseenRow() | ReceiptsRow():
            stock.unseen.restore(row)
        case HabitsRow():
            stock.restore_habits(row)
