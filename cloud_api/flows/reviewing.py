"""Reviews shops for the API and the pages: visitors, layout, and what needs a look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from cloud_api.adapters.footfall_records import FootfallBook, ShopDays
from cloud_api.adapters.sales_records import SalesBook
from cloud_api.adapters.store_records import DeviceRecord, StoreBook, StoreRecord
from cloud_api.errors import MessageInvalid, StoreUnknown
from cloud_api.rules.early_warning import Concern, DeviceState, StoreState, concerns
from cloud_api.rules.footfall_review import (
    Comparison,
    HourCount,
    ShopTotals,
    StoreReview,
    by_change,
    compare_totals,
    review_store,
    review_totals,
)
from cloud_api.rules.layout import LayoutReview, SkuSales, ZoneVisits, review_layout
from wire_format.plans import Planogram

WEEKS_BACK = 4
DAYS_MAX = 400
SHOWN = 50
"""So many shops are shown at once unless more are asked for."""


class FootfallReview(msgspec.Struct, frozen=True, kw_only=True):
    """Shops in a window, what changed most first."""

    first: date
    last: date
    by: str
    stores: list[StoreReview]


class ChainReview(msgspec.Struct, frozen=True, kw_only=True):
    """The chain in a window: all shops together, and those shown, what changed most first. `shops` is how many there are in all."""

    first: date
    last: date
    shops: int
    visitors: int | None
    change_share: float | None
    stores: list[StoreReview]


class LayoutView(msgspec.Struct, frozen=True, kw_only=True):
    """A shop's zones over a window of days, with the plan they are drawn on."""

    first: date
    last: date
    planogram: Planogram
    review: LayoutReview


