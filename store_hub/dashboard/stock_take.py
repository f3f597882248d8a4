"""Stock-take: what a handheld counted beside what is believed, line by line; and where tags and stock contradict each other."""

from __future__ import annotations

from typing import ClassVar, Literal

from markupsafe import Markup

from store_hub.adapters.ledger_views import LedgerReading
from store_hub.dashboard.desk import Desk
from store_hub.dashboard.frame import Drawing, Page
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.tables import table
from store_hub.dashboard.tag_exits import unpaid_exits
from store_hub.dashboard.upload import upload_file
from store_hub.dashboard.wording import signed
from store_hub.entries import BACK_ROOM
from store_hub.entries_goods import StockTakeDecision, StockTakeReads
from store_hub.errors import HubError
from store_hub.rows import StockTakeLineRow, StockTakeRow
from store_hub.rules.goods_files import read_tags_file
from store_hub.rules.tag_findings import TOO_MANY, finding, floor_zones
from store_hub.rules.tag_names import tag_name

TAGS_SHOWN_MAX = 8
TWICE_AFTER_MS = 10 * 60_000
"""Tags pass from zone to zone within minutes; in two for longer, there are two of it, or the zones overlap."""
_ACTS: dict[str, Literal["accept", "ignore", "recount", "close"]] = {
    "accept": "accept", "ignore": "ignore", "recount": "recount", "close": "close"
}  # fmt: skip


