"""Promotions: planned once for some shops, told to their hubs, tried on the forecast beforehand and measured afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from cloud_api.adapters.promotion_records import PromotionBody, PromotionBook, PromotionRecord
from cloud_api.adapters.sales_records import SalesBook, SkuDayRecord
from cloud_api.adapters.store_records import StoreBook, StoreRecord
from cloud_api.errors import MessageInvalid, PromotionUnknown
from cloud_api.flows.shop_history import whole_weeks
from cloud_api.flows.shop_inputs import ShopReading
from cloud_api.rules.demand_recovery import recovered_demand
from cloud_api.rules.promotion_results import AFTER_DAYS, BEFORE_DAYS, BEFORE_DAYS_MIN, PromotionResult, measure_promotion
from wire_format.identifiers import StoreId
from wire_format.plans import Promotion

LASTS_MAX = timedelta(days=92)
_SEEN_AHEAD = timedelta(days=28)


class PromotionDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A promotion of an article on the shops' own calendar days, both included; in all shops where none is named."""

    sku: str
    first_day: date
    last_day: date
    store_ids: list[StoreId] = []
    name: str = ""
    price_minor: int | None = None
    display: str = ""
    mailer: str = ""

    @property
    def body(self) -> PromotionBody:
        """What is done for the article."""
        return PromotionBody(name=self.name, price_minor=self.price_minor, display=self.display, mailer=self.mailer)


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What a shop is expected to sell on the promotion's days that the forecast reaches, without it and with it; margin in minor units."""

    store_id: str
    days: int
    units_without: float
    units_with: float
    margin_without_minor: float
    margin_with_minor: float


class ShopResult(msgspec.Struct, frozen=True, kw_only=True):
    """A promotion as it went in a shop; None where there is nothing to compare with."""

    store_id: str
    result: PromotionResult | None


