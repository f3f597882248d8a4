"""What of everything that happens asks for people: shelves that run low, sweeps, strays, queues, devices that are not well.

Keeps the alerts, the paces that say how urgent they are, and the settings that say when. Nothing here reads a clock: what only time brings
about (a silent device, a task that nobody takes) is told by the journal as a finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal

import msgspec

from store_hub.entries import BACK_ROOM, AlertAction, Escalation, Finding
from store_hub.entries_settings import AlertRules, SettingsChange, ShopSettings
from store_hub.rows import AlertRow, FacingRow, Gone, HeldCallRow, SettingsRow, ShelfEventRow, StaffCall
from store_hub.rules.alerts import EMPTY, LIKELY, SURE_ENOUGH, AlertBoard
from store_hub.rules.changes import Changes
from store_hub.rules.count_asks import COUNT, is_settled
from store_hub.rules.paces import PaceBook
from store_hub.rules.places import Places
from store_hub.rules.stock import StockBook
from store_hub.rules.thresholds import by_pace, place_rule, with_rule
from wire_format.observations import DeviceHealth, QueueLength

QUEUE_OVER_SHARE = 0.6
"""A queue is over once it is this share of what raised it: between the two it neither calls nor hangs up."""


class Calling:
    """The alerts of the shop, and what raises them."""

    def __init__(self) -> None:
        self.alerts = AlertBoard()
        self.paces = PaceBook()
        self.settings = ShopSettings()
        self.revision = 0
        self._prices: dict[str, int] = {}
        self._held: dict[tuple[str, str], int] = {}

    @property
    def rules(self) -> AlertRules:
        """When to call."""
        return self.settings.alerts

    def restore_settings(self, row: SettingsRow) -> None:
        """Go on from what the ledger holds."""
        self.settings, self.revision = msgspec.json.decode(row.payload, type=ShopSettings), row.revision

    def restore_held(self, row: HeldCallRow) -> None:
        """Go on from what the ledger holds."""
        self._held[row.shelf_id, row.sku] = row.since_ms

    def use(self, places: Places) -> Places:
        """Take over a planogram; returns it with the marks that hold by the settings."""
        self._prices = {product.sku: product.price_minor for product in places.planogram.products if product.price_minor is not None}
        facings = {key: with_rule(facing, place_rule(self.rules, *key)) for key, facing in places.facings.items()}
        return places._replace(facings=facings)

    def set(self, said: SettingsChange, changes: Changes) -> bool:
        """Take over new settings; False where somebody else was quicker."""
        if said.revision != self.revision:
            return False
        self.settings = msgspec.json.decode(msgspec.json.encode(said.settings), type=ShopSettings)  # As a rebuild reads it: 20 is 20.0.
        self.revision += 1
        payload = msgspec.json.encode(self.settings)
        changes.effects.append(SettingsRow(1, changes.journal_id, self.revision, changes.at_ms, said.by, payload))
        return True

    # ---- shelves

    def pass_time(self, changes: Changes) -> None:
        """Places may have been low for long enough by now."""
        if self._held and not changes.timeless:
            for shelf_id, sku in [key for key, since_ms in self._held.items() if self._is_due(since_ms, changes)]:
                changes.places[sku, shelf_id] = None

    def judge(self, stock: StockBook, places: Places, changes: Changes) -> None:
        """See whether the places that an entry touched need somebody."""
        events = [effect for effect in changes.effects if type(effect) is ShelfEventRow]
        if not (events or changes.skus or changes.places):
            return  # Most entries only confirm what is known.
        for event in events:
            changes.effects += self.paces.hear(event)
        for sku, place in tuple(changes.places):
            facing, row = places.facings.get((place, sku)), stock.at(sku, place)
            if facing is None or row is None:
                self._let_go(place, sku, changes)
                continue
            per_hour = self.paces.per_hour(place, sku, changes.at_ms)
            marks, chance = self._marks(facing, per_hour), partial(stock.chance_at_most, row)
            calls_from = LIKELY if stock.unseen.knows(place, sku) else SURE_ENOUGH
            if self._is_held(place, sku, changes, is_low=bool(facing.weighed) and chance(marks.low_units) >= calls_from):
                continue
            was_empty = {alert.alert_id for alert in self.alerts.open_on(place, sku) if alert.emptied_at_ms is not None}
            for alert in self.alerts.judge(
                marks, row, stock.at(sku, BACK_ROOM), at_ms=changes.at_ms, journal_id=changes.journal_id,
                lost_minor_h=self._worth(sku, per_hour), at_most=chance, calls_from=calls_from,
            ):  # fmt: skip
                changes.effects.append(alert)
                if alert.cleared_at_ms is not None or alert.journal_id == changes.journal_id:
                    stock.hear_call(place, sku, changes, since_ms=None if alert.cleared_at_ms is not None else changes.at_ms)
                reason = _call_reason(alert, changes.journal_id, was_empty)
                if reason is not None:
                    changes.effects.append(StaffCall(alert.alert_id, reason))
        self._look_for_sweeps(events, changes)
        self._look_for_strays(stock, places, changes)
        self._look_for_counts(stock, places, changes)

    def _is_held(self, shelf_id: str, sku: str, changes: Changes, *, is_low: bool) -> bool:
        """Whether a place on a scale is low (`is_low`), but has not been for long enough to call anybody."""
        key = (shelf_id, sku)
        if not is_low or self.rules.low_for_s <= 0.0 or self.alerts.is_open(*key):
            self._let_go(shelf_id, sku, changes)
            return False
        if key not in self._held:
            self._held[key] = changes.at_ms
            changes.effects.append(HeldCallRow(shelf_id, sku, changes.at_ms))
        if not self._is_due(self._held[key], changes):
            return True
        self._let_go(shelf_id, sku, changes)
        return False

    def _is_due(self, since_ms: int, changes: Changes) -> bool:
        return changes.at_ms >= since_ms + 1000.0 * self.rules.low_for_s

    def _let_go(self, shelf_id: str, sku: str, changes: Changes) -> None:
        if self._held.pop((shelf_id, sku), None) is not None:
            changes.effects.append(Gone(HeldCallRow, (shelf_id, sku)))

    def _marks(self, facing: FacingRow, per_hour: float) -> FacingRow:
        if self.rules.low_minutes is None and not self.rules.places:
            return facing
        return by_pace(facing, place_rule(self.rules, facing.shelf_id, facing.sku).low_minutes, per_hour)

    def _worth(self, sku: str, per_hour: float) -> float | None:
        price_minor = self._prices.get(sku)
        return None if price_minor is None or per_hour <= 0.0 else round(per_hour * price_minor, 1)

    def _look_for_sweeps(self, events: Sequence[ShelfEventRow], changes: Changes) -> None:
        """A whole facing that went at once."""
        for event in events:
            if event.sku is None:
                continue
            subject = f"{event.shelf_id} {event.sku}"
            if event.meaning == "swept":
                worth = self._prices.get(event.sku)
                found = Finding(
                    kind="swept", subject=subject, sku=event.sku, shelf_id=event.shelf_id, detail=str(-event.units),
                    lost_minor_h=None if worth is None else float(worth * -event.units),
                )  # fmt: skip
                self.find(found, changes)

    def _look_for_strays(self, stock: StockBook, places: Places, changes: Changes) -> None:
        """What stands on a shelf where it has no place, and what no longer does."""
        for sku, place in changes.places:
            row = stock.at(sku, place)
            if place == BACK_ROOM or row is None or (place, sku) in places.facings:
                continue
            if 1.0 - stock.chance_at_most(row, 0) >= SURE_ENOUGH:
                found = Finding(kind="misplaced", subject=f"{place} {sku}", sku=sku, shelf_id=place, detail=str(round(row.units)))
                self.find(found, changes)
        for alert in self.alerts.found("misplaced"):
            if alert.sku is None or alert.sku not in changes.skus or alert.subject != f"{alert.shelf_id} {alert.sku}":
                continue
            row = stock.at(alert.sku, alert.shelf_id or "")
            if row is None or stock.is_empty(row):
                self.find(Finding(kind="misplaced", subject=alert.subject, state="over"), changes)

    def _look_for_counts(self, stock: StockBook, places: Places, changes: Changes) -> None:
        """What was in doubt and is not any more need not be counted."""
        for alert in self.alerts.found(COUNT):
            sku, shelf_id = alert.sku or "", alert.shelf_id or ""
            row, facing = stock.at(sku, shelf_id), places.facings.get((shelf_id, sku))
            if row is None or facing is None or is_settled(row.low, row.high, facing.capacity_units):
                self.find(Finding(kind=COUNT, subject=alert.subject, state="over"), changes)

    def after_sale(self, skus: Sequence[str], stock: StockBook, changes: Changes) -> None:
        """What was swept and then paid for was a large purchase."""
        for row in self.alerts.found("swept"):
            if row.sku is not None and row.sku in skus and stock.baskets.carried(row.sku) <= 0:
                self.find(Finding(kind="swept", subject=row.subject, state="over"), changes)

    # ---- everything else

    def find(self, found: Finding, changes: Changes) -> None:
        """Open or close a finding, and call whom it concerns. Any rule may find something: a discrepancy, say."""
        reason = "cleared" if found.state == "over" else "swept" if found.kind == "swept" else "raised"
        for alert in self.alerts.find(found, at_ms=changes.at_ms, journal_id=changes.journal_id):
            changes.effects += [alert, StaffCall(alert.alert_id, reason)]

    def hear_queue(self, said: QueueLength, changes: Changes) -> None:
        """A queue that is long for a whole interval calls; it is over once it is clearly shorter."""
        is_long, is_short = said.people_mean >= self.rules.queue_people, said.people_mean <= QUEUE_OVER_SHARE * self.rules.queue_people
        if is_long or is_short:
            state: Literal["open", "over"] = "open" if is_long else "over"
            self.find(Finding(kind="queue", subject=said.zone_id, state=state, detail=f"{said.people_mean:.1f}"), changes)

    def hear_health(self, said: DeviceHealth, changes: Changes) -> None:
        """A device that went off the network, and what it says is wrong with its parts."""
        gone = said.state == "death"
        self.find(Finding(kind="device_silent", subject=said.device_id, state="open" if gone else "over"), changes)
        if gone:
            return  # What it last said of its parts stands until it is back.
        faults = {f"{said.device_id} {fault.part} {fault.code}"[:200]: fault for fault in said.faults}
        for row in self.alerts.found("sensor_fault"):
            if row.subject.split(" ", 1)[0] == said.device_id and row.subject not in faults:
                self.find(Finding(kind="sensor_fault", subject=row.subject, state="over"), changes)
        for subject, fault in faults.items():
            detail = f"{fault.part}: {fault.message}. {fault.advice}"[:500]
            self.find(Finding(kind="sensor_fault", subject=subject, detail=detail), changes)

    def act(self, action: AlertAction, stock: StockBook, places: Places | None, changes: Changes) -> None:
        """A person did something about a task."""
        alert = self.alerts.open_alert(action.alert_id)
        if alert is None:
            return
        facing = None if places is None else places.facings.get((alert.shelf_id or "", alert.sku or ""))
        by_hand = action.action == "done" and (facing is None or not facing.weighed)
        if by_hand and facing is not None:
            stock.fill_unweighed(facing, changes)
        if action.action == "not_there" and alert.sku is not None:
            stock.put(alert.sku, BACK_ROOM, 0.0, 0.0, 0.0, "not_there", changes)  # Somebody looked.
        rows = self.alerts.act(action, at_ms=changes.at_ms, close=by_hand)
        changes.effects += rows
        changes.effects += [StaffCall(row.alert_id, "cleared") for row in rows if row.cleared_at_ms is not None]

    def escalate(self, said: Escalation, changes: Changes) -> None:
        """Nobody took these in time."""
        for row in self.alerts.escalate(said.alert_ids, at_ms=changes.at_ms):
            changes.effects += [row, StaffCall(row.alert_id, "escalated")]


def _call_reason(row: AlertRow, journal_id: int, was_empty: set[int]) -> str | None:
    if row.cleared_at_ms is not None:
        return "cleared"
    if row.journal_id == journal_id:
        return "raised"
    if row.kind == EMPTY and row.alert_id not in was_empty:
        return "emptied"
    return None
