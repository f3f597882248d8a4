"""Devices: what is well in one line, what is not with the next step."""

from __future__ import annotations

from datetime import datetime
from html import escape

from fastapi import Request
from nicegui import ui

from cloud_api.adapters.store_records import DeviceRecord
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.frame import PATIENCE_S, html, page, read, read_stores, title
from cloud_api.dashboard.marks import urgency_mark
from cloud_api.dashboard.reader import Reader, capital
from cloud_api.dashboard.rollouts import show_rollouts
from cloud_api.dashboard.table import Column, figures, table
from cloud_api.rules.early_warning import Concern

CLOCK_RIGHT_MS = 50
"""Less than this is no offset worth a sign."""


def show_devices(desk: Desk) -> None:
    """Register the page."""

    @ui.page("/devices", response_timeout=PATIENCE_S)
    async def devices(request: Request) -> None:
        with page(request, "/devices") as reader:
            stores = await read_stores(desk)
            if not stores:
                return
            known = await read(desk.stores.devices)
            concerns = await read(desk.reviewing.concerns)
            if known is None or concerns is None:
                return
            troubles = [concern for concern in concerns if concern.kind == "device"]
            names = {store.store_id: store.name for store in stores}
            if not known:
                _say_none(reader)
                await show_rollouts(desk, reader, names)
                return
            title(_sentence(reader, len(known), len(troubles)))
            _show_troubles(reader, troubles, names)
            await show_rollouts(desk, reader, names)
            _show_all(reader, known, names, desk.now())


def _sentence(reader: Reader, known: int, ill: int) -> str:
    if not ill:
        return reader.n("The only device is well", "All {count} devices are well", known)
    look = reader.n("{count} device needs a look", "{count} devices need a look", ill)
    return capital(reader.listed([look, reader.t("{well} of {all} are well", well=known - ill, all=known)]))


def _say_none(reader: Reader) -> None:
    title(reader.t("No device has been heard of yet"))
    words = reader.t("Scales, readers and cameras stand here as soon as their hub reports them.")
    html(f'<div class="card"><p class="quiet">{words}</p></div>')


def _show_troubles(reader: Reader, troubles: list[Concern], names: dict[str, str]) -> None:
    cards = "".join(
        f'<div class="card"><div class="row-line"><h2>{escape(names[concern.store_id])}</h2>{urgency_mark(reader, concern.urgency)}</div>'
        f'<p>{escape(reader.told(concern.sentence))}</p><p class="quiet">{escape(reader.told(concern.advice))}</p></div>'
        for concern in troubles
    )
    html(f'<div class="stack">{cards}</div>')


def _show_all(reader: Reader, known: list[DeviceRecord], names: dict[str, str], now: datetime) -> None:
    columns = (
        Column(reader.t("Device")), Column(reader.t("Shop")), Column(reader.t("State")), Column(reader.t("Version")),
        figures(reader.t("Last heard")), figures(reader.t("Waiting"), reader.t("observations")), figures(reader.t("Clock"), "s"),
        figures(reader.t("Temperature"), "°C"), figures(reader.t("Disk free"), "GB"),
    )  # fmt: skip
    rows = [
        (
            escape(device.device_id), escape(names.get(device.store_id, device.store_id)), escape(_state(reader, device)),
            escape(device.agent_version), reader.age(device.last_seen_at, now), reader.number(device.outbox_depth),
            _clock(reader, device.clock_error_ms), _whole(reader, device.temperature_c),
            _whole(reader, None if device.disk_free_mb is None else device.disk_free_mb / 1024, decimals=1),
        )
        for device in known
    ]  # fmt: skip
    html(f'<div class="card"><h2>{reader.t("All devices")}</h2>{table(columns, rows)}</div>')


def _clock(reader: Reader, error_ms: int | None) -> str:
    """By how many seconds the device's own clock is ahead of its hub's, with its sign; its hub corrects it."""
    if error_ms is None:
        return "–"
    shown = reader.number(abs(error_ms) / 1000, decimals=1)
    return shown if abs(error_ms) < CLOCK_RIGHT_MS else f"{'+' if error_ms > 0 else '−'}{shown}"


def _whole(reader: Reader, value: float | None, *, decimals: int = 0) -> str:
    return "–" if value is None else reader.number(value, decimals=decimals)


def _state(reader: Reader, device: DeviceRecord) -> str:
    if device.state == "death":
        return reader.t("silent")
    return reader.listed([reader.say(code.replace("_", " ")) for code in device.fault_codes]) or reader.t("well")