class Promotions:
    """Plans, tries, calls off and measures.

    Args:
        now: the wall clock, aware.
    """

    def __init__(
        self, *, book: PromotionBook, stores: StoreBook, sales: SalesBook, reading: ShopReading, now: Callable[[], datetime]
    ) -> None:
        self._book, self._stores, self._sales, self._reading, self._now = book, stores, sales, reading, now

    def listed(self, *, store_id: str | None = None, since: date | None = None) -> list[PromotionRecord]:
        """Promotions that were not called off, the latest first."""
        return self._book.promotions(store_id=store_id, since=since)

    def plan(self, draft: PromotionDraft, *, by: str) -> list[PromotionRecord]:
        """Keep a promotion, and tell the shops' hubs.

        Raises:
            MessageInvalid: days that are over or the wrong way round, nothing done for the article, or an article that a shop has not.
            StoreUnknown, PlanogramMissing: a shop that cannot be told.
        """
        stores = self._checked(draft)
        now = self._now()
        number = f"{draft.first_day:%Y%m%d}.{draft.sku}.{now:%y%m%d%H%M%S}"
        records = [self._record(draft, store, number, by, now) for store in stores]
        self._book.plan([(record, _told(record, store)) for record, store in zip(records, stores, strict=True)])
        return records

    def cancel(self, promotion_id: str) -> list[PromotionRecord]:
        """Call a promotion off everywhere.

        Raises:
            PromotionUnknown
        """
        stores = {store.store_id: store for store in self._stores.stores()}

        def called_off(record: PromotionRecord) -> Promotion:
            return msgspec.structs.replace(_told(record, stores[record.store_id]), is_cancelled=True)

        return self._book.cancel(promotion_id, called_off)

    def expected(self, draft: PromotionDraft) -> list[Expected]:
        """What the forecast makes of it, shop by shop, before it is planned.

        Raises:
            MessageInvalid: as for `plan`, or it begins after the four weeks that are forecast.
            StoreUnknown, PlanogramMissing: a shop that cannot be told.
        """
        stores = self._checked(draft)
        return [self._expected(draft, store) for store in stores]

    def results(self, promotion_id: str) -> list[ShopResult]:
        """What it brought in each shop, as far as it is over.

        Raises:
            PromotionUnknown
        """
        found = [record for record in self._book.promotions() if record.promotion_id == promotion_id]
        if not found:
            raise PromotionUnknown(promotion_id=promotion_id)
        return [ShopResult(store_id=record.store_id, result=self._measured(record)) for record in found]

    def _checked(self, draft: PromotionDraft) -> list[StoreRecord]:
        if draft.last_day < draft.first_day:
            raise MessageInvalid(field="last_day", problem=f"{draft.last_day} is before {draft.first_day}")
        if draft.last_day - draft.first_day > LASTS_MAX:
            raise MessageInvalid(field="last_day", problem=f"a promotion lasts {LASTS_MAX.days} days at most; what lasts longer is a price")
        if not (draft.price_minor or draft.display or draft.mailer):
            raise MessageInvalid(field="price_minor", problem="nothing is done for the article: give a price, a display or a mailer")
        if draft.last_day < self._now().date() - timedelta(days=1):
            raise MessageInvalid(field="last_day", problem=f"{draft.last_day} is over")
        stores = [self._stores.store(store_id) for store_id in draft.store_ids] or self._stores.stores()
        for store in stores:
            if all(product.sku != draft.sku for product in self._stores.planogram(store.store_id).products):
                raise MessageInvalid(field="sku", problem=f"{draft.sku} is no article of {store.name}; leave that shop out")
        if not stores:
            raise MessageInvalid(field="store_ids", problem="no shop has reported yet")
        return stores

    def _record(self, draft: PromotionDraft, store: StoreRecord, number: str, by: str, now: datetime) -> PromotionRecord:
        return PromotionRecord(
            store_id=store.store_id, promotion_id=number, sku=draft.sku, first_day=draft.first_day, last_day=draft.last_day,
            body=draft.body, planned_at=now, planned_by=by, cancelled_at=None,
        )  # fmt: skip

    def _expected(self, draft: PromotionDraft, store: StoreRecord) -> Expected:
        today = self._now().astimezone(ZoneInfo(store.time_zone)).date()
        first, last = max(0, (draft.first_day - today).days), min(_SEEN_AHEAD.days, (draft.last_day - today).days + 1)
        if first >= last:
            raise MessageInvalid(field="first_day", problem=f"forecasts reach {_SEEN_AHEAD.days} days; plan it, and look again then")
        extra = self._record(draft, store, "tried", "", self._now())
        demands = [self._reading.inputs(store.store_id, tried=tried).demands.get(draft.sku) for tried in ([], [extra])]
        product = next(product for product in self._stores.planogram(store.store_id).products if product.sku == draft.sku)
        usual = product.price_minor or 0
        cost = product.cost_minor if product.cost_minor is not None else 0.7 * usual
        without, promoted = (0.0 if demand is None else demand.units(first, last - first) for demand in demands)
        return Expected(
            store_id=store.store_id, days=last - first, units_without=without, units_with=promoted,
            margin_without_minor=without * (usual - cost), margin_with_minor=promoted * ((draft.price_minor or usual) - cost),
        )  # fmt: skip

    def _measured(self, record: PromotionRecord) -> PromotionResult | None:
        store = self._stores.store(record.store_id)
        now = self._now().astimezone(ZoneInfo(store.time_zone))
        end = min(now.date(), record.last_day + timedelta(days=1))  # Today is not over.
        during = (end - record.first_day).days
        if during < 1:
            return None
        earliest = record.first_day - timedelta(days=BEFORE_DAYS)
        last = min(now.date(), record.last_day + timedelta(days=1 + AFTER_DAYS))
        since = now - (now.date() - earliest + timedelta(days=1))
        hours = self._sales.open_hours(store.store_id, zone=store.time_zone, since=since)
        days = self._sales.days(store.store_id, zone=store.time_zone, first=earliest, open_hours=hours)
        before = (record.first_day - min((day.day for day in days), default=record.first_day)).days // 7 * 7
        if before < BEFORE_DAYS_MIN:
            return None
        first = record.first_day - timedelta(days=before)
        categories = {product.sku: product.category for product in self._stores.planogram(store.store_id).products}
        return _measured([day for day in days if day.day < last], record, categories, hours, (first, last), before=before, during=during)


def _measured(
    days: Sequence[SkuDayRecord],
    record: PromotionRecord,
    categories: dict[str, str],
    hours: list[int],
    span: tuple[date, date],
    *,
    before: int,
    during: int,
) -> PromotionResult | None:
    """Add up the article, its neighbours and the rest, a day each, over the days from `span[0]` to before `span[1]`."""
    length = (span[1] - span[0]).days
    whole = -(-length // 7) * 7
    history = whole_weeks(days, open_hours=hours, today=span[0] + timedelta(days=whole))
    if history is None or record.sku not in history.skus:
        return None
    demand = recovered_demand(history.sold[:, -whole:], history.in_stock[:, -whole:])[:, :length]
    own = np.array([sku == record.sku for sku in history.skus])
    near = np.array([categories.get(sku, "") == categories.get(record.sku, "") for sku in history.skus]) & ~own
    article, neighbours, rest = (demand[rows].sum(axis=0) for rows in (own, near, ~own & ~near))
    return measure_promotion(article, neighbours, rest, before=before, during=during)


def _told(record: PromotionRecord, store: StoreRecord) -> Promotion:
    """The promotion as the shop's hub is told of it: from the first day's midnight to that after the last, the shop's own time."""
    zone = ZoneInfo(store.time_zone)
    starts, ends = (datetime(day.year, day.month, day.day, tzinfo=zone) for day in (record.first_day, record.last_day + timedelta(days=1)))
    return Promotion(
        promotion_id=record.promotion_id, sku=record.sku, starts_at_ms=int(starts.timestamp() * 1000),
        ends_at_ms=int(ends.timestamp() * 1000), price_minor=record.body.price_minor, display=record.body.display,
        mailer=record.body.mailer,
    )  # fmt: skip
