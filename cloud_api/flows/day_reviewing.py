"""A shop's days one by one, with what explains them; and the same of many shops as a table to take away."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from statistics import fmean

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from cloud_api.adapters.footfall_records import DayDetail, FootfallBook
from cloud_api.adapters.passing_records import PassingBook
from cloud_api.adapters.public_holidays import public_holidays
from cloud_api.adapters.store_records import DeviceRecord, StoreBook, StoreRecord
from cloud_api.adapters.written_records import CHAIN, DayNote, WrittenBook
from cloud_api.errors import MessageInvalid, PlanogramMissing
from cloud_api.flows.reviewing import WEEKS_BACK, Reviewing
from cloud_api.rules.day_findings import DayFinding, ShopDay, estimated_visitors, findings
from cloud_api.rules.footfall_review import WATCHED_SHARE_MIN, Watched
from cloud_api.rules.visit_figures import VisitDay, VisitSummary, occupancy, summarise

NOTE_KINDS = ("weather", "event", "other")
_COLUMNS = (
    "store_id", "shop", "day", "visitors", "watched_share", "compared_visitors", "usual_visitors", "change_share", "baskets", "conversion",
    "revenue_minor", "is_holiday", "notes",
)  # fmt: skip


class DayView(msgspec.Struct, frozen=True, kw_only=True):
    """A day of a shop. `estimated_visitors` fills unwatched hours by the usual ones: an estimate, and only where hours are missing.

    `passed_by` and `capture_share` are of the quarters that the line along the street and the doors counted; `stay_s` is seconds a visitor
    in the measured zones; both occupancies are people at the ends of the day's hours.
    """

    day: date
    visitors: int | None
    estimated_visitors: float | None
    watched_share: float
    change_share: float | None
    baskets: int | None
    conversion: float | None
    passed_by: int | None
    capture_share: float | None
    stay_s: float | None
    mean_occupancy: float | None
    peak_occupancy: int | None
    is_holiday: bool
    notes: list[str]


class DaysReview(msgspec.Struct, frozen=True, kw_only=True):
    """A shop's days, what they come to, and what stands out among them. `counts_passers_by`: it has a line along the street."""

    store_id: str
    days: list[DayView]
    visits: VisitSummary
    counts_passers_by: bool
    findings: list[DayFinding]


