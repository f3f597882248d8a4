"""Shelves: the planogram to scale, each facing filled to its level like a glass; a facing opens to its last hour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from markupsafe import Markup
from nicegui import ui

from store_hub.adapters.ledger_views import LedgerReading
from store_hub.adapters.ledger_views_rows import AlertRow, StockRow
from store_hub.dashboard.desk import Desk
from store_hub.dashboard.facing_evidence import evidence_chart, evidence_head, evidence_legend, evidence_tables
from store_hub.dashboard.frame import Drawing, Page
from store_hub.dashboard.misplaced import Stray, strays, strays_list, strays_tag
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.wording import is_empty, shelves_sentence
from store_hub.errors import HubError
from wire_format.plans import Bay, Facing, Planogram, Shelf

FIND_CHARACTERS_MAX = 80
BLINK_MS = 120_000


class ShelvesPage(Page):
    """The shop's bays as they stand now."""

    path: ClassVar[str] = "/shelves"
    tables: ClassVar[frozenset[str]] = frozenset(
        {"stock", "alerts", "planogram", "shelf_weights", "shelf_events", "books", "sales", "tag_counts", "devices"}
    )

    def __init__(self, desk: Desk, reader: Reader, *, shelf_id: str = "", sku: str = "", find: str = "", bay_id: str = "") -> None:
        super().__init__(desk, reader)
        self._chosen = (shelf_id, sku) if shelf_id and sku else None
        self._blinks = ("", 0)
        self._find = find[:FIND_CHARACTERS_MAX]
        self._bay_id = bay_id

    def layout(self) -> None:
        """Search above, bays beside the chosen facing's evidence."""
        self.part("title", "title")
        self.part("search")
        with ui.element("div").classes("with-panel") as self._with_panel:
            self.part("bays")
            with (
                ui.element("aside")
                .classes("card panel")
                .props(f'aria-label="{self.reader.t("What the figure comes from")}"') as self._panel
            ):
                self.part("evidence_head")
                self.chart("trace", self.reader.t("Weight of the shelf in the last hour, with what happened marked"))
                self.part("evidence_legend")
                self.part("evidence_tables")

    async def on_act(self, act: str, value: str) -> None:
        """Choose or close a facing, search, or act on its alert."""
        if act == "find":
            self._find, self._bay_id = value[:FIND_CHARACTERS_MAX], ""
        elif act == "open":
            shelf_id, _, sku = value.partition("/")
            self._chosen = (shelf_id, sku)
        elif act == "close":
            self._chosen = None
        elif act == "blink":
            await self._blink(value)
        else:
            await self.act_on_alert(act, value)

    async def _blink(self, shelf_id: str) -> None:
        try:
            await self.desk.blink(shelf_id, self.reader.name or self.reader.t("the office"))
        except HubError as error:
            self.refuse(error)
        except TimeoutError:
            self.say(self.reader.t("The hub did not answer in time. The list shows whether it was booked."))
        else:
            self._blinks = (shelf_id, self.desk.now_ms() + BLINK_MS)

    def after_show(self) -> None:
        """Open or close the panel."""
        for element in (self._with_panel, self._panel):
            element.classes(add="open" if self._chosen else None, remove=None if self._chosen else "open")

    def compute(self, reading: LedgerReading, now_ms: int) -> Drawing:
        """Draw every part from one reading."""
        plan = reading.planogram
        alerts = reading.open_alerts()
        title = Markup("<h1>{}</h1>{}").format(shelves_sentence(self.reader, alerts), self._legend())
        if plan is None:
            text = self.reader.t("The shelves will be drawn here once the shop has a planogram.")
            return {"title": title, "search": Markup(), "bays": Markup('<p class="empty">{}</p>').format(text)}
        title += strays_list(self.reader, plan, strays(plan, reading.stock()))
        parts: dict[str, Markup | dict[str, object]] = {"title": title, "search": self._search(), "bays": self._bays(plan, reading, alerts)}
        if self._chosen:
            chosen = self._chosen
            alert = next((alert for alert in alerts if (alert.shelf_id, alert.sku) == chosen), None)
            parts["evidence_head"] = evidence_head(
                self.reader, reading, chosen, alert, now_ms, is_blinking=self._blinks[0] == chosen[0] and now_ms < self._blinks[1]
            )
            parts["trace"] = evidence_chart(self.reader, reading, chosen, now_ms)
            parts["evidence_legend"] = evidence_legend(self.reader, reading, chosen, now_ms)
            parts["evidence_tables"] = evidence_tables(self.reader, reading, chosen, now_ms)
        return parts

    def _legend(self) -> Markup:
        reader = self.reader
        items = (
            ("var(--fill)", reader.t("surely there")),
            ("var(--pale)", reader.t("perhaps there")),
            ("repeating-linear-gradient(135deg,var(--glass) 0 4px,var(--pale) 4px 6px)", reader.t("not known")),
        )
        marks = Markup().join(Markup('<span><i style="background:{}"></i>{}</span>').format(*item) for item in items)
        edges = Markup().join(
            Markup('<span><i style="box-shadow:inset 0 0 0 2px var(--{})"></i>{}</span>').format(*item)
            for item in (("amber-mark", reader.t("running low")), ("red", reader.t("empty")))
        )
        return Markup('<div class="legend">{}{}<span>{}</span></div>').format(
            marks, edges, reader.t("28 / 36: units there / units that fit")
        )

    def _search(self) -> Markup:
        words = self.reader.t("Find an article (key /)")
        return Markup(
            '<input type="search" data-search data-input="find" value="{}" placeholder="{}" aria-label="{}" autocomplete="off">'
        ).format(self._find, words, words)

    def _bays(self, plan: Planogram, reading: LedgerReading, alerts: list[AlertRow]) -> Markup:
        names = {product.sku: product.name for product in plan.products}
        stock = reading.stock()
        calls = {(alert.shelf_id, alert.sku): alert for alert in alerts}
        wanted = self._find.casefold().strip()
        found = {sku for sku, name in names.items() if wanted in name.casefold() or wanted in sku.casefold()} if wanted else None
        bays = [bay for bay in plan.bays if not self._bay_id or bay.bay_id == self._bay_id] or plan.bays
        if found is not None:
            bays = [bay for bay in bays if any(facing.sku in found for shelf in bay.shelves for facing in shelf.facings)]
        if not bays:
            text = self.reader.t("No article of that name is on the planogram.")
            return Markup('<p class="empty"><strong>{}</strong>{}</p>').format(text, self.reader.t("Try a shorter word."))
        everywhere = self._everywhere() if self._bay_id and len(bays) < len(plan.bays) else Markup()
        misplaced = strays(plan, stock)
        drawn = Markup().join(self._bay(bay, names, stock, calls, found, misplaced) for bay in bays)
        return everywhere + Markup('<div class="bays">{}</div>').format(drawn)

    def _everywhere(self) -> Markup:
        return Markup('<p class="bar"><button type="button" data-act="find" data-value="">{}</button></p>').format(
            self.reader.t("Show every bay")
        )

    def _bay(
        self,
        bay: Bay,
        names: Mapping[str, str],
        stock: Mapping[tuple[str, str], StockRow],
        calls: Mapping[tuple[str | None, str | None], AlertRow],
        found: set[str] | None,
        misplaced: list[Stray],
    ) -> Markup:
        wide = max((shelf.width_m for shelf in bay.shelves), default=bay.place.width_m)
        boards = Markup()
        for shelf in sorted(bay.shelves, key=lambda shelf: shelf.level):
            glasses = Markup().join(
                self._glass(bay, shelf, facing, names.get(facing.sku, facing.sku), stock.get((facing.sku, shelf.shelf_id)), calls, found)
                for facing in shelf.facings
            )
            boards += Markup('<div class="board" style="--wide:{:.2f}" data-key="{}">{}</div>').format(
                shelf.width_m, shelf.shelf_id, glasses
            ) + strays_tag(self.reader, [stray for stray in misplaced if stray.shelf_id == shelf.shelf_id])
        return Markup(
            '<section class="card bay" data-key="{}" style="--wide:{:.2f}" aria-label="{}">'
            '<h2>{}</h2><div class="boards">{}</div></section>'
        ).format(bay.bay_id, wide, bay.name, bay.name, boards)

    def _glass(
        self,
        bay: Bay,
        shelf: Shelf,
        facing: Facing,
        name: str,
        held: StockRow | None,
        calls: Mapping[tuple[str | None, str | None], AlertRow],
        found: set[str] | None,
    ) -> Markup:
        reader = self.reader
        alert = calls.get((shelf.shelf_id, facing.sku))
        state, word = ("", "") if alert is None else ("out", reader.t("empty")) if is_empty(alert) else ("low", reader.t("low"))
        units = reader.units(held.units, held.low, held.high) if held else "?"
        low, high = _levels(held, facing.capacity_units)
        dim = found is not None and facing.sku not in found
        chosen = "chosen" if self._chosen == (shelf.shelf_id, facing.sku) else ""
        classes = ("glass", state, "unknown" if held is None else "", "dim" if dim else "", chosen)
        label = reader.t(
            "{name}, {bay} shelf {level}: {units} of {capacity} {word}",
            name=name, bay=bay.name, level=shelf.level, units=units, capacity=facing.capacity_units, word=word,
        )  # fmt: skip
        return Markup(
            '<button type="button" data-key="{key}" data-act="open" data-value="{key}" class="{classes}"'
            ' aria-label="{label}" title="{label}"'
            ' style="left:{left:.2f}%;width:calc({width:.2f}% - 3px);--low:{low:.0f}%;--high:{high:.0f}%"><span class="name">{name}</span>'
            '<span class="level"><b>{units}</b><span class="doubt"> / {capacity}</span> <span class="tag">{word}</span></span></button>'
        ).format(
            key=f"{shelf.shelf_id}/{facing.sku}",
            classes=" ".join(filter(None, classes)),
            label=label.strip(),
            left=100 * facing.from_m / shelf.width_m,
            width=100 * facing.width_m / shelf.width_m,
            low=low,
            high=high,
            name=name,
            units=units,
            capacity=reader.number(facing.capacity_units),
            word=word,
        )


def _levels(held: StockRow | None, capacity_units: int) -> tuple[float, float]:
    """Return how high the glass is surely and perhaps filled, per cent."""
    if held is None:
        return 0.0, 0.0
    low = held.units if held.low is None else held.low
    high = held.units if held.high is None else held.high
    return min(100.0, 100 * max(0.0, low) / capacity_units), min(100.0, 100 * max(0.0, high) / capacity_units)
