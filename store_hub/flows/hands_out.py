"""What devices are told besides their marks, all of it retained: calibrations under way, and what the shelves' lights should show."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from store_hub.entries import LightAction
from store_hub.flows.device_books import DeviceBooks
from store_hub.flows.page import Page
from store_hub.rows import AlertRow, CalibrationRow, DeploymentRow, DeviceLogRow
from store_hub.rules.calibrations import request_for
from store_hub.rules.fleet import CONFIGURATION, OPEN_STATES, message_of
from store_hub.rules.fold import StoreFold
from store_hub.rules.journal_words import LIGHT
from wire_format import codec, topics
from wire_format.commands import LightState, LogWanted, ShelfLight

_TOLD_ON: frozenset[type] = frozenset((AlertRow, CalibrationRow, DeploymentRow, DeviceLogRow))
_LIGHTING = str(LightAction.__struct_config__.tag)


class Post(NamedTuple):
    """Something to say to a device, retained."""

    topic: str
    payload: bytes


def posts(page: Page, fold: StoreFold, devices: DeviceBooks, *, store_id: str) -> list[Post]:
    """Return what a page, once written, changes for devices; on a new line to the broker, everything."""
    quiet = _LIGHTING not in page.by_type and _TOLD_ON.isdisjoint(map(type, page.effects))
    if quiet and not page.tell_all_marks and not page.lit_shelves:
        return []  # As nearly always.
    rows = fold.calibrations.rows
    calibrated = rows if page.tell_all_marks else {row.shelf_id: None for row in page.effects if isinstance(row, CalibrationRow)}
    return [
        *(Post(topics.calibration(store_id, rows[shelf].device_id, shelf), codec.encode(request_for(rows[shelf]))) for shelf in calibrated),
        *_lights(page, fold, devices, store_id),
        *_deployments(page, fold, store_id),
    ]


def _deployments(page: Page, fold: StoreFold, store_id: str) -> list[Post]:
    """What a device should try lies at the broker until it has been tried; an empty payload takes it away."""
    told = []
    changed = {(row.device_id, row.kind) for row in page.effects if isinstance(row, DeploymentRow)}
    for key, row in fold.fleet.deployments.items():
        is_open = row.state in OPEN_STATES
        if key in changed or (page.tell_all_marks and is_open):
            topic = (topics.configuration if row.kind == CONFIGURATION else topics.software)(store_id, row.device_id)
            told.append(Post(topic, codec.encode(message_of(row)) if is_open else b""))
    asked = {row.device_id for row in page.effects if isinstance(row, DeviceLogRow)}
    for device_id, log in fold.fleet.logs.items():
        if device_id in asked or (page.tell_all_marks and log.told_at_ms is None):
            wanted = LogWanted(device_id=device_id, request_no=log.request_no)
            told.append(Post(topics.log(store_id, device_id), codec.encode(wanted) if log.told_at_ms is None else b""))
    return told


def _lights(page: Page, fold: StoreFold, devices: DeviceBooks, store_id: str) -> list[Post]:
    alerted = {row.shelf_id for row in page.effects if isinstance(row, AlertRow)}
    wanted = [msgspec.json.decode(row.payload, type=LightAction) for row in page.journal if row.source == LIGHT]
    touched = alerted | page.lit_shelves | {action.shelf_id for action in wanted}
    asked = {action.shelf_id: action.for_s for action in wanted}
    to_refill = fold.alerts.shelves()
    told = []
    for shelf_id, device_id in devices.lights.items():
        if not page.tell_all_marks and shelf_id not in touched:
            continue
        resting: LightState = "refill_here" if shelf_id in to_refill else "off"
        light = ShelfLight(shelf_id=shelf_id, state=resting)
        if shelf_id in asked:
            light = ShelfLight(shelf_id=shelf_id, state="pick_here", for_s=asked[shelf_id], then=resting)
        told.append(Post(topics.shelf_light(store_id, device_id, shelf_id), codec.encode(light)))
    return told
