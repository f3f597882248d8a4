"""MQTT topic names. Identity is in the topic, so that even an undecodable letter can be quarantined and still booked."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from wire_format.errors import TopicInvalid
from wire_format.identifiers import IDENTIFIER_PATTERN

_IDENTIFIER = re.compile(IDENTIFIER_PATTERN)
_OUTBOX_ID = re.compile(r"^[0-9a-f]{32}$")
_SEQUENCE = re.compile(r"^[1-9][0-9]{0,15}$")


class SeenAddress(NamedTuple):
    """The identity of one observation."""

    store_id: str
    outbox_id: str
    sequence: int


def seen(store_id: str, outbox_id: str, sequence: int) -> str:
    """Where the edge publishes observation `sequence` of its outbox."""
    return f"stores/{store_id}/v1/seen/{outbox_id}/{sequence}"


def seen_filter(store_id: str) -> str:
    """What a hub subscribes to."""
    return f"stores/{store_id}/v1/seen/+/+"


def booked(store_id: str, outbox_id: str) -> str:
    """Where the hub answers, retained."""
    return f"stores/{store_id}/v1/booked/{outbox_id}"


def health(store_id: str, device_id: str) -> str:
    """Where a device says how it is, retained; also its last will."""
    return f"stores/{store_id}/v1/health/{device_id}"


def health_filter(store_id: str) -> str:
    """Every device's health."""
    return f"stores/{store_id}/v1/health/+"


def clock(store_id: str, outbox_id: str) -> str:
    """Where a device says what its clocks read: at each connect, then each minute."""
    return f"stores/{store_id}/v1/clock/{outbox_id}"


def clock_filter(store_id: str) -> str:
    """Every device's clocks."""
    return f"stores/{store_id}/v1/clock/+"


def configuration(store_id: str, device_id: str) -> str:
    """Where the hub leaves a device's configuration, retained."""
    return f"stores/{store_id}/v1/config/{device_id}"


def software(store_id: str, device_id: str) -> str:
    """Where the hub says which software a device should run, retained."""
    return f"stores/{store_id}/v1/software/{device_id}"


def log(store_id: str, device_id: str) -> str:
    """Where the hub asks for the last lines of a device's log, retained."""
    return f"stores/{store_id}/v1/log/{device_id}"


def shelf_light(store_id: str, device_id: str, shelf_id: str) -> str:
    """Where the hub says what a shelf's light should show, retained."""
    return f"stores/{store_id}/v1/light/{device_id}/{shelf_id}"


def shelf_light_filter(store_id: str, device_id: str) -> str:
    """The lights of a device."""
    return f"stores/{store_id}/v1/light/{device_id}/+"


def calibration(store_id: str, device_id: str, shelf_id: str) -> str:
    """Where the hub says how the calibration of a scale should stand, retained."""
    return f"stores/{store_id}/v1/calibrate/{device_id}/{shelf_id}"


def calibration_filter(store_id: str, device_id: str) -> str:
    """The calibrations of a device."""
    return f"stores/{store_id}/v1/calibrate/{device_id}/+"


def home(store_id: str, thing: str) -> str:
    """Where the hub tells a home automation of the shop, retained."""
    return f"stores/{store_id}/v1/home/{thing}"


def parse_seen(topic: str) -> SeenAddress:
    """Take an observation's identity from its topic.

    Raises:
        TopicInvalid: the topic is not of the form `stores/{store_id}/v1/seen/{outbox_id}/{sequence}`.
    """
    outbox, _, sequence = topic.rpartition("/")
    store_id, outbox_id = _seen_of(outbox)
    if not store_id:
        raise TopicInvalid(topic=topic, expected="stores/{store_id}/v1/seen/{outbox_id}/{sequence}")
    if not outbox_id or not _SEQUENCE.match(sequence):
        raise TopicInvalid(topic=topic, expected="an identifier, 32 hex digits and a sequence from 1")
    return SeenAddress(store_id, outbox_id, int(sequence))


@lru_cache(maxsize=1_000)
def _seen_of(outbox: str) -> tuple[str, str]:
    """Whose letters come under this; empty where the topic has another form (the store), or names nobody (the outbox)."""
    levels = outbox.split("/")
    if len(levels) != 5 or levels[0] != "stores" or levels[2] != "v1" or levels[3] != "seen":
        return "", ""
    store_id, outbox_id = levels[1], levels[4]
    return (store_id, outbox_id) if _IDENTIFIER.match(store_id) and _OUTBOX_ID.match(outbox_id) else ("?", "")


def last_level(topic: str) -> str:
    """The device, outbox or shelf that a health, clock, booked or light topic is about."""
    return topic.rsplit("/", 1)[-1]
