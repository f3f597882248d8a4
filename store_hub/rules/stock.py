"""On hand per article and place, the till's books beside it, and the events that move both.

Scales say what is on weighed shelves; the till what left the books; deliveries fill the back room; a refill moves units from there to the
shelf; a count by hand is right. What stands where nothing looks is believed from sales and silence (`unseen_belief`).
"""

from __future__ import annotations

from collections.abc import Sequence

from store_hub.entries import BACK_ROOM
from store_hub.rows import ShelfEventRow, ShelfWeightRow, StockRow
from store_hub.rules.alerts import SURE_ENOUGH, probability_at_most
from store_hub.rules.baskets import BasketBook
from store_hub.rules.changes import Changes
from store_hub.rules.picks import PickEvent
from store_hub.rules.places import Places
from store_hub.rules.recent_puts import FROM_BACK_ROOM, FROM_HANDS, KEPT_MS, TOLD_WITHIN_MS, RecentPuts
from store_hub.rules.shelf_scales import ShelfScales
from store_hub.rules.stock_unweighed import UnweighedStock
from wire_format.observations import ShelfWeight

PUT_BACK_MAX = 2
"""Shoppers put back one or two units of an article at once; more are staff's."""
_MEANINGS = {"pick": "picked", "sweep": "swept", "put": "put_back", "refill": "refilled"}