class Reviewing:
    """Answers a planner's questions from the records.

    Args:
        now: the wall clock, aware.
    """

    def __init__(self, *, stores: StoreBook, footfall: FootfallBook, sales: SalesBook, now: Callable[[], datetime]) -> None:
        self._stores, self._footfall, self._sales, self._now = stores, footfall, sales, now

    def today(self, store: StoreRecord) -> date:
        """The store's own calendar day."""
        return self._now().astimezone(ZoneInfo(store.time_zone)).date()

    def last_day(self) -> date:
        """The newest day on which any shop counted; today where none did."""
        stores = self._stores.stores()
        today = max((self.today(store) for store in stores), default=self._now().date())
        counted = self._footfall.last_day([store.store_id for store in stores])
        return today if counted is None else min(counted, today)

    def footfall(
        self, store_ids: Sequence[str] | None = None, *, first: date | None = None, last: date | None = None, by: str = "day"
    ) -> FootfallReview:
        """Review shops (all unless told) in a window (the last 14 days unless told).

        Raises:
            StoreUnknown: one of them never reported.
            MessageInvalid: the window is empty or longer than 400 days.
        """
        stores = self._chosen(store_ids)
        last = last or self.last_day()
        first = first or last - timedelta(days=13)
        _see_window(first, last)
        names = [store.store_id for store in stores]
        since = first - timedelta(weeks=WEEKS_BACK)
        hours = self._footfall.hours(names, first=since, last=last)
        doors = self._footfall.doors(names, first=since, last=last)
        reviews = [
            review_store(
                name, [HourCount(*row) for row in hours[name]], first=first, last=last, by=by, doors=doors.get(name, 1), weeks=WEEKS_BACK
            )
            for name in names
        ]
        return FootfallReview(first=first, last=last, by=by, stores=by_change(reviews))

    def chain(
        self, *, first: date | None = None, last: date | None = None, limit: int = SHOWN, offset: int = 0, find: str = ""
    ) -> ChainReview:
        """Review all shops in a window (the last 14 days unless told), from their days already added up; the rows only of those shown.

        Args:
            find: only shops with this in their name or id.

        Raises:
            MessageInvalid: the window is empty or longer than 400 days.
        """
        last = last or self.last_day()
        first = first or last - timedelta(days=13)
        _see_window(first, last)
        wanted = {store.store_id for store in self._stores.stores() if find.lower() in f"{store.name} {store.store_id}".lower()}
        totals = {each.store_id: _totals(each) for each in self._footfall.chain(first=first, last=last)}
        known = [totals.get(store_id) or _nothing(store_id) for store_id in sorted(wanted)]
        change = {each.store_id: compare_totals(each).change_share for each in known}
        known.sort(key=lambda each: (change[each.store_id] is None, -abs(change[each.store_id] or 0.0), each.store_id))
        shown = known[offset : offset + limit]
        days = self._footfall.days([each.store_id for each in shown], first=first, last=last)
        usual = sum(each.usual_in for each in known)
        return ChainReview(
            first=first, last=last, shops=len(known),
            visitors=sum(each.people_in for each in known) if any(each.observed_min for each in known) else None,
            change_share=sum(each.matched_in for each in known) / usual - 1.0 if usual > 0.0 else None,
            stores=[review_totals(each, days[each.store_id], first=first, last=last) for each in shown],
        )  # fmt: skip

    def layout(self, store_id: str, *, first: date | None = None, last: date | None = None) -> LayoutView:
        """Review a shop's zones in a window (the last 28 days unless told).

        Raises:
            StoreUnknown, PlanogramMissing: there is no plan to draw.
            MessageInvalid: the window is empty.
        """
        store, planogram = self._stores.store(store_id), self._stores.planogram(store_id)
        last = last or self.today(store)
        first = first or last - timedelta(days=27)
        if first > last:
            raise MessageInvalid(field="from", problem=f"{first} is after to={last}")
        dwell = self._sales.dwell(store_id, zone=store.time_zone, first=first, last=last)
        sales = self.sales(store_id, first=first, last=last)
        counted = self._sales.visits(store_id, zone=store.time_zone, first=first, last=last)
        visits = {zone_id: ZoneVisits(*counts) for zone_id, counts in counted.items()}
        return LayoutView(first=first, last=last, planogram=planogram, review=review_layout(planogram, dwell, sales, visits))

    def sales(self, store_id: str, *, first: date, last: date) -> dict[str, SkuSales]:
        """What each article of a shop sold over the days, both included."""
        return {sku: SkuSales(*sold) for sku, sold in self._sales.sales(store_id, first=first, last=last).items()}

    def concerns(self) -> list[Concern]:
        """What needs a look in the whole chain, the most urgent first."""
        stores, devices, now = self._stores.stores(), self._stores.devices(), self._now()
        found: list[Concern] = []
        for store in stores:
            state = StoreState(
                store_id=store.store_id,
                name=store.name,
                reported_at=store.reported_at,
                devices=[_device(device) for device in devices if device.store_id == store.store_id],
                comparison=self._compared_today(store),
                quarantined=store.quarantined,
            )
            found.extend(concerns(state, now=now))
        order = {"now": 0, "soon": 1, "look": 2}
        return sorted(found, key=lambda concern: order[concern.urgency])

    def _compared_today(self, store: StoreRecord) -> Comparison:
        today = self.today(store)
        return self.footfall([store.store_id], first=today, last=today).stores[0].comparison

    def _chosen(self, store_ids: Sequence[str] | None) -> list[StoreRecord]:
        stores = self._stores.stores()
        if not store_ids:
            return stores
        known = {store.store_id: store for store in stores}
        for store_id in store_ids:
            if store_id not in known:
                raise StoreUnknown(store_id=store_id)
        return [known[store_id] for store_id in dict.fromkeys(store_ids)]


def _see_window(first: date, last: date) -> None:
    if first > last:
        raise MessageInvalid(field="from", problem=f"{first} is after to={last}")
    if (last - first).days >= DAYS_MAX:
        raise MessageInvalid(field="from", problem=f"more than {DAYS_MAX} days; ask for less at once")


def _totals(days: ShopDays) -> ShopTotals:
    return ShopTotals(**msgspec.structs.asdict(days))


def _nothing(store_id: str) -> ShopTotals:
    return ShopTotals(store_id=store_id, people_in=0, observed_min=0.0, doors=1, hours=1, matched_in=0, usual_in=0.0, matched_hours=0)


def _device(device: DeviceRecord) -> DeviceState:
    return DeviceState(
        device_id=device.device_id, state=device.state, last_seen_at=device.last_seen_at, fault_codes=tuple(device.fault_codes)
    )
