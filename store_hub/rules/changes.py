"""What one journal entry changes: effects gathered while the rules work it out."""

from __future__ import annotations

from store_hub.rows import Effect, SkuQuarterSums
from store_hub.rules.quarters import quarter_start_ms


class Changes:
    """Effects of one entry, the articles and places it touched, and the running number of its events.

    Args:
        timeless: a plan, which says how things are and not when they came about: what happened before it may still be told after it.
    """

    __slots__ = ("_line", "at_ms", "effects", "journal_id", "places", "skus", "timeless")

    def __init__(self, *, journal_id: int, at_ms: int, timeless: bool = False) -> None:
        self.journal_id = journal_id
        self.timeless = timeless
        self.at_ms = at_ms
        self.effects: list[Effect] = []
        self.skus: dict[str, None] = {}  # Ordered, so that a rebuild goes the same way.
        self.places: dict[tuple[str, str], None] = {}
        self._line = 0

    def next_line(self) -> int:
        """Number the next event of this entry, from 1."""
        self._line += 1
        return self._line

    def touch(self, sku: str, place: str | None = None) -> None:
        """Remember that an article's stock changed, and where."""
        self.skus[sku] = None
        if place is not None:
            self.places[sku, place] = None

    def add_to_quarter(
        self, sku: str, *, at_ms: int | None = None, sold: int = 0, picked: int = 0, put_back: int = 0, refilled: int = 0,
        received: int = 0, lost: int = 0, revenue_minor: int = 0,
    ) -> None:  # fmt: skip
        """Add to an article's quarter: this entry's, or that of another moment."""
        quarter_ms = quarter_start_ms(self.at_ms if at_ms is None else at_ms)
        self.effects.append(SkuQuarterSums(quarter_ms, sku, sold, picked, put_back, refilled, received, lost, revenue_minor))
        self.skus[sku] = None
