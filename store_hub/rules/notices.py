"""The deliveries that were announced: what is read on them, what is signed for, and corrections afterwards."""

from __future__ import annotations

from typing import Any

import msgspec

from store_hub.entries import BACK_ROOM
from store_hub.entries_goods import DeliveryAcceptance, DeliveryNotice, DeliveryReads, NoticeLine
from store_hub.rows import (
    NOTICES_REMEMBERED,
    DeliveryRow,
    NoticeAcceptedRow,
    NoticeLineRow,
    NoticeRow,
    NoticeTagRow,
    QuarantineRow,
)
from store_hub.rules.changes import Changes
from store_hub.rules.epc import gs1_check_digit, gtin_14
from store_hub.rules.epc_errors import EpcInvalid
from store_hub.rules.epcis_events import EventMaker
from store_hub.rules.places import Places
from store_hub.rules.receiving import ANNOUNCED, CARTON, DOOR, HANDHELD, SIGNED, delivery_of_tag, packed
from store_hub.rules.stock import StockBook
from store_hub.rules.tag_names import TagName, read_tag_text
from store_hub.rules.tags import UNKNOWN_ARTICLE, TagBook

NoticeState = NoticeRow | NoticeLineRow | NoticeTagRow | NoticeAcceptedRow
Event = dict[str, Any]


