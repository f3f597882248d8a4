"""What tags say of the stock: they decide where no scale does, for articles of which every unit carries one.

A tag that has left counts for some time more, for it may only be hidden (`tag_absences`); and what the planogram says is there is not
doubted before a reader has had long enough to hear it.

A unit may lack its tag, or bear two. A count by hand tells: its difference to the tags of that moment is kept and added from then on
(above zero, units without a tag; below, tags too many). On a weighed shelf the scale decides; where its interval and the tags
contradict each other, the pages say so.
"""

from __future__ import annotations

from math import sqrt

from store_hub.entries import BACK_ROOM
from store_hub.rows import TagGapRow, TagRow
from store_hub.rules.changes import Changes
from store_hub.rules.places import Places
from store_hub.rules.stock import StockBook
from store_hub.rules.tag_findings import FLOOR_KINDS
from store_hub.rules.tags import HEARD_MS, NEVER_MS, TagBook
from wire_format.plans import Bay, Zone

SHOP_FLOOR = "shop_floor"
SURE_SDS = 1.645
"""Half-width of a 90 % interval of a normal distribution, in standard deviations."""


class TagStock:
    """Retells the stock of tagged articles."""

    def __init__(self, tags: TagBook) -> None:
        self._tags = tags
        self._gaps: dict[tuple[str, str], TagGapRow] = {}
        self._tagged: frozenset[str] = frozenset()
        self._zones: dict[str, Zone] = {}
        self._passed: frozenset[str] = frozenset()  # Zones in which nothing stands for long: tills, queues, doors.
        self._bays: dict[str, Bay] = {}
        self._boards: dict[str, list[str]] = {}  # By zone: the weighed shelves that its antenna reads.
        self._begun: dict[str, None] = {}  # Articles that tags may not yet have told, in order.
        self._heard_at_ms = 0  # Before it, readers have had long enough for none of them.

    def restore(self, row: TagGapRow) -> None:
        """Go on from what the ledger holds."""
        self._gaps[row.sku, row.place] = row

    def use_planogram(self, places: Places) -> None:
        """Know which articles are tagged, and where zones and shelves are."""
        plan = places.planogram
        self._tagged = frozenset(plan.tagged_skus)
        self._zones = {zone.zone_id: zone for zone in plan.zones}
        self._passed = frozenset(zone.zone_id for zone in plan.zones if zone.kind not in (*FLOOR_KINDS, "back_room"))
        self._bays = {shelf.shelf_id: bay for bay in plan.bays for shelf in bay.shelves}
        self._boards = {}
        self._begun = {sku: None for sku in self._tags.skus() if sku in self._tagged}
        self._heard_at_ms = 0
        for shelf in (shelf for bay in plan.bays for shelf in bay.shelves):
            if shelf.weighed and shelf.tag_zone_id is not None:
                self._boards.setdefault(shelf.tag_zone_id, []).append(shelf.shelf_id)

    def pass_time(self, stock: StockBook, places: Places, changes: Changes) -> None:
        """Retell what was only waited for: tags that have been gone long enough, articles that readers have had long enough to hear."""
        if changes.at_ms < self._heard_at_ms and changes.at_ms < self._tags.settles_at_ms:
            return
        gone = self._tags.settled(changes.at_ms)
        changes.effects += gone
        heard = self._long_heard(changes.at_ms)
        if not gone and not heard:
            return
        planned = [sku for sku in heard if self._is_planned(sku, stock, places)]
        for name in dict.fromkeys([*(row.sku for row in gone), *planned]):
            if name is not None and name in places.skus:
                self.retell(name, stock, places, changes)

    def _long_heard(self, at_ms: int) -> list[str]:
        """Take out the articles that readers have had long enough to hear."""
        if at_ms < self._heard_at_ms:
            return []
        due = {sku: self._heard_ms(sku) for sku in self._begun}
        heard = [sku for sku, due_ms in due.items() if at_ms >= due_ms]
        for sku in heard:
            del self._begun[sku]
        self._heard_at_ms = min((due[sku] for sku in self._begun), default=NEVER_MS)
        return heard

    def _heard_ms(self, sku: str) -> int:
        """When readers will have had long enough to hear an article."""
        return min((row.since_ms for row in self._tags.present_of(sku)), default=0) + HEARD_MS

    def _is_planned(self, sku: str, stock: StockBook, places: Places) -> bool:
        """Whether the planogram still speaks for the shelves of an article."""
        rows = [row for shelf in places.shelves_of.get(sku, ()) if (row := stock.at(sku, shelf)) is not None]
        return any(row.evidence == "planogram" for row in rows)

    def is_tagged(self, sku: str | None) -> bool:
        """Whether every unit of an article carries a tag."""
        return sku in self._tagged

    def kind(self, zone_id: str) -> str:
        """What a zone is; `other` for one that the planogram does not know."""
        zone = self._zones.get(zone_id)
        return "other" if zone is None else zone.kind

    def retell(self, sku: str, stock: StockBook, places: Places, changes: Changes) -> None:
        """Take over what the tags say of an article: in the back room, and on the floor if none of its shelves is weighed.

        Where an antenna reads a weighed shelf, the shelf's belief hears of them.
        """
        if sku not in self._tagged:
            return
        present = self._standing(sku)
        kinds = {self.kind(zone_id) for zone_id in self._tags.zones_of(sku)}
        if "back_room" in kinds:
            rows = [row for row in present if self.kind(row.zone_id) == "back_room"]
            self._put(sku, BACK_ROOM, rows, self._gap(sku, BACK_ROOM), stock, changes)
        shelves = places.shelves_of.get(sku, [])
        self._tell_beliefs(sku, present, shelves, stock, changes)
        if not shelves or not kinds.intersection(FLOOR_KINDS) or any(places.facings[shelf, sku].weighed for shelf in shelves):
            return
        if self._is_planned(sku, stock, places) and changes.at_ms < (due_ms := self._heard_ms(sku)):
            self._begun[sku] = None
            self._heard_at_ms = min(self._heard_at_ms, due_ms)
            return
        rows = [row for row in [*present, *self._tags.lingering_of(sku)] if self.kind(row.zone_id) in FLOOR_KINDS]
        self._retell_floor(sku, rows, shelves, stock, changes)

    def _standing(self, sku: str) -> list[TagRow]:
        """Each present tag once, where it stands. At a till or a door it is only once no reader hears it on the floor any more."""
        return [self._on_the_floor(row) if row.zone_id in self._passed else row for row in self._tags.present_of(sku)]

    def _on_the_floor(self, row: TagRow) -> TagRow:
        return next((here for here in self._tags.heard_in(row.epc) if self.kind(here.zone_id) in FLOOR_KINDS), row)

    def _tell_beliefs(self, sku: str, present: list[TagRow], homes: list[str], stock: StockBook, changes: Changes) -> None:
        for zone_id in self._tags.zones_of(sku):
            boards = self._boards.get(zone_id, [])
            home = [board for board in boards if board in homes]
            for board in home or boards:
                stock.hear_tags(board, sku, sum(row.zone_id == zone_id for row in present), changes)

    def counted(self, sku: str, place: str, units: int, changes: Changes) -> None:
        """A count by hand stands beside the tags of this moment. `place`: the back room or the shop's floor."""
        if sku not in self._tagged:
            return
        self._begun.pop(sku, None)
        wanted = ("back_room",) if place == BACK_ROOM else FLOOR_KINDS
        tags = sum(self.kind(row.zone_id) in wanted for row in self._standing(sku))
        lingering = 0 if place == BACK_ROOM else sum(self.kind(row.zone_id) in wanted for row in self._tags.lingering_of(sku))
        hidden = min(max(units - tags, 0), lingering)  # As many of those that left a moment ago must still be there.
        changes.effects += self._tags.settled(changes.at_ms, sku, hidden=hidden)
        row = TagGapRow(sku, place, units - tags - hidden, tags + hidden, changes.at_ms, changes.journal_id)
        self._gaps[sku, place] = row
        changes.effects.append(row)

    def _retell_floor(self, sku: str, rows: list[TagRow], shelves: list[str], stock: StockBook, changes: Changes) -> None:
        by_shelf: dict[str, list[TagRow]] = {shelf: [] for shelf in shelves}
        for row in rows:
            by_shelf[min(shelves, key=lambda shelf: (self._distance_m(row.zone_id, shelf), shelf))].append(row)
        gap = self._gap(sku, SHOP_FLOOR)
        for place, shelf in enumerate(shelves):
            self._put(sku, shelf, by_shelf[shelf], gap if place == 0 else 0, stock, changes)

    def _gap(self, sku: str, place: str) -> int:
        gap = self._gaps.get((sku, place))
        return 0 if gap is None else gap.units

    def _put(self, sku: str, place: str, rows: list[TagRow], gap: int, stock: StockBook, changes: Changes) -> None:
        units = float(max(0, len(rows) + gap))
        spread = SURE_SDS * sqrt(sum(row.confidence * (1.0 - row.confidence) for row in rows))
        lingering = sum(not row.present for row in rows)
        stock.put(sku, place, units, max(0.0, units - spread - lingering), units + spread, "tags", changes)

    def _distance_m(self, zone_id: str, shelf: str) -> float:
        """From a zone's middle to the middle of a shelf's bay."""
        zone, bay = self._zones.get(zone_id), self._bays.get(shelf)
        if zone is None or bay is None:
            return 0.0
        across = zone.place.x_m + zone.place.width_m / 2 - bay.place.x_m - bay.place.width_m / 2
        along = zone.place.y_m + zone.place.depth_m / 2 - bay.place.y_m - bay.place.depth_m / 2
        return sqrt(across * across + along * along)
