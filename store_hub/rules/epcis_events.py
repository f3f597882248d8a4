"""Tells what happens in the shop as EPCIS 2.0 events, in the words of GS1's Core Business Vocabulary 2.0.

| What happened | bizStep | disposition |
|---|---|---|
| a tag that is new to the shop, in the back room | arriving | in_progress |
| a tag from the back room, on the floor | stocking | sellable_accessible |
| a tag from the floor, in the back room | storing | sellable_not_accessible |
| any other tag in another zone than before | none: it was observed | sellable_accessible or …_not_accessible |
| a tag that left at the entrance and is nowhere else, or went out of a door | departing | unknown |
| a receipt | retail_selling | retail_sold |
| goods given back at the till | accepting | returned |
| a delivery | receiving | in_progress |
| an accepted line of a stock-take | stock_taking | none |

Of a tag that went through a door, the door is the readPoint and the zone behind it the bizLocation. A tag without a GS1 identity (raw
bits) makes no event: there is no name to tell it by. Every event is named by its content, so that a rebuild of the ledger names it the
same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from store_hub.rules.epc import gtin_14
from store_hub.rules.epc_gs1 import GS1_RESOLVER
from store_hub.rules.epcis_hash import event_id
from store_hub.rules.epcis_values import written_second
from store_hub.rules.epcis_words import AGGREGATION, OBJECT
from wire_format.plans import Planogram

Event = dict[str, Any]

_HIDDEN = "sellable_not_accessible"
_OPEN = "sellable_accessible"
BACK_ROOM_KIND, ENTRANCE_KIND = "back_room", "entrance"


class EventMaker:
    """Knows the shop's places, articles and time zone."""

    def __init__(self) -> None:
        self._store_uri = ""
        self._with_gln = False
        self._kinds: dict[str, str] = {}
        self._back_room = "back_room"
        self._gtins: dict[str, str] = {}
        self._zone = ZoneInfo("UTC")

    def use_planogram(self, planogram: Planogram) -> None:
        """Speak of this planogram's places and articles from now on."""
        self._with_gln = planogram.gln is not None
        self._store_uri = f"{GS1_RESOLVER}/414/{planogram.gln}" if planogram.gln else f"urn:x-aislewise:loc:{planogram.store_id}"
        self._kinds = {zone.zone_id: zone.kind for zone in planogram.zones}
        self._back_room = next((zone.zone_id for zone in planogram.zones if zone.kind == BACK_ROOM_KIND), "back_room")
        self._gtins = {product.sku: gtin_14(product.gtin) for product in planogram.products if product.gtin is not None}
        self._zone = ZoneInfo(planogram.time_zone)

    def place(self, zone_id: str) -> str:
        """A zone as an address: the store's GLN with the zone as its extension, or a name of our own where the store has no GLN."""
        return f"{self._store_uri}/254/{zone_id}" if self._with_gln else f"{self._store_uri}:{zone_id}"

    # ---- tags

    def seen(self, epc_uri: str, zone_id: str, before: str | None, at_ms: int, *, door_id: str | None = None) -> Event:
        """A tag is in a zone. `before`: the zone it was in, None if it is new to the shop. `door_id`: a door tells it."""
        kind = self._kinds.get(zone_id, "other")
        in_back = kind == BACK_ROOM_KIND
        step: str | None = None
        disposition = _HIDDEN if in_back else _OPEN
        if before is None and in_back:
            step, disposition = "arriving", "in_progress"
        elif before is not None and in_back != (self._kinds.get(before, "other") == BACK_ROOM_KIND):
            step = "storing" if in_back else "stocking" if kind not in (ENTRANCE_KIND, "till", "queue") else None
        return self._object([epc_uri], at_ms, step, disposition, read_point=door_id or zone_id, location=zone_id)

    def departed(self, epc_uri: str, place: str, at_ms: int) -> Event:
        """A tag left the shop by the entrance. `place`: that zone, or the door."""
        return self._object([epc_uri], at_ms, "departing", "unknown", read_point=place, location=None)

    # ---- what is told

    def sold(self, units: Mapping[str, int], till: str, at_ms: int) -> list[Event]:
        """A receipt: what was sold, and what was given back."""
        sold = {sku: count for sku, count in units.items() if count > 0}
        returned = {sku: -count for sku, count in units.items() if count < 0}
        events = []
        for goods, step, disposition in ((sold, "retail_selling", "retail_sold"), (returned, "accepting", "returned")):
            quantities = self.quantities(goods)
            if quantities:
                event = self._object([], at_ms, step, disposition, read_point=None, location="", quantities=quantities)
                event["readPoint"] = {"id": self.place(_extension(till))}
                events.append(self._named(event))
        return events

    def received(
        self, epc_uris: Iterable[str], units: Mapping[str, int], at_ms: int, *, parent: str | None = None, notice: str | None = None
    ) -> Event | None:
        """Goods that came; in a carton if `parent` (an SSCC) names it. None where nothing of it has a GS1 name."""
        epcs, quantities = sorted(epc_uris), self.quantities(units)
        if not epcs and not quantities:
            return None
        transactions = [] if notice is None else [{"type": "desadv", "bizTransaction": f"{self._own('despatch-advice', notice)}"}]
        if parent is None:
            event = self._object(epcs, at_ms, "receiving", "in_progress", self._back_room, self._back_room, quantities)
        else:
            event = self._event(AGGREGATION, at_ms)
            event["parentID"] = f"{GS1_RESOLVER}/00/{parent}"
            event |= {"childEPCs": epcs} if epcs else {}
            event |= {"childQuantityList": quantities} if quantities else {}
            event |= {"action": "OBSERVE", "bizStep": "receiving", "disposition": "in_progress"}
            event |= self._where(self._back_room, self._back_room)
        if transactions:
            event["bizTransactionList"] = transactions
        return self._named(event)

    def counted(self, epc_uris: Iterable[str], at_ms: int) -> Event | None:
        """Things that a stock-take found."""
        epcs = sorted(epc_uris)
        return self._object(epcs, at_ms, "stock_taking", None, read_point=None, location="") if epcs else None

    def declared_wrong(self, event: Event, corrective: Iterable[str], at_ms: int) -> Event:
        """The same event again, declared to have been wrong, with the names of those that stand for it now."""
        declaration = {"declarationTime": self._time(at_ms), "reason": "incorrect_data", "correctiveEventIDs": list(corrective)}
        return {**event, "errorDeclaration": declaration}

    def quantities(self, units: Mapping[str, int]) -> list[dict[str, Any]]:
        """Units of articles by their GTINs; articles without one cannot be told."""
        named = sorted((self._gtins[sku], count) for sku, count in units.items() if sku in self._gtins and count > 0)
        return [{"epcClass": f"{GS1_RESOLVER}/01/{gtin}", "quantity": count} for gtin, count in named]

    # ---- parts

    def _object(
        self, epcs: list[str], at_ms: int, step: str | None, disposition: str | None, read_point: str | None, location: str | None,
        quantities: list[dict[str, Any]] | None = None,
    ) -> Event:  # fmt: skip
        event = self._event(OBJECT, at_ms)
        event["epcList"] = epcs
        if quantities:
            event["quantityList"] = quantities
        event["action"] = "OBSERVE"
        event |= {"bizStep": step} if step else {}
        event |= {"disposition": disposition} if disposition else {}
        event |= self._where(read_point, location)
        return self._named(event)

    def _where(self, read_point: str | None, location: str | None) -> Event:
        """Zones as places; a location of "" is the whole store."""
        where: Event = {} if read_point is None else {"readPoint": {"id": self.place(read_point)}}
        if location is not None:
            where["bizLocation"] = {"id": self.place(location) if location else self._store_uri}
        return where

    def _event(self, kind: str, at_ms: int) -> Event:
        told = self._time(at_ms)
        return {"type": kind, "eventTime": told, "eventTimeZoneOffset": told[-6:]}

    def _named(self, event: Event) -> Event:
        event.pop("eventID", None)
        return {"eventID": event_id(event), **event}

    def _time(self, at_ms: int) -> str:
        second, offset = written_second(at_ms // 1000, self._zone)
        return f"{second}.{at_ms % 1000:03}{offset}"

    def _own(self, what: str, name: str) -> str:
        return f"urn:x-aislewise:{what}:{name}"


def _extension(text: str) -> str:
    """A till's name as the extension of a place: what GS1 allows there, at most 20 characters."""
    kept = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-._") else "-" for letter in text)[:20]
    return kept or "till"
