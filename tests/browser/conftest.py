"""A chain of three shops for the planner's pages: a usual one, one with fewer visitors and a day nobody watched, and a new one."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hub_in_a_browser import browser, hub, make_hub, phone, watch
from playwright.sync_api import expect

from wire_format.plans import Door, Planogram, Zone
from wire_format.reports import AnyFact, BasketDay, CategoryPair, DeviceFact, DoorQuarter, SkuDay, SkuQuarter, ZoneQuarter

__all__ = ["browser", "hub", "make_hub", "phone", "three_shops", "watch"]  # Fixtures of this folder.
QUARTER = timedelta(minutes=15)
expect.set_options(timeout=60_000)  # What must appear may do so late on a machine that does much else.


@pytest.fixture(scope="session")
def three_shops(repository: Path) -> list[tuple[Planogram, list[AnyFact]]]:
    """Planograms with some weeks of reports up to now. One name is such that a browser would take it for a mark."""
    usual = corner_shop(repository, "corner-shop", "Corner shop", (52.52, 13.405))
    fewer = corner_shop(repository, "north-shop", "North & <Co>", (53.551, 9.994))
    begun = corner_shop(repository, "harbour-shop", "Harbour shop")
    seen_ms = int((datetime.now(UTC) - timedelta(hours=3)).timestamp() * 1000)
    silent = DeviceFact(sequence=1, device_id="door-camera", state="death", last_seen_at_ms=seen_ms, agent_version="0.1.0", outbox_depth=0)
    return [
        (usual, trade(usual, days=34, seed=1)),
        (fewer, trade(fewer, days=34, seed=2, quiet_share=0.6, gap_day=5)),
        (begun, [*trade(begun, days=2, seed=3), silent]),
    ]


def corner_shop(repository: Path, store_id: str, name: str, place_deg: tuple[float, float] | None = None) -> Planogram:
    """The demo's shop under another name; one that says where it is also counts who passes by."""
    plan = msgspec.json.decode((repository / "demo" / "planogram.json").read_bytes(), type=Planogram)
    if place_deg is None:
        return msgspec.structs.replace(plan, store_id=store_id, name=name)
    street = Door(door_id="pavement", name="Pavement", x1_m=0, y1_m=plan.depth_m, x2_m=0, y2_m=plan.depth_m + 3, kind="street")
    return msgspec.structs.replace(
        plan, store_id=store_id, name=name, doors=[*plan.doors, street], latitude_deg=place_deg[0], longitude_deg=place_deg[1]
    )


def trade(plan: Planogram, *, days: int, seed: int, quiet_share: float = 1.0, gap_day: int | None = None) -> list[AnyFact]:
    """Some weeks of a shop's reports up to now: a morning and an evening peak, a busy Saturday, steady sales of every article."""
    chance, zone = random.Random(seed), ZoneInfo(plan.time_zone)
    now = datetime.now(zone)
    facts: list[AnyFact] = []
    for back in range(days, -1, -1):
        day = (now - timedelta(days=back)).date()
        if back != gap_day:
            for quarter in range(8 * 4, 20 * 4):
                at = datetime(day.year, day.month, day.day, quarter // 4, quarter % 4 * 15, tzinfo=zone)
                if at + QUARTER <= now:
                    busy = (1.3 if day.weekday() == 5 else 1.0) * (
                        quiet_share if back < 4 else 1.0
                    )  # Three whole days, however early it is today.
                    facts += _quarter(plan, at, busy, chance, with_zones=back < 8 and quarter % 4 == 0)
        if back > 0:
            facts += [_sku_day(product.sku, product.price_minor or 100, day.isoformat(), chance) for product in plan.products]
            facts.append(_basket_day(plan, day.isoformat()))
    started_ms = int((now - QUARTER).timestamp() * 1000) // 900_000 * 900_000
    facts += [_stock(product.sku, chance.choice((2, 5, 9, 14, 22, 30)), started_ms) for product in plan.products]
    return facts


def _quarter(plan: Planogram, at: datetime, busy: float, chance: random.Random, *, with_zones: bool) -> list[AnyFact]:
    hour = at.hour + at.minute / 60
    mean = busy * (3 + 7 * math.exp(-((hour - 12) ** 2) / 4) + 9 * math.exp(-((hour - 17.5) ** 2) / 3))
    people = max(0, round(chance.gauss(mean, mean**0.5)))
    started_ms = int(at.timestamp() * 1000)
    door = DoorQuarter(
        sequence=1, quarter_started_at_ms=started_ms, door_id=plan.doors[0].door_id, people_in=people, people_out=people, observed_min=15.0
    )
    passed = ZoneQuarter(sequence=1, quarter_started_at_ms=started_ms, zone_id="pavement", dwell_person_s=0.0, entries=5 * people + 20)
    return [
        door,
        *([passed] if with_zones and len(plan.doors) > 1 else []),
        *(_dwell(zone, started_ms, people, chance) for zone in plan.zones if with_zones and zone.kind != "back_room"),
    ]


def _dwell(zone: Zone, started_ms: int, people: int, chance: random.Random) -> ZoneQuarter:
    seconds = {"queue": 95, "till": 30, "entrance": 14, "aisle": 60}.get(zone.kind, 25) * (2.2 if zone.zone_id == "dear-goods" else 1.0)
    return ZoneQuarter(
        sequence=1, quarter_started_at_ms=started_ms, zone_id=zone.zone_id, dwell_person_s=max(0.0, people * chance.gauss(seconds, 8))
    )


def _counts(units: int) -> dict[str, Any]:
    return {"units_sold": units, "units_picked": max(0, units), "units_put_back": 0, "units_received": 0, "units_lost": 0}


def _sku_day(sku: str, price_minor: int, day: str, chance: random.Random) -> SkuDay:
    units = max(0, round(chance.gauss(6 if price_minor < 400 else 1.2, 2)))
    levels = dict.fromkeys(("opening_units", "closing_units", "closing_low_units", "closing_high_units"))
    return SkuDay(sequence=1, day=day, sku=sku, **_counts(units), **levels, out_of_stock_min=0.0, revenue_minor=units * price_minor)


def _basket_day(plan: Planogram, day: str) -> BasketDay:
    """What is bought together: most of all the first category and the last, which stand far apart."""
    names = sorted({product.category for product in plan.products} - {""})
    pairs = [CategoryPair(first=one, second=other, baskets=4) for one, other in combinations(names, 2)]
    pairs[len(names) - 2] = CategoryPair(first=names[0], second=names[-1], baskets=40)
    return BasketDay(sequence=1, day=day, baskets=120, categories=dict.fromkeys(names, 30), pairs=pairs)


def _stock(sku: str, units: int, started_ms: int) -> SkuQuarter:
    levels = {"opening_units": units, "closing_units": units, "closing_low_units": units - 1, "closing_high_units": units + 1}
    return SkuQuarter(sequence=1, quarter_started_at_ms=started_ms, sku=sku, **_counts(0), **levels, out_of_stock_min=0.0, revenue_minor=0)
