"""Settings: when to call whom, where people are called, targets, how long things are kept, and the way to the planogram's editor."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import msgspec
from nicegui import run

from store_hub.adapters.ledger_views import LedgerReading
from store_hub.adapters.pager import safe_name, send_to, service_of
from store_hub.dashboard import settings_drawn, settings_forms
from store_hub.dashboard.frame import Drawing, Page
from store_hub.dashboard.settings_forms import FormWrong, fields_of
from store_hub.entries_settings import SettingsChange, ShopSettings
from store_hub.errors import HubError
from store_hub.flows.commands import DropChannel, KeepChannel

NAME_CHARACTERS_MAX = 40


class SettingsPage(Page):
    """One section for each thing that is set, each saved by itself."""

    path: ClassVar[str] = "/settings"
    tables: ClassVar[frozenset[str]] = frozenset({"settings", "channels", "planogram"})

    def layout(self) -> None:
        """In the order in which a new shop needs them."""
        self.part("title", "title")
        for name in ("plan", "alerts", "places", "channels", "targets", "retention", "backup"):
            self.part(name, "card")

    def compute(self, reading: LedgerReading, now_ms: int) -> Drawing:
        """Draw every section from one reading."""
        reader, settings, row = self.reader, reading.settings(), reading.settings_row()
        return {
            "title": settings_drawn.title(reader, row, now_ms),
            "plan": settings_drawn.plan_section(reader, reading.planogram),
            "alerts": settings_drawn.alerts_section(reader, settings.alerts),
            "places": settings_drawn.places_section(reader, settings.alerts, reading.planogram),
            "channels": settings_drawn.channels_section(reader, reading.channels()),
            "targets": settings_drawn.targets_section(reader, settings.targets),
            "retention": settings_drawn.retention_section(reader, settings.retention),
            "backup": settings_drawn.backup_section(reader, None if self.desk.backup is None else self.desk.backup(), now_ms),
        }

    async def on_act(self, act: str, value: str) -> None:
        """Hear which section is saved."""
        head, _, typed = value.partition(" ")
        match act:
            case "save-alerts":
                await self._change(lambda now: _with(now, alerts=settings_forms.alert_rules(self.reader, fields_of(typed), now.alerts)))
            case "add-place":
                await self._change(lambda now: self._with_place(now, typed))
            case "drop-place" if head.isdecimal():
                await self._change(lambda now: settings_forms.without_place(now, int(head)))
            case "save-targets":
                await self._change(lambda now: _with(now, targets=settings_forms.targets(self.reader, fields_of(typed))))
            case "save-retention":
                await self._change(lambda now: _with(now, retention=settings_forms.retention(self.reader, fields_of(typed))))
            case "add-channel":
                await self._add_channel(head, fields_of(typed))
            case "test-channel":
                await self._test_channel(value)
            case "drop-channel":
                if await self.ask(DropChannel(value)):
                    self.say(self.reader.t("{name} is called no more.", name=value))

    # ---- settings

    async def _change(self, make: Callable[[ShopSettings], ShopSettings]) -> None:
        with self.desk.views.reading() as reading:
            row, now = reading.settings_row(), reading.settings()
        try:
            new = make(now)
        except FormWrong as wrong:
            self.say(str(wrong))
            return
        by = self.reader.name or self.reader.t("the office")
        if await self.tell(SettingsChange(settings=new, revision=0 if row is None else row.revision, by=by), door="settings"):
            self.say(self.reader.t("Saved. It holds from now on."))

    def _with_place(self, now: ShopSettings, typed: str) -> ShopSettings:
        with self.desk.views.reading() as reading:
            plan = reading.planogram
        products = plan.products if plan else []
        skus = {product.name: product.sku for product in products} | {product.sku: product.sku for product in products}
        shelves = [shelf.shelf_id for bay in plan.bays for shelf in bay.shelves] if plan else []
        rule = settings_forms.place_rule(self.reader, fields_of(typed), skus, shelves)
        others = [one for one in now.alerts.places if (one.sku, one.shelf_id) != (rule.sku, rule.shelf_id)]
        return _with(now, alerts=msgspec.structs.replace(now.alerts, places=[*others, rule]))

    # ---- channels

    async def _add_channel(self, role: str, fields: dict[str, str]) -> None:
        reader = self.reader
        name, url = " ".join(fields.get("name", "").split())[:NAME_CHARACTERS_MAX], fields.get("url", "")
        if not name:
            self.say(reader.t("Give the channel a name: whose phone, or which group."))
        elif not safe_name(url):
            self.say(reader.t("That address is none that is known. Examples: {examples}", examples=settings_drawn.EXAMPLES))
        elif await self.ask(KeepChannel(name, url, "staff" if role == "staff" else "office" if role == "office" else "both")):
            self.say(reader.t("{name} is called from now on. Send a test message to be sure.", name=name))

    async def _test_channel(self, name: str) -> None:
        with self.desk.views.reading() as reading:
            row = next((row for row in reading.channels() if row.name == name), None)
        service = None if row is None else service_of(row.url)
        if service is None:
            self.say(self.reader.t("There is no channel {name} any more.", name=name))
            return
        title = self.reader.t("{shop}: a test", shop=self.desk.profile.name)
        sent = await run.io_bound(
            send_to, service, title=title, body=self.reader.t("This is where the hub calls you. Nothing is to be done.")
        )
        if sent:
            self.say(self.reader.t("The service of {name} took the test message.", name=name))
        else:
            self.say(
                self.reader.t("The service of {name} did not take it. Check the address, and the hub's way to the internet.", name=name)
            )

    async def ask(self, command: KeepChannel | DropChannel) -> bool:
        """Have a channel kept or dropped; a refusal is shown above the page."""
        try:
            await self.desk.ask(command)
        except HubError as error:
            self.refuse(error)
        except TimeoutError:
            self.say(self.reader.t("The hub did not answer in time. The list shows whether it was booked."))
        else:
            return True
        return False


def _with(settings: ShopSettings, **changed: object) -> ShopSettings:
    return msgspec.structs.replace(settings, **changed)
