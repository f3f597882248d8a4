"""Draws the shop's plan to scale: bays, zones and doors, with the heat under them."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from markupsafe import Markup

from store_hub.adapters.ledger_views_rows import DoorRow
from store_hub.dashboard.heat import HeatPicture
from store_hub.dashboard.reader import Reader
from wire_format.plans import Bay, Door, Planogram, Rectangle, Zone


def _box(plan: Planogram, place: Rectangle) -> str:
    return (
        f"left:{100 * place.x_m / plan.width_m:.2f}%;top:{100 * place.y_m / plan.depth_m:.2f}%;"
        f"width:{100 * place.width_m / plan.width_m:.2f}%;height:{100 * place.depth_m / plan.depth_m:.2f}%"
    )


def plan_markup(
    reader: Reader, plan: Planogram, heat: HeatPicture, doors: Mapping[str, DoorRow], *, numbers: Mapping[str, int] | None, watched: bool
) -> Markup:
    """Draw the plan. `numbers` names the zones as the table beside does; None: a small plan without words.

    Unwatched floor is hatched, because unseen is not empty.
    """
    mini = numbers is None
    classes = "plan" + (" mini" if mini else "") + ("" if watched else " unseen")
    picture = Markup('<img src="{}" alt="">').format(heat.data_uri) if heat.data_uri else Markup()
    return Markup('<div class="{}" style="aspect-ratio:{:.3f}" role="group" aria-label="{}">{}{}{}{}</div>').format(
        classes,
        plan.width_m / plan.depth_m,
        reader.t("Plan of the shop with the time people stayed"),
        picture,
        Markup().join(_zone(plan, zone, (numbers or {}).get(zone.zone_id)) for zone in plan.zones),
        Markup().join(_bay(plan, bay) for bay in plan.bays),
        _doors(reader, plan, doors),
    )


def _zone(plan: Planogram, zone: Zone, number: int | None) -> Markup:
    label = Markup("<b>{}</b>").format(number) if number is not None else Markup()
    return Markup('<div class="zone" style="{}"><span>{}<span class="name"> {}</span></span></div>').format(
        _box(plan, zone.place), label, zone.name
    )


def _bay(plan: Planogram, bay: Bay) -> Markup:
    return Markup('<a class="stand" style="{}" href="/shelves?bay={}" title="{}"><span>{}</span></a>').format(
        _box(plan, bay.place), quote(bay.bay_id, safe=""), bay.name, bay.name
    )


def _doors(reader: Reader, plan: Planogram, doors: Mapping[str, DoorRow]) -> Markup:
    lines, labels = Markup(), Markup()
    for door in plan.doors:
        lines += Markup('<line vector-effect="non-scaling-stroke" x1="{:.3f}" y1="{:.3f}" x2="{:.3f}" y2="{:.3f}"/>').format(
            door.x1_m, door.y1_m, door.x2_m, door.y2_m
        )
        labels += _door_label(reader, plan, door, doors.get(door.door_id))
    drawn = Markup(
        '<svg viewBox="0 0 {:.3f} {:.3f}" preserveAspectRatio="none" aria-hidden="true">'
        '<g stroke="var(--blue)" stroke-width="5">{}</g></svg>'
    ).format(plan.width_m, plan.depth_m, lines)
    return drawn + labels


def _door_label(reader: Reader, plan: Planogram, door: Door, counted: DoorRow | None) -> Markup:
    across = 100 * (door.x1_m + door.x2_m) / 2 / plan.width_m
    down = 100 * (door.y1_m + door.y2_m) / 2 / plan.depth_m
    words = (
        reader.t(
            "{people_in} in · {people_out} out", people_in=reader.number(counted.people_in), people_out=reader.number(counted.people_out)
        )
        if counted
        else reader.t("not counted")
    )
    return Markup('<span class="door{}" style="left:clamp(64px,{:.2f}%,calc(100% - 64px));top:{:.2f}%" title="{}">{}</span>').format(
        " above" if down > 80 else "", across, down, door.name, words
    )


def ramp_markup(reader: Reader, heat: HeatPicture) -> Markup:
    """Draw the legend: what the colours mean, with their unit."""
    if heat.data_uri is None:
        return Markup()
    return Markup('<div class="ramp"><span>0</span><i></i><span>{} {}</span></div>').format(
        reader.number(heat.top, decimals=0 if heat.top >= 10 else 1), reader.t("person-seconds per m²")
    )
