"""Draws figures as SVG and HTML text: sparklines, hours by days, a plan to scale with its legend.

Colours come from the page's style, so that light and dark need no second drawing. Heat is viridis. Every name is escaped. What is
missing is hatched or left out, never drawn as zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from textwrap import wrap

from cloud_api.dashboard.reader import Reader
from cloud_api.rules.footfall_review import Watched
from cloud_api.rules.layout import ZoneFigures
from wire_format.plans import Planogram, Rectangle

_VIRIDIS = ((68, 1, 84), (72, 40, 120), (62, 74, 137), (49, 104, 142), (38, 130, 142), (31, 158, 137), (53, 183, 121), (110, 206, 88),
            (181, 222, 43), (253, 231, 37))  # fmt: skip
_LETTER_M = 0.15
"""How wide a letter of a zone's name is on the plan, metres."""


def heat_colour(share: float) -> tuple[str, str]:
    """Viridis at 0 to 1, and black or white, whichever is read better on it."""
    place = min(1.0, max(0.0, share)) * (len(_VIRIDIS) - 1)
    low = min(int(place), len(_VIRIDIS) - 2)
    red, green, blue = (
        round(first + (second - first) * (place - low)) for first, second in zip(_VIRIDIS[low], _VIRIDIS[low + 1], strict=True)
    )
    bright = 0.2126 * (red / 255) ** 2.2 + 0.7152 * (green / 255) ** 2.2 + 0.0722 * (blue / 255) ** 2.2
    return f"rgb({red},{green},{blue})", "#000" if bright > 0.18 else "#fff"


def sparkline(reader: Reader, rows: Sequence[Watched], *, highest: int, width: int = 168, height: int = 40) -> str:
    """Visitors by day as small bars from zero; a day nobody watched is hatched, a day partly watched is paler.

    `highest` is the scale's top, the same for all shops that stand below each other.
    """
    step = width / max(1, len(rows))
    marks = []
    for index, row in enumerate(rows):
        x, bar = index * step, max(1.0, step - 2)
        if row.people_in is None:
            marks.append(
                f'<rect class="gap" x="{x:.1f}" y="0" width="{bar:.1f}" height="{height}">'
                f"<title>{row.day}: {reader.t('not watched, or withheld')}</title></rect>"
            )
            continue
        tall = max(1.0, row.people_in / max(1, highest) * height)
        kind = "bar" if row.is_whole else "bar part"
        told = reader.n("{count} visitor", "{count} visitors", row.people_in)
        if not row.is_whole:
            told = reader.listed([told, reader.t("watched {share} of the time", share=reader.percent(row.watched_share))])
        marks.append(
            f'<rect class="{kind}" x="{x:.1f}" y="{height - tall:.1f}" width="{bar:.1f}" height="{tall:.1f}">'
            f"<title>{row.day}: {told}</title></rect>"
        )
    label = reader.t("Visitors by day, {days}", days=reader.days(rows[0].day, rows[-1].day)) if rows else reader.t("No days")
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}" preserveAspectRatio="none"'
    return f'<svg class="spark" role="img" aria-label="{label}" {size}>{"".join(marks)}</svg>'


def hours_by_days(reader: Reader, rows: Sequence[Watched], *, coming: datetime) -> str:
    """Visitors by hour (across) and day (down) as a table; the legend carries the unit.

    Hours from `coming` on, in the shop's time zone, are still to come: they are left empty, not marked as missing.
    """
    hours = sorted({row.hour for row in rows if row.hour is not None and row.people_in is not None})
    if not hours:
        return f'<p class="quiet">{reader.t("No hour of these days was watched.")}</p>'
    hours = list(range(hours[0], hours[-1] + 1))
    highest = max(row.people_in or 0 for row in rows)
    cells = {(row.day, row.hour): row for row in rows}
    head = "".join(f'<th scope="col">{hour:02d}</th>' for hour in hours)
    body = []
    for day in sorted({row.day for row in rows}):
        values = "".join(
            "<td></td>" if (day, hour) >= (coming.date(), coming.hour) and cells[(day, hour)].people_in is None
            else _hour_cell(reader, cells[(day, hour)], highest)
            for hour in hours
        )  # fmt: skip
        body.append(f'<tr><th scope="row">{reader.weekday(day)}</th>{values}</tr>')
    return (
        f'<div class="scroll" tabindex="0"><table class="heat"><thead><tr><th scope="col">{reader.t("Hour")}</th>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
        f"{legend(reader, highest, reader.t('visitors an hour'))}"
        f'<p class="quiet"><span class="swatch gapcell"></span> '
        f"{reader.t('not watched, or withheld as so few came: missing, not zero')} &nbsp; "
        f'<span class="swatch partcell"></span> {reader.t("told of less than three quarters of the hour")}</p>'
    )


