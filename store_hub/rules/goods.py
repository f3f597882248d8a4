"""The goods seen through their tags: stock-takes, announced deliveries, tagged stock, and the EPCIS events that tell of all of it.

Joins those books for the fold: one entry in, its effects out.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from store_hub.entries import BACK_ROOM, Delivery, Sale, StockCount, StockMove, WriteOff
from store_hub.entries_goods import (
    AnyGoods,
    DeliveryAcceptance,
    DeliveryNotice,
    DeliveryReads,
    EpcisCapture,
    StockTakeDecision,
    StockTakeReads,
)
from store_hub.rows import (
    CaptureRow,
    Effect,
    NoticeAcceptedRow,
    NoticeLineRow,
    NoticeRow,
    NoticeTagRow,
    StockTakeLineRow,
    StockTakeRow,
    StockTakeTagRow,
    TagExitRow,
    TagGapRow,
    TagRow,
)
from store_hub.rules.changes import Changes
from store_hub.rules.epcis_events import ENTRANCE_KIND, Event, EventMaker
from store_hub.rules.epcis_rows import event_rows
from store_hub.rules.exits import ExitBook
from store_hub.rules.notices import NoticeBook
from store_hub.rules.places import Places
from store_hub.rules.stock import StockBook
from store_hub.rules.stock_takes import StockTakeBook
from store_hub.rules.tag_names import tag_name
from store_hub.rules.tag_stock import SHOP_FLOOR, TagStock
from store_hub.rules.tags import TagBook
from wire_format.observations import TagLeft, TagMoved, TagSeen

SURE_WAY = 0.5
"""From this confidence on, a way through a door counts."""

GoodsState = (
    TagGapRow
    | TagExitRow
    | StockTakeRow
    | StockTakeTagRow
    | StockTakeLineRow
    | NoticeRow
    | NoticeLineRow
    | NoticeTagRow
    | NoticeAcceptedRow
)


class GoodsBook:
    """What tags, handhelds, notices and other systems say of goods."""

    def __init__(self, tags: TagBook, stock: StockBook) -> None:
        self._tags = tags
        self._stock = stock
        self._places: Places | None = None
        self._maker = EventMaker()
        self._tag_stock = TagStock(tags)
        self._exits = ExitBook()
        self.stock_takes = StockTakeBook(tags)
        self.notices = NoticeBook(tags, self._maker)

    def restore(self, row: GoodsState) -> None:
        """Go on from what the ledger holds."""
        match row:
            case TagGapRow():
                self._tag_stock.restore(row)
            case TagExitRow():
                self._exits.restore(row)
            case StockTakeRow() | StockTakeTagRow() | StockTakeLineRow():
                self.stock_takes.restore(row)
            case NoticeRow() | NoticeLineRow() | NoticeTagRow() | NoticeAcceptedRow():
                self.notices.restore(row)

    def use_planogram(self, places: Places) -> None:
        """Go by this planogram from now on."""
        self._places = places
        self._maker.use_planogram(places.planogram)
        self._tag_stock.use_planogram(places)

    def refusal(self, said: object) -> str | None:
        """Why something told cannot be booked, or None."""
        if isinstance(said, StockTakeReads | StockTakeDecision):
            return self.stock_takes.refusal(said, self._places)
        if isinstance(said, DeliveryNotice | DeliveryReads | DeliveryAcceptance):
            return self.notices.refusal(said)
        return None

    # ---- tags

    def pass_time(self, changes: Changes) -> None:
        """It is later than it was: what was only waited for may be so by now."""
        if self._places is not None and not changes.timeless:
            self._tag_stock.pass_time(self._stock, self._places, changes)

    def seen(self, tag: TagSeen, changes: Changes) -> None:
        """A tag is in a zone: count it, tell of it if it is somewhere else than before, and match it with what was announced."""
        before = self._tags.last_place(tag.epc)
        effects = self._tags.seen(tag, changes.at_ms)
        changes.effects += effects
        self._arrived(effects, before, changes)

    def left(self, tag: TagLeft, changes: Changes) -> None:
        """A tag is no longer in a zone."""
        effects = self._tags.left(tag, changes.at_ms)
        changes.effects += effects
        gone = next((row for row in effects if isinstance(row, TagRow)), None)
        if gone is None:
            return
        now = self._tags.last_place(tag.epc)
        if (now is None or not now.present) and self._tag_stock.kind(tag.zone_id) == ENTRANCE_KIND:
            self._went_out(tag.epc, tag.zone_id, changes)
        self._retell(gone.sku, changes)

    def moved(self, tag: TagMoved, changes: Changes) -> None:
        """A tag was carried through a door: it is on the far side; with no zone there it left the shop. Other moves are seen and left."""
        if tag.door_id is None or tag.confidence < SURE_WAY or tag.from_zone_id == tag.to_zone_id:
            return
        before = self._tags.last_place(tag.epc)
        effects = self._tags.moved(tag, changes.at_ms)
        changes.effects += effects
        if tag.to_zone_id is not None:
            self._arrived(effects, before, changes, tag)
        elif effects or before is None or before.present or before.zone_id != tag.from_zone_id:  # Else it was told to be gone from there.
            self._went_out(tag.epc, tag.door_id, changes)
        self._retell(self._tags.sku_of_epc(tag.epc), changes)

    def _arrived(self, effects: list[Effect], before: TagRow | None, changes: Changes, way: TagMoved | None = None) -> None:
        """Tell of a tag that is now in a zone. `way`: a door says so."""
        row = next((row for row in effects if isinstance(row, TagRow) and row.present and row.since_ms == changes.at_ms), None)
        if row is None:
            return
        name = tag_name(row.epc)
        zone_before = before.zone_id if before is not None else None if way is None else way.from_zone_id
        if zone_before != row.zone_id and _has_identity(name.uri):
            door_id = None if way is None else way.door_id
            self._tell([self._maker.seen(name.uri, row.zone_id, zone_before, changes.at_ms, door_id=door_id)], changes)
        if row.sku is not None:
            self._exits.came_back(row.sku, row.epc, changes)
        if before is None and self._tag_stock.kind(row.zone_id) == BACK_ROOM:
            self.notices.arrived(name, row.sku, changes)
        self._retell(row.sku, changes)

    def _went_out(self, epc: str, place: str, changes: Changes) -> None:
        """A tag left the shop by a zone or door: tell of it, and see whether it was paid for."""
        name, sku = tag_name(epc), self._tags.sku_of_epc(epc)
        if _has_identity(name.uri):
            self._tell([self._maker.departed(name.uri, place, changes.at_ms)], changes)
        if sku is not None and self._tag_stock.is_tagged(sku):
            self._exits.left(sku, epc, place, changes)

    # ---- what is told

    def after_told(self, said: Sale | Delivery | StockCount | WriteOff | StockMove, changes: Changes) -> None:
        """The till, a delivery, a count, a write-off or a move has been booked: tell of it, and let the tags have their say."""
        skus = [said.sku] if isinstance(said, StockCount | StockMove) else list(dict.fromkeys(line.sku for line in said.lines))
        if isinstance(said, Sale):
            for sku, units in _sum_up(said).items():
                if self._tag_stock.is_tagged(sku):
                    self._exits.sold(sku, units, changes)
                    changes.effects += self._tags.paid(sku, units)
            self._tell(self._maker.sold(_sum_up(said), said.till, changes.at_ms), changes)
        elif isinstance(said, Delivery):
            event = self._maker.received([], _sum_up(said), changes.at_ms)
            self._tell([] if event is None else [event], changes)
        elif isinstance(said, StockCount):
            self._note_gaps(said.sku, changes)
        for sku in skus:
            self._retell(sku, changes)

    def hear(self, said: AnyGoods, changes: Changes) -> None:
        """Book what handhelds, suppliers, staff and other systems say."""
        match said:
            case StockTakeReads():
                self.stock_takes.read(said, self._stock, self._places, changes)
            case StockTakeDecision():
                tags = self.stock_takes.decide(said, self._stock, changes)
                event = self._maker.counted([tag for tag in tags if _has_identity(tag)], changes.at_ms)
                self._tell([] if event is None else [event], changes)
                if said.action == "accept" and said.sku is not None:
                    self._note_gaps(said.sku, changes)
                    self._retell(said.sku, changes)
            case DeliveryNotice():
                self.notices.announce(said, changes)
            case DeliveryReads():
                self.notices.read(said, changes)
            case DeliveryAcceptance():
                self._tell(self.notices.accept(said, self._stock, self._places, changes), changes)
                for line in said.lines:
                    self._retell(line.sku, changes)
            case EpcisCapture():
                self._capture(said, changes)

    def _capture(self, said: EpcisCapture, changes: Changes) -> None:
        errors = msgspec.json.encode(said.errors)
        changes.effects.append(
            CaptureRow(said.capture_id, changes.journal_id, changes.at_ms, said.error_behaviour, len(said.events), errors)
        )
        for event in said.events:
            changes.effects += event_rows(event, changes, captured=True)

    # ---- parts

    def _tell(self, events: list[Event], changes: Changes) -> None:
        if self._places is None:
            return  # Nobody can say where it happened.
        for event in events:
            changes.effects += event_rows(event, changes, captured=False)

    def _note_gaps(self, sku: str, changes: Changes) -> None:
        """A count was just booked: what it says of the back room and of the floor stands beside the tags from now on."""
        room = self._stock.at(sku, BACK_ROOM)
        if room is not None and room.evidence == "count" and room.journal_id == changes.journal_id:
            self._tag_stock.counted(sku, BACK_ROOM, round(room.units), changes)
        shelves = [row for row in self._stock.places(sku) if row.place != BACK_ROOM]
        if any(row.evidence == "count" and row.journal_id == changes.journal_id for row in shelves):
            self._tag_stock.counted(sku, SHOP_FLOOR, round(sum(row.units for row in shelves)), changes)

    def _retell(self, sku: str | None, changes: Changes) -> None:
        if sku is not None and self._places is not None and sku in self._places.skus:
            self._tag_stock.retell(sku, self._stock, self._places, changes)


def _sum_up(said: Sale | Delivery) -> Counter[str]:
    units: Counter[str] = Counter()
    for line in said.lines:
        units[line.sku] += line.units
    return units


def _has_identity(uri: str) -> bool:
    return uri.startswith("urn:epc:id:")


def goods_of(row: Effect) -> GoodsState | None:
    """Return a row as one of this book's own, or None."""
    return row if isinstance(row, GoodsState) else None