class StockTakePage(Page):
    """Open stock-takes with their differences, above what tags say every day."""

    path: ClassVar[str] = "/stock-take"
    tables: ClassVar[frozenset[str]] = frozenset({"stock_takes", "stock_take_lines", "tags", "tag_gaps", "tag_exits", "stock", "products"})

    def __init__(self, desk: Desk, reader: Reader) -> None:
        super().__init__(desk, reader)
        self._place = ""

    def layout(self) -> None:
        """Differences, a file to read in, contradictions."""
        self.part("title", "title")
        self.part("takes", "stack")
        upload_file(
            self.reader,
            self.reader.t("Read in a handheld's file: CSV with a column epc, or JSON lines"),
            self._read_in,
            lambda: self.part("where"),
        )
        self.part("exits", "card")
        self.part("findings", "card")

    async def on_act(self, act: str, value: str) -> None:
        """Decide a line, close a stock-take, or say where the next file was read."""
        if act == "place":
            self._place = value
        take_id, _, rest = value.partition(" ")
        counted, _, sku = rest.partition(" ")
        if act not in _ACTS:
            return
        by = self.reader.name or self.reader.t("the office")
        told = StockTakeDecision(
            stock_take_id=take_id, action=_ACTS[act], sku=sku or None, counted_units=int(counted) if counted.isdecimal() else None, by=by
        )
        await self.tell(told, door="stock-takes")

    async def _read_in(self, name: str, content: bytes) -> None:
        day = self.reader.local(self.desk.now_ms()).date().isoformat()
        by = self.reader.name or self.reader.t("the office")
        try:
            take_id = f"stock-take-{day}-{self._place}" if self._place else f"stock-take-{day}"
            reads = StockTakeReads(stock_take_id=take_id, epcs=read_tags_file(content), place=self._place or None, read_by=by)
        except HubError as error:
            self.say(f"{name}: {self.reader.say(str(error))}")
        else:
            await self.tell(reads, door="stock-takes")
        await self.refresh()

    # ---- drawing

    def compute(self, reading: LedgerReading, now_ms: int) -> Drawing:
        """Draw every part from one reading."""
        takes = reading.stock_takes()
        lines = {take.stock_take_id: reading.stock_take_lines(take.stock_take_id) for take in takes}
        open_lines = [line for take in takes if take.closed_at_ms is None for line in lines[take.stock_take_id] if line.state == "open"]
        names = reading.article_names()
        cards = Markup().join(self._take(reading, take, lines[take.stock_take_id], names, now_ms) for take in takes)
        return {
            "title": self._title(len(open_lines), any(take.closed_at_ms is None for take in takes)),
            "takes": cards or self._empty(),
            "where": self._where(reading),
            "exits": unpaid_exits(self.reader, reading, now_ms),
            "findings": self._findings(reading, now_ms),
        }

    def _where(self, reading: LedgerReading) -> Markup:
        """Where the next file was read: the whole store, unless told otherwise."""
        reader = self.reader
        bays = [] if reading.planogram is None else reading.planogram.bays
        shelves = {
            shelf.shelf_id: reader.t("{bay} · shelf {level}", bay=bay.name, level=shelf.level) for bay in bays for shelf in bay.shelves
        }
        choices = {"": reader.t("The whole store"), BACK_ROOM: reader.t("Back room"), **shelves}
        options = Markup().join(
            Markup('<option value="{}"{}>{}</option>').format(place, Markup(" selected") if place == self._place else "", name)
            for place, name in choices.items()
        )
        return Markup('<label class="where"><span class="small soft">{}</span><select data-input="place">{}</select></label>').format(
            reader.t("Read where"), options
        )

    def _title(self, waiting: int, counting: bool) -> Markup:
        reader = self.reader
        if waiting:
            sentence = reader.n("{count} article waits for your decision", "{count} articles wait for your decision", waiting)
        else:
            sentence = reader.t("Every line is decided") if counting else reader.t("No stock-take is going on")
        return Markup("<h1>{}</h1>").format(sentence)

    def _empty(self) -> Markup:
        reader = self.reader
        return Markup('<div class="card"><p class="empty"><strong>{}</strong>{}</p></div>').format(
            reader.t("Nothing has been counted by handheld yet."),
            reader.t(
                "Read in a file below, or let the handheld send to /v1/stock-take-reads. Each article becomes a line with its difference."
            ),
        )

    def _take(
        self, reading: LedgerReading, take: StockTakeRow, lines: list[StockTakeLineRow], names: dict[str, str], now_ms: int
    ) -> Markup:
        reader = self.reader
        heads = [
            reader.t("Article"),
            reader.t("Counted"),
            reader.t("Believed"),
            reader.t("Difference"),
            reader.t("Books"),
            reader.t("What to do"),
        ]
        rows = (self._line(reading, take, line, names, now_ms) for line in lines)
        strangers = len(reading.stock_take_tags(take.stock_take_id, "?"))
        place = take.place or reader.t("the whole store")
        read = reader.n("{count} tag read", "{count} tags read", take.tags_read)
        facts = [place, read, reader.moment(take.last_read_at_ms, now_ms), take.read_by]
        if strangers:
            facts.append(reader.n("{count} of no known article", "{count} of no known article", strangers))
        if take.closed_at_ms is not None:
            facts.append(reader.t("closed by {name}", name=take.closed_by or ""))
        close = Markup()
        if take.closed_at_ms is None:
            close = Markup('<div class="acts"><button type="button" data-once data-act="close" data-value="{}">{}</button></div>').format(
                take.stock_take_id, reader.t("Close this stock-take")
            )
        return Markup('<section class="card take" data-key="take-{}"><h2>{}</h2><p class="small soft">{}</p>{}{}</section>').format(
            take.stock_take_id,
            take.stock_take_id,
            " · ".join(fact for fact in facts if fact),
            table(heads, rows, figures=(1, 2, 3, 4)),
            close,
        )

    def _line(
        self, reading: LedgerReading, take: StockTakeRow, line: StockTakeLineRow, names: dict[str, str], now_ms: int
    ) -> tuple[object, ...]:
        reader = self.reader
        difference = line.counted_units - round(line.believed_units)
        name = Markup("<strong>{}</strong>{}").format(names.get(line.sku, line.sku), self._evidence(reading, take, line))
        words = Markup('<strong class="{}">{}</strong>').format(
            "amber" if difference else "", signed(reader, difference) if difference else "0"
        )
        return (
            name,
            reader.number(line.counted_units),
            reader.units(line.believed_units, line.believed_low, line.believed_high),
            words,
            reader.number(line.book_units),
            self._acts(take, line, names.get(line.sku, line.sku), now_ms),
        )

    def _evidence(self, reading: LedgerReading, take: StockTakeRow, line: StockTakeLineRow) -> Markup:
        """Tags that a fixed reader sees and the handheld did not, and the other way round."""
        reader = self.reader
        if take.closed_at_ms is not None:
            return Markup()
        read = set(reading.stock_take_tags(take.stock_take_id, line.sku))
        fixed = {tag_name(epc).uri for epc in reading.present_epcs(line.sku)}
        parts = Markup()
        for title, tags in (
            (reader.t("read by fixed readers only"), sorted(fixed - read)),
            (reader.t("read by the handheld only"), sorted(read - fixed)),
        ):
            if tags:
                more = f" … +{len(tags) - TAGS_SHOWN_MAX}" if len(tags) > TAGS_SHOWN_MAX else ""
                parts += Markup('<p class="small soft">{} ({}): {}{}</p>').format(title, len(tags), ", ".join(tags[:TAGS_SHOWN_MAX]), more)
        if not parts:
            return Markup()
        return Markup('<details data-key="evidence-{}-{}"><summary class="small">{}</summary>{}</details>').format(
            take.stock_take_id, line.sku, reader.t("Evidence"), parts
        )

    def _acts(self, take: StockTakeRow, line: StockTakeLineRow, name: str, now_ms: int) -> str | Markup:
        reader = self.reader
        if line.state in ("accepted", "ignored"):
            words = reader.t("accepted by {name} at {time}") if line.state == "accepted" else reader.t("ignored by {name} at {time}")
            return words.format(name=line.decided_by or "", time=reader.moment(line.decided_at_ms or now_ms, now_ms))
        if take.closed_at_ms is not None:
            return reader.t("not decided")
        if line.state == "recount":
            return reader.t("waits to be counted again")
        value = f"{take.stock_take_id} {line.counted_units} {line.sku}"
        buttons = Markup().join(
            Markup('<button type="button" data-once data-key="{}-{}" data-act="{}" data-value="{}" aria-label="{}">{}</button>').format(
                act, value, act, value, f"{words}: {name}", words
            )
            for act, words in (("accept", reader.t("Accept")), ("ignore", reader.t("Ignore")), ("recount", reader.t("Count again")))
        )
        return Markup('<div class="acts">{}</div>').format(buttons)

    def _findings(self, reading: LedgerReading, now_ms: int) -> Markup:
        reader, plan = self.reader, reading.planogram
        tagged = set() if plan is None else set(plan.tagged_skus)
        zones = {zone.zone_id: zone.name for zone in plan.zones} if plan else {}
        rows: list[tuple[object, ...]] = []
        for row in reading.tagged_stock(floor_zones(plan)):
            found = finding(row.tags, row.units, row.low, row.high, row.gap_units, every_unit_tagged=row.sku in tagged)
            if found is not None:
                stock = reader.units(row.units, row.low, row.high)
                rows.append((row.name, reader.number(row.tags), stock, self._why(found.kind, found.difference, row.gap_units)))
        for twice in reading.tags_in_two_places(now_ms - TWICE_AFTER_MS):
            places = ", ".join(zones.get(zone_id, zone_id) for zone_id in twice.zone_ids.split("|"))
            why = reader.t(
                "one tag in two places for {span}: {places}; a copy of it, or zones that overlap",
                span=reader.span(now_ms - twice.since_ms),
                places=places,
            )
            rows.append((twice.name or tag_name(twice.epc).uri, "1", "—", why))
        if not rows:
            return Markup('<h2>{}</h2><p class="soft small">{}</p>').format(
                reader.t("Tags and stock agree"),
                reader.t("Articles without a tag, tags without an article and tags in two places are listed here, with the reason."),
            )
        title = reader.n(
            "Tags and stock contradict each other at {count} place", "Tags and stock contradict each other at {count} places", len(rows)
        )
        heads = (reader.t("Article"), reader.t("Tags on the floor"), reader.t("Stock there"), reader.t("Why"))
        return Markup("<h2>{}</h2>").format(title) + table(heads, rows, figures=(1, 2))

    def _why(self, kind: str, difference: int, gap_units: int | None) -> str:
        reader = self.reader
        if kind == TOO_MANY:
            return reader.n(
                "{count} tag more than articles: two tags on one, or goods put where they do not belong",
                "{count} tags more than articles: two tags on one, or goods put where they do not belong",
                difference,
            )
        if gap_units is not None and gap_units == difference:
            return reader.n(
                "the last count found {count} unit without a tag", "the last count found {count} units without a tag", difference
            )
        return reader.n(
            "{count} unit without a tag that is read: untagged, or hidden from the reader",
            "{count} units without a tag that is read: untagged, or hidden from the reader",
            difference,
        )
