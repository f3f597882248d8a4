"""Rows of tags, people and calls to staff. Columns are explained in the migrations."""

from __future__ import annotations

from typing import NamedTuple


class TagRow(NamedTuple):
    """A tag in a zone. `by_door`: it was carried there through a door, and no antenna has told it there.

    `lingers`: it has left, and yet counts on its shelf for so many seconds, for it may only be hidden.
    """

    epc: str
    zone_id: str
    gtin: str | None
    sku: str | None
    present: int
    confidence: float
    since_ms: int
    by_door: int = 0
    lingers: int = 0


class TagAbsencesRow(NamedTuple):
    """How long tags that come back stay away."""

    one: int
    state: bytes


class TagCountRow(NamedTuple):
    """Tags of an article in a zone."""

    sku: str
    zone_id: str
    tags_present: int
    updated_at_ms: int


class DoorMinuteRow(NamedTuple):
    """What an interval adds to a door's minute."""

    door_id: str
    minute_started_at_ms: int
    people_in: int
    people_out: int
    observed_ms: int
    staff_in: int = 0
    staff_out: int = 0
    groups_in: int | None = None


class OccupancyRow(NamedTuple):
    """Visitors in the shop now. `closing_people` were left at closing time; None while the shop is open."""

    one: int
    people: int
    day: str
    corrected: int
    updated_at_ms: int
    closing_people: int | None = None
    healed: int = 0


class DoorRecentRow(NamedTuple):
    """Visitors who crossed lately, and whom a badge that is seen late may still claim as staff."""

    door_id: str
    started_at_ms: int
    ended_at_ms: int
    people_in: int
    people_out: int


class BadgeSightingRow(NamedTuple):
    """A staff badge was seen at a door, and no crossing has been found for it yet. It does not say whose."""

    badge_zone_id: str
    journal_id: int
    seen_at_ms: int


class FloorTileRow(NamedTuple):
    """What an interval adds to a heat tile."""

    area_id: str
    quarter_started_at_ms: int
    cell_size_mm: int
    column_no: int
    row_no: int
    dwell_person_ms: int


class ZoneQuarterRow(NamedTuple):
    """What an interval adds to a zone's quarter."""

    zone_id: str
    quarter_started_at_ms: int
    dwell_person_ms: int


class AreaQuarterRow(NamedTuple):
    """How long an area was watched."""

    area_id: str
    quarter_started_at_ms: int
    observed_ms: int
    staff_person_ms: int = 0
    people: int | None = None


class ZoneVisitsRow(NamedTuple):
    """What an interval adds to a zone's visits, as a camera measured them."""

    zone_id: str
    quarter_started_at_ms: int
    entries: int
    person_ms: int
    stopped: int
    stopped_ms: int
    observed_ms: int


class ZonePathRow(NamedTuple):
    """What an interval adds to the ways between zones."""

    quarter_started_at_ms: int
    from_zone: str
    to_zone: str
    people: int


class QueueRow(NamedTuple):
    """People waiting."""

    zone_id: str
    started_at_ms: int
    journal_id: int
    duration_ms: int
    people_mean: float
    people_max: int
    waits: int = 0
    waited_ms: int = 0
    waited_max_ms: int = 0


class CameraAuditRow(NamedTuple):
    """How well a camera counts a door, as a person has judged it. Shares from 0 to 1; None where too little was judged."""

    door_id: str
    area_id: str
    audited_at_ms: int
    journal_id: int
    film_ms: int
    looked_ms: int
    counted: int
    judged: int
    judged_right: int
    missed: int
    precision: float | None
    precision_low: float | None
    precision_high: float | None
    recall: float | None
    recall_low: float | None
    recall_high: float | None
    count_accuracy: float | None
    count_accuracy_low: float | None
    count_accuracy_high: float | None
    method: str


class ButtonPressRow(NamedTuple):
    """A button pressed."""

    journal_id: int
    button_id: str
    shelf_id: str | None
    pressed_at_ms: int
    action: str = "pressed"
    detail: str = ""


class CalibrationRow(NamedTuple):
    """The last calibration of a scale."""

    shelf_id: str
    session_id: str
    device_id: str
    stage: str
    revision: int
    last_step: int
    steps: bytes
    progress: bytes | None
    started_by: str
    started_at_ms: int
    changed_at_ms: int
    heard_at_ms: int | None


class HeldCallRow(NamedTuple):
    """A place that has been low since then, but not yet for so long that anybody is called."""

    shelf_id: str
    sku: str
    since_ms: int


class AlertRow(NamedTuple):
    """A call to a shelf, or to a device, a queue or a discrepancy; and the task it is."""

    alert_id: int
    kind: str
    sku: str | None
    shelf_id: str | None
    raised_at_ms: int
    emptied_at_ms: int | None
    taken_at_ms: int | None
    taken_by: str | None
    done_at_ms: int | None
    done_by: str | None
    cleared_at_ms: int | None
    units_at_raise: float | None
    units_now: float | None
    back_room_units: float | None
    journal_id: int
    subject: str = ""
    detail: str = ""
    lost_minor_h: float | None = None
    assigned_to: str | None = None
    assigned_at_ms: int | None = None
    missing_at_ms: int | None = None
    missing_by: str | None = None
    escalated_at_ms: int | None = None
    cleared_by: str = ""


class PaceRow(NamedTuple):
    """How fast an article goes from a shelf."""

    shelf_id: str
    sku: str
    per_hour: float
    updated_at_ms: int
