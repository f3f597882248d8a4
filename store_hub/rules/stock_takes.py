"""A stock-take by handheld: tags read in bulk become a difference a line, and each line is accepted, let be or counted again.

Goods are sold while people count. A line remembers what was believed when it was last read; accepting it sets the stock to what was
counted plus what has moved since. Only articles of which tags are known are expected: nobody finds a tag on an article without one.
"""

from __future__ import annotations

from store_hub.entries import BACK_ROOM, StockCount
from store_hub.entries_goods import StockTakeDecision, StockTakeReads
from store_hub.rows import Effect, Gone, QuarantineRow, StockRow, StockTakeLineRow, StockTakeRow, StockTakeTagRow
from store_hub.rules.changes import Changes
from store_hub.rules.epc_errors import EpcInvalid
from store_hub.rules.places import Places
from store_hub.rules.stock import StockBook
from store_hub.rules.tag_names import read_tag_text
from store_hub.rules.tags import UNKNOWN_ARTICLE, TagBook
from store_hub.rules.told import book_count
from store_hub.rules.totals import together

OPEN, ACCEPTED, IGNORED, RECOUNT = "open", "accepted", "ignored", "recount"
_STATES = {"accept": ACCEPTED, "ignore": IGNORED, "recount": RECOUNT}


class StockTakeBook:
    """The stock-takes that are open; of closed ones only that they were."""

    def __init__(self, tags: TagBook) -> None:
        self._tags = tags
        self._takes: dict[str, StockTakeRow] = {}
        self._read: dict[str, dict[str, StockTakeTagRow]] = {}
        self._lines: dict[tuple[str, str], StockTakeLineRow] = {}

    def restore(self, row: StockTakeRow | StockTakeTagRow | StockTakeLineRow) -> None:
        """Go on from what the ledger holds."""
        if isinstance(row, StockTakeRow):
            self._takes[row.stock_take_id] = row
        elif isinstance(row, StockTakeTagRow):
            self._read.setdefault(row.stock_take_id, {})[row.tag] = row
        else:
            self._lines[row.stock_take_id, row.sku] = row

    def refusal(self, said: StockTakeReads | StockTakeDecision, places: Places | None) -> str | None:
        """Why something cannot be booked, or None."""
        take = self._takes.get(said.stock_take_id)
        if isinstance(said, StockTakeReads):
            if take is not None and take.closed_at_ms is not None:
                return f"stock-take {take.stock_take_id} is closed; send the reads under a new stock_take_id"
            if take is not None and take.place != said.place:
                return f"stock-take {take.stock_take_id} is of {take.place or 'the whole store'}, not of {said.place or 'the whole store'}"
            shelves = () if places is None else places.skus_on
            if said.place is not None and said.place != BACK_ROOM and said.place not in shelves:
                return f"the planogram has no shelf {said.place}; leave place out for the whole store, or write {BACK_ROOM} or a shelf"
            return None
        if take is None or take.closed_at_ms is not None:
            return f"stock-take {said.stock_take_id} is {'closed already' if take else 'not known'}; look at the page again"
        return None if said.action == "close" else self._line_refusal(said)

    def _line_refusal(self, said: StockTakeDecision) -> str | None:
        line = self._lines.get((said.stock_take_id, said.sku or ""))
        if line is None:
            return f"stock-take {said.stock_take_id} has no line of {said.sku!r}; look at the page again"
        if line.state in (ACCEPTED, IGNORED):
            return f"the line of {line.sku} is {line.state} already; count again in a new stock-take to change it"
        if said.action != "recount" and (line.state == RECOUNT or said.counted_units != line.counted_units):
            return f"the line of {line.sku} has changed meanwhile: it says {line.counted_units} now; look at it again"
        return None

    # ---- reads

    def read(self, said: StockTakeReads, stock: StockBook, places: Places | None, changes: Changes) -> None:
        """Book tags that were read."""
        take = self._takes.get(said.stock_take_id)
        if take is not None and take.closed_at_ms is not None:
            _quarantine(f"stock-take {take.stock_take_id} was closed before these reads", changes)
            return
        touched: set[str] = set()
        if take is None:
            take = StockTakeRow(said.stock_take_id, said.place, changes.at_ms, changes.at_ms, said.read_by, 0, None, None)
            touched |= self._expected(said.place, places)
        read = self._read.setdefault(said.stock_take_id, {})
        for text in said.epcs:
            self._read_one(text, take.stock_take_id, read, touched, changes)
        take = take._replace(last_read_at_ms=max(take.last_read_at_ms, changes.at_ms), read_by=said.read_by, tags_read=len(read))
        self._keep(take, changes)
        for sku in sorted(touched):
            self._retell(take, sku, stock, changes)

    def _read_one(self, text: str, take_id: str, read: dict[str, StockTakeTagRow], touched: set[str], changes: Changes) -> None:
        try:
            name = read_tag_text(text)
        except EpcInvalid as refusal:
            _quarantine(str(refusal), changes)
            return
        sku = self._tags.sku_of_gtin(name.gtin) or UNKNOWN_ARTICLE
        if name.uri not in read:
            read[name.uri] = StockTakeTagRow(take_id, name.uri, sku, changes.journal_id)
            changes.effects.append(read[name.uri])
        line = self._lines.get((take_id, sku))
        if sku != UNKNOWN_ARTICLE and (line is None or line.state in (OPEN, RECOUNT)):
            touched.add(sku)

    def _expected(self, place: str | None, places: Places | None) -> set[str]:
        known = set(self._tags.skus()) & (set() if places is None else places.skus)
        if place is None or places is None or place == BACK_ROOM:
            return known
        return known & set(places.skus_on.get(place, ()))

    def _retell(self, take: StockTakeRow, sku: str, stock: StockBook, changes: Changes) -> None:
        counted = sum(tag.sku == sku for tag in self._read.get(take.stock_take_id, {}).values())
        believed, low, high = _believed(take.place, sku, stock)
        row = StockTakeLineRow(
            take.stock_take_id, sku, counted, believed, low, high, stock.book_units(sku), OPEN, None, None, changes.journal_id, None
        )
        self._keep_line(row, changes)

    # ---- decisions

    def decide(self, said: StockTakeDecision, stock: StockBook, changes: Changes) -> list[str]:
        """Book a decision; returns the tags counted of an accepted line."""
        take = self._takes.get(said.stock_take_id)
        if take is None or self.refusal(said, None) is not None:
            _quarantine(f"the stock-take {said.stock_take_id} was closed or its line decided before", changes)
            return []
        if said.action == "close":
            self._close(take, said.by, changes)
            return []
        line = self._lines[take.stock_take_id, said.sku or ""]
        read = self._read.get(take.stock_take_id, {})
        tags = sorted(tag.tag for tag in read.values() if tag.sku == line.sku)
        decided = line._replace(
            state=_STATES[said.action], decided_at_ms=changes.at_ms, decided_by=said.by, decision_journal_id=changes.journal_id
        )
        if said.action == "recount":
            for tag in tags:
                del read[tag]
                changes.effects.append(Gone(StockTakeTagRow, (take.stock_take_id, tag)))
            self._keep_line(decided._replace(counted_units=0), changes)
            self._keep(take._replace(tags_read=len(read)), changes)
            return []
        self._keep_line(decided, changes)
        if said.action != "accept":
            return []
        self._accept(take, line, stock, changes)
        return tags

    def _accept(self, take: StockTakeRow, line: StockTakeLineRow, stock: StockBook, changes: Changes) -> None:
        now, _, _ = _believed(take.place, line.sku, stock)
        units = max(0, line.counted_units + round(now - line.believed_units))
        if take.place == BACK_ROOM:
            on_shelves = sum(row.units for row in stock.places(line.sku) if row.place != BACK_ROOM)
            count = StockCount(sku=line.sku, units=units + round(on_shelves), counted_by=line.decided_by or "")
        else:
            count = StockCount(sku=line.sku, units=units, shelf_id=take.place, counted_by=line.decided_by or "")
        book_count(count, stock, changes)

    def _close(self, take: StockTakeRow, by: str, changes: Changes) -> None:
        self._keep(take._replace(closed_at_ms=changes.at_ms, closed_by=by), changes)
        self._read.pop(take.stock_take_id, None)
        for key in [key for key in self._lines if key[0] == take.stock_take_id]:
            del self._lines[key]

    def _keep(self, take: StockTakeRow, changes: Changes) -> None:
        self._takes[take.stock_take_id] = take
        changes.effects.append(take)

    def _keep_line(self, row: StockTakeLineRow, changes: Changes) -> None:
        self._lines[row.stock_take_id, row.sku] = row
        changes.effects.append(row)


def _believed(place: str | None, sku: str, stock: StockBook) -> tuple[float, float | None, float | None]:
    rows: list[StockRow] = [row for row in stock.places(sku) if place is None or row.place == place]
    return together(rows)


def _quarantine(detail: str, changes: Changes) -> None:
    refused: Effect = QuarantineRow(changes.journal_id, changes.next_line(), "not_possible", detail, changes.at_ms)
    changes.effects.append(refused)