class DayReviewing:
    """Answers what happened on single days.

    Args:
        now: the wall clock, aware.
    """

    def __init__(
        self, *, reviewing: Reviewing, stores: StoreBook, footfall: FootfallBook, passing: PassingBook, written: WrittenBook,
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._reviewing, self._stores, self._footfall, self._passing = reviewing, stores, footfall, passing
        self._written, self._now = written, now

    def days(self, store_id: str, *, first: date | None = None, last: date | None = None) -> DaysReview:
        """Review a shop's days (the last 14 unless told).

        Raises:
            StoreUnknown: it never reported.
            MessageInvalid: the window is empty or longer than 400 days.
        """
        store = self._stores.store(store_id)
        last = last or self._reviewing.today(store)
        first = first or last - timedelta(days=13)
        since = first - timedelta(weeks=WEEKS_BACK)
        hours = self._reviewing.footfall([store_id], first=since, last=last, by="hour").stores[0].rows
        by_day: dict[date, list[Watched]] = {}
        for row in hours:
            by_day.setdefault(row.day, []).append(row)
        shop_days = self._shop_days([store], first=first, last=last)[store_id]
        lines, visits = self._visits(store, shop_days, by_day, first=first, last=last)
        views = [_view(day, visits[day.day], by_day, self._is_over(day.day, store)) for day in shop_days]
        troubles = [_trouble(device) for device in self._stores.devices(store_id) if device.state == "death" or device.fault_codes]
        counted = [row.day for row in hours if row.people_in is not None]
        began = min(counted, default=first)  # Before that the shop was not here: nothing that stands out.
        past = [day for day in shop_days if day.day >= began and self._is_over(day.day, store)]
        return DaysReview(
            store_id=store_id, days=views, visits=summarise(list(visits.values())), counts_passers_by=bool(lines),
            findings=findings(past, troubles=troubles),
        )  # fmt: skip

    def table(self, store_ids: Sequence[str] | None, *, first: date, last: date) -> list[tuple[object, ...]]:
        """One row a shop and day, in the order of the columns of the file.

        Raises:
            MessageInvalid: the window is empty or longer than 400 days.
        """
        if not 0 <= (last - first).days < 400:
            raise MessageInvalid(field="from", problem=f"{first} to {last}; ask for 1 to 400 days")
        stores = [store for store in self._stores.stores() if store_ids is None or store.store_id in store_ids]
        days = self._shop_days(stores, first=first, last=last)
        return [
            (
                store.store_id, store.name, day.day, day.people_in, round(day.watched_share, 3), day.matched_in,
                round(day.usual_in, 1) if day.matched_hours else None, day.change_share, day.baskets, day.conversion, day.revenue_minor,
                day.is_holiday, "; ".join(day.notes),
            )
            for store in stores for day in days[store.store_id]
        ]  # fmt: skip

    def _shop_days(self, stores: Sequence[StoreRecord], *, first: date, last: date) -> dict[str, list[ShopDay]]:
        names = [store.store_id for store in stores]
        counted: dict[str, dict[date, DayDetail]] = {name: {} for name in names}
        for detail in self._footfall.details(names, first=first, last=last):
            counted[detail.store_id][detail.day] = detail
        notes = self._written.notes(first=first, last=last, store_ids=names)
        return {store.store_id: _days_of(store, counted[store.store_id], notes, first, last) for store in stores}

    def _visits(
        self, store: StoreRecord, days: Sequence[ShopDay], by_day: dict[date, list[Watched]], *, first: date, last: date
    ) -> tuple[list[str], dict[date, VisitDay]]:
        """The shop's lines along the street, and of each day its visits."""
        try:
            planogram = self._stores.planogram(store.store_id)
        except PlanogramMissing:
            return [], {day.day: VisitDay(day=day.day) for day in days}
        lines = [door.door_id for door in planogram.doors if door.kind == "street"]
        zones = [zone.zone_id for zone in planogram.zones if zone.kind != "back_room"]
        passed = self._passing.passed(store.store_id, lines, zone=store.time_zone, first=first, last=last)
        stay = self._passing.stay_person_s(store.store_id, zones, zone=store.time_zone, first=first, last=last)
        return lines, {day.day: _visit_day(day, passed.get(day.day), stay.get(day.day), by_day.get(day.day, [])) for day in days}

    def _is_over(self, day: date, store: StoreRecord) -> bool:
        return day < self._reviewing.today(store)


def as_csv(rows: Sequence[tuple[object, ...]]) -> bytes:
    """The table as CSV with a head; what is missing is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows([_safe(value) for value in row] for row in rows)
    return text.getvalue().encode()


def as_parquet(rows: Sequence[tuple[object, ...]]) -> bytes:
    """The table as Parquet; what is missing is null."""
    types = (pa.string(), pa.string(), pa.date32(), pa.int64(), pa.float64(), pa.int64(), pa.float64(), pa.float64(), pa.int64(),
             pa.float64(), pa.int64(), pa.bool_(), pa.string())  # fmt: skip
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(_COLUMNS)
    arrays = [pa.array(list(values), type=kind) for values, kind in zip(columns, types, strict=True)]
    sink = io.BytesIO()
    pq.write_table(pa.table(dict(zip(_COLUMNS, arrays, strict=True))), sink)
    return sink.getvalue()


def notes_from_csv(body: bytes) -> list[DayNote]:
    """Notes from a file with the columns `store_id` (`*` for all shops), `day`, `kind`, `words`.

    Raises:
        MessageInvalid: with the line that does not fit.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error) as error:
        raise MessageInvalid(field="body", problem=f"no CSV in UTF-8: {error}") from None
    notes = []
    for line, row in enumerate(rows, start=2):
        try:
            notes.append(note(row["store_id"] or CHAIN, row["day"], row["kind"], row["words"]))
        except (KeyError, TypeError):
            raise MessageInvalid(field=f"line {line}", problem="needs the columns store_id, day, kind, words") from None
        except MessageInvalid as error:
            raise MessageInvalid(field=f"line {line}, {error.field}", problem=error.problem) from None
    return notes


