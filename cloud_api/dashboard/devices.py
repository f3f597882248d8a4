"""Devices: what is well in one line, what is not with the next step."""

from __future__ import annotations

from datetime import datetime
from html import escape

from fastapi import Request
from nicegui import ui

from cloud_api.adapters.store_records import DeviceRecord
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.frame import PATIENCE_S, html, page, read, read_stores, title
from cloud_api.dashboard.words import age, counted
from cloud_api.rules.early_warning import Concern

_NOTHING = (
    '<div class="card"><h2>No device has been heard of</h2><p class="quiet">Scales, readers and cameras stand here as soon as their '
    "hub reports them.</p></div>"
)


def show_devices(desk: Desk) -> None:
    """Register the page."""

    @ui.page("/devices", title="Devices · Aislewise", response_timeout=PATIENCE_S)
    async def devices(request: Request) -> None:
        with page(request, "/devices"):
            stores = await read_stores(desk)
            if not stores:
                return
            known = await read(desk.stores.devices)
            concerns = await read(desk.reviewing.concerns)
            if known is None or concerns is None:
                return
            troubles = [concern for concern in concerns if concern.kind == "device"]
            names = {store.store_id: store.name for store in stores}
            ill = counted(len(troubles), "device needs", "devices need")
            well = f"{ill} a look, {len(known) - len(troubles)} of {len(known)} are well".capitalize()
            title(well if known else "No device has been heard of yet")
            if not known:
                html(_NOTHING)
                return
            _show_troubles(troubles, names)
            _show_all(known, names, desk.now())


def _show_troubles(troubles: list[Concern], names: dict[str, str]) -> None:
    cards = "".join(
        f'<div class="card"><div class="row-line"><h2>{escape(names[concern.store_id])}</h2>'
        f'<span class="state {concern.urgency}">{"▲" if concern.urgency == "now" else "◐"} {concern.urgency}</span></div>'
        f'<p>{escape(concern.sentence[:1].upper() + concern.sentence[1:])}</p><p class="quiet">{escape(concern.advice)}</p></div>'
        for concern in troubles
    )
    html(f'<div class="stack">{cards}</div>')


def _show_all(known: list[DeviceRecord], names: dict[str, str], now: datetime) -> None:
    rows = "".join(
        f"<tr><td>{escape(names.get(device.store_id, device.store_id))}</td><td>{escape(device.device_id)}</td>"
        f"<td>{'silent' if device.state == 'death' else ', '.join(map(escape, device.fault_codes)).replace('_', ' ') or 'well'}</td>"
        f'<td class="num">{age(device.last_seen_at, now)}</td><td class="num">{device.outbox_depth:,}</td></tr>'
        for device in known
    )
    html(
        '<div class="card"><h2>All devices</h2><div class="scroll"><table class="figures"><thead><tr>'
        "<th>Shop</th><th>Device</th><th>State</th>"
        '<th class="num">Last heard</th><th class="num">Waiting<br><span class="unit">observations</span></th>'
        f"</tr></thead><tbody>{rows}</tbody></table></div></div>"
    )
