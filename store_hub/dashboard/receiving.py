"""Receiving: what was announced, what was read, what differs; accept, correct, sign. For a phone in one hand at the back door."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import parse_qsl

from markupsafe import Markup

from store_hub.adapters.ledger_views import LedgerReading
from store_hub.dashboard.frame import Drawing, Page
from store_hub.dashboard.upload import upload_file
from store_hub.dashboard.wording import mark, typed_units
from store_hub.entries_goods import AcceptedLine, DeliveryAcceptance, DeliveryNotice
from store_hub.errors import HubError
from store_hub.rows import NoticeAcceptedRow, NoticeLineRow, NoticeRow, NoticeTagRow
from store_hub.rules.goods_files import read_notice_file
from store_hub.rules.receiving import ANNOUNCED, IN_CARTON, OVER, SHORT, UNREAD, WELL, WRONG, Difference, carton_list, differences

SHOWN_AFTER_MS = 7 * 24 * 3_600_000


class ReceivingPage(Page):
    """Deliveries that are on their way, at the door, and signed for in the last week."""

    path: ClassVar[str] = "/receiving"
    tables: ClassVar[frozenset[str]] = frozenset({"notices", "notice_tags", "products"})

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]  # The frame's own: desk and reader.
        self._correcting = ""

    def layout(self) -> None:
        """What waits, what is signed for, and a file to announce more."""
        self.part("title", "title")
        self.part("open", "stack")
        self.part("signed", "card")
        upload_file(self.reader, self.reader.t("Announce a delivery from a CSV file: units, sku or gtin, sscc"), self._announce)

    async def on_act(self, act: str, value: str) -> None:
        """Sign for a delivery, or open one that was signed for to correct it."""
        delivery_id, _, typed = value.partition(" ")
        if act == "correct":
            self._correcting = delivery_id
        elif act == "leave":
            self._correcting = ""
        elif act == "sign":
            await self._sign(delivery_id, typed)

    async def _sign(self, delivery_id: str, typed: str) -> None:
        lines = []
        for sku, told in parse_qsl(typed, keep_blank_values=True):
            units = typed_units(told)
            if units is None:
                self.say(self.reader.t("{sku}: {told} is no number of units; write 0 where nothing came.", sku=sku, told=told or "—"))
                return
            lines.append(AcceptedLine(sku=sku, units=units))
        by = self.reader.name or self.reader.t("the office")
        if lines and await self.tell(DeliveryAcceptance(delivery_id=delivery_id, lines=lines, by=by), door="notices"):
            self._correcting = ""

    async def _announce(self, name: str, content: bytes) -> None:
        delivery_id = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name.rpartition(".")[0])[:64].strip(
            "-"
        )
        try:
            notice = DeliveryNotice(delivery_id=delivery_id or "delivery", lines=read_notice_file(content))
        except HubError as error:
            self.say(f"{name}: {self.reader.say(str(error))}")
        else:
            await self.tell(notice, door="notices")
        await self.refresh()

    # ---- drawing

    def compute(self, reading: LedgerReading, now_ms: int) -> Drawing:
        """Draw every part from one reading."""
        notices = reading.notices(accepted_since_ms=now_ms - SHOWN_AFTER_MS)
        waiting = [notice for notice in notices if notice.state == ANNOUNCED or notice.delivery_id == self._correcting]
        names = reading.article_names()
        cards = Markup().join(self._card(notice, reading.notice_parts(notice.delivery_id), names, now_ms) for notice in waiting)
        return {
            "title": self._title([notice for notice in notices if notice.state == ANNOUNCED]),
            "open": cards or self._empty(),
            "signed": self._signed([notice for notice in notices if notice.state != ANNOUNCED], now_ms),
        }

    def _title(self, waiting: list[NoticeRow]) -> Markup:
        reader = self.reader
        here = sum(notice.arrived_at_ms is not None for notice in waiting)
        if not waiting:
            sentence = reader.t("No delivery is expected")
        elif here:
            sentence = reader.n("{count} delivery is at the back door", "{count} deliveries are at the back door", here)
        else:
            sentence = reader.n("{count} delivery is on its way", "{count} deliveries are on their way", len(waiting))
        return Markup("<h1>{}</h1>").format(sentence)

    def _empty(self) -> Markup:
        reader = self.reader
        return Markup('<div class="card"><p class="empty"><strong>{}</strong>{}</p></div>').format(
            reader.t("Nothing is announced."),
            reader.t("A delivery appears here when its supplier's system or a file announces it; tags read in the back room tick it off."),
        )

    def _card(
        self,
        notice: NoticeRow,
        parts: tuple[list[NoticeLineRow], list[NoticeTagRow], list[NoticeAcceptedRow]],
        names: dict[str, str],
        now_ms: int,
    ) -> Markup:
        reader, (lines, tags, accepted) = self.reader, parts
        found = differences(lines, tags)
        signed = {row.sku: row.units for row in accepted}
        rows = Markup().join(self._line(one, names, signed, notice.delivery_id) for one in found)
        extra = [sku for sku in signed if sku not in {one.sku for one in found}]
        rows += Markup().join(self._line(Difference(sku, 0, 0, WRONG, signed[sku]), names, signed, notice.delivery_id) for sku in extra)
        cartons = carton_list(lines, tags)
        boxes = ""
        if cartons:
            seen = sum(one.read for one in cartons)
            boxes = reader.n("{read} of {count} carton read", "{read} of {count} cartons read", len(cartons), read=reader.number(seen))
        what = " · ".join(part for part in (notice.delivery_id, self._when(notice, now_ms), boxes) if part)
        return Markup(
            '<section class="card receiving" id="form-{id}" data-key="delivery-{id}"><h2>{supplier}</h2><p class="small soft">{what}</p>'
            '<ul>{rows}</ul><div class="acts">{acts}</div></section>'
        ).format(
            id=notice.delivery_id, supplier=notice.supplier or reader.t("Delivery"), what=what, rows=rows, acts=self._acts(notice, found)
        )

    def _when(self, notice: NoticeRow, now_ms: int) -> str:
        reader = self.reader
        if notice.arrived_at_ms is not None:
            return reader.t("first read at {time}", time=reader.moment(notice.arrived_at_ms, now_ms))
        if notice.expected_at_ms is not None:
            return reader.t("expected {time}", time=reader.moment(notice.expected_at_ms, now_ms))
        return reader.t("announced {time}", time=reader.moment(notice.announced_at_ms, now_ms))

    def _line(self, one: Difference, names: dict[str, str], signed: dict[str, int], delivery_id: str) -> Markup:
        reader = self.reader
        name = names.get(one.sku, one.sku)
        words, colour = self._state(one, one.sku in names)
        counts = reader.t(
            "announced {announced}, read {read}", announced=reader.number(one.announced_units), read=reader.number(one.read_units)
        )
        return Markup(
            '<li data-key="line-{id}-{sku}">{mark}<div class="what"><strong>{name}</strong><span class="small soft">{counts}</span>'
            '<span class="small {colour}">{words}</span></div><label class="units"><span class="visually-hidden">{label}</span>'
            '<input name="{sku}" inputmode="numeric" pattern="[0-9]*" value="{units}" autocomplete="off"></label></li>'
        ).format(
            id=delivery_id, sku=one.sku, mark=mark("low") if colour else Markup('<i class="mark"></i>'), name=name, counts=counts,
            colour=colour, words=words, label=reader.t("Units of {name} that came", name=name),
            units=signed.get(one.sku, one.proposed_units),
        )  # fmt: skip

    def _state(self, one: Difference, known: bool) -> tuple[str, str]:
        reader, gap = self.reader, abs(one.read_units - one.announced_units)
        if not known:
            return reader.t("not an article of this shop's planogram: it is signed for and kept aside"), "amber"
        return {
            WELL: (reader.t("as announced"), ""),
            IN_CARTON: (reader.t("its carton was read; no tag of its own"), ""),
            UNREAD: (reader.t("none of it was read: count it by hand"), "amber"),
            SHORT: (reader.n("{count} short", "{count} short", gap), "amber"),
            OVER: (reader.n("{count} too many", "{count} too many", gap), "amber"),
            WRONG: (reader.t("was not announced"), "amber"),
        }[one.state]

    def _acts(self, notice: NoticeRow, found: list[Difference]) -> Markup:
        reader = self.reader
        by = reader.name or reader.t("the office")
        words = reader.t("Sign as {name}", name=by) if notice.state == ANNOUNCED else reader.t("Sign the correction as {name}", name=by)
        button = Markup(
            '<button type="button" class="main" data-once data-key="sign-{id}" data-act="sign" data-value="{id}"'
            ' data-values-in="form-{id}">{words}</button>'
        ).format(id=notice.delivery_id, words=words)
        if notice.state == ANNOUNCED:
            return button
        leave = Markup('<button type="button" data-act="leave" data-escape data-key="leave-{id}">{words}</button>').format(
            id=notice.delivery_id, words=reader.t("Leave it as it is")
        )
        return leave + button

    def _signed(self, notices: list[NoticeRow], now_ms: int) -> Markup:
        reader = self.reader
        title = Markup("<h2>{}</h2>").format(reader.t("Signed for in the last seven days"))
        if not notices:
            return title + Markup('<p class="empty">{}</p>').format(
                reader.t("None yet. A signed delivery stays here for a week and may be corrected.")
            )
        rows = Markup().join(self._signed_row(notice, now_ms) for notice in notices)
        return title + Markup('<ul class="signed">{}</ul>').format(rows)

    def _signed_row(self, notice: NoticeRow, now_ms: int) -> Markup:
        reader = self.reader
        when = reader.t("{name} at {time}", name=notice.accepted_by or "", time=reader.moment(notice.accepted_at_ms or now_ms, now_ms))
        again = reader.n("corrected {count} time", "corrected {count} times", notice.corrections) if notice.corrections else ""
        return Markup(
            '<li data-key="signed-{id}"><div><strong>{supplier}</strong><span class="small soft">{what}</span></div>'
            '<button type="button" data-act="correct" data-value="{id}" aria-label="{label}">{words}</button></li>'
        ).format(
            id=notice.delivery_id, supplier=notice.supplier or notice.delivery_id,
            what=" · ".join(part for part in (notice.delivery_id, when, again) if part),
            label=reader.t("Correct delivery {name}", name=notice.delivery_id), words=reader.t("Correct"),
        )  # fmt: skip
