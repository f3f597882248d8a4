"""What the buttons at the shelves did in the last day: scales zeroed, and why some were not."""

from __future__ import annotations

from markupsafe import Markup

from store_hub.adapters.ledger_views import LedgerReading
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.tables import table
from store_hub.dashboard.wording import place_of, place_words
from store_hub.rows import ButtonPressRow

SHOWN_FOR_MS = 24 * 3_600_000


def presses(reader: Reader, reading: LedgerReading, now_ms: int) -> Markup:
    """List them, newest first; nothing where none was pressed."""
    rows = reading.button_presses(now_ms - SHOWN_FOR_MS)
    if not rows:
        return Markup()
    heads = (reader.t("When"), reader.t("Scale"), reader.t("What"))
    lines = ((reader.moment(row.pressed_at_ms, now_ms), _where(reader, reading, row), _what(reader, row)) for row in rows)
    return Markup("<h2>{}</h2>").format(reader.t("Buttons pressed at the shelves, last 24 hours")) + table(heads, lines)


def _where(reader: Reader, reading: LedgerReading, row: ButtonPressRow) -> str:
    place = place_of(reading.planogram, row.shelf_id or "")
    return place_words(reader, place) if place is not None else row.shelf_id or row.button_id


def _what(reader: Reader, row: ButtonPressRow) -> Markup:
    if row.action == "tared":
        return Markup("{}").format(reader.t("scale zeroed: {detail}", detail=reader.say(row.detail)))
    if row.action == "tare_refused":
        return Markup('<strong class="amber">{}</strong>').format(reader.t("scale not zeroed: {detail}", detail=reader.say(row.detail)))
    return Markup("{}").format(reader.t("took the tasks of the shelf"))
