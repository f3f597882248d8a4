"""The card of the Devices page that brings a release to the shops: how far it is, ring by ring, the button that stops it, and the next."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from math import ceil

from nicegui import run, ui
from sqlalchemy.exc import DBAPIError

from cloud_api.adapters.fleet_records import RUNNING, RolloutRecord, ShopRollout
from cloud_api.adapters.release_shelf import Bundle
from cloud_api.dashboard.acting import press
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.frame import button, html, read
from cloud_api.dashboard.reader import Reader
from cloud_api.dashboard.table import Column, figures, table
from cloud_api.errors import CloudError
from cloud_api.flows.fleet_rollouts import HALTED
from cloud_api.rules.fleet_rings import NAMED_MAX

LOOK_EVERY_S = 5.0
RELEASES_SHOWN = 10
Rings = dict[tuple[str, int], ShopRollout]


async def show_rollouts(desk: Desk, reader: Reader, names: dict[str, str]) -> None:
    """Show the card, and keep it current while the page is open."""
    with ui.element("section").classes("card"):
        html(f"<h2>{reader.t('Software')}</h2>")
        place = ui.element("div").classes("stack")
    card = RolloutCard(desk, reader, names, place)
    await card.draw()
    ui.timer(LOOK_EVERY_S, card.look)


class RolloutCard:
    """The card as it was last drawn."""

    def __init__(self, desk: Desk, reader: Reader, names: dict[str, str], place: ui.element) -> None:
        self._desk, self._reader, self._names, self._place = desk, reader, names, place
        self._drawn: list[RolloutRecord] | None = None
        self._told: list[ShopRollout] = []
        self._waits = ""

    async def look(self) -> None:
        """Draw it anew where something has changed."""
        try:
            found = await run.io_bound(self._desk.rollouts.rollouts, limit=1)
            told = [] if not found else await run.io_bound(self._desk.rollouts.told, found[0].rollout_id)
        except (DBAPIError, CloudError):
            return  # What is shown stays; the page itself says so when it is loaded again.
        if (found, told, self._waiting(found)) != (self._drawn, self._told, self._waits):
            await self.draw()

    async def draw(self) -> None:
        """Read and draw."""
        found = await read(lambda: self._desk.rollouts.rollouts(limit=1))
        told = await read(lambda: self._desk.rollouts.told(found[0].rollout_id) if found else [])
        releases = await read(self._desk.rollouts.releases)
        if found is None or told is None or releases is None:
            return
        self._drawn, self._told, self._waits = found, told, self._waiting(found)
        self._place.clear()
        with self._place:
            if found:
                self._show(found[0], {(shop.store_id, shop.ring): shop for shop in told})
            if not found or found[0].stage != RUNNING:
                self._offer(releases)

    def _show(self, record: RolloutRecord, told: Rings) -> None:
        reader = self._reader
        html(f"<p>{_standing(reader, record)}</p>" + (f'<p class="quiet">{self._waits}</p>' if self._waits else ""))
        columns = (Column(reader.t("Ring")), Column(reader.t("State")), figures(reader.t("Devices that keep it")))
        html(table(columns, [self._ring(record, ring, told) for ring in range(len(record.rings))]))
        if record.stage == RUNNING:
            with ui.element("div").classes("buttons"):
                button(reader.t("Stop it"), lambda: self._stop(record))

    def _waiting(self, found: list[RolloutRecord] | None) -> str:
        """How long the ring under way is waited for."""
        if not found or found[0].stage != RUNNING:
            return ""
        hours = ceil(self._desk.rollouts.waits_h(found[0]))
        return self._reader.n(
            "This ring is waited for {count} hour more; then it halts, and names the shops that have not finished.",
            "This ring is waited for {count} hours more; then it halts, and names the shops that have not finished.", hours,
        )  # fmt: skip

    def _named(self, stores: list[str]) -> str:
        """The shops by name, so many as a line holds."""
        named = self._reader.listed([self._names.get(store_id, store_id) for store_id in stores[:NAMED_MAX]])
        more = len(stores) - NAMED_MAX
        return self._reader.t("{shops} and {count} more", shops=named, count=more) if more > 0 else named

    def _ring(self, record: RolloutRecord, ring: int, told: Rings) -> tuple[str, str, str]:
        reader, stores = self._reader, record.rings[ring]
        answers = [told[store_id, ring] for store_id in stores if (store_id, ring) in told]
        whose = escape(self._named(stores))
        if ring == 0:
            whose = reader.t("One device of {shop}", shop=whose)
        confirmed, devices = sum(shop.confirmed for shop in answers), sum(shop.devices for shop in answers)
        count = reader.t("{done} of {all}", done=confirmed, all=devices) if answers else ""
        return whose, escape(self._state(record, ring, answers)), count

    def _state(self, record: RolloutRecord, ring: int, answers: list[ShopRollout]) -> str:
        reader, stores = self._reader, record.rings[ring]
        failed = [shop for shop in answers if shop.state in ("halted", "refused")]
        if failed:
            return f"{self._named([failed[0].store_id])}: {failed[0].reason}"
        done = sum(shop.state == "done" for shop in answers)
        if done == len(stores):
            return reader.t("done")
        if ring == record.ring and record.stage == HALTED:
            finished = {shop.store_id for shop in answers if shop.state == "done"}
            return reader.t("not finished: {shops}", shops=self._named([store_id for store_id in stores if store_id not in finished]))
        if ring > record.ring or record.stage != RUNNING:
            return reader.t("not begun") if not answers else reader.t("{done} of {all} shops done", done=done, all=len(stores))
        silent = len(stores) - len(answers)
        if not silent and len(stores) == 1:
            return reader.t("under way")
        if silent:
            return reader.n("{count} shop has not answered yet", "{count} shops have not answered yet", silent)
        return reader.t("{done} of {all} shops done", done=done, all=len(stores))

    def _offer(self, releases: list[Bundle]) -> None:
        reader = self._reader
        if not releases:
            html(f'<p class="quiet">{reader.t("No release is here. Put one here with cloud-api release.")}</p>')
            return
        words = reader.t("One device first, then its shop, then ever more shops. The first that cannot keep it halts it everywhere.")
        html(f'<p class="quiet">{words}</p>')
        versions = [release.version for release in releases[:RELEASES_SHOWN]]
        with ui.element("div").classes("form"):
            version = ui.select(versions, value=versions[0], label=reader.t("Release"))
            shop = ui.select(self._names, value=next(iter(self._names)), label=reader.t("Begin in"))
            button(reader.t("Begin with one device"), lambda: self._start(str(version.value), str(shop.value)), is_main=True)

    async def _start(self, version: str, store_id: str) -> None:
        await self._act(
            f"roll out {version}, first in {store_id}",
            lambda by: self._desk.rollouts.start(version, first_store=store_id, first_device=None, by=by),
        )

    async def _stop(self, record: RolloutRecord) -> None:
        await self._act(f"stop {record.version}", lambda by: self._desk.rollouts.stop(record.rollout_id, by=by))

    async def _act(self, words: str, act: Callable[[str], RolloutRecord]) -> None:
        if await press(self._desk, "fleet", words, act):
            await self.draw()


def _standing(reader: Reader, record: RolloutRecord) -> str:
    """How the last rollout stands, in one sentence."""
    version, by = escape(record.version), escape(record.started_by)
    if record.stage == RUNNING:
        words = reader.t(
            "{version} is being rolled out by {name}: ring {ring} of {rings}", version=version, name=by, ring=record.ring + 1,
            rings=len(record.rings),
        )  # fmt: skip
        return f'<span class="state look">● {reader.t("running")}</span> {words}'
    if record.stage == HALTED:
        words = reader.t("The rollout of {version} was halted: {reason}", version=version, reason=escape(reader.say(record.reason)))
        return f'<span class="state now">▲ {reader.t("halted")}</span> {words}'
    return reader.t("{version} runs in every shop of its rollout", version=version)
