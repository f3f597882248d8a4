"""Reads all that a shop's orders are worked out from: sales, stock, what is on the way, and the terms of ordering."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from cloud_api.adapters.forecast_records import ChampionRecord, ForecastBook
from cloud_api.adapters.order_records import APPROVED, OrderBook
from cloud_api.adapters.promotion_records import PromotionBook, PromotionRecord
from cloud_api.adapters.sales_records import SalesBook, SkuDayRecord, StockRecord
from cloud_api.adapters.store_records import StoreBook, StoreRecord
from cloud_api.adapters.terms_records import TermsBook
from cloud_api.config import PlanningConfig
from cloud_api.flows.shop_calendar import day_traits
from cloud_api.flows.shop_history import demand_by_sku, whole_weeks
from cloud_api.rules.daily_demand import Demand
from cloud_api.rules.demand_effects import DayTraits
from cloud_api.rules.order_terms import Sayings, Terms
from cloud_api.rules.shop_forecast import WEEKS_MIN, ClassRecord, History, forecast_shop
from cloud_api.rules.supplier_record import OrderProgress, Receipt, SentOrder, follow_orders
from wire_format.plans import Planogram

STOCK_AGE_MAX = timedelta(days=3)
ORDERS_FOLLOWED_FOR = timedelta(days=180)
_CHAMPION_FIELDS = ("champion", "error", "challenger", "challenger_error", "bias", "band_held", "series", "origins")


class ShopInputs(msgspec.Struct, frozen=True, kw_only=True):
    """What planning a shop rests on. `promised` are units by SKU that go to other shops."""

    store: StoreRecord
    planogram: Planogram
    demands: dict[str, Demand]
    forecasts: list[ChampionRecord]
    stock: dict[str, StockRecord]
    progress: list[OrderProgress]
    promised: dict[str, float]
    said: Sayings
    at: datetime

    @property
    def today(self) -> date:
        """The shop's own calendar day."""
        return self.at.astimezone(ZoneInfo(self.store.time_zone)).date()


class ShopReading:
    """Reads one shop at a time.

    Args:
        now: the wall clock, aware.
    """

    def __init__(
        self,
        *,
        stores: StoreBook,
        sales: SalesBook,
        orders: OrderBook,
        forecasts: ForecastBook,
        terms: TermsBook,
        promotions: PromotionBook,
        config: PlanningConfig,
        now: Callable[[], datetime],
    ) -> None:
        self._stores, self._sales, self._orders, self._forecasts, self._terms = stores, sales, orders, forecasts, terms
        self._promotions, self._config, self._now = promotions, config, now

    def inputs(self, store_id: str, *, tried: Sequence[PromotionRecord] = ()) -> ShopInputs:
        """Everything that is known of the shop now, with promotions that are only tried among those that are planned.

        Raises:
            StoreUnknown, PlanogramMissing: there is nothing to plan with.
        """
        store, planogram, now = self._stores.store(store_id), self._stores.planogram(store_id), self._now()
        local = now.astimezone(ZoneInfo(store.time_zone))
        first = (local - timedelta(days=self._config.history_days)).date()
        open_hours = self._sales.open_hours(store_id, zone=store.time_zone, since=now - timedelta(days=self._config.history_days))
        days = self._sales.days(store_id, zone=store.time_zone, first=first, open_hours=open_hours)
        history = self._history(planogram, days, open_hours, local.date(), store.time_zone, tried)
        measured, records = self._forecast(store_id, history, now)
        return ShopInputs(
            store=store,
            planogram=planogram,
            demands=demand_by_sku(days, open_hours=open_hours, now=local) | measured,
            forecasts=records,
            stock=self._sales.stock(store_id, zone=store.time_zone, since=now - STOCK_AGE_MAX, now=now),
            progress=self.follow(store_id),
            promised=self._orders.promised(store_id, since=now - STOCK_AGE_MAX),
            said=self.sayings(store_id),
            at=now,
        )

    def sayings(self, store_id: str) -> Sayings:
        """The chain's terms and the shop's own."""
        return {(row.store_id, row.scope, row.name): msgspec.convert(row.body, Terms) for row in self._terms.all(store_id)}

    def follow(self, store_id: str) -> list[OrderProgress]:
        """The shop's approved orders with what came of each, oldest first."""
        since = self._now() - ORDERS_FOLLOWED_FOR
        approved = self._orders.orders(store_id=store_id, state=APPROVED, since=since)
        sent = [
            SentOrder(
                order_id=order.order_id, supplier=order.supplier, sent_at=order.decided_at, promised_days=order.body["lead_time_days"],
                units={line["sku"]: line["units"] for line in order.body["lines"]},
            )
            for order in approved if order.decided_at is not None
        ]  # fmt: skip
        if not sent:
            return []
        oldest = min(order.sent_at for order in sent)
        receipts = [Receipt(sku=sku, at=at, units=units) for sku, at, units in self._sales.receipts(store_id, oldest)]
        return follow_orders(sent, receipts, self._now())

    def _history(
        self,
        planogram: Planogram,
        days: list[SkuDayRecord],
        open_hours: list[int],
        today: date,
        time_zone: str,
        tried: Sequence[PromotionRecord],
    ) -> History | None:
        """The shop's whole weeks with its promotions, prices, holidays and categories."""
        oldest = min((record.day for record in days), default=today)
        promotions = [*self._promotions.promotions(store_id=planogram.store_id, since=oldest), *tried]
        usual = {product.sku: product.price_minor for product in planogram.products if product.price_minor}

        def traits(skus: Sequence[str], first: date, length: int) -> DayTraits:
            return day_traits(skus, first, length, time_zone=time_zone, promotions=promotions, usual_minor=usual, sold=days)

        categories = {product.sku: product.category for product in planogram.products}
        return whole_weeks(days, open_hours=open_hours, today=today, traits=traits, categories=categories)

    def _forecast(self, store_id: str, history: History | None, now: datetime) -> tuple[dict[str, Demand], list[ChampionRecord]]:
        """Measured forecasts by SKU, and the record of each class; none while the shop has too short a past."""
        if history is None or history.sold.shape[1] < 7 * WEEKS_MIN:
            return {}, []
        in_use = {record.class_name: record.champion for record in self._forecasts.champions(store_id)}
        made = forecast_shop(history, in_use)
        forecasts, found = made.articles, made.records
        measured = {record.name: record for record in found}
        demands = {
            sku: Demand(
                mean_per_day=each.mean_per_day, sd_per_day=(each.over_dispersion * each.mean_per_day) ** 0.5, days=each.days,
                hidden_share=each.hidden_share, over_dispersion=each.over_dispersion, method=each.method, class_name=each.class_name,
                ahead=each.ahead, lift=each.lift,
                **_worth(measured.get(each.class_name)),
            )
            for sku, each in forecasts.items()
        }  # fmt: skip
        return demands, [
            ChampionRecord(class_name=each.name, measured_at=now, **{name: getattr(each, name) for name in _CHAMPION_FIELDS})
            for each in found
        ]


def _worth(record: ClassRecord | None) -> dict[str, float]:
    """What a class's forecasts were worth in the past."""
    return {} if record is None else {"error": record.error, "bias": record.bias, "band_held": record.band_held}
