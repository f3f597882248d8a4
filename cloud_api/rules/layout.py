"""Ranks the zones of a shop by how long people stay and by what each metre of shelf sells, and says where the two disagree.

It proposes no move and promises no gain: it shows where people are and the money is not, and the reverse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

import msgspec

from wire_format.plans import Bay, Planogram, Product, Rectangle, Zone

HOT_SHARE = 1.25
LOW_SHARE = 0.8
ZONES_MIN = 3
"""Fewer zones with shelves than this have no middle to be compared with."""
_REACH_M = 0.6
_NOT_SHOPPED_IN = frozenset({"queue", "till", "back_room"})
"""People wait or work there: a long stay says nothing about the goods."""


class BayFigures(msgspec.Struct, frozen=True, kw_only=True):
    """A bay with what it sold; `zone_id` is where its shoppers stand."""

    bay_id: str
    name: str
    zone_id: str | None
    shelf_m: float
    units_sold: int
    revenue_minor: int
    revenue_minor_per_m: float | None
    margin_minor: int = 0
    margin_minor_per_m: float | None = None
    units_picked: int = 0


class ZoneFigures(msgspec.Struct, frozen=True, kw_only=True):
    """A zone with its dwell and its shelves' sales. None is missing: no dwell on record, or no shelf in the zone."""

    zone_id: str
    name: str
    kind: str
    area_m2: float
    dwell_person_s: float | None
    dwell_person_s_per_m2: float | None
    shelf_m: float
    units_sold: int | None
    revenue_minor: int | None
    revenue_minor_per_m: float | None
    dwell_rank: int | None
    revenue_rank: int | None
    finding: str
    entries: int | None = None
    stopped: int | None = None
    units_picked: int | None = None
    margin_minor_per_m: float | None = None


class LayoutReview(msgspec.Struct, frozen=True, kw_only=True):
    """The zones, longest dwell per square metre first, and the sentence of the page."""

    store_id: str
    sentence: str
    zones: list[ZoneFigures]
    bays: list[BayFigures]


class SkuSales(msgspec.Struct, frozen=True):
    """What an article sold in the window."""

    units_sold: int
    revenue_minor: int
    units_picked: int = 0


class ZoneVisits(msgspec.Struct, frozen=True):
    """What a camera counted in a zone in the window; None where it counts no visits."""

    entries: int | None = None
    stopped: int | None = None


def review_layout(
    planogram: Planogram,
    dwell_person_s: Mapping[str, float],
    sales: Mapping[str, SkuSales],
    visits: Mapping[str, ZoneVisits] | None = None,
) -> LayoutReview:
    """Join a planogram with the stay in its zones and the sales of its articles over the same days.

    Args:
        dwell_person_s: zone → person-seconds; a zone that is not there was not watched.
        sales: SKU → sales; an article that stands in several places is divided by the width of its facings.
        visits: zone → visits and stops, where a camera counts them.
    """
    shares = facing_shares(planogram)
    bays = [_bay(bay, planogram, shares, sales) for bay in planogram.bays]
    zones = [
        _zone(
            zone,
            [bay for bay in bays if bay.zone_id == zone.zone_id],
            dwell_person_s.get(zone.zone_id),
            (visits or {}).get(zone.zone_id, ZoneVisits()),
        )
        for zone in planogram.zones
    ]
    ranked = _with_findings(_with_ranks(zones))
    ranked.sort(key=lambda zone: (zone.dwell_rank is None, zone.dwell_rank or 0, zone.zone_id))
    return LayoutReview(store_id=planogram.store_id, sentence=_sentence(ranked), zones=ranked, bays=bays)


def zone_of_bay(bay: Bay, zones: Sequence[Zone]) -> str | None:
    """The zone in which a shopper stands who takes from the bay; where zones overlap, the smallest."""
    x_m, y_m = in_front(bay)
    holding = [zone for zone in zones if _holds(zone.place, x_m, y_m)] or [
        zone for zone in zones if _holds(zone.place, *_middle(bay.place))
    ]
    smallest = min(holding, key=lambda zone: (zone.place.width_m * zone.place.depth_m, zone.zone_id), default=None)
    return smallest.zone_id if smallest else None


def facing_shares(planogram: Planogram) -> dict[str, float]:
    """How wide each article stands in the whole shop, metres, by SKU."""
    width_by_sku: dict[str, float] = {}
    for facing in (facing for bay in planogram.bays for shelf in bay.shelves for facing in shelf.facings):
        width_by_sku[facing.sku] = width_by_sku.get(facing.sku, 0.0) + facing.width_m
    return width_by_sku


def unit_margin_minor(product: Product, sold: SkuSales) -> float:
    """What a unit earned: its price as sold less its cost; the whole price where the cost is not known."""
    price = sold.revenue_minor / sold.units_sold if sold.units_sold > 0 else float(product.price_minor or 0)
    return price - (product.cost_minor or 0)


