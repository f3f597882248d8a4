"""What handhelds, suppliers, the back door's staff and other systems tell of goods: the journal's words, and bodies of the HTTP doors."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from store_hub.entries import Pieces, Text, Told
from wire_format.identifiers import IDENTIFIER_PATTERN, ShelfId, WallClockMs

READS_MAX = 20_000
"""Tags in one request; a larger shop's come in several."""

Name = Annotated[str, Meta(pattern=IDENTIFIER_PATTERN, description="letters, digits, '.', '_' and '-', 1 to 64")]
TagText = Annotated[str, Meta(min_length=4, max_length=200, description="EPC memory in hex, an EPC URI, or a raw URI")]
Gtin = Annotated[str, Meta(pattern=r"^\d{8}(?:\d{4,6})?$")]
Sscc = Annotated[str, Meta(pattern=r"^\d{18}$", description="18 digits, the last a check digit")]


class StockTakeReads(Told, frozen=True, kw_only=True, tag="stock_take_reads"):
    """Tags that a handheld read in a stock-take. The same stock-take may be sent in parts; a tag counts once however often it comes.

    `place`: null for the whole store, `back_room`, or a shelf; it is the same in every part.
    """

    stock_take_id: Name
    epcs: Annotated[list[TagText], Meta(min_length=1, max_length=READS_MAX)]
    place: ShelfId | None = None
    read_by: str = ""
    read_at_ms: WallClockMs | None = None


class StockTakeDecision(Told, frozen=True, kw_only=True, tag="stock_take_decision"):
    """What the manager makes of a line: it is right and corrects the stock, it is let be, or it is counted again.

    `counted_units` is what the line said when the decision was made: a line that has changed since is refused. Without a `sku`, the
    stock-take is closed.
    """

    stock_take_id: Name
    action: Literal["accept", "ignore", "recount", "close"]
    sku: Text | None = None
    counted_units: Pieces | None = None
    by: Text = "staff"


class NoticeLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Units of an article that are on their way, by SKU or GTIN, and in which carton."""

    units: Annotated[int, Meta(ge=1, le=1_000_000)]
    sku: Text | None = None
    gtin: Gtin | None = None
    sscc: Sscc | None = None


class DeliveryNotice(Told, frozen=True, kw_only=True, tag="delivery_notice"):
    """A supplier says what is on its way (a despatch advice)."""

    delivery_id: Name
    lines: Annotated[list[NoticeLine], Meta(min_length=1, max_length=1000)]
    supplier: Annotated[str, Meta(max_length=200)] = ""
    expected_at_ms: WallClockMs | None = None


class DeliveryReads(Told, frozen=True, kw_only=True, tag="delivery_reads"):
    """Tags that a handheld read on the goods of a delivery."""

    delivery_id: Name
    epcs: Annotated[list[TagText], Meta(min_length=1, max_length=READS_MAX)]
    read_by: str = ""
    read_at_ms: WallClockMs | None = None


class AcceptedLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Units of an article that really came; 0 where it did not."""

    sku: Text
    units: Pieces


class DeliveryAcceptance(Told, frozen=True, kw_only=True, tag="delivery_acceptance"):
    """Somebody signs for a delivery. Told again for the same delivery, it corrects the one before."""

    delivery_id: Name
    lines: Annotated[list[AcceptedLine], Meta(min_length=1, max_length=1000)]
    by: Text


class EpcisCapture(Told, frozen=True, kw_only=True, tag="epcis_capture"):
    """EPCIS events that another system told, checked, each with its eventID. `error_behaviour` is as the sender chose."""

    capture_id: Text
    events: list[dict[str, object]]
    error_behaviour: Literal["rollback", "proceed"] = "rollback"
    errors: tuple[str, ...] = ()


AnyGoods = StockTakeReads | StockTakeDecision | DeliveryNotice | DeliveryReads | DeliveryAcceptance | EpcisCapture
