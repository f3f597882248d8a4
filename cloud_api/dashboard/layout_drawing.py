"""Draws where bays stand before and after a proposal: the moved ones in blue, each with its number, on one scale."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from cloud_api.dashboard.reader import Reader
from wire_format.plans import Bay, Planogram


def moved_numbers(planogram: Planogram, places: Mapping[str, str]) -> dict[str, int]:
    """A number for each bay that moves, in the planogram's order."""
    moved = [bay.bay_id for bay in planogram.bays if places.get(bay.bay_id, bay.bay_id) != bay.bay_id]
    return {bay_id: number for number, bay_id in enumerate(moved, start=1)}


def before_and_after(reader: Reader, planogram: Planogram, places: Mapping[str, str]) -> str:
    """Two plans side by side. `places` is bay → the rack where what it holds ends up."""
    numbers = moved_numbers(planogram, places)
    racks = {bay.bay_id: bay for bay in planogram.bays}
    before = [(racks[bay_id], bay_id) for bay_id in numbers]
    after = [(racks[places[bay_id]], bay_id) for bay_id in numbers]
    names = {bay.bay_id: bay.name for bay in planogram.bays}
    return (
        '<div class="pair">'
        f"<figure><figcaption>{reader.t('Today')}</figcaption>{_plan(reader, planogram, before, numbers, names)}</figure>"
        f"<figure><figcaption>{reader.t('After the moves')}</figcaption>{_plan(reader, planogram, after, numbers, names)}</figure></div>"
    )


def _plan(reader: Reader, planogram: Planogram, held: list[tuple[Bay, str]], numbers: Mapping[str, int], names: Mapping[str, str]) -> str:
    width, depth = planogram.width_m, planogram.depth_m
    size = max(width, depth) / 22
    shapes = [f'<rect class="floor" x="0" y="0" width="{width}" height="{depth}"/>']
    shapes += [_rack(bay, "bay", escape(bay.name)) for bay in planogram.bays]
    shapes += [
        f'<line class="door" x1="{door.x1_m}" y1="{door.y1_m}" x2="{door.x2_m}" y2="{door.y2_m}"/>'
        for door in planogram.doors
        if door.kind == "door"
    ]
    for rack, bay_id in held:
        place = rack.place
        shapes.append(_rack(rack, "bay moved", f"{numbers[bay_id]}: {escape(names[bay_id])}"))
        x, y = place.x_m + place.width_m / 2, place.y_m + place.depth_m / 2
        shapes.append(f'<circle class="tag" cx="{x}" cy="{y}" r="{size * 0.62:.2f}"/>')
        shapes.append(f'<text class="mark" x="{x}" y="{y + size * 0.3:.2f}" font-size="{size * 0.85:.2f}">{numbers[bay_id]}</text>')
    named = reader.t("Bays of {shop}", shop=escape(planogram.name))
    return (
        f'<svg class="plan small" role="img" aria-label="{named}" viewBox="-0.1 -0.1 {width + 0.2} {depth + 0.2}">{"".join(shapes)}</svg>'
    )


def _rack(bay: Bay, kind: str, told: str) -> str:
    place = bay.place
    at = f'x="{place.x_m}" y="{place.y_m}" width="{place.width_m}" height="{place.depth_m}"'
    return f'<rect class="{kind}" {at}><title>{told}</title></rect>'