def _bay(bay: Bay, planogram: Planogram, width_by_sku: Mapping[str, float], sales: Mapping[str, SkuSales]) -> BayFigures:
    products = {product.sku: product for product in planogram.products}
    units, revenue, margin, picked = 0.0, 0.0, 0.0, 0.0
    for facing in (facing for shelf in bay.shelves for facing in shelf.facings):
        sold = sales.get(facing.sku)
        if sold is not None:
            share = facing.width_m / width_by_sku[facing.sku]
            units, revenue = units + sold.units_sold * share, revenue + sold.revenue_minor * share
            picked += sold.units_picked * share
            margin += unit_margin_minor(products[facing.sku], sold) * sold.units_sold * share if facing.sku in products else 0.0
    shelf_m = sum(shelf.width_m for shelf in bay.shelves)
    return BayFigures(
        bay_id=bay.bay_id,
        name=bay.name,
        zone_id=zone_of_bay(bay, planogram.zones),
        shelf_m=shelf_m,
        units_sold=round(units),
        units_picked=round(picked),
        revenue_minor=round(revenue),
        revenue_minor_per_m=revenue / shelf_m if shelf_m else None,
        margin_minor=round(margin),
        margin_minor_per_m=margin / shelf_m if shelf_m else None,
    )


def _zone(zone: Zone, bays: Sequence[BayFigures], dwell_person_s: float | None, visits: ZoneVisits) -> ZoneFigures:
    area_m2 = zone.place.width_m * zone.place.depth_m
    shelf_m = sum(bay.shelf_m for bay in bays)
    revenue = sum(bay.revenue_minor for bay in bays)
    return ZoneFigures(
        zone_id=zone.zone_id,
        name=zone.name,
        kind=zone.kind,
        area_m2=area_m2,
        dwell_person_s=dwell_person_s,
        dwell_person_s_per_m2=None if dwell_person_s is None else dwell_person_s / area_m2,
        shelf_m=shelf_m,
        units_sold=sum(bay.units_sold for bay in bays) if shelf_m else None,
        revenue_minor=revenue if shelf_m else None,
        revenue_minor_per_m=revenue / shelf_m if shelf_m else None,
        dwell_rank=None,
        revenue_rank=None,
        finding="",
        entries=visits.entries,
        stopped=visits.stopped,
        units_picked=sum(bay.units_picked for bay in bays) if shelf_m else None,
        margin_minor_per_m=sum(bay.margin_minor for bay in bays) / shelf_m if shelf_m else None,
    )


def _with_ranks(zones: Sequence[ZoneFigures]) -> list[ZoneFigures]:
    dwell = sorted((zone.dwell_person_s_per_m2 for zone in zones if zone.dwell_person_s_per_m2 is not None), reverse=True)
    revenue = sorted((zone.revenue_minor_per_m for zone in zones if zone.revenue_minor_per_m is not None), reverse=True)
    return [
        msgspec.structs.replace(
            zone,
            dwell_rank=None if zone.dwell_person_s_per_m2 is None else dwell.index(zone.dwell_person_s_per_m2) + 1,
            revenue_rank=None if zone.revenue_minor_per_m is None else revenue.index(zone.revenue_minor_per_m) + 1,
        )
        for zone in zones
    ]


def _with_findings(zones: Sequence[ZoneFigures]) -> list[ZoneFigures]:
    comparable = [(zone, *figures) for zone in zones if (figures := _figures(zone)) is not None]
    if len(comparable) < ZONES_MIN:
        return list(zones)
    middle_dwell = median(dwell for _, dwell, _ in comparable)
    middle_revenue = median(revenue for _, _, revenue in comparable)
    findings: dict[str, str] = {}
    for zone, dwell, revenue in comparable:
        if dwell >= HOT_SHARE * middle_dwell and revenue <= LOW_SHARE * middle_revenue:
            findings[zone.zone_id] = "hot but sells little"
        elif dwell <= LOW_SHARE * middle_dwell and revenue >= HOT_SHARE * middle_revenue:
            findings[zone.zone_id] = "sells but is hard to find"
    return [msgspec.structs.replace(zone, finding=findings.get(zone.zone_id, "")) for zone in zones]


def _figures(zone: ZoneFigures) -> tuple[float, float] | None:
    if zone.kind in _NOT_SHOPPED_IN or zone.dwell_person_s_per_m2 is None or zone.revenue_minor_per_m is None:
        return None
    return zone.dwell_person_s_per_m2, zone.revenue_minor_per_m


def _sentence(zones: Sequence[ZoneFigures]) -> str:
    hot = [zone.name for zone in zones if zone.finding == "hot but sells little"]
    hidden = [zone.name for zone in zones if zone.finding == "sells but is hard to find"]
    if hot:
        return f"People stay in {_listed(hot)}, but little is sold there"
    if hidden:
        return f"{_listed(hidden)} sells well though few stop there"
    if not any(zone.dwell_person_s is not None for zone in zones):
        return "No stay has been measured on this floor yet"
    if sum(1 for zone in zones if _figures(zone) is not None) < ZONES_MIN:
        return "Too few zones with shelves to tell hot from cold"
    return "Where people stay, they buy: no zone stands out"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def in_front(bay: Bay) -> tuple[float, float]:
    """Where a shopper stands who takes from the bay, metres on the plan."""
    x_m, y_m = _middle(bay.place)
    match bay.faces:
        case "north":
            return x_m, bay.place.y_m - _REACH_M
        case "south":
            return x_m, bay.place.y_m + bay.place.depth_m + _REACH_M
        case "east":
            return bay.place.x_m + bay.place.width_m + _REACH_M, y_m
        case "west":
            return bay.place.x_m - _REACH_M, y_m


def _middle(place: Rectangle) -> tuple[float, float]:
    return place.x_m + place.width_m / 2, place.y_m + place.depth_m / 2


def _holds(place: Rectangle, x_m: float, y_m: float) -> bool:
    return place.x_m <= x_m <= place.x_m + place.width_m and place.y_m <= y_m <= place.y_m + place.depth_m
