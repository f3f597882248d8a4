"""How an article's books came about, in words."""

from __future__ import annotations

from store_hub.adapters.ledger_views_records import RecordLine
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.wording import signed


def books_words(reader: Reader, line: RecordLine) -> str:
    """Say what the books are made of: `60 at the start, +48 received, −71 sold`."""
    parts = [reader.t("{units} at the start", units=reader.number(line.start_units))]
    for words, units in (
        (reader.t("received"), line.received_units),
        (reader.t("sold"), -line.sold_units),
        (reader.t("written off"), -line.written_off_units),
        (reader.t("corrected by counts"), line.adjusted_units),
    ):
        if units:
            parts.append(f"{signed(reader, units)} {words}")
    return reader.t(", ").join(parts)
