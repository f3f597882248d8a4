"""Folds the journal into what the shop looks like: one entry in, its effects out.

Used alike by the live hub and by a rebuild. What it remembers is exactly what it would read back from the ledger (`restore`), so a
restart anywhere, and any cutting into batches, leads to the same tables.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from zoneinfo import ZoneInfo

from store_hub.entries import (
    AlertAction,
    CalibrationAction,
    Delivery,
    Escalation,
    Finding,
    Forget,
    LightAction,
    Sale,
    StockCount,
    StockMove,
    WriteOff,
)
from store_hub.entries_fleet import AnyFleet
from store_hub.entries_goods import AnyGoods
from store_hub.entries_settings import SettingsChange
from store_hub.rows import (
    AccuracyDayRow,
    AlertRow,
    BadgeSightingRow,
    BeliefRow,
    ButtonPressRow,
    CalibrationRow,
    DeploymentRow,
    DeviceFileRow,
    DeviceLogRow,
    DiscrepancyRow,
    DoorRecentRow,
    Effect,
    HeldCallRow,
    OccupancyRow,
    PaceRow,
    PlanogramRow,
    QuarantineRow,
    RolloutRow,
    SettingsRow,
    TagAbsencesRow,
    TagCountRow,
    TagRow,
    TotalRow,
)
from store_hub.rules.calibrations import CalibrationBook
from store_hub.rules.calling import Calling
from store_hub.rules.camera_audits import audit_row
from store_hub.rules.changes import Changes
from store_hub.rules.fleet import FleetBook
from store_hub.rules.goods import GoodsBook, goods_of
from store_hub.rules.heatmap import ZoneMap, dwell_effects
from store_hub.rules.journal_words import Said, Unreadable
from store_hub.rules.occupancy import DoorBook
from store_hub.rules.places import Places, index_planogram
from store_hub.rules.plan_changes import put_in_force
from store_hub.rules.record_book import RecordBook
from store_hub.rules.retention import rows_to_forget
from store_hub.rules.stock import StockBook
from store_hub.rules.stock_restore import StockState, restore_stock
from store_hub.rules.tags import TagBook
from store_hub.rules.task_acts import count_of
from store_hub.rules.told import book_told
from store_hub.rules.totals import TotalBook
from store_hub.rules.zone_visits import queue_effect, visit_effects
from wire_format import codec
from wire_format.observations import (
    ButtonPressed,
    CalibrationProgress,
    CameraAudited,
    ConfigurationTold,
    DeploymentTold,
    DeviceHealth,
    DoorCrossing,
    FloorDwell,
    FloorZones,
    LogTold,
    QueueLength,
    Shed,
    ShelfWeight,
    TagLeft,
    TagMoved,
    TagSeen,
)
from wire_format.plans import Planogram

Observed = ShelfWeight | TagSeen | TagLeft | TagMoved | DoorCrossing | FloorDwell | FloorZones | QueueLength | ButtonPressed | CameraAudited
_UTC = ZoneInfo("UTC")


class Entry(NamedTuple):
    """An entry of the journal, read."""

    journal_id: int
    received_at_ms: int
    happened_at_ms: int
    payload: bytes
    said: Said


class StoreFold:
    """What the shop looks like now, and what each entry changes."""

    def __init__(self) -> None:
        self.stock = StockBook()
        self.calling = Calling()
        self.alerts = self.calling.alerts
        self.stock.is_called = self.alerts.is_open
        self.calibrations = CalibrationBook()
        self.fleet = FleetBook()
        self.places: Places | None = None
        self._doors = DoorBook()
        self._tags = TagBook()
        self.goods = GoodsBook(self._tags, self.stock)
        self._totals = TotalBook()
        self._records = RecordBook()
        self._zones, self._zone = ZoneMap([]), _UTC

    def restore(self, rows: Iterable[Effect]) -> None:
        """Go on from what the ledger holds (`Ledger.state_rows`)."""
        planogram: Planogram | None = None
        for row in rows:
            if isinstance(row, PlanogramRow):
                plan = codec.plans.decode(row.payload)
                planogram = plan if isinstance(plan, Planogram) else None
            else:
                self._restore_row(row)
        if planogram is not None:
            self._use(self.calling.use(index_planogram(planogram)))
            self.stock.scales.take_rows()  # Nothing has changed: it is what the ledger holds.

    def _restore_row(self, row: Effect) -> None:
        match row:
            case _ if isinstance(row, StockState):
                restore_stock(self.stock, row)
            case DiscrepancyRow() | AccuracyDayRow():
                self._records.restore(row)
            case TotalRow():
                self._totals.restore(row)
            case TagRow() | TagCountRow() | TagAbsencesRow():
                self._tags.restore(row)
            case OccupancyRow() | DoorRecentRow() | BadgeSightingRow():
                self._doors.restore(row)
            case AlertRow():
                self.alerts.restore(row)
            case HeldCallRow():
                self.calling.restore_held(row)
            case PaceRow():
                self.calling.paces.restore(row)
            case SettingsRow():
                self.calling.restore_settings(row)
            case CalibrationRow():
                self.calibrations.restore(row)
            case DeviceFileRow() | DeploymentRow() | DeviceLogRow() | RolloutRow():
                self.fleet.restore(row)
            case _:
                goods = goods_of(row)
                assert goods is not None, f"{type(row).__name__} is no state of the fold"
                self.goods.restore(goods)

    def apply(self, entry: Entry) -> list[Effect]:
        """Return what an entry changes."""
        said = entry.said
        if isinstance(said, Unreadable):
            return [QuarantineRow(entry.journal_id, 0, said.reason, said.detail, entry.happened_at_ms)]
        changes = Changes(journal_id=entry.journal_id, at_ms=entry.happened_at_ms, timeless=isinstance(said, Planogram))
        self.goods.pass_time(changes)
        self.stock.pass_time(changes)
        self.calling.pass_time(changes)
        if isinstance(said, Observed):
            self._observe(said, entry, changes)
        elif isinstance(said, Planogram):
            self._put_in_force(said, entry, changes)
        elif isinstance(said, AlertAction):
            self._act(said, changes)
        elif isinstance(said, Finding | Escalation | SettingsChange | DeviceHealth | Forget):
            self._attend(said, changes)
        elif isinstance(said, AnyGoods):
            self.goods.hear(said, changes)
        elif isinstance(said, CalibrationAction):
            changes.effects += self.calibrations.act(said, changes.at_ms)
        elif isinstance(said, CalibrationProgress):
            changes.effects += self.calibrations.hear(said, changes.at_ms)
        elif isinstance(said, AnyFleet):
            changes.effects += self.fleet.act(said, changes.at_ms)
        elif isinstance(said, ConfigurationTold | DeploymentTold | LogTold):
            changes.effects += self.fleet.hear(said, changes.at_ms)
        elif not isinstance(said, Shed | LightAction):
            self._hear(said, changes)
        self._judge(changes)
        return changes.effects

    def take_beliefs(self) -> list[BeliefRow]:
        """The beliefs changed since last asked; once a batch is enough, for only the last one counts."""
        return self.stock.scales.take_rows()

    def _observe(self, said: Observed, entry: Entry, changes: Changes) -> None:
        shift_ms = entry.happened_at_ms - said.observed_at_ms
        match said:
            case ShelfWeight():
                if not self.stock.weigh(said, changes, received_at_ms=entry.received_at_ms, clock_shift_ms=shift_ms):
                    detail = f"the planogram has no scale on shelf {said.shelf_id}; add it there, or correct the device's configuration"
                    changes.effects.append(QuarantineRow(entry.journal_id, 0, "unknown_shelf", detail, entry.happened_at_ms))
            case TagSeen() | TagLeft() | TagMoved():
                self._hear_tag(said, entry, changes)
            case DoorCrossing():
                changes.effects += self._doors.crossing(said, clock_shift_ms=shift_ms, zone=self._zone)
            case FloorDwell():
                changes.effects += dwell_effects(said, clock_shift_ms=shift_ms, zones=self._zones)
            case QueueLength():
                changes.effects.append(queue_effect(said, entry.journal_id, clock_shift_ms=shift_ms))
                self.calling.hear_queue(said, changes)
            case FloorZones():
                changes.effects += visit_effects(said, clock_shift_ms=shift_ms)
            case CameraAudited():
                changes.effects.append(audit_row(said, entry.journal_id, clock_shift_ms=shift_ms))
            case ButtonPressed():
                changes.effects.append(
                    ButtonPressRow(entry.journal_id, said.button_id, said.shelf_id, entry.happened_at_ms, said.action, said.detail)
                )
                if said.shelf_id is not None and said.action == "pressed":
                    changes.effects += self.alerts.take_shelf(said.shelf_id, at_ms=changes.at_ms, by=said.button_id)

    def _hear_tag(self, said: TagSeen | TagLeft | TagMoved, entry: Entry, changes: Changes) -> None:
        """A tag of staff tells who goes through a door; any other is goods."""
        if self._doors.badges.is_badge(said.epc):
            if isinstance(said, TagSeen):
                changes.effects += self._doors.badge(said.zone_id, entry.happened_at_ms, entry.journal_id, self._zone)
        elif isinstance(said, TagSeen):
            self.goods.seen(said, changes)
        elif isinstance(said, TagLeft):
            self.goods.left(said, changes)
        else:
            self.goods.moved(said, changes)

    def _hear(self, said: Sale | Delivery | StockCount | WriteOff | StockMove, changes: Changes) -> None:
        book_told(said, self.stock, self.places, changes)
        if isinstance(said, Sale):
            self.calling.after_sale([line.sku for line in said.lines], self.stock, changes)
        self.goods.after_told(said, changes)

    def _act(self, said: AlertAction, changes: Changes) -> None:
        alert = self.alerts.open_alert(said.alert_id)
        self.calling.act(said, self.stock, self.places, changes)
        count = None if alert is None else count_of(alert, said)
        if count is not None:
            self._hear(count, changes)

    def _put_in_force(self, planogram: Planogram, entry: Entry, changes: Changes) -> None:
        before, after = self.places, self.calling.use(index_planogram(planogram))
        changes.effects += self._use(after)
        put_in_force(before, after, self.stock, self.alerts, entry.payload, changes)

    def _use(self, places: Places) -> list[Effect]:
        self.places = places
        self._zones = ZoneMap(places.planogram.zones)
        self._zone = ZoneInfo(places.planogram.time_zone)
        self._tags.use_planogram(places.planogram)
        self._doors.use_planogram(places.planogram)
        self.goods.use_planogram(places)
        self._records.use_planogram(places)
        self.stock.use_weighed(places)
        return [*self.stock.scales.use_planogram(places), *self.stock.unseen.use_planogram(places)]

    def _attend(self, said: Finding | Escalation | SettingsChange | DeviceHealth | Forget, changes: Changes) -> None:
        if isinstance(said, Finding):
            self.calling.find(said, changes)
        elif isinstance(said, Escalation):
            self.calling.escalate(said, changes)
        elif isinstance(said, Forget):
            changes.effects += rows_to_forget(said)
        elif isinstance(said, DeviceHealth):
            self.calling.hear_health(said, changes)
        elif self.calling.set(said, changes) and self.places is not None:
            self.places = self.calling.use(index_planogram(self.places.planogram))
            changes.effects += self.places.facings.values()
            for shelf_id, sku in self.places.facings:
                changes.places[sku, shelf_id] = None  # Its marks may have changed, though its stock has not.

    # ---- after each entry

    def _judge(self, changes: Changes) -> None:
        """Retell the totals of what was touched, and see whether somebody must be called."""
        for sku in changes.skus:
            homes = self.places.shelves_of.get(sku, ()) if self.places is not None else ()
            self._totals.retell(sku, self.stock.places(sku), homes, self.stock.baskets.carried(sku), changes, self.stock.is_empty)
        if self.places is None:
            return
        self.calling.judge(self.stock, self.places, changes)
        for found in self._records.judge(self.stock, self.places, self._zone, changes):
            self.calling.find(found, changes)