def note(store_id: str, day: str, kind: str, words: str) -> DayNote:
    """A note, checked.

    Raises:
        MessageInvalid: no such day or kind, or too many words.
    """
    if kind not in NOTE_KINDS:
        raise MessageInvalid(field="kind", problem=f"{kind!r}; write {', '.join(NOTE_KINDS)}")
    if len(words) > 200:
        raise MessageInvalid(field="words", problem=f"{len(words)} letters; at most 200")
    try:
        return DayNote(store_id=store_id, day=date.fromisoformat(day), kind=kind, words=words.strip())
    except ValueError:
        raise MessageInvalid(field="day", problem=f"{day!r} is no day; write 2026-11-22") from None


def _safe(value: object) -> object:
    """A name that begins like a formula is only a name, whatever the spreadsheet thinks."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value


def _days_of(store: StoreRecord, counted: dict[date, DayDetail], notes: Sequence[DayNote], first: date, last: date) -> list[ShopDay]:
    free = public_holidays(store.time_zone, first, last)
    whole_min = 60.0 * max((max(1, each.doors) for each in counted.values()), default=1)
    whole_min *= max((max(1, each.hours) for each in counted.values()), default=1)
    days = []
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        told = tuple(each.words for each in notes if each.day == day and each.store_id in (CHAIN, store.store_id))
        seen = counted.get(day)
        if seen is None or seen.observed_min <= 0.0:
            days.append(ShopDay(day=day, people_in=None, watched_share=0.0, is_holiday=day in free, notes=told))
            continue
        days.append(
            ShopDay(
                day=day, people_in=seen.people_in, watched_share=min(1.0, seen.observed_min / whole_min), matched_in=seen.matched_in,
                usual_in=seen.usual_in, matched_hours=seen.matched_hours, baskets=seen.baskets, revenue_minor=seen.revenue_minor,
                is_holiday=day in free, notes=told,
            )
        )  # fmt: skip
    return days


def _visit_day(day: ShopDay, passed: tuple[int, int] | None, stay: float | None, hours: Sequence[Watched]) -> VisitDay:
    is_whole = day.watched_share >= WATCHED_SHARE_MIN
    inside = occupancy(hours) if is_whole else []
    return VisitDay(
        day=day.day, passed_by=passed[0] if passed else None, captured_in=passed[1] if passed else None,
        stay_person_s=stay if is_whole else None, stayed=day.people_in if is_whole else None,
        most_inside=max(inside, default=None), mean_inside=fmean(inside) if inside else None,
    )  # fmt: skip


def _view(day: ShopDay, visit: VisitDay, by_day: dict[date, list[Watched]], is_over: bool) -> DayView:
    rows = by_day.get(day.day, [])
    usual: dict[int, list[int]] = {}
    for back in range(1, WEEKS_BACK + 1):
        for row in by_day.get(day.day - timedelta(weeks=back), []):
            if row.is_whole and row.people_in is not None and row.hour is not None:
                usual.setdefault(row.hour, []).append(row.people_in)
    means = {hour: fmean(values) for hour, values in usual.items() if fmean(values) > 0.0}
    return DayView(
        day=day.day, visitors=day.people_in, estimated_visitors=estimated_visitors(rows, means) if is_over else None,
        watched_share=day.watched_share, change_share=day.change_share, baskets=day.baskets, conversion=day.conversion,
        passed_by=visit.passed_by, capture_share=visit.capture_share, stay_s=visit.stay_s, mean_occupancy=visit.mean_inside,
        peak_occupancy=visit.most_inside, is_holiday=day.is_holiday, notes=list(day.notes),
    )  # fmt: skip


def _trouble(device: DeviceRecord) -> str:
    if device.state == "death":
        return f"{device.device_id} has been silent since {device.last_seen_at:%d.%m. %H:%M} UTC"
    return f"{device.device_id} reports {', '.join(device.fault_codes).replace('_', ' ')}"
