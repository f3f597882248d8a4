"""What a manager sets: when to call whom, targets of figures, how long things are kept. In the journal, because alerts follow from it."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from store_hub.entries import Text, Told
from wire_format.identifiers import ShelfId, Sku

Share = Annotated[float, Meta(gt=0.0, le=0.95)]
Minutes = Annotated[float, Meta(gt=0.0, le=24 * 60.0)]
Units = Annotated[int, Meta(ge=0, le=1_000_000)]
ClockTime = Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Days = Annotated[int, Meta(ge=1, le=36_500)]


class PlaceRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a place is low, where it differs from the shop's rule: an article on a shelf, on every shelf, or all of a shelf.

    `low_units` takes the place of the planogram's own; `low_share` of the capacity and `low_minutes` until empty call earlier, never later.
    """

    sku: Sku | None = None
    shelf_id: ShelfId | None = None
    low_units: Units | None = None
    low_share: Share | None = None
    low_minutes: Minutes | None = None


class AlertRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When to raise an alert, and when to say so.

    `queue_people`: mean of a minute's queue. `escalate_min`: nobody took a task for so long. `message_gap_min`: to one receiver at most one
    message in this time. Quiet hours may pass midnight; nothing is sent in them, and what still stands is sent after. `low_for_s`: a place
    on a scale must have been low for so long; with 15 nobody is called to what a customer lifts and puts back. `counts_per_hour`: so many
    shelves at most are staff asked to count, where the hub is most in doubt; 0: none.
    """

    low_share: Share | None = None
    low_minutes: Minutes | None = None
    low_for_s: Annotated[float, Meta(ge=0.0, le=600.0)] = 0.0
    places: Annotated[list[PlaceRule], Meta(max_length=2_000)] = []
    queue_people: Annotated[float, Meta(ge=1.0, le=100.0)] = 5.0
    escalate_min: Minutes = 20.0
    message_gap_min: Annotated[float, Meta(ge=0.0, le=240.0)] = 10.0
    quiet_from: ClockTime | None = None
    quiet_to: ClockTime | None = None
    counts_per_hour: Annotated[int, Meta(ge=0, le=60)] = 3


class Target(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a figure should reach by when, and whose it is. `review_on`: an ISO day."""

    figure: Literal["availability", "conversion", "revenue", "visitors", "shrink", "task_minutes", "accuracy"]
    value: Annotated[float, Meta(ge=0.0, le=1e12)]
    owner: Annotated[str, Meta(max_length=80)] = ""
    review_on: Annotated[str, Meta(pattern=r"^(\d{4}-\d{2}-\d{2})?$")] = ""


class Retention(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many days each kind of data is kept. None: for ever. The journal and the sums of quarters are not touched by it."""

    weights_days: Days | None = None
    heat_days: Days | None = None
    people_days: Days | None = None
    tags_days: Days | None = None
    messages_days: Days | None = 90


class ShopSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything a manager has set."""

    alerts: AlertRules = AlertRules()
    targets: Annotated[list[Target], Meta(max_length=50)] = []
    retention: Retention = Retention()


class SettingsChange(Told, frozen=True, kw_only=True, tag="settings"):
    """New settings. `revision` is that of the settings the person saw; if it has changed meanwhile, nothing is done."""

    settings: ShopSettings
    revision: Annotated[int, Meta(ge=0)] = 0
    by: Text = "the office"
