"""What the ledger knows, as values for the reports to the cloud: the ledger's reader makes them, `rules.report_facts` takes them."""

from __future__ import annotations

from typing import NamedTuple


class QuarterFigures(NamedTuple):
    """One article in one quarter of an hour in which something happened. None = not known."""

    quarter_started_at_ms: int
    units_sold: int
    units_picked: int
    units_put_back: int
    units_received: int
    units_lost: int
    revenue_minor: int
    opening_units: float | None
    closing_units: float | None
    closing_low: float | None
    closing_high: float | None


class Spell(NamedTuple):
    """A time in which every facing of an article was empty; `ended_at_ms` None = it still is."""

    started_at_ms: int
    ended_at_ms: int | None


class SkuHistory(NamedTuple):
    """An article over some days.

    Args:
        quarters: the quarters of those days in which something happened, oldest first.
        before: the last such quarter before those days with a known stock; None when there is none.
        spells: all spells that reach into those days, oldest first.
    """

    sku: str
    quarters: list[QuarterFigures]
    before: QuarterFigures | None
    spells: list[Spell]


class DoorFigures(NamedTuple):
    """One door in one quarter of an hour: everybody, staff among them, and groups (None = not looked for)."""

    door_id: str
    quarter_started_at_ms: int
    people_in: int
    people_out: int
    observed_ms: int
    staff_in: int = 0
    staff_out: int = 0
    groups_in: int | None = None


class ZoneFigures(NamedTuple):
    """One zone in one quarter of an hour. None = not measured."""

    zone_id: str
    quarter_started_at_ms: int
    dwell_person_ms: int | None
    entries: int | None = None
    stopped: int | None = None
    stopped_ms: int | None = None
    waits: int | None = None
    waited_ms: int | None = None


class TileFigures(NamedTuple):
    """The heat of one camera area in one quarter: `(cell_size_mm, column, row, person-milliseconds)`, in this order.

    `people` came into view in it; None = nobody can say.
    """

    area_id: str
    quarter_started_at_ms: int
    cells: list[tuple[int, int, int, int]]
    people: int | None = None


class AlertFigures(NamedTuple):
    """An alert as it now stands."""

    alert_id: int
    kind: str
    sku: str | None
    shelf_id: str | None
    raised_at_ms: int
    taken_at_ms: int | None
    cleared_at_ms: int | None
    units_at_raise: float | None


class DeviceFigures(NamedTuple):
    """A device as last heard of."""

    device_id: str
    state: str
    last_seen_at_ms: int
    agent_version: str
    outbox_depth: int
    fault_codes: list[str]
    temperature_c: float | None = None
    disk_free_mb: float | None = None
    clock_error_ms: int | None = None


class RolloutFigures(NamedTuple):
    """The last rollout, where the chain wanted it: how it stands, of how many devices."""

    rollout_id: str
    version: str
    state: str
    reason: str
    devices: int
    confirmed: int
    changed_at_ms: int


class BasketLine(NamedTuple):
    """Units of an article on one receipt, summed over its lines."""

    receipt: int
    sku: str
    units: int
