"""Which tags are where, how many of each article in each zone, and whether a tag is new to the shop."""

from __future__ import annotations

from bisect import bisect_left, insort

import msgspec

from store_hub.rows import TAG_REMEMBERED_MS, Effect, TagAbsencesRow, TagCountRow, TagRow
from store_hub.rules.epc import gtin_14, gtin_of_epc
from store_hub.rules.tag_absences import AbsencesState, lingers_s, usual, with_departure, with_return
from wire_format.observations import TagLeft, TagMoved, TagSeen
from wire_format.plans import Planogram

UNKNOWN_ARTICLE = "?"
HEARD_MS = 120_000
"""So long a reader may need until it has heard every tag that is there."""
SWEEP_EVERY = 1_000
NEVER_MS = 1 << 62


class TagBook:
    """Remembers the tags that are present, and for a fortnight those that left."""

    def __init__(self) -> None:
        self._tags: dict[str, dict[str, TagRow]] = {}  # By EPC and zone.
        self._of_sku: dict[str, _Present] = {}
        self._counts: dict[str, dict[str, int]] = {}  # By article and zone.
        self._sku_of_gtin: dict[str, str] = {}
        self._lingering: dict[tuple[str, str], TagRow] = {}
        self.settles_at_ms = NEVER_MS  # Before it, no tag has lingered long enough.
        self._newest_ms = 0
        self._departures = 0
        self._absences = usual()

    def restore(self, row: TagRow | TagCountRow | TagAbsencesRow) -> None:
        """Go on from what the ledger holds."""
        match row:
            case TagRow():
                self._keep(row)
            case TagCountRow():
                self._counts.setdefault(row.sku, {})[row.zone_id] = row.tags_present
            case TagAbsencesRow():
                self._absences = msgspec.json.decode(row.state, type=AbsencesState)

    def use_planogram(self, planogram: Planogram) -> None:
        """Know articles by their GTINs from now on. Tags booked before keep the article they were booked under."""
        self._sku_of_gtin = {gtin_14(product.gtin): product.sku for product in planogram.products if product.gtin is not None}

    # ---- news

    def seen(self, tag: TagSeen, at_ms: int) -> list[Effect]:
        """Return what a tag's arrival changes. News older than what is known changes nothing."""
        known = self._known(tag.epc, tag.zone_id)
        if known is not None and at_ms < known.since_ms:
            return []
        if known is not None and known.present:
            if tag.confidence == known.confidence and not known.by_door:
                return []
            surer = known._replace(confidence=tag.confidence, by_door=0)
            self._keep(surer)
            return [surer]
        ended = [effect for row in self._by_door(tag.epc, at_ms) for effect in self._end(row, tag.confidence, at_ms)]
        back = [] if known is None or known.sku is None else self._learn(with_return(self._absences, at_ms - known.since_ms))
        return [*self._begin(tag.epc, tag.zone_id, tag.confidence, at_ms, by_door=0), *ended, *back]

    def left(self, tag: TagLeft, at_ms: int) -> list[Effect]:
        """Return what a tag's departure changes."""
        known = self._known(tag.epc, tag.zone_id)
        if known is None or not known.present or at_ms < known.since_ms:
            return []
        self._sweep()
        elsewhere = any(row.present and row.zone_id != tag.zone_id for row in self._tags[tag.epc].values())
        if elsewhere:
            return self._end(known, tag.confidence, at_ms)
        ended = self._end(known, tag.confidence, at_ms, lingers=lingers_s(self._absences))
        return ended if known.sku is None else [*ended, *self._learn(with_departure(self._absences))]

    def moved(self, tag: TagMoved, at_ms: int) -> list[Effect]:
        """Return what a way through a door changes: the tag is in the zone on its far side until anything else says where it is.

        Where antennas look, `seen` and `left` decide, and only what a door said ends. But a tag carried out of the shop (to no zone) is
        gone from the zone before the door too.
        """
        here = self._tags.get(tag.epc, {}).get(tag.from_zone_id or "")
        out = [here] if tag.to_zone_id is None and here is not None and here.present and here.since_ms <= at_ms else []
        ended = {row.zone_id: row for row in (*self._by_door(tag.epc, at_ms), *out) if row.zone_id != tag.to_zone_id}
        effects = [effect for row in ended.values() for effect in self._end(row, tag.confidence, at_ms)]
        if tag.to_zone_id is None:
            return effects
        known = self._known(tag.epc, tag.to_zone_id)
        if known is not None and (known.present or at_ms < known.since_ms):
            return effects
        return [*self._begin(tag.epc, tag.to_zone_id, tag.confidence, at_ms, by_door=1), *effects]

    def settled(self, at_ms: int, counted: str | None = None, *, hidden: int = 0) -> list[TagRow]:
        """The tags that by now are truly gone. Of an article that was `counted` all but `hidden`, those that left last, linger no more."""
        if at_ms < self.settles_at_ms and counted is None:
            return []
        known_gone = [] if counted is None else self._lingering_longest(counted)
        known_gone = known_gone[: max(0, len(known_gone) - hidden)]
        over = [row for _, row in sorted(self._lingering.items()) if row in known_gone or at_ms >= _gone_at_ms(row)]
        return self._let_go(over)

    def paid(self, sku: str, units: int) -> list[TagRow]:
        """The till has sold so many: those that left first are not hidden, but gone."""
        return self._let_go(self._lingering_longest(sku)[: max(0, units)])

    def _lingering_longest(self, sku: str) -> list[TagRow]:
        return sorted((row for row in self._lingering.values() if row.sku == sku), key=_came_last_with_epc)

    def _let_go(self, over: list[TagRow]) -> list[TagRow]:
        gone = [row._replace(lingers=0) for row in over]
        for row in gone:
            self._keep(row)
        self.settles_at_ms = min((_gone_at_ms(row) for row in self._lingering.values()), default=NEVER_MS)
        return gone

    # ---- what is known

    def sku_of_epc(self, epc: str) -> str | None:
        """The article that a tag names."""
        return self.sku_of_gtin(gtin_of_epc(epc))

    def sku_of_gtin(self, gtin: str | None) -> str | None:
        """The article that has this GTIN (14 digits)."""
        return None if gtin is None else self._sku_of_gtin.get(gtin)

    def last_place(self, epc: str) -> TagRow | None:
        """Where a tag was last seen or left, or None for one that is new to the shop; present counts before gone, later before earlier."""
        here = self._tags.get(epc)
        if here is None:
            return None
        rows = [row for row in here.values() if self._is_remembered(row)]
        return max(rows, key=_place_in_time, default=None)

    def present_of(self, sku: str) -> list[TagRow]:
        """The present tags of an article, each once, in the zone where it came last, in order of their EPCs."""
        here = self._of_sku.get(sku)
        return [] if here is None else here.rows()

    def heard_in(self, epc: str) -> list[TagRow]:
        """Every zone in which a tag is present, that where it came last first."""
        return sorted((row for row in self._tags.get(epc, {}).values() if row.present), key=_came_last, reverse=True)

    def lingering_of(self, sku: str) -> list[TagRow]:
        """The tags of an article that were told to have left a moment ago, and have been heard nowhere else since."""
        rows = [row for _, row in sorted(self._lingering.items()) if row.sku == sku]
        return [row for row in rows if not any(other.present for other in self._tags[row.epc].values())]

    def zones_of(self, sku: str) -> list[str]:
        """The zones in which tags of an article have ever been present."""
        return sorted(self._counts.get(sku, ()))

    def skus(self) -> list[str]:
        """The articles of which a tag has ever been seen, in order."""
        return sorted(self._counts.keys() - {UNKNOWN_ARTICLE})

    # ---- keeping

    def _by_door(self, epc: str, at_ms: int) -> list[TagRow]:
        """Where only doors say that a tag is, as far as that is older news."""
        return [row for row in self._tags.get(epc, {}).values() if row.by_door and row.present and row.since_ms <= at_ms]

    def _begin(self, epc: str, zone_id: str, confidence: float, at_ms: int, *, by_door: int) -> list[Effect]:
        gtin = gtin_of_epc(epc)
        row = TagRow(epc, zone_id, gtin, self.sku_of_gtin(gtin), 1, confidence, at_ms, by_door)
        self._keep(row)
        return [row, self._count(row.sku, zone_id, +1, at_ms)]

    def _end(self, row: TagRow, confidence: float, at_ms: int, *, lingers: int = 0) -> list[Effect]:
        gone = row._replace(present=0, confidence=confidence, since_ms=at_ms, lingers=lingers)
        self._keep(gone)
        return [gone, self._count(row.sku, row.zone_id, -1, at_ms)]

    def _learn(self, absences: AbsencesState) -> list[Effect]:
        if absences is self._absences:
            return []
        self._absences = absences
        return [TagAbsencesRow(1, msgspec.json.encode(absences))]

    def _known(self, epc: str, zone_id: str) -> TagRow | None:
        row = self._tags.get(epc, {}).get(zone_id)
        return row if row is not None and self._is_remembered(row) else None

    def _is_remembered(self, row: TagRow) -> bool:
        return bool(row.present) or row.since_ms >= self._newest_ms - TAG_REMEMBERED_MS

    def _keep(self, row: TagRow) -> None:
        self._tags.setdefault(row.epc, {})[row.zone_id] = row
        self._newest_ms = max(self._newest_ms, row.since_ms)
        if row.lingers:
            self._lingering[row.epc, row.zone_id] = row
            self.settles_at_ms = min(self.settles_at_ms, _gone_at_ms(row))
        else:
            self._lingering.pop((row.epc, row.zone_id), None)
        if row.sku is None:
            return
        here = self._of_sku.get(row.sku)
        if here is None:
            here = self._of_sku[row.sku] = _Present()
        here.keep(row.epc, [each for each in self._tags[row.epc].values() if each.present and each.sku == row.sku])

    def _sweep(self) -> None:
        """Let go of what is no longer remembered, now and then."""
        self._departures += 1
        if self._departures % SWEEP_EVERY:
            return
        for epc in [epc for epc, rows in self._tags.items() if not all(map(self._is_remembered, rows.values()))]:
            rows = {zone_id: row for zone_id, row in self._tags[epc].items() if self._is_remembered(row)}
            if rows:
                self._tags[epc] = rows
            else:
                del self._tags[epc]

    def _count(self, sku: str | None, zone_id: str, change: int, at_ms: int) -> TagCountRow:
        article = sku or UNKNOWN_ARTICLE
        counts = self._counts.setdefault(article, {})
        counts[zone_id] = counts.get(zone_id, 0) + change
        return TagCountRow(article, zone_id, counts[zone_id], at_ms)


