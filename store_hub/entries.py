"""What tills, people and other systems tell the hub: the journal's own words, and the bodies of the HTTP doors."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from wire_format.identifiers import DeviceId, SessionId, ShelfId, Sku, WallClockMs

Text = Annotated[str, Meta(min_length=1, max_length=200)]
SignedUnits = Annotated[int, Meta(ge=-1_000_000, le=1_000_000)]
Pieces = Annotated[int, Meta(ge=0, le=1_000_000)]
PriceMinor = Annotated[int, Meta(ge=0, le=10**12, description="price of one unit in the currency's minor unit")]

BACK_ROOM = "back_room"
"""The place of what is in the store but on no shelf."""


class Told(Struct, frozen=True, kw_only=True, tag_field="type", forbid_unknown_fields=True):
    """Something told to the hub by a person or another system."""


class SaleLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Units of one article on a receipt; returned goods have negative units. The SKU may be unknown here: it is booked all the same."""

    sku: Text
    units: SignedUnits
    price_minor: PriceMinor | None = None


class Sale(Told, frozen=True, kw_only=True, tag="sale"):
    """A receipt."""

    till: Text
    lines: Annotated[list[SaleLine], Meta(min_length=1, max_length=1000)]
    sold_at_ms: WallClockMs | None = None


class DeliveryLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Units of one article that arrived."""

    sku: Text
    units: Annotated[int, Meta(ge=1, le=1_000_000)]


class Delivery(Told, frozen=True, kw_only=True, tag="delivery"):
    """Goods that arrived, and where they went. `shelf`: to the article's own shelf, where a scale will see them by itself."""

    delivery_id: Text
    lines: Annotated[list[DeliveryLine], Meta(min_length=1, max_length=1000)]
    arrived_at_ms: WallClockMs | None = None
    to: Literal["back_room", "shelf"] = "back_room"


class StockCount(Told, frozen=True, kw_only=True, tag="count"):
    """A count by hand: of one shelf, or of the whole store where `shelf_id` is null."""

    sku: Sku
    units: Pieces
    shelf_id: ShelfId | None = None
    counted_at_ms: WallClockMs | None = None
    counted_by: str = ""


class WriteOffLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Units of one article that were thrown away. `place`: a shelf or `back_room`; null where nobody said."""

    sku: Text
    units: Annotated[int, Meta(ge=1, le=1_000_000)]
    place: ShelfId | None = None


class WriteOff(Told, frozen=True, kw_only=True, tag="write_off"):
    """Goods that are spoilt, broken or used up in the shop, and leave the books."""

    lines: Annotated[list[WriteOffLine], Meta(min_length=1, max_length=1000)]
    reason: Annotated[str, Meta(max_length=200)] = ""
    by: Text = "staff"
    written_off_at_ms: WallClockMs | None = None


class StockMove(Told, frozen=True, kw_only=True, tag="stock_move"):
    """Staff carried units from one place to another: `back_room`, or a shelf. On a weighed shelf the scale has the last word."""

    sku: Sku
    units: Annotated[int, Meta(ge=1, le=1_000_000)]
    from_place: ShelfId = BACK_ROOM
    to_place: ShelfId
    by: Text = "staff"
    moved_at_ms: WallClockMs | None = None


class AlertAction(Told, frozen=True, kw_only=True, tag="alert_action"):
    """A person takes the task of an alert, gives it back or to somebody (`to`), says that it is done, or that there is nothing to fetch.

    Where the task was to count a shelf, `counted` says how many `units` stand there. `pressed_at_ms`: when, where it is told later than it
    was pressed, as by a phone without a network.
    """

    alert_id: Annotated[int, Meta(ge=1)]
    action: Literal["take", "done", "not_there", "release", "assign", "counted"]
    by: Text = "staff"
    to: Text | None = None
    units: Pieces | None = None
    pressed_at_ms: WallClockMs | None = None


class Finding(Told, frozen=True, kw_only=True, tag="finding"):
    """Something the hub itself found out, by the clock or by comparing, that needs a person; or that it is over.

    What is open is known by `kind` and `subject`; saying it twice does nothing.
    """

    kind: Literal["device_silent", "sensor_fault", "queue", "misplaced", "swept", "discrepancy", "count"]
    subject: Text
    state: Literal["open", "over"] = "open"
    detail: Annotated[str, Meta(max_length=500)] = ""
    sku: Sku | None = None
    shelf_id: ShelfId | None = None
    lost_minor_h: float | None = None


class Escalation(Told, frozen=True, kw_only=True, tag="escalation"):
    """Nobody took these tasks in time, or the scale did not confirm that they are done: whoever answers for the shop should hear of it."""

    alert_ids: Annotated[list[Annotated[int, Meta(ge=1)]], Meta(min_length=1, max_length=1000)]


class CalibrationAction(Told, frozen=True, kw_only=True, tag="calibration_action"):
    """A person starts the calibration of a scale, asks for the load on it to be weighed, uses the result, or ends it.

    `revision` is that of the calibration the person saw (0: none): if it has changed meanwhile, somebody else was quicker: nothing is done.
    """

    shelf_id: ShelfId
    device_id: DeviceId
    session_id: SessionId
    action: Literal["start", "weigh", "begin_again", "accept", "end"]
    revision: Annotated[int, Meta(ge=0)] = 0
    known_g: Annotated[float, Meta(ge=0.0, le=1e7)] = 0.0
    readings: Annotated[int, Meta(ge=3, le=1000)] = 20
    by: Text = "staff"


class LightAction(Told, frozen=True, kw_only=True, tag="light_action"):
    """A person wants the light at a shelf to blink for a while, so that the shelf is found."""

    shelf_id: ShelfId
    for_s: Annotated[float, Meta(gt=0.0, le=3_600.0)] = 120.0
    by: Text = "staff"


class Forget(Told, frozen=True, kw_only=True, tag="forget"):
    """Rows of a kind of data that are older than the settings keep are let go; what the journal says of them stays."""

    kind: Literal["weights", "heat", "people", "tags"]
    before_ms: Annotated[int, Meta(ge=0)]


AnyTold = (
    Sale | Delivery | StockCount | WriteOff | StockMove | AlertAction | CalibrationAction | LightAction | Finding | Escalation | Forget
)
