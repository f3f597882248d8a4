"""Turns entries of the journal into points of the history mirror. Whatever is no number stays in the ledger."""

from __future__ import annotations

from collections import defaultdict

from store_hub.entries import Sale
from store_hub.rows.mirror import DeviceHealthFigures, JournalEntry, MirrorPoint, StockFigures
from store_hub.rules.journal_words import Said
from store_hub.rules.withholding import is_small
from wire_format.observations import DoorCrossing, FloorDwell, FloorZones, QueueLength, ShelfWeight, ZoneStay


def entry_points(entry: JournalEntry, said: Said, store_id: str, *, people_min: int = 1) -> list[MirrorPoint]:
    """Return the points of an entry; none for what has no numbers. Where fewer than `people_min` people stand behind one, it says
    `withheld` in place of their figures.
    """
    store = {"store": store_id}
    match said:
        case ShelfWeight():
            fields = _known(weight_g=said.weight_g, spread_g=said.spread_g, temperature_c=said.temperature_c, drift_g=said.drift_g)
            return [MirrorPoint("shelf_weight", store | {"shelf": said.shelf_id}, fields, entry.happened_at_ms)]
        case DoorCrossing():
            fields = _known(
                people_in=said.people_in, people_out=said.people_out, staff_in=said.staff_in or None, staff_out=said.staff_out or None
            )
            small = any(is_small(int(people), people_min) for people in fields.values())
            fields = _withheld(fields, small) | _known(observed_s=said.duration_ms / 1000)
            return [MirrorPoint("door", store | {"door": said.door_id}, fields, _started_ms(entry, said))]
        case FloorDwell():
            small = bool(said.cells) and people_min > 1 and (said.people or 0) < people_min
            fields = _withheld(_known(dwell_person_s=sum(cell.person_s for cell in said.cells), people=said.people), small)
            fields |= _known(observed_s=said.duration_ms / 1000)
            return [MirrorPoint("floor", store | {"area": said.area_id}, fields, _started_ms(entry, said))]
        case QueueLength():
            fields = _known(people_mean=said.people_mean, people_max=said.people_max, waits=said.waits, waited_s=said.waited_s)
            fields = _withheld(fields, is_small(said.people_max, people_min) or is_small(said.waits, people_min))
            return [MirrorPoint("queue", store | {"zone": said.zone_id}, fields, _started_ms(entry, said))]
        case FloorZones():
            return [_zone_point(entry, said, zone, store, people_min) for zone in said.zones]
        case Sale():
            return _sale_points(entry, said, store)
    return []


def stock_point(stock: StockFigures, store_id: str) -> MirrorPoint:
    """Return the point of a stock that changed."""
    tags = {"store": store_id, "sku": stock.sku, "place": stock.place}
    return MirrorPoint("stock", tags, _known(units=stock.units, low=stock.low, high=stock.high), stock.updated_at_ms)


def device_point(device: DeviceHealthFigures, store_id: str) -> MirrorPoint:
    """Return the point of a device that was heard of."""
    fields = _known(
        outbox_depth=device.outbox_depth, faults=device.faults, temperature_c=device.temperature_c, disk_free_mb=device.disk_free_mb
    )
    return MirrorPoint("device", {"store": store_id, "device": device.device_id}, fields, device.last_seen_at_ms)


def _zone_point(entry: JournalEntry, said: FloorZones, zone: ZoneStay, store: dict[str, str], people_min: int) -> MirrorPoint:
    fields = _known(entries=zone.entries, person_s=zone.person_s, stopped=zone.stopped, stopped_s=zone.stopped_s)
    fields = _withheld(fields, people_min > 1 and zone.person_s > 0 and zone.entries < people_min)
    return MirrorPoint("zone", store | {"zone": zone.zone_id}, fields, _started_ms(entry, said))


def _withheld(fields: dict[str, float], withheld: bool) -> dict[str, float]:
    return {"withheld": 1.0} if withheld else fields


def _started_ms(entry: JournalEntry, said: DoorCrossing | FloorDwell | FloorZones | QueueLength) -> int:
    """When an interval began, in true time."""
    return said.started_at_ms + entry.happened_at_ms - said.observed_at_ms


def _sale_points(entry: JournalEntry, sale: Sale, store: dict[str, str]) -> list[MirrorPoint]:
    """One point an article: two lines of the same article would have one place in the series, and the later one would win."""
    units: dict[str, float] = defaultdict(float)
    revenue_minor: dict[str, float] = {}
    for line in sale.lines:
        units[line.sku] += line.units
        if line.price_minor is not None:
            revenue_minor[line.sku] = revenue_minor.get(line.sku, 0.0) + line.units * line.price_minor
    return [
        MirrorPoint(
            "sale",
            store | {"sku": sku, "till": sale.till},
            _known(units=sold, revenue_minor=revenue_minor.get(sku)),
            entry.happened_at_ms,
        )
        for sku, sold in units.items()
    ]


def _known(**fields: float | None) -> dict[str, float]:
    """Always floats: a series whose first value was whole must not refuse the next one."""
    return {name: float(value) for name, value in fields.items() if value is not None}
