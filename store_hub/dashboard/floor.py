"""Floor: the plan with the time people stayed as heat over it; zones with passed, stopped, picked, paid; queues, ways and doors."""

from __future__ import annotations

from typing import ClassVar

from markupsafe import Markup
from nicegui import run, ui

from store_hub.adapters.ledger_views import LedgerReading
from store_hub.dashboard.audits import audit_notes, door_words
from store_hub.dashboard.chart_export import export_bar
from store_hub.dashboard.desk import Desk, NotYours
from store_hub.dashboard.floor_export import heat_csv
from store_hub.dashboard.frame import Drawing, Page
from store_hub.dashboard.heat import heat_picture
from store_hub.dashboard.plan import plan_markup, ramp_markup
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.tables import table
from store_hub.dashboard.zones import PATHS_SHOWN_MAX, inside_words, paths_markup, queues_markup, zones_table
from store_hub.rules.key_figures import QUARTER_MS, day_started_ms
from store_hub.rules.roles import may_see
from wire_format.plans import Planogram, Zone

HOUR_MS = 3_600_000
ZONES_SHOWN_MAX = 40


class FloorPage(Page):
    """Where people went and stayed."""

    path: ClassVar[str] = "/floor"
    tables: ClassVar[frozenset[str]] = frozenset(
        {
            "floor_tiles",
            "zone_quarters",
            "zone_visits",
            "zone_paths",
            "queues",
            "occupancy",
            "shelf_events",
            "sales",
            "door_minutes",
            "area_quarters",
            "camera_audits",
            "planogram",
        }
    )

    def __init__(self, desk: Desk, reader: Reader) -> None:
        super().__init__(desk, reader)
        self._period = "hour"
        self._from_quarter: int | None = None
        self._to_quarter: int | None = None

    def layout(self) -> None:
        """Period above; the plan beside doors and queues; zones below it, beside the ways between them."""
        self.part("title", "title")
        self.part("period", "bar")
        self.part("inside")
        with ui.element("div").classes("columns"):
            with ui.element("div").classes("stack"):
                self.part("plan", "card")
                self.part("zones", "card")
            with ui.element("div").classes("stack"):
                self.part("queues", "card")
                self.part("doors", "card")
                self.part("paths", "card")

    async def on_act(self, act: str, value: str) -> None:
        """Choose a period: the last hour, today, or a range of today's quarters."""
        if act == "period" and value in ("hour", "day"):
            self._period = value
        elif act == "csv":
            await self._export_heat()
        elif act in ("from", "to") and value.isdecimal() and 0 <= int(value) <= 100:
            first, last = self._from_quarter, self._to_quarter
            quarter = int(value)
            if act == "from":
                self._from_quarter, self._to_quarter = quarter, max(last if last is not None else quarter + 4, quarter + 1)
            else:
                self._from_quarter, self._to_quarter = min(first if first is not None else 0, quarter - 1), quarter
            self._period = "range"

    async def _export_heat(self) -> None:
        """Hand out what the picture shows, cell by cell; not of a time in which too few came in."""

        if self.reader.role and not may_see(self.reader.role, "/floor.csv"):
            self.say(str(NotYours()))
            return

        def read() -> str:
            now_ms = self.desk.now_ms()
            with self.desk.views.reading() as reading:
                span_ms, plan = self._span(now_ms), reading.planogram
                came = sum(door.people_in for door in reading.doors(*span_ms))
                few = self.desk.people_min > 1 and came < self.desk.people_min
                return heat_csv([] if few or plan is None else reading.heat(*span_ms), plan)

        text = await run.io_bound(read)
        if text is not None:  # None: the hub is stopping.
            ui.download.content(text.encode(), "floor-heat.csv", "text/csv")

    def _span(self, now_ms: int) -> tuple[int, int]:
        midnight_ms = day_started_ms(now_ms, self.reader.zone)
        if self._period == "day":
            return midnight_ms, now_ms
        if self._period == "range" and self._from_quarter is not None and self._to_quarter is not None:
            return midnight_ms + self._from_quarter * QUARTER_MS, midnight_ms + self._to_quarter * QUARTER_MS
        return (now_ms - HOUR_MS) // QUARTER_MS * QUARTER_MS, now_ms

    def compute(self, reading: LedgerReading, now_ms: int) -> Drawing:
        """Draw every part from one reading."""
        plan = reading.planogram
        if plan is None:
            text = self.reader.t("The plan of the shop will be here once there is a planogram.")
            return {
                "title": Markup("<h1>{}</h1>").format(self.reader.t("No plan yet")),
                "plan": Markup('<p class="empty">{}</p>').format(text),
            }
        from_ms, to_ms = self._span(now_ms)
        dwell = reading.zone_dwell_ms(from_ms, to_ms)
        watched = bool(reading.watched_ms(from_ms, to_ms))
        zones = sorted(plan.zones, key=lambda zone: -dwell.get(zone.zone_id, 0))[:ZONES_SHOWN_MAX]
        numbers = {zone.zone_id: number for number, zone in enumerate(zones, 1)}
        heat = heat_picture(reading.heat(from_ms, to_ms), plan.width_m, plan.depth_m)
        doors = {door.door_id: door for door in reading.doors(from_ms, to_ms)}
        drawn = plan_markup(self.reader, plan, heat, doors, numbers=numbers, watched=watched)
        names = {zone.zone_id: zone.name for zone in plan.zones}
        queues, paths = reading.queues(from_ms, to_ms), reading.paths(from_ms, to_ms, limit=PATHS_SHOWN_MAX)
        note = (
            Markup()
            if watched
            else Markup('<p class="small soft">{}</p>').format(
                self.reader.t("No camera has reported in this time (hatched): unseen, not empty.")
            )
        )
        return {
            "title": self._title(plan, dwell, from_ms, to_ms, now_ms, watched=watched),
            "period": self._chooser(now_ms),
            "plan": drawn + ramp_markup(self.reader, heat) + note + export_bar(self.reader.t("Heat of the floor"), "floor"),
            "inside": self._inside(reading, plan, now_ms),
            "zones": self._zones(reading, zones, plan, dwell if watched else {}, (from_ms, to_ms)),
            "queues": Markup("<h2>{}</h2>").format(self.reader.t("Queues")) + queues_markup(self.reader, queues, names),
            "paths": Markup("<h2>{}</h2>").format(self.reader.t("Ways between zones")) + paths_markup(self.reader, paths, names),
            "doors": self._doors(reading, plan, (from_ms, to_ms), now_ms),
        }

    def _title(self, plan: Planogram, dwell: dict[str, int], from_ms: int, to_ms: int, now_ms: int, *, watched: bool) -> Markup:
        reader = self.reader
        names = {zone.zone_id: zone.name for zone in plan.zones}
        total = sum(dwell.values())
        if total:
            best = max(dwell, key=lambda zone_id: dwell[zone_id])
            sentence = reader.t(
                "Most time was spent at {zone}: {share} of all stay",
                zone=names.get(best, best),
                share=reader.share(dwell[best] / total, decimals=0),
            )
        elif watched:
            sentence = reader.t("Nobody was seen on the floor")
        else:
            sentence = reader.t("Nobody watched the floor")
        span = reader.t("{start} to {end}", start=reader.moment(from_ms, now_ms), end=reader.clock(min(to_ms, now_ms)))
        return Markup("<h1>{}</h1><p>{}</p>").format(sentence, span)

    def _chooser(self, now_ms: int) -> Markup:
        reader = self.reader
        midnight_ms = day_started_ms(now_ms, reader.zone)
        last = min(96, (now_ms - midnight_ms) // QUARTER_MS + 1)
        buttons = Markup().join(
            Markup('<button type="button" data-act="period" data-value="{}" aria-pressed="{}">{}</button>').format(
                value, "true" if self._period == value else "false", words
            )
            for value, words in (("hour", reader.t("Last hour")), ("day", reader.t("Today")))
        )
        chosen = self._period == "range"
        selects = Markup().join(
            self._select(name, label, midnight_ms, last, quarter if chosen else None)
            for name, label, quarter in (("from", reader.t("From"), self._from_quarter), ("to", reader.t("To"), self._to_quarter))
        )
        return buttons + selects

    def _select(self, name: str, label: str, midnight_ms: int, last: int, chosen: int | None) -> Markup:
        options = Markup('<option value=""{}>{}</option>').format(Markup(" selected") if chosen is None else "", label)
        for quarter in range(last + 1):
            options += Markup('<option value="{}"{}>{}</option>').format(
                quarter, Markup(" selected") if quarter == chosen else "", self.reader.clock(midnight_ms + quarter * QUARTER_MS)
            )
        return Markup('<select data-input="{}" aria-label="{}" data-key="{}">{}</select>').format(name, label, name, options)

    def _inside(self, reading: LedgerReading, plan: Planogram, now_ms: int) -> Markup:
        """Today's visitors and who is still here, whatever period is chosen."""
        reader = self.reader
        doors = reading.doors(day_started_ms(now_ms, reader.zone), now_ms)
        people, how = inside_words(reader, reading.occupancy(), doors, plan, now_ms)
        visitors = sum(door.people_in for door in doors)
        groups = None if any(door.groups_in is None for door in doors) else sum(door.groups_in or 0 for door in doors)
        staff = sum(door.staff_in + door.staff_out for door in doors)
        together = reader.t("no camera looks for groups")
        if groups:
            together = reader.t("{size} people a group", size=reader.number(visitors / groups, decimals=1))
        cards = (
            (reader.t("In the shop now"), people, how),
            (reader.t("Visitors today"), reader.number(visitors if doors else None), reader.t("a pram and who pushes it are one")),
            (reader.t("Groups today"), reader.number(groups if doors else None), together),
            (reader.t("Staff through the doors"), reader.number(staff if doors else None), reader.t("in and out, counted apart")),
        )
        items = Markup().join(
            Markup(
                '<li><div><span class="small soft">{}</span><span class="value">{}</span><span class="small soft">{}</span></div></li>'
            ).format(*card)
            for card in cards
        )
        return Markup('<ul class="figures" aria-label="{}">{}</ul>').format(reader.t("People today"), items)

    def _zones(self, reading: LedgerReading, zones: list[Zone], plan: Planogram, dwell: dict[str, int], span_ms: tuple[int, int]) -> Markup:
        reader = self.reader
        title = Markup("<h2>{}</h2>").format(reader.t("Zones by stay"))
        visits = reading.zone_visits(*span_ms)
        if not zones and not visits:
            return title + Markup('<p class="empty">{}</p>').format(reader.t("The planogram names no zones."))
        day = reader.local(span_ms[0]).date().isoformat()
        words = reader.t("This day as a table (CSV)")
        streets = {line.door_id: line.name for line in plan.doors if line.kind == "street"}
        export = Markup('<p class="small"><a href="/floor.csv?day={}" download>{}</a></p>').format(day, words)
        return title + zones_table(reader, zones, visits, reading.zone_goods(*span_ms), dwell, streets) + export

    def _doors(self, reading: LedgerReading, plan: Planogram, span_ms: tuple[int, int], now_ms: int) -> Markup:
        reader = self.reader
        title = Markup("<h2>{}</h2>").format(reader.t("Doors"))
        counted = {door.door_id: door for door in reading.doors(*span_ms)}
        audits = reading.camera_audits()
        names = {door.door_id: door.name for door in plan.doors if door.kind == "door"}
        ids = list(dict.fromkeys([*names, *counted]))
        if not ids:
            return title + Markup('<p class="empty">{}</p>').format(reader.t("The planogram names no doors."))
        rows = (
            (
                names.get(door_id, door_id),
                reader.number(counted[door_id].people_in if door_id in counted else None),
                reader.number(counted[door_id].people_out if door_id in counted else None),
                reader.span(counted[door_id].observed_ms) if door_id in counted else reader.t("not counted"),
                door_words(reader, door_id, audits, now_ms),
            )
            for door_id in ids
        )
        heads = (reader.t("Door"), reader.t("in"), reader.t("out"), reader.t("watched for"), reader.t("count audited"))
        return title + table(heads, rows, figures=(1, 2, 3)) + audit_notes(reader, names, ids, audits)
