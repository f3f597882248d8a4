"""Setup of devices: change a device's file, bring software to all of them. Both are tried, and taken back by the device if they fail."""

from __future__ import annotations

from typing import ClassVar

from markupsafe import Markup

from store_hub.adapters.ledger_views import LedgerReading
from store_hub.dashboard.desk import Desk
from store_hub.dashboard.fleet_cards import devices_card, file_card, log_card, software_card
from store_hub.dashboard.frame import Drawing, Page
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.tables import link
from store_hub.entries_fleet import AnyFleet, ConfigurationAction, LogAction, RolloutAction
from store_hub.errors import FleetRefused, HubError

DEVICE_CHARACTERS_MAX = 64
FILE_CHARACTERS_MAX = 60_000


class FleetPage(Page):
    """What devices run."""

    path: ClassVar[str] = "/devices"
    tables: ClassVar[frozenset[str]] = frozenset({"devices", "device_files", "deployments", "rollouts", "device_logs", "clocks"})

    def __init__(self, desk: Desk, reader: Reader, *, device_id: str = "", hub_address: str = "") -> None:
        super().__init__(desk, reader)
        self._device_id = device_id[:DEVICE_CHARACTERS_MAX]
        self._hub_address = hub_address.rstrip("/")
        self._presses = 0

    def layout(self) -> None:
        """The file of the chosen device above software above all devices."""
        self.part("title", "title")
        if self._device_id:
            self.part("file", "card")
        if self._device_id:
            self.part("log", "card")
        self.part("software", "card")
        self.part("all", "card")

    async def on_act(self, act: str, value: str) -> None:
        """Book what was pressed; a refusal is shown above the page."""
        reader = self.reader
        self._presses += 1
        try:
            action = self._action(act, value, reader.name or reader.t("the office"))
            if action is not None:
                await self.desk.change_fleet(action)
        except HubError as error:
            self.refuse(error)
        except TimeoutError:
            self.say(reader.t("The hub did not answer in time. The list shows whether it was booked."))

    def _action(self, act: str, value: str, by: str) -> AnyFleet | None:
        first, _, typed = value.partition(" ")
        if act == "send-file" and self._device_id:
            if len(typed) > FILE_CHARACTERS_MAX:
                raise FleetRefused(self.reader.t("The file is too long."))
            return ConfigurationAction(device_id=self._device_id, toml=typed, based_on=first, by=by)
        if act == "get-log" and self._device_id:
            return LogAction(device_id=self._device_id, by=by)
        if act == "halt":
            return RolloutAction(action="halt", version=first, by=by)
        bundle = next((bundle for bundle in self.desk.bundles() if bundle.version == first), None)
        if act != "roll-out" or bundle is None:
            return None
        url = f"{self._hub_address}/v1/releases/{bundle.sha256}.tar"
        return RolloutAction(
            action="start", version=first, first_device=typed, url=url, sha256=bundle.sha256, size_bytes=bundle.size_bytes, by=by
        )

    def compute(self, reading: LedgerReading, now_ms: int) -> Drawing:
        """Draw every part from one reading. The cards differ after each press, so that a button that was refused can be pressed again."""
        reader = self.reader
        title = Markup("<h1>{}</h1><p>{}</p>").format(reader.t("What devices run"), link("/devices", reader.t("Back to all devices")))
        pressed = Markup('<div class="stack" data-presses="{}">{}</div>')
        drawing = {
            "title": title,
            "software": pressed.format(self._presses, software_card(reader, reading, self.desk.bundles(), now_ms)),
            "all": devices_card(reader, reading, now_ms),
        }
        if self._device_id:
            drawing["file"] = pressed.format(self._presses, file_card(reader, reading, self._device_id, now_ms))
            drawing["log"] = pressed.format(self._presses, log_card(reader, reading, self._device_id, now_ms))
        return drawing