def legend(reader: Reader, highest: float, unit: str, *, lowest: float = 0.0) -> str:
    """The scale of a heat, with its unit."""
    stops = ", ".join(heat_colour(index / 10)[0] for index in range(11))
    middle = (lowest + highest) / 2
    return (
        f'<div class="legend" role="img" aria-label="{reader.number(lowest)} – {reader.number(highest)} {escape(unit)}">'
        f'<div class="scale" style="background:linear-gradient(90deg,{stops})"></div>'
        f'<div class="ticks"><span>{reader.number(lowest)}</span><span>{reader.number(middle)}</span>'
        f"<span>{reader.number(highest)} <i>{escape(unit)}</i></span></div></div>"
    )


def floor_plan(reader: Reader, planogram: Planogram, zones: Mapping[str, ZoneFigures], *, highest: float) -> str:
    """The shop's plan to scale, metres: zones coloured by dwell, bays, doors, a bar of one metre."""
    width, depth = planogram.width_m, planogram.depth_m
    shapes = [f'<rect class="floor" x="0" y="0" width="{width}" height="{depth}"/>']
    shapes += [_zone_shape(reader, zones[zone.zone_id], zone.place.x_m, zone.place.y_m, zone.place.width_m, zone.place.depth_m, highest)
               for zone in planogram.zones]  # fmt: skip
    for bay in planogram.bays:
        place = bay.place
        shapes.append(
            f'<rect class="bay" x="{place.x_m}" y="{place.y_m}" width="{place.width_m}" height="{place.depth_m}">'
            f"<title>{escape(bay.name)}</title></rect>"
        )
    shapes += [
        f'<line class="door" x1="{door.x1_m}" y1="{door.y1_m}" x2="{door.x2_m}" y2="{door.y2_m}"><title>{escape(door.name)}</title></line>'
        for door in planogram.doors
        if door.kind == "door"
    ]
    texts = [_zone_label(zones[zone.zone_id], zone.place, highest) for zone in planogram.zones]
    metre = (
        f'<g class="metre"><line x1="0" y1="{depth + 0.35}" x2="1" y2="{depth + 0.35}"/><text x="1.15" y="{depth + 0.47}">1 m</text></g>'
    )
    named = reader.t("Plan of {shop}", shop=escape(planogram.name))
    return (
        f'<svg class="plan" role="img" aria-label="{named}" viewBox="-0.1 -0.1 {width + 0.2} {depth + 0.7}">'
        f'<defs><pattern id="unwatched" width=".3" height=".3" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<line class="hatch" x1="0" y1="0" x2="0" y2=".3"/></pattern></defs>{"".join(shapes)}{"".join(texts)}{metre}</svg>'
    )


def _zone_shape(reader: Reader, zone: ZoneFigures, x: float, y: float, width: float, depth: float, highest: float) -> str:
    dwell = zone.dwell_person_s_per_m2
    fill = "url(#unwatched)" if dwell is None else heat_colour(dwell / highest if highest else 0.0)[0]
    told = reader.t("stay not measured") if dwell is None else f"{reader.number(dwell)} {reader.t('person-seconds per m²')}"
    place = f'x="{x}" y="{y}" width="{width}" height="{depth}"'
    return f'<rect class="zone" {place} fill="{fill}"><title>{escape(zone.name)}: {told}</title></rect>'


def _zone_label(zone: ZoneFigures, place: Rectangle, highest: float) -> str:
    x, y, width = place.x_m + place.width_m / 2, place.y_m + place.depth_m / 2, place.width_m
    dwell = zone.dwell_person_s_per_m2
    ink = "var(--ink)" if dwell is None else heat_colour(dwell / highest if highest else 0.0)[1]
    rank = "–" if zone.dwell_rank is None else f"{zone.dwell_rank}"
    lines = wrap(zone.name, max(6, int(width / _LETTER_M)))[:3]
    top = y - 0.15 * len(lines)
    name = "".join(
        f'<text class="name" x="{x}" y="{top + 0.42 + 0.32 * index:.2f}" fill="{ink}">{escape(line)}</text>'
        for index, line in enumerate(lines)
    )
    return f'<text class="rank" x="{x}" y="{top:.2f}" fill="{ink}">{rank}</text>{name}'


def _hour_cell(reader: Reader, row: Watched, highest: int) -> str:
    at = f"{reader.weekday(row.day)} {row.hour:02d}:00"
    if row.people_in is None:
        return f'<td class="gapcell" title="{at}: {reader.t("not watched, or withheld")}"></td>'
    back, ink = heat_colour(row.people_in / highest if highest else 0.0)
    part = "" if row.is_whole else ' class="partcell"'
    told = reader.n("{count} visitor", "{count} visitors", row.people_in)
    if not row.is_whole:
        told = reader.listed([told, reader.t("watched {share} of the hour", share=reader.percent(row.watched_share))])
    return f'<td{part} style="background-color:{back};color:{ink}" title="{at}: {told}">{row.people_in}</td>'
