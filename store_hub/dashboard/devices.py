"""Devices: one line if all is well; else what is not, with the next step; and what could not be read."""

from __future__ import annotations

from typing import ClassVar

from markupsafe import Markup

from store_hub.adapters.ledger_views import LedgerReading
from store_hub.adapters.ledger_views_rows import DeviceRow, QuarantineRow
from store_hub.dashboard.calibration import calibration_card, device_of, scales, wrong_weights
from store_hub.dashboard.calibration_acts import WeightUnreadable, calibration_action
from store_hub.dashboard.desk import Desk
from store_hub.dashboard.frame import Drawing, Page
from store_hub.dashboard.presses import presses
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.tables import table
from store_hub.dashboard.tag_zones import unknown_zones_card
from store_hub.dashboard.unknown_tags import unknown_tags
from store_hub.dashboard.wording import device_troubles, mark
from store_hub.errors import HubError

PARTS_NAMED_MAX = 3
SHELF_CHARACTERS_MAX = 64


class DevicesPage(Page):
    """What is well and what is not."""

    path: ClassVar[str] = "/devices"
    tables: ClassVar[frozenset[str]] = frozenset(
        {
            "devices", "quarantine", "counters", "report_marks", "report_outbox", "planogram", "tags", "tag_counts", "calibrations",
            "button_presses",
        }
    )  # fmt: skip

    def __init__(self, desk: Desk, reader: Reader, *, shelf_id: str = "") -> None:
        super().__init__(desk, reader)
        self._shelf_id = shelf_id[:SHELF_CHARACTERS_MAX]
        self._presses = 0

    def layout(self) -> None:
        """Troubles above all devices above what could not be read and tags of no article."""
        self.part("title", "title")
        self.part("calibration", "card calibration")
        self.part("troubles")
        self.part("devices", "card")
        self.part("scales", "card")
        self.part("presses", "card")
        self.part("quarantine", "card")
        self.part("tags", "card")

    async def on_act(self, act: str, value: str) -> None:
        """Go one step on with the calibration shown; a refusal is shown above the page."""
        reader = self.reader
        self._presses += 1
        try:
            with self.desk.views.reading() as reading:
                device_id = device_of(reading, self._shelf_id)
            by = reader.name or reader.t("the office")
            action = calibration_action(act, value, shelf_id=self._shelf_id, device_id=device_id or "", by=by)
            if action is not None:
                await self.desk.calibrate(action)
        except WeightUnreadable:
            self.say(reader.t("A known weight is a number of grams above 0, for instance 5000."))
        except HubError as error:
            self.refuse(error)
        except TimeoutError:
            self.say(reader.t("The hub did not answer in time. The list shows whether it was booked."))

    def compute(self, reading: LedgerReading, now_ms: int) -> Drawing:
        """Draw every part from one reading."""
        devices = reading.devices()
        troubles = [(device, device_troubles(self.reader, device, now_ms)) for device in devices]
        unwell = [(device, found) for device, found in troubles if found]
        return {
            "title": self._title(reading, len(devices), len(unwell), now_ms),
            "calibration": self._calibration(reading, now_ms),
            "troubles": self._troubles(unwell) + unknown_zones_card(self.reader, reading, now_ms),
            "scales": scales(self.reader, reading, now_ms) + wrong_weights(self.reader, reading),
            "presses": presses(self.reader, reading, now_ms),
            "devices": self._table(devices, {device.device_id for device, _ in unwell}, now_ms),
            "quarantine": self._quarantine(reading, now_ms),
            "tags": unknown_tags(self.reader, reading, now_ms),
        }

    def _calibration(self, reading: LedgerReading, now_ms: int) -> Markup:
        """The card of the chosen scale. It differs after each press, so that a button that was refused can be pressed again."""
        if not self._shelf_id:
            return Markup()
        card = calibration_card(self.reader, reading, self._shelf_id, now_ms)
        return Markup('<div class="stack" data-presses="{}">{}</div>').format(self._presses, card)

    def _title(self, reading: LedgerReading, count: int, unwell: int, now_ms: int) -> Markup:
        reader = self.reader
        if not count:
            sentence = reader.t("No device has reported yet")
        elif unwell:
            sentence = (
                reader.t("{unwell} of {count} devices need a look", unwell=unwell, count=count)
                if unwell > 1
                else reader.t("1 of {count} devices needs a look", count=count)
            )
        else:
            sentence = reader.n("The only device is well", "All {count} devices are well", count)
        return Markup("<h1>{}</h1><p>{}</p>").format(sentence, self._cloud_words(reading, now_ms))

    def _cloud_words(self, reading: LedgerReading, now_ms: int) -> str:
        reader, cloud = self.reader, reading.cloud()
        if cloud is None:
            return reader.t("The cloud has not been told anything yet; the shop needs none to work.")
        if cloud.booked_at_ms is None:
            return reader.n(
                "{count} fact waits for the cloud, which has not answered yet.",
                "{count} facts wait for the cloud, which has not answered yet.",
                cloud.waiting,
            )
        span = reader.span(now_ms - cloud.booked_at_ms)
        if cloud.waiting:
            return reader.n(
                "{count} fact waits for the cloud, last heard {span} ago.",
                "{count} facts wait for the cloud, last heard {span} ago.",
                cloud.waiting,
                span=span,
            )
        return reader.t("The cloud knows everything; last heard {span} ago.", span=span)

    def _troubles(self, unwell: list[tuple[DeviceRow, list[tuple[str, str]]]]) -> Markup:
        cards = Markup()
        for device, found in unwell:
            lines = Markup().join(
                Markup('<li><strong class="amber">{}</strong><span class="small soft">{}</span></li>').format(what, next_step)
                for what, next_step in found
            )
            cards += Markup('<section class="card trouble">{}<div><h2>{}</h2><ul>{}</ul></div></section>').format(
                mark("trouble"), device.device_id, lines
            )
        return cards

    def _table(self, devices: list[DeviceRow], unwell: set[str], now_ms: int) -> Markup:
        reader = self.reader
        title = Markup('<div class="panel-head"><h2>{}</h2>{}</div>').format(
            reader.t("Every device"), Markup('<a class="button" href="/devices/setup">{}</a>').format(reader.t("What devices run"))
        )
        if not devices:
            return title + Markup('<p class="empty"><strong>{}</strong>{}</p>').format(
                reader.t("No device has reported yet."), reader.t("Start one with: edge-agent run --config edge.toml")
            )
        heads = (
            reader.t("Device"),
            reader.t("State"),
            reader.t("Last seen"),
            reader.t("Waiting to be sent"),
            reader.t("Let go"),
            reader.t("Parts"),
            reader.t("Version"),
        )
        return title + table(heads, (self._row(device, device.device_id in unwell, now_ms) for device in devices))

    def _row(self, device: DeviceRow, unwell: bool, now_ms: int) -> tuple[object, ...]:
        reader = self.reader
        capacity = f" / {reader.number(device.outbox_capacity)}" if device.outbox_capacity else ""
        shed = ", ".join(
            f"{reader.number(count)} {reader.say(kind.replace('_', ' '))}" for kind, count in sorted(device.shed.items()) if count
        )
        extras = [f"{reader.number(device.temperature_c)} °C"] if device.temperature_c is not None else []
        if device.disk_free_mb is not None:
            extras.append(reader.t("{gigabytes} GB free", gigabytes=reader.number(device.disk_free_mb / 1000, decimals=1)))
        return (
            Markup('<strong class="nowrap">{}</strong><br><span class="soft nowrap">{}</span>').format(
                device.device_id, " · ".join(extras)
            ),
            Markup('<strong class="amber">{}</strong>').format(reader.t("needs a look")) if unwell else reader.t("well"),
            reader.t("{span} ago", span=reader.span(now_ms - device.last_seen_at_ms)),
            f"{reader.number(device.outbox_depth)}{capacity}",
            shed or "0",
            self._parts(device.parts),
            device.agent_version,
        )

    def _parts(self, parts: list[str]) -> str | Markup:
        if len(parts) <= PARTS_NAMED_MAX:
            return ", ".join(parts) or "—"
        count = self.reader.n("{count} part", "{count} parts", len(parts))
        return Markup('<span title="{}">{}</span>').format(", ".join(parts), count)

    def _quarantine(self, reading: LedgerReading, now_ms: int) -> Markup:
        reader = self.reader
        count = reading.quarantine_count()
        refused = [counter for counter in reading.counters() if counter.count]
        if not count and not refused:
            read, kept = (
                reader.t("Every message could be read"),
                reader.t("What cannot be read or booked is kept and listed here, with its reason."),
            )
            return Markup('<h2>{}</h2><p class="soft small">{}</p>').format(read, kept) + self._shortened(reading, now_ms)
        parts = Markup()
        if count:
            title = reader.n("{count} message or line has no effect", "{count} messages or lines have no effect", count)
            heads = (reader.t("When"), reader.t("Sender"), reader.t("Why"), reader.t("Detail"), reader.t("Entry"))
            rows = (self._quarantine_row(row, now_ms) for row in reading.quarantine())
            note = reader.t("Nothing is lost: each stays in the journal. The newest fifty:")
            parts += Markup('<h2>{}</h2><p class="small soft">{}</p>').format(title, note) + table(heads, rows, figures=(4,))
        for counter in refused:
            parts += Markup('<p class="small soft">{}</p>').format(
                reader.t(
                    "Refused without an entry: {name}, {count} times, last {time}: {detail}",
                    name=counter.name.replace("_", " "),
                    count=reader.number(counter.count),
                    time=reader.moment(counter.last_at_ms, now_ms),
                    detail=counter.last_detail,
                )
            )
        return parts + self._shortened(reading, now_ms)

    def _shortened(self, reading: LedgerReading, now_ms: int) -> Markup:
        """What became of old messages, where the journal has been shortened."""
        done = reading.journal_shortened()
        if done is None:
            return Markup()
        return Markup('<p class="small soft">{}</p>').format(
            self.reader.t(
                "Old messages of devices live on in a snapshot: {count} so far, last {time}. All figures stay.",
                count=self.reader.number(done[1]),
                time=self.reader.moment(done[0], now_ms),
            )
        )

    def _quarantine_row(self, row: QuarantineRow, now_ms: int) -> tuple[object, ...]:
        reader = self.reader
        reasons = {
            "bad_topic": reader.t("its topic cannot be read"),
            "foreign_sender": reader.t("a device spoke in another's name"),
            "undecodable": reader.t("it cannot be decoded"),
            "version_unknown": reader.t("its sender is newer than this hub"),
            "unknown_sku": reader.t("the article is not on the planogram"),
            "unknown_shelf": reader.t("the shelf is not on the planogram"),
            "wrong_store": reader.t("it belongs to another shop"),
            "effect_failed": reader.t("booking it failed"),
            "not_possible": reader.t("it did not fit how things stood"),
        }
        entry = f"{row.journal_id}" + (f".{row.line}" if row.line else "")
        return (
            reader.moment(row.happened_at_ms, now_ms),
            reader.say(row.source),
            reasons.get(row.reason, row.reason),
            reader.say(row.detail),
            entry,
        )
