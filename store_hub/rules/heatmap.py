"""Heat tiles by the quarter hour, and the stay in each zone of the planogram.

All sums are integers (persons × milliseconds), so that the order in which intervals are booked never changes a figure.
"""

from __future__ import annotations

from collections import defaultdict

from store_hub.rows import AreaQuarterRow, Effect, FloorTileRow, ZoneQuarterRow
from store_hub.rules.quarters import quarter_start_ms
from wire_format.observations import FloorCell, FloorDwell
from wire_format.plans import Zone

CELLS_KNOWN_MAX = 100_000


class ZoneMap:
    """Which zones a cell of the floor grid lies in, and with what share of its area; worked out once for each cell."""

    def __init__(self, zones: list[Zone]) -> None:
        self._zones = zones
        self._known: dict[tuple[int, int, float], list[tuple[str, float]]] = {}

    def shares(self, cell: FloorCell, cell_size_m: float) -> list[tuple[str, float]]:
        """Return (zone, share of the cell's area), shares above 0 to 1, in the planogram's order."""
        key = (cell.column, cell.row, cell_size_m)
        shares = self._known.get(key)
        if shares is None:
            shares = [(zone.zone_id, share) for zone in self._zones if (share := overlap_share(cell, cell_size_m, zone)) > 0.0]
            if len(self._known) >= CELLS_KNOWN_MAX:
                self._known.clear()
            self._known[key] = shares
        return shares


def dwell_effects(dwell: FloorDwell, *, clock_shift_ms: int, zones: ZoneMap) -> list[Effect]:
    """Return what an interval of stay adds to tiles and zones. The interval counts to the quarter it began in.

    Args:
        clock_shift_ms: true time − the device's wall clock.
        zones: of the planogram; a cell is shared out by the overlap of its area.
    """
    quarter_ms = quarter_start_ms(dwell.started_at_ms + clock_shift_ms)
    cell_size_mm = max(1, round(dwell.cell_size_m * 1000))
    staff_ms = round(dwell.staff_person_s * 1000)
    effects: list[Effect] = [AreaQuarterRow(dwell.area_id, quarter_ms, dwell.duration_ms, staff_ms, dwell.people)]
    zone_person_ms: dict[str, int] = defaultdict(int)
    for cell in dwell.cells:
        person_ms = round(cell.person_s * 1000)
        if person_ms == 0:
            continue
        effects.append(FloorTileRow(dwell.area_id, quarter_ms, cell_size_mm, cell.column, cell.row, person_ms))
        for zone_id, share in zones.shares(cell, dwell.cell_size_m):
            zone_person_ms[zone_id] += round(person_ms * share)
    effects.extend(ZoneQuarterRow(zone_id, quarter_ms, person_ms) for zone_id, person_ms in sorted(zone_person_ms.items()))
    return effects


def overlap_share(cell: FloorCell, cell_size_m: float, zone: Zone) -> float:
    """Return the share, 0 to 1, of a cell's area that lies in a zone."""
    left_m, top_m = cell.column * cell_size_m, cell.row * cell_size_m
    place = zone.place
    width_m = min(left_m + cell_size_m, place.x_m + place.width_m) - max(left_m, place.x_m)
    depth_m = min(top_m + cell_size_m, place.y_m + place.depth_m) - max(top_m, place.y_m)
    if width_m <= 0.0 or depth_m <= 0.0:
        return 0.0
    return min(1.0, width_m * depth_m / (cell_size_m * cell_size_m))