class StockBook(UnweighedStock):
    """The stock of the whole shop."""

    def __init__(self) -> None:
        super().__init__()
        self.scales = ShelfScales()
        self.baskets = BasketBook()
        self.puts = RecentPuts()

    # ---- shelves with a scale

    def weigh(self, weight: ShelfWeight, changes: Changes, *, received_at_ms: int, clock_shift_ms: int) -> bool:
        """A settled weight: False if no scale is planned on that shelf."""
        scale = self.scales.scale(weight.shelf_id)
        if scale is None:
            return False
        moved_at_ms = None if weight.moved_at_ms is None else weight.moved_at_ms + clock_shift_ms
        waits_ms = KEPT_MS if scale.is_dead(changes.at_ms) else TOLD_WITHIN_MS  # What was booked while it was dead it could not feel.
        changes.effects.append(
            ShelfWeightRow(
                weight.shelf_id, changes.at_ms, changes.journal_id, weight.weight_g, weight.spread_g, moved_at_ms, weight.temperature_c
            )
        )
        events = scale.weigh(
            weight, at_ms=changes.at_ms, received_at_ms=received_at_ms, clock_shift_ms=clock_shift_ms, carried=self.baskets.carried
        )
        if events is None:
            return True
        for event in events:
            self._book_event(weight.shelf_id, event, changes, announced_ms=waits_ms)
        for sku in self.retell_shelf(weight.shelf_id, changes, evidence="weight"):
            self.baskets.give_up_debts(sku, changes)
        return True

    def retell_shelf(self, shelf_id: str, changes: Changes, *, evidence: str) -> list[str]:
        """Take over what the scale's belief now says; returns the shelf's own articles."""
        standing = self.scales.standing(shelf_id, changes.at_ms, self.is_called)
        for sku, units, low, high in standing.lines:
            self.put(sku, shelf_id, units, low, high, evidence, changes)
        for sku in standing.gone:
            self.clear_place(sku, shelf_id, changes)
        return standing.own

    def _book_event(self, shelf_id: str, event: PickEvent, changes: Changes, *, announced_ms: int = TOLD_WITHIN_MS) -> None:
        line = changes.next_line()
        meaning = _MEANINGS.get(event.kind, event.kind)
        if event.sku is not None and event.units != 0:
            if event.sku in self.scales.strangers(shelf_id):
                self._move_stranger(event.sku, event.units, changes, line)
            else:
                meaning = self._move(shelf_id, event.sku, event.units, meaning, changes, line, announced_ms)
        changes.effects.append(
            ShelfEventRow(
                changes.journal_id, line, shelf_id, event.sku, changes.at_ms, event.units, meaning, event.weight_g,
                event.probability, event.runner_up or None, event.runner_up_probability,
            )
        )  # fmt: skip

    def _move(self, shelf_id: str, sku: str, units: int, meaning: str, changes: Changes, line: int, announced_ms: int) -> str:
        """Follow units to baskets, from baskets, or from the back room; returns what the event finally means."""
        if units < 0:
            undone = self.puts.undo(shelf_id, sku, -units, changes) if meaning == "corrected" else 0
            if undone:
                self.add_to_back_room(sku, undone, "weight", changes)
                changes.add_to_quarter(sku, refilled=-undone)
            self.baskets.pick(sku, -units - undone, changes, line=line)
            changes.add_to_quarter(sku, picked=-units - undone)
            return meaning
        announced = self.puts.use_announced(shelf_id, sku, units, changes, within_ms=announced_ms)  # Has left the back room already.
        if announced:
            changes.add_to_quarter(sku, refilled=announced)
        if announced == units:
            return meaning if meaning == "corrected" else "refilled"
        return self._bring(shelf_id, sku, units - announced, meaning, changes)

    def _bring(self, shelf_id: str, sku: str, units: int, meaning: str, changes: Changes) -> str:
        """Units came that nobody announced: a shopper's few, or staff's."""
        by_staff = meaning == "refilled" or units > PUT_BACK_MAX or self.puts.is_refilling(shelf_id, sku, changes.at_ms)
        if not by_staff and self.baskets.put_back(sku, units, changes):
            self.puts.felt(shelf_id, sku, units, FROM_HANDS, changes)
            changes.add_to_quarter(sku, put_back=units)
            return meaning
        if meaning == "corrected" and units <= PUT_BACK_MAX:
            changes.add_to_quarter(sku, put_back=units)  # They had never left.
            return meaning
        self._from_back_room(sku, units, changes)
        if units > PUT_BACK_MAX and meaning != "corrected" and not self.puts.is_refilling(shelf_id, sku, changes.at_ms):
            self.feel_refill(shelf_id, sku, changes)
        self.puts.felt(shelf_id, sku, units, FROM_BACK_ROOM, changes)
        changes.add_to_quarter(sku, refilled=units)
        return "refilled" if meaning == "put_back" else meaning

    def _move_stranger(self, sku: str, units: int, changes: Changes, line: int) -> None:
        """Follow units that lie where they do not belong. They come from baskets and go there, never from the back room.

        Where no scale saw them leave their own shelf, none of it is counted: the till alone speaks of such articles.
        """
        if not self.scales.is_followed(sku):
            return
        if units < 0:
            self.baskets.pick(sku, -units, changes, line=line)
            changes.add_to_quarter(sku, picked=-units)
        else:
            self.baskets.put_back(sku, units, changes)
            changes.add_to_quarter(sku, put_back=units)

    def _from_back_room(self, sku: str, units: int, changes: Changes) -> None:
        self.take_from(sku, BACK_ROOM, units, "refill", changes)

    def chance_at_most(self, row: StockRow, units: int) -> float:
        """How probable it is that a place holds so many units or fewer, as its own belief has it, or else its row."""
        if self.unseen.knows(row.place, row.sku):
            return self.unseen.chance_at_most(row.place, row.sku, units)
        chance = self.scales.chance_at_most(row, units)
        return probability_at_most(row, units) if chance is None else chance

    def is_empty(self, row: StockRow) -> bool:
        """Whether a place is believed empty: by this alerts, totals and findings go alike."""
        return self.chance_at_most(row, 0) >= SURE_ENOUGH

    # ---- what is told

    def hear_receipt(self, changes: Changes) -> None:
        """A receipt has been booked: what no sensor watches, or none any more, is doubted a little more if it has none of it."""
        super().hear_receipt(changes)
        for shelf_id in self.scales.dead(changes.at_ms):
            self.retell_shelf(shelf_id, changes, evidence="silence")

    def sell(self, sku: str, units: int, changes: Changes, *, line: int, places: Places) -> None:
        """The till sold units of a known article, or took them back (negative)."""
        self.enter_book(sku, changes, sold=units)
        if units < 0:
            self.add_to_back_room(sku, -units, "till", changes)  # Returned goods are in the store, on no shelf yet.
            return
        shelves = [places.facings[shelf_id, sku] for shelf_id in places.shelves_of.get(sku, ())]
        weighed = [facing for facing in shelves if facing.weighed]
        self._see_carried(sku, units, changes)
        missing = self.baskets.pay(sku, units, changes, line=line, may_owe=bool(weighed))
        for facing in weighed:
            self._hear_sale(facing.shelf_id, sku, units, changes)
        if not weighed and missing:
            self._take_unweighed(sku, missing, shelves, changes, by_till=True)

    def write_off(self, sku: str, units: int, place: str | None, changes: Changes, *, line: int, places: Places) -> None:
        """Units were thrown away. On a weighed shelf the scale has felt them go, or will: to the shelf it is a sale without money."""
        self.enter_book(sku, changes, written_off=units)
        shelves = [places.facings[shelf_id, sku] for shelf_id in places.shelves_of.get(sku, ()) if place in (None, shelf_id)]
        if place == BACK_ROOM or not shelves:
            self.take_from(sku, BACK_ROOM, units, "write_off", changes)
            return
        weighed = [facing for facing in shelves if facing.weighed]
        missing = self.baskets.pay(sku, units, changes, line=line, may_owe=bool(weighed))
        for facing in weighed:
            self._hear_sale(facing.shelf_id, sku, units, changes)
        if not weighed and missing:
            self._take_unweighed(sku, missing, shelves, changes, by_till=False)

    def move(self, sku: str, units: int, from_place: str, to_place: str, changes: Changes) -> None:
        """Staff carried units. What a scale feels by itself is not counted twice: it is only told what it was."""
        from_scale, to_scale = self.scales.scale(from_place), self.scales.scale(to_place)
        if to_scale is not None:
            for event in to_scale.belief.refilled(sku, units, changes.at_ms):
                self._book_event(to_place, event, changes)
            unfelt = units
            if from_place == BACK_ROOM:
                self.hear_refill(to_place, sku, changes)
                left, unfelt = self.puts.told(to_place, sku, units, changes)
                if left > 0:
                    self.take_from(sku, BACK_ROOM, left, "move", changes)
                elif left < 0:
                    self.add_to_back_room(sku, -left, "move", changes)
            to_scale.belief.put_unfelt(sku, unfelt)
            self.retell_shelf(to_place, changes, evidence="move")
            return
        if from_place == BACK_ROOM and self.unseen.knows(to_place, sku):
            self.hear_refill(to_place, sku, changes)
        if self.unseen.knows(from_place, sku):
            self._put_unseen(from_place, sku, self.unseen.gone(from_place, sku, units, self._behind, changes), "move", changes)
        elif from_scale is None:
            self.take_from(sku, from_place, units, "move", changes)
        elif to_place == BACK_ROOM:
            self.baskets.pay(sku, units, changes, line=changes.next_line(), may_owe=True)  # It was no shopper's pick.
        if to_place == BACK_ROOM:
            self.add_to_back_room(sku, units, "move", changes)
        else:
            self._put_down(sku, to_place, units, "move", changes)
            changes.add_to_quarter(sku, refilled=units)

    def _see_carried(self, sku: str, units: int, changes: Changes) -> None:
        """Learn how long goods are carried from a sale that can only be of one pick."""
        taken_at_ms = self.baskets.alone_since_ms(sku)
        if taken_at_ms is not None and self.baskets.carried(sku) == units:
            self.habits.paid(max(0, changes.at_ms - taken_at_ms))
            self.keep_habits(changes)

    def _hear_sale(self, shelf_id: str, sku: str, units: int, changes: Changes) -> None:
        scale = self.scales.scale(shelf_id)
        if scale is None:
            return
        for event in scale.belief.sold(sku, units, changes.at_ms):
            self._book_event(shelf_id, event, changes)
        self.retell_shelf(shelf_id, changes, evidence="till")

    def hear_tags(self, shelf_id: str, sku: str, tags: int, changes: Changes) -> None:
        """So many tags of an article are read on a weighed shelf: where the scale could not tell, they may."""
        scale = self.scales.scale(shelf_id)
        if scale is None:
            return
        for event in scale.belief.tagged(sku, tags, changes.at_ms):
            self._book_event(shelf_id, event, changes)
        self.retell_shelf(shelf_id, changes, evidence="tags")

    def receive(self, sku: str, units: int, to: str, changes: Changes, *, places: Places) -> None:
        """A delivery arrived. On its way to a weighed shelf it waits in the back room, until the scale feels it."""
        self.enter_book(sku, changes, received=units)
        changes.add_to_quarter(sku, received=units)
        shelves = [places.facings[shelf_id, sku] for shelf_id in places.shelves_of.get(sku, ())]
        if to == "shelf" and shelves and not any(facing.weighed for facing in shelves):
            self._put_down(sku, shelves[0].shelf_id, units, "delivery", changes)
        else:
            self.add_to_back_room(sku, units, "delivery", changes)

    def count_shelf(self, sku: str, shelf_id: str, units: int, changes: Changes) -> None:
        """A count by hand of one shelf is right. The back room follows where it shows that other goods were refilled than was believed."""
        scale = self.scales.scale(shelf_id)
        if self.unseen.knows(shelf_id, sku):
            self._put_unseen(shelf_id, sku, self.unseen.counted(shelf_id, sku, units, changes), "count", changes)
            return
        if scale is None:
            self.put(sku, shelf_id, float(units), float(units), float(units), "count", changes)
            return
        events = scale.belief.counted(sku, units, changes.at_ms, is_dead=scale.is_dead(changes.at_ms))
        for event in events:
            changes.effects.append(
                ShelfEventRow(
                    changes.journal_id, changes.next_line(), shelf_id, event.sku, changes.at_ms, event.units, "corrected",
                    None, event.probability, event.runner_up or None, event.runner_up_probability,
                )
            )  # fmt: skip
        self._exchange_refills(shelf_id, events, changes)
        self.retell_shelf(shelf_id, changes, evidence="count")

    def _exchange_refills(self, shelf_id: str, events: Sequence[PickEvent], changes: Changes) -> None:
        """What was booked out of the back room and is not on the shelf goes back; what is there instead has come out of it."""
        undone = 0
        for event in sorted(events, key=lambda event: event.units):
            sku, units = event.sku, event.units
            if sku is None or sku in self.scales.strangers(shelf_id):
                continue
            if units < 0:
                back = self.puts.undo(shelf_id, sku, -units, changes)
                self.add_to_back_room(sku, back, "count", changes)
                changes.add_to_quarter(sku, refilled=-back)
                undone += back
            else:
                out = min(units, undone)
                self._from_back_room(sku, out, changes)
                changes.add_to_quarter(sku, refilled=out)
                undone -= out
