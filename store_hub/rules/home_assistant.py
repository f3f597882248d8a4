"""What a home automation sees of a shop: one device with a sensor for each place on a shelf, for people and for alerts.

Source of the format: Home Assistant's MQTT integration, "device discovery" (one retained document describes a device and all its
components). Openhab and others read the same documents.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from wire_format import topics
from wire_format.plans import Planogram

ONLINE = b"online"
OFFLINE = b"offline"

_ID = re.compile(r"[^A-Za-z0-9_-]")


class PlaceState(NamedTuple):
    """What is believed to be at one place. `alert`: None, or the kind of what is open there."""

    shelf_id: str
    sku: str
    units: float
    low: float | None
    high: float | None
    alert: str | None


class ShopState(NamedTuple):
    """What is known of the whole shop. None means not known."""

    people_now: int | None
    visitors_today: int | None
    open_alerts: int


def discovery_topic(prefix: str, store_id: str) -> str:
    """Where the device is described, retained."""
    return f"{prefix}/device/aislewise-{_id(store_id)}/config"


def discovery(plan: Planogram, *, version: str, page_url: str | None, gone: Iterable[str] = ()) -> bytes:
    """Return the document that describes the shop.

    Args:
        version: of the hub.
        page_url: the hub's pages as phones in the shop see them.
        gone: components of an earlier document that are no more, so that they disappear.
    """
    device: dict[str, Any] = {
        "identifiers": [f"aislewise-{plan.store_id}"],
        "name": plan.name,
        "manufacturer": "Aislewise",
        "model": "Store hub",
        "sw_version": version,
    }
    if page_url is not None:
        device["configuration_url"] = page_url
    document = {
        "device": device,
        "origin": {"name": "Aislewise", "sw_version": version},
        "availability_topic": topics.home(plan.store_id, "availability"),
        "payload_available": ONLINE.decode(),
        "payload_not_available": OFFLINE.decode(),
        "components": {**{name: {"platform": name.split("-")[0]} for name in gone}, **_components(plan)},
    }
    return msgspec.json.encode(document)


def component_names(plan: Planogram) -> set[str]:
    """The components that `discovery` describes."""
    return set(_components(plan))


def states(store_id: str, places: Iterable[PlaceState], shop: ShopState) -> Mapping[str, bytes]:
    """Return what is to be published, retained: topic → JSON."""
    told = {
        place_topic(store_id, place.shelf_id, place.sku): msgspec.json.encode(
            {
                "units": round(place.units, 1),
                "low": place.low,
                "high": place.high,
                "problem": "ON" if place.alert is not None else "OFF",
                "alert": place.alert,
            }
        )
        for place in places
    }
    told[topics.home(store_id, "shop")] = msgspec.json.encode(shop._asdict())
    return told


def place_topic(store_id: str, shelf_id: str, sku: str) -> str:
    """Where the state of one place is told."""
    return topics.home(store_id, f"place/{shelf_id}/{sku}")


def _components(plan: Planogram) -> dict[str, dict[str, Any]]:
    names = {product.sku: product.name for product in plan.products}
    found: dict[str, dict[str, Any]] = {}
    for bay in plan.bays:
        for shelf in bay.shelves:
            for facing in shelf.facings:
                key = _id(f"{shelf.shelf_id}/{facing.sku}")
                place = f"{names.get(facing.sku, facing.sku)} · {bay.name}, {shelf.level}"
                topic = place_topic(plan.store_id, shelf.shelf_id, facing.sku)
                common = {"state_topic": topic, "json_attributes_topic": topic}
                found[f"sensor-{key}"] = {
                    "platform": "sensor",
                    "unique_id": f"aislewise-{plan.store_id}-{key}-units",
                    "name": place,
                    "value_template": "{{ value_json.units }}",
                    "unit_of_measurement": "units",
                    "state_class": "measurement",
                    "icon": "mdi:package-variant-closed",
                    **common,
                }
                found[f"binary_sensor-{key}"] = {
                    "platform": "binary_sensor",
                    "unique_id": f"aislewise-{plan.store_id}-{key}-low",
                    "name": f"{place} runs low",
                    "value_template": "{{ value_json.problem }}",
                    "device_class": "problem",
                    **common,
                }
    return found | _shop_components(plan.store_id)


def _shop_components(store_id: str) -> dict[str, dict[str, Any]]:
    """People and alerts. A value that is not known is told as unknown, never as zero."""
    found = {}
    for field, name, unit, icon, state_class in (
        ("people_now", "In the shop now", "people", "mdi:account-group", "measurement"),
        ("visitors_today", "Visitors today", "people", "mdi:walk", "total_increasing"),
        ("open_alerts", "Open alerts", "alerts", "mdi:alert-outline", "measurement"),
    ):
        found[f"sensor-{field}"] = {
            "platform": "sensor",
            "unique_id": f"aislewise-{store_id}-{field}",
            "name": name,
            "state_topic": topics.home(store_id, "shop"),
            "value_template": f"{{{{ value_json.{field} }}}}",
            "unit_of_measurement": unit,
            "state_class": state_class,
            "icon": icon,
        }
    return found


def _id(name: str) -> str:
    """A name of the letters that a home automation allows in one; where others had to go, a fingerprint keeps two names two."""
    cleaned = _ID.sub("_", name)
    return cleaned if cleaned == name else f"{cleaned}_{hashlib.blake2b(name.encode(), digest_size=3).hexdigest()}"