class _Present:
    """The present tags of an article, kept in order: with hundreds of them, to sort them anew for each would be most of the work."""

    def __init__(self) -> None:
        self._row: dict[str, TagRow] = {}
        self._epcs: list[str] = []

    def keep(self, epc: str, rows: list[TagRow]) -> None:
        """Take over where a tag is present now; of several zones that where it came last counts."""
        if not rows:
            if self._row.pop(epc, None) is not None:
                del self._epcs[bisect_left(self._epcs, epc)]
            return
        if epc not in self._row:
            insort(self._epcs, epc)
        self._row[epc] = rows[0] if len(rows) == 1 else max(rows, key=_came_last)

    def rows(self) -> list[TagRow]:
        """Each tag once."""
        return [self._row[epc] for epc in self._epcs]


def _gone_at_ms(row: TagRow) -> int:
    """When a tag that lingers is to be taken for gone."""
    return row.since_ms + 1000 * row.lingers


def _came_last_with_epc(row: TagRow) -> tuple[int, str, str]:
    return row.since_ms, row.epc, row.zone_id


def _came_last(row: TagRow) -> tuple[int, str]:
    return row.since_ms, row.zone_id


def _place_in_time(row: TagRow) -> tuple[int, int, str]:
    return row.present, row.since_ms, row.zone_id
