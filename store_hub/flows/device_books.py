"""Books of the devices: how each one is. Every word is kept as the newest; only a change of state, start or faults is journalled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from store_hub.adapters.broker_link import Delivered
from store_hub.adapters.ledger import JournalRow
from store_hub.flows.page import Page
from store_hub.rows import DeviceRow, DirtyRow, Effect
from store_hub.rules.journal_words import HEALTH
from store_hub.rules.occurrence_time import RECEIVED, told_time
from store_hub.rules.quarters import quarter_start_ms
from wire_format import codec
from wire_format.errors import MessageUndecodable, VersionUnknown
from wire_format.observations import DeviceHealth
from wire_format.topics import last_level

if TYPE_CHECKING:
    from store_hub.flows.books import Folding

LIGHT_PART = "light "
"""How a device calls a light among its parts, before the shelf's name."""


class DeviceBooks:
    """The newest health of each device."""

    def __init__(self, rows: Iterable[Effect]) -> None:
        self._devices = {row.device_id: row for row in rows if isinstance(row, DeviceRow)}
        self.lights = {shelf_id: row.device_id for row in self._devices.values() for shelf_id in _lights_of(row)}
        """Which device has the light of a shelf."""

    def take_health(self, message: Delivered, page: Page, folding: Folding) -> None:
        """Keep how a device is."""
        try:
            health = codec.device_health.decode(message.payload)
        except (MessageUndecodable, VersionUnknown) as error:
            page.count("health_undecodable", f"{last_level(message.topic)[:64]}: {error}")
            return
        if health.device_id != last_level(message.topic):
            page.count("health_undecodable", f"{health.device_id} speaks on the topic of {last_level(message.topic)[:64]}")
            return
        before = self._devices.get(health.device_id)
        if message.retained and before is not None and before.health == message.payload:
            return  # The broker repeats what we know.
        at_ms = told_time(told_at_ms=health.sent_at_ms, received_at_ms=message.received_at_ms).happened_at_ms
        seen_at_ms = at_ms if message.retained else message.received_at_ms
        changed = before is None or _gist(before) != _gist_of(health)
        state_since_ms = seen_at_ms if before is None or before.state != health.state else before.state_since_ms
        row = DeviceRow(
            health.device_id,
            health.state,
            health.boot_id,
            health.outbox_id,
            health.agent_version,
            seen_at_ms,
            state_since_ms,
            message.payload,
        )
        self._devices[health.device_id] = row
        if changed:
            lights = {part.removeprefix(LIGHT_PART) for part in health.parts if part.startswith(LIGHT_PART)}
            self.lights = {shelf: device for shelf, device in self.lights.items() if device != health.device_id}
            self.lights |= dict.fromkeys(lights, health.device_id)
            page.lit_shelves |= lights
        page.effects.append(row)
        if changed or before is None or quarter_start_ms(before.last_seen_at_ms) != quarter_start_ms(seen_at_ms):
            page.effects.append(DirtyRow("device", 0, health.device_id, page.now_ms))
        if changed:
            entry = JournalRow(
                page.next_journal_id(), HEALTH, None, None, message.received_at_ms, seen_at_ms, RECEIVED, None, message.payload
            )
            folding.write(page, entry, health)


def _lights_of(row: DeviceRow) -> list[str]:
    try:
        health = codec.device_health.decode(row.health)
    except (MessageUndecodable, VersionUnknown):
        return []
    return [part.removeprefix(LIGHT_PART) for part in health.parts if part.startswith(LIGHT_PART)]


def _gist_of(health: DeviceHealth) -> tuple[object, ...]:
    return (health.state == "death", health.boot_id, tuple(sorted((fault.part, fault.code) for fault in health.faults)))


def _gist(row: DeviceRow) -> tuple[object, ...]:
    return _gist_of(codec.device_health.decode(row.health))
