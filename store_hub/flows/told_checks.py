"""What the bookkeeper looks at before it books what is told: whether it fits how things stand, and when it says that it happened."""

from __future__ import annotations

from store_hub.entries import AlertAction, AnyTold, CalibrationAction, Delivery, Sale, StockCount, StockMove, WriteOff
from store_hub.entries_fleet import AnyFleet
from store_hub.entries_goods import AnyGoods, DeliveryReads, StockTakeReads
from store_hub.entries_settings import SettingsChange
from store_hub.errors import AlertUnknown, CalibrationOutOfStep, FleetRefused, GoodsRefused, PlaceUnknown, SettingsOutdated
from store_hub.flows.device_configuration import configuration_problem
from store_hub.rules.fold import StoreFold
from store_hub.rules.told import is_place

COUNT_HOLDS_MS = 30 * 60_000
"""A phone that finds its network again after longer has an old count."""


def refuse_nonsense(told: AnyTold | AnyGoods | AnyFleet | SettingsChange, fold: StoreFold, now_ms: int) -> None:
    """Refuse what does not fit how things stand.

    Raises:
        HubError: with the reason.
    """
    if isinstance(told, SettingsChange):
        if told.revision != fold.calling.revision:
            raise SettingsOutdated(seen=told.revision, now=fold.calling.revision)
        return
    if isinstance(told, AnyFleet):
        if (problem := fold.fleet.objection(told) or configuration_problem(told, fold.fleet)) is not None:
            raise FleetRefused(problem)
        return
    refusal = fold.goods.refusal(told)
    if refusal is not None:
        raise GoodsRefused(refusal)
    if isinstance(told, CalibrationAction) and (problem := fold.calibrations.objection(told, now_ms)) is not None:
        raise CalibrationOutOfStep(shelf_id=told.shelf_id, problem=problem)
    if isinstance(told, AlertAction):
        _refuse_press(told, fold, now_ms)
    if isinstance(told, StockCount) and not _can_be_counted(told.sku, told.shelf_id, fold):
        raise PlaceUnknown(sku=told.sku, shelf_id=told.shelf_id)
    if isinstance(told, StockMove):
        for place in (told.from_place, told.to_place):
            if not is_place(told.sku, place, fold.places):
                raise PlaceUnknown(sku=told.sku, shelf_id=place)


def _refuse_press(told: AlertAction, fold: StoreFold, now_ms: int) -> None:
    """Refuse what is pressed on a task that is not open, and a count that says nothing of now."""
    alert = fold.alerts.open_alert(told.alert_id)
    if alert is None:
        raise AlertUnknown(alert_id=told.alert_id, closed=fold.alerts.knows(told.alert_id))
    if told.action != "counted":
        return
    if told.units is None:
        raise GoodsRefused("a count needs a number of units, 0 where none is left")
    if alert.sku is None or alert.shelf_id is None:
        raise GoodsRefused(f"task {told.alert_id} is about no article on a shelf: nothing can be counted there")
    if told.pressed_at_ms is not None and now_ms - told.pressed_at_ms > COUNT_HOLDS_MS:
        raise GoodsRefused("that was counted more than half an hour ago, and is no longer so; please count again")


def _can_be_counted(sku: str, shelf_id: str | None, fold: StoreFold) -> bool:
    """Whether an article is known, and has its place on the shelf named or was found there where it does not belong."""
    if fold.places is None:
        return False
    if shelf_id is None:
        return sku in fold.places.skus
    return (shelf_id, sku) in fold.places.facings or fold.stock.at(sku, shelf_id) is not None


def told_at_ms(told: AnyTold | AnyGoods | AnyFleet | SettingsChange) -> int | None:
    """Return when it happened, as it says itself; None where it says nothing."""
    match told:
        case AlertAction():
            return told.pressed_at_ms
        case Sale():
            return told.sold_at_ms
        case Delivery():
            return told.arrived_at_ms
        case StockCount():
            return told.counted_at_ms
        case WriteOff():
            return told.written_off_at_ms
        case StockMove():
            return told.moved_at_ms
        case StockTakeReads() | DeliveryReads():
            return told.read_at_ms
        case _:
            return None
