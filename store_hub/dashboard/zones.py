"""Zones of the floor in words and tables: passed, stopped, picked, paid; queues; ways as counts; and who is in the shop now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from store_hub.adapters.ledger_views_rows import DoorRow, Occupancy, PathRow, QueueFigures, ZoneGoodsRow, ZoneVisitRow
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.tables import table
from store_hub.rules.key_figures import occupancy_doubt
from store_hub.rules.opening_hours import DRIFT_MS, open_span, still_inside
from wire_format.plans import Planogram, Zone

PATHS_SHOWN_MAX = 12


def zones_table(
    reader: Reader,
    zones: Sequence[Zone],
    visits: Mapping[str, ZoneVisitRow],
    goods: Mapping[str, ZoneGoodsRow],
    dwell_ms: Mapping[str, int],
    streets: Mapping[str, str],
) -> Markup:
    """Draw one line a zone, numbered as on the plan, and one a line along the street; a dash is what nobody measures there, never zero.

    Args:
        streets: names of the lines that count who passes by.
    """
    heads = (
        "", reader.t("Zone"), reader.t("passed"), reader.t("stopped"), reader.t("units picked"), reader.t("units paid"),
        reader.t("person-minutes"), reader.t("stay of a visit"),
    )  # fmt: skip
    rows = [_zone_row(reader, number, zone.name, zone.zone_id, visits, goods, dwell_ms) for number, zone in enumerate(zones, 1)]
    known = {zone.zone_id for zone in zones}
    rows += [
        _zone_row(reader, None, streets.get(name) or reader.t("{zone} (not on the plan)", zone=name), name, visits, goods, dwell_ms)
        for name in visits
        if name not in known
    ]
    notes = [reader.t("Passed: half a second or longer in the zone. Stopped: three seconds or longer in one place. Staff are left out.")]
    if not visits:
        notes = [reader.t("No camera counts visits here yet: draw the zones in the camera's configuration.")]
    elif not goods:
        notes.append(reader.t("Picked and paid appear where the planogram links a zone to its shelves."))
    wide = Markup('<div class="hide-phone">{}</div>').format(table(heads, rows, figures=range(2, 8)))
    return wide + _zones_list(reader, rows) + Markup().join(Markup('<p class="small soft">{}</p>').format(note) for note in notes)


def _zone_row(
    reader: Reader,
    number: int | None,
    name: str,
    zone_id: str,
    visits: Mapping[str, ZoneVisitRow],
    goods: Mapping[str, ZoneGoodsRow],
    dwell_ms: Mapping[str, int],
) -> tuple[object, ...]:
    visit, taken = visits.get(zone_id), goods.get(zone_id)
    stay_ms = visit.person_ms if visit is not None else dwell_ms.get(zone_id)
    stopped = "—"
    if visit is not None:
        share = reader.share(visit.stopped / visit.entries, decimals=0) if visit.entries else ""
        stopped = f"{reader.number(visit.stopped)} ({share})" if share else reader.number(visit.stopped)
    return (
        "" if number is None else number,
        name,
        reader.number(None if visit is None else visit.entries),
        stopped,
        reader.number(None if taken is None else taken.picked_units),
        reader.number(None if taken is None else round(taken.paid_units)),
        reader.number(None if stay_ms is None else stay_ms / 60_000, decimals=1),
        reader.t("{seconds} s", seconds=reader.number(visit.person_ms / 1000 / visit.entries)) if visit and visit.entries else "—",
    )


def _zones_list(reader: Reader, rows: Sequence[Sequence[object]]) -> Markup:
    """The same for a phone: two lines a zone, nothing to the side."""
    lines = Markup()
    for number, name, passed, stopped, picked, paid, minutes, visit in rows:
        values = {"passed": passed, "stopped": stopped, "picked": picked, "paid": paid}
        if {*values.values()} == {"—"} and minutes in ("—", reader.number(0.0, decimals=1)):
            told, stay = reader.t("not measured"), ""
        elif passed == stopped == "—":
            told, stay = reader.t("people not measured · {picked} picked · {paid} paid", picked=picked, paid=paid), ""
        else:
            told = reader.t("{passed} passed → {stopped} stopped → {picked} picked → {paid} paid", **values)
            stay = reader.t("{minutes} person-minutes · {visit} a visit", minutes=minutes, visit=visit)
        lines += Markup('<li><b>{} {}</b><span>{}</span><span class="small soft">{}</span></li>').format(number, name, told, stay)
    return Markup('<ul class="funnel only-phone">{}</ul>').format(lines)


def queues_markup(reader: Reader, queues: Sequence[QueueFigures], names: Mapping[str, str]) -> Markup:
    """Say how long the queues are, and how long people waited."""
    if not queues:
        return Markup('<p class="empty">{}</p>').format(reader.t("No camera watches a queue: give a zone the kind queue."))
    heads = (reader.t("Queue"), reader.t("now"), reader.t("at most"), reader.t("waited"))
    rows = (
        (
            names.get(queue.zone_id, queue.zone_id),
            reader.number(queue.now_people, decimals=1),
            reader.number(queue.people_max),
            reader.t("{seconds} s", seconds=reader.number(queue.waited_ms / queue.waits / 1000)) if queue.waits else "—",
        )
        for queue in queues
    )
    notes = Markup().join(Markup('<p class="small soft">{}</p>').format(_queue_note(reader, queue, names)) for queue in queues)
    return table(heads, rows, figures=range(1, 4)) + notes


def _queue_note(reader: Reader, queue: QueueFigures, names: Mapping[str, str]) -> str:
    mean = reader.number(queue.people_mean, decimals=1)
    told = reader.n(
        "{name}: {mean} people on average; {count} wait ended",
        "{name}: {mean} people on average; {count} waits ended",
        queue.waits,
        name=names.get(queue.zone_id, queue.zone_id),
        mean=mean,
    )
    if not queue.waits:
        return told
    return reader.t("{told}, the longest after {seconds} s", told=told, seconds=reader.number(queue.waited_max_ms / 1000))


def paths_markup(reader: Reader, paths: Sequence[PathRow], names: Mapping[str, str]) -> Markup:
    """List the ways that most people went."""
    if not paths:
        return Markup('<p class="empty">{}</p>').format(reader.t("Ways between zones will be here once people have gone them."))
    rows = (
        (names.get(path.from_zone, path.from_zone), "→", names.get(path.to_zone, path.to_zone), reader.number(path.people))
        for path in paths
    )
    heads = (reader.t("from"), "", reader.t("to"), reader.t("times"))
    note = reader.t("Counts of steps from zone to zone. Nobody is followed from one camera to another, or from one day to the next.")
    return table(heads, rows, figures=(3,)) + Markup('<p class="small soft">{}</p>').format(note)


def inside_words(
    reader: Reader, occupancy: Occupancy | None, doors: Sequence[DoorRow], plan: Planogram | None, now_ms: int
) -> tuple[str, str]:
    """Say how many are in the shop now with the doubt of it, and how the count heals itself."""
    if occupancy is None or not doors:
        return "—", reader.t("by the doors")
    span = None if plan is None else open_span(now_ms, plan.opening_hours, reader.zone)
    people = still_inside(occupancy.people, occupancy.closing_people, now_ms, span)
    people_in, people_out = sum(door.people_in for door in doors), sum(door.people_out for door in doors)
    doubt = occupancy_doubt(people_in, people_out, occupancy.corrected)
    figure = reader.number(people) + (f" ± {doubt}" if doubt and people else "")
    told = [reader.t("by the doors")]
    if occupancy.corrected:
        told.append(reader.n("{count} left unseen coming", "{count} left unseen coming", occupancy.corrected))
    if span is not None and span.closes_ms is not None and now_ms >= span.closes_ms and people:
        told.append(reader.t("closed: fades to nobody by {time}", time=reader.clock(span.closes_ms + DRIFT_MS)))
    elif occupancy.healed:
        told.append(reader.n("{count} taken off after closing", "{count} taken off after closing", occupancy.healed))
    staff = sum(door.staff_in for door in doors)
    if staff:
        told.append(reader.n("without {count} of staff", "without {count} of staff", staff))
    return figure, " · ".join(told)
