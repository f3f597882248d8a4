"""A small shop with tags on its goods, for tests of stock, stock-takes, deliveries and EPCIS events."""

from __future__ import annotations

import json
from typing import Any

from store_hub.entries_goods import DeliveryNotice, NoticeLine
from store_hub.flows.commands import BookPlanogram
from store_hub.flows.rebuild import rebuild
from store_hub.rules.epc import write_epc
from store_hub.rules.epc_identity import read_identity_uri
from wire_format import codec
from wire_format.observations import TagLeft, TagMoved, TagSeen
from wire_format.plans import Product, Rectangle, Zone

GLN = "9521234000006"
GUM_GTIN = "9521234000013"
COLA_GTIN = "04012345123456"
SSCC = "395212340000000014"


def zone(zone_id: str, kind: Any) -> Zone:
    return Zone(zone_id=zone_id, name=zone_id, kind=kind, place=Rectangle(x_m=0.0, y_m=0.0, width_m=1.0, depth_m=1.0))


def gum(serial: int) -> str:
    """A tag on a piece of gum, which stands on a shelf without a scale."""
    return write_epc(read_identity_uri(f"urn:epc:id:sgtin:9521234.000001.{serial}"), "sgtin-96")


def cola(serial: int) -> str:
    return write_epc(read_identity_uri(f"urn:epc:id:sgtin:4012345.012345.{serial}"), "sgtin-96")


CARTON = write_epc(read_identity_uri("urn:epc:id:sscc:9521234.3000000001"), "sscc-96")


def make_tagged(shop: Any, core: Any, **changed: Any) -> Any:
    """Put tags on the small shop's gum, and give it a back room, an aisle and a gate."""
    plan = core.shop_plan()
    products = [
        *(product for product in plan.products if product.sku != "gum"),
        Product(sku="gum", name="Gum", price_minor=99, gtin=GUM_GTIN),
    ]
    zones = [*plan.zones, zone("aisle", "aisle"), zone("store", "back_room"), zone("gate", "entrance")]
    settings = {"products": products, "zones": zones, "version": 2, "gln": GLN, "tagged_skus": ["gum"], **changed}
    shop.ask(BookPlanogram(codec.encode(core.shop_plan(**settings))))
    shop.stamp = core.stamp
    return shop


def see(shop: Any, epc: str, zone_id: str, *, confidence: float = 1.0) -> None:
    shop.clock.at_ms += 1000
    shop.see(TagSeen(**shop.stamp(shop.clock.at_ms), epc=epc, zone_id=zone_id, confidence=confidence))


def leave(shop: Any, epc: str, zone_id: str) -> None:
    shop.clock.at_ms += 1000
    at_ms = shop.clock.at_ms
    shop.see(TagLeft(**shop.stamp(at_ms), epc=epc, zone_id=zone_id, confidence=0.95, last_read_at_ms=at_ms))


def two_minutes_later(shop: Any) -> None:
    """Time passes, and the other shelf says that all is as planned: tags that are still gone are gone for good."""
    shop.weigh(10, 6, after_s=150)


def carry(shop: Any, epc: str, from_zone: str | None, to_zone: str | None, *, door: str | None = "door", confidence: float = 0.9) -> None:
    """A tag is carried through a door (none: only from zone to zone)."""
    shop.clock.at_ms += 1000
    zones = {"from_zone_id": from_zone, "to_zone_id": to_zone}
    shop.see(TagMoved(**shop.stamp(shop.clock.at_ms), epc=epc, confidence=confidence, door_id=door, **zones))


def events(shop: Any) -> list[dict[str, Any]]:
    rows = shop.rows("SELECT payload FROM epcis_events ORDER BY journal_id, line")
    return [json.loads(row[0]) for row in rows]


def is_rebuilt(shop: Any) -> None:
    assert rebuild(shop.path, replace=False, progress=lambda done, total: None).differences == []


def announce(shop: Any, delivery_id: str = "d1") -> None:
    lines = [
        NoticeLine(gtin=GUM_GTIN, units=3, sscc=SSCC),
        NoticeLine(sku="tea", units=6, sscc=SSCC),
        NoticeLine(gtin=COLA_GTIN, units=2),
    ]
    shop.tell(DeliveryNotice(delivery_id=delivery_id, lines=lines, supplier="Sweet & Co"))