class NoticeBook:
    """Open deliveries, and the newest accepted ones, which may still be corrected."""

    def __init__(self, tags: TagBook, maker: EventMaker) -> None:
        self._tag_book = tags
        self._maker = maker
        self._notices: dict[str, NoticeRow] = {}
        self._lines: dict[str, list[NoticeLineRow]] = {}
        self._tags: dict[str, dict[str, NoticeTagRow]] = {}
        self._accepted: dict[str, dict[str, NoticeAcceptedRow]] = {}

    def restore(self, row: NoticeState) -> None:
        """Go on from what the ledger holds."""
        match row:
            case NoticeRow():
                self._notices[row.delivery_id] = row
            case NoticeLineRow():
                self._lines.setdefault(row.delivery_id, []).append(row)
            case NoticeTagRow():
                self._tags.setdefault(row.delivery_id, {})[row.tag] = row
            case NoticeAcceptedRow():
                self._accepted.setdefault(row.delivery_id, {})[row.sku] = row

    def refusal(self, said: DeliveryNotice | DeliveryReads | DeliveryAcceptance) -> str | None:
        """Why something cannot be booked, or None."""
        notice = self._notices.get(said.delivery_id)
        if isinstance(said, DeliveryNotice):
            if notice is not None:
                return f"delivery {said.delivery_id} was announced already; announce a correction under a new delivery_id"
            return next((problem for place, line in enumerate(said.lines, 1) if (problem := _line_problem(place, line))), None)
        if notice is None:
            return f"no delivery {said.delivery_id} was announced; check the number, or announce it first"
        if isinstance(said, DeliveryReads) and notice.state != ANNOUNCED:
            return f"delivery {said.delivery_id} is signed for already; correct it on the page Receiving"
        if isinstance(said, DeliveryAcceptance):
            if notice.state == SIGNED and not self._may_be_corrected(notice):
                return f"delivery {said.delivery_id} was signed for too long ago; book a count instead"
            skus = [line.sku for line in said.lines]
            twice = next((sku for sku in skus if skus.count(sku) > 1), None)
            return None if twice is None else f"article {twice} stands in two lines; write it once, with all its units"
        return None

    def announce(self, said: DeliveryNotice, changes: Changes) -> None:
        """A supplier says what comes."""
        if self.refusal(said) is not None:
            _quarantine(f"delivery {said.delivery_id} was announced twice", changes)
            return
        notice = NoticeRow(
            said.delivery_id,
            said.supplier,
            changes.at_ms,
            said.expected_at_ms,
            changes.journal_id,
            ANNOUNCED,
            None,
            0,
            None,
            None,
            0,
            b"[]",
        )
        self._keep(notice, changes)
        rows = []
        for number, line in enumerate(said.lines, 1):
            gtin = None if line.gtin is None else gtin_14(line.gtin)
            sku = line.sku or self._tag_book.sku_of_gtin(gtin) or gtin or UNKNOWN_ARTICLE
            rows.append(NoticeLineRow(said.delivery_id, number, sku, gtin, line.sscc, line.units))
        self._lines[said.delivery_id] = rows
        changes.effects += rows

    # ---- reads

    def arrived(self, name: TagName, sku: str | None, changes: Changes) -> None:
        """A tag that is new to the shop showed in the back room."""
        ids = [one.delivery_id for one in sorted(self._notices.values(), key=lambda row: row.journal_id) if one.state == ANNOUNCED]
        if not ids or (name.gtin is None and name.sscc is None):
            return
        if any(name.uri in self._tags.get(one, ()) for one in ids):
            return
        known = sku or name.gtin or UNKNOWN_ARTICLE
        tags = {one: list(held.values()) for one, held in self._tags.items()}
        delivery_id = delivery_of_tag(known, name.sscc, ids, self._lines, tags)
        if delivery_id is not None:
            self._read(delivery_id, name, CARTON if name.sscc else known, DOOR, changes)

    def read(self, said: DeliveryReads, changes: Changes) -> None:
        """A handheld read tags on a delivery."""
        if self.refusal(said) is not None:
            _quarantine(f"delivery {said.delivery_id} was not open for reads", changes)
            return
        for text in said.epcs:
            try:
                name = read_tag_text(text)
            except EpcInvalid as refusal:
                _quarantine(str(refusal), changes)
                continue
            sku = self._tag_book.sku_of_gtin(name.gtin) or name.gtin or UNKNOWN_ARTICLE
            if name.uri not in self._tags.get(said.delivery_id, ()):
                self._read(said.delivery_id, name, CARTON if name.sscc else sku, HANDHELD, changes)

    def _read(self, delivery_id: str, name: TagName, sku: str, how: str, changes: Changes) -> None:
        row = NoticeTagRow(delivery_id, name.uri, sku, name.sscc, how, changes.at_ms, changes.journal_id)
        self._tags.setdefault(delivery_id, {})[name.uri] = row
        changes.effects.append(row)
        if self._notices[delivery_id].arrived_at_ms is None:
            self._keep(self._notices[delivery_id]._replace(arrived_at_ms=changes.at_ms), changes)

    # ---- signing

    def accept(self, said: DeliveryAcceptance, stock: StockBook, places: Places | None, changes: Changes) -> list[Event]:
        """Book what was signed for, or a correction of it; returns the EPCIS events."""
        if self.refusal(said) is not None:
            _quarantine(f"delivery {said.delivery_id} cannot be signed for", changes)
            return []
        notice = self._notices[said.delivery_id]
        before = self._accepted.get(said.delivery_id, {})
        after = {line.sku: NoticeAcceptedRow(said.delivery_id, line.sku, line.units) for line in said.lines}
        for sku in before:
            after.setdefault(sku, NoticeAcceptedRow(said.delivery_id, sku, 0))
        for number, (sku, row) in enumerate(after.items(), 1):
            units = row.units - (before[sku].units if sku in before else 0)
            _receive(number, said.delivery_id, sku, units, stock, places, changes)
        self._accepted[said.delivery_id] = after
        changes.effects += after.values()
        events = self._events(said.delivery_id, list(after.values()), changes.at_ms)
        told = self._corrected(notice, events, changes.at_ms) if notice.state == SIGNED else events
        self._sign(notice, said.by, events, changes)
        return told

    def _sign(self, notice: NoticeRow, by: str, events: list[Event], changes: Changes) -> None:
        accept_no = notice.accept_no or 1 + max(row.accept_no for row in self._notices.values())
        corrections = notice.corrections + (notice.state == SIGNED)
        row = notice._replace(
            state=SIGNED, accept_no=accept_no, accepted_at_ms=changes.at_ms, accepted_by=by, corrections=corrections,
            event_lines=msgspec.json.encode(events),
        )  # fmt: skip
        self._keep(row, changes)
        for old in [one for one in self._notices.values() if one.state == SIGNED and not self._may_be_corrected(one)]:
            for held in (self._lines, self._tags, self._accepted):
                held.pop(old.delivery_id, None)

    def _may_be_corrected(self, notice: NoticeRow) -> bool:
        return notice.accept_no > max(row.accept_no for row in self._notices.values()) - NOTICES_REMEMBERED

    def _events(self, delivery_id: str, accepted: list[NoticeAcceptedRow], at_ms: int) -> list[Event]:
        tags = list(self._tags.get(delivery_id, {}).values())
        found = []
        for sscc, epcs, units in packed(self._lines[delivery_id], tags, accepted):
            event = self._maker.received(epcs, units, at_ms, parent=sscc, notice=delivery_id)
            if event is not None:
                found.append(event)
        return found

    def _corrected(self, notice: NoticeRow, events: list[Event], at_ms: int) -> list[Event]:
        before: list[Event] = msgspec.json.decode(notice.event_lines)
        names = [event["eventID"] for event in events]
        return [*(self._maker.declared_wrong(event, names, at_ms) for event in before), *events]

    def _keep(self, notice: NoticeRow, changes: Changes) -> None:
        self._notices[notice.delivery_id] = notice
        changes.effects.append(notice)


def _line_problem(place: int, line: NoticeLine) -> str | None:
    if line.sku is None and line.gtin is None:
        return f"line {place}: name the article by sku or gtin"
    for what, key in (("GTIN", line.gtin), ("SSCC", line.sscc)):
        if key is not None and key[-1] != gs1_check_digit(key[:-1]):
            return f"line {place}: the check digit of {what} {key} must be {gs1_check_digit(key[:-1])}"
    return None


def _receive(number: int, delivery_id: str, sku: str, units: int, stock: StockBook, places: Places | None, changes: Changes) -> None:
    if units == 0:
        return
    known = places is not None and sku in places.skus
    changes.effects.append(DeliveryRow(changes.journal_id, number, delivery_id, sku, units, BACK_ROOM, changes.at_ms, int(known)))
    if known and places is not None:
        stock.receive(sku, units, BACK_ROOM, changes, places=places)
    else:
        detail = f"delivery {delivery_id} brought {units} of {sku}, which the planogram does not know"
        changes.effects.append(QuarantineRow(changes.journal_id, number, "unknown_sku", detail, changes.at_ms))


def _quarantine(detail: str, changes: Changes) -> None:
    changes.effects.append(QuarantineRow(changes.journal_id, changes.next_line(), "not_possible", detail, changes.at_ms))
