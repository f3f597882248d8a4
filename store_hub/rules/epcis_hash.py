"""Names an EPCIS event by what it says: the event hash of GS1's Core Business Vocabulary 2.0, section 8.9.

The same event always has the same name, whoever works it out: values are brought to one form (times to UTC milliseconds, EPCs to GS1
Digital Links, words of the CBV to its web addresses), strung together in one order, and hashed by SHA-256. `recordTime`, `eventID` and
`errorDeclaration` do not count, so that a correction keeps the name of what it corrects.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import UTC
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid5

import msgspec

from store_hub.rules.epc_errors import EpcInvalid
from store_hub.rules.epc_gs1 import GS1_RESOLVER, gs1_elements
from store_hub.rules.epc_identity import EpcIdentity, read_identity_pattern, read_identity_uri
from store_hub.rules.epcis_values import moment_ms, written_second
from store_hub.rules.epcis_words import (
    BIZ_STEPS,
    DISPOSITIONS,
    FIELDS,
    SOURCE_TYPES,
    TRANSACTION_TYPES,
)

_UNNAMED = ("@context", "type", "recordTime", "eventID", "errorDeclaration")
_HASHED = {kind: frozenset(names) - {"sensorElementList", "ilmd", "certificationInfo"} for kind, names in FIELDS.items()}
_CBV = "https://ref.gs1.org/cbv"
_OWN = UUID("0f5c1b1e-6d0e-5c0a-9a53-2c2f4d1e7a10")
"""The room of names that we give to events whose hash we do not work out."""

_FINEST = {"01": ("21", "235", "10"), "414": ("254",), "8006": ("21",), "8010": ("8011",)}
_KEYS = frozenset(("00", "01", "253", "255", "401", "402", "414", "417", "8003", "8004", "8006", "8010", "8017", "8018"))


def event_id(event: dict[str, Any]) -> str:
    """Return the event's name: ni:///sha-256;…?ver=CBV2.0.

    An event with fields whose names depend on its JSON-LD context (extensions, sensor data, master data) gets a urn:uuid made from its
    content instead: as lasting, but of our own making.
    """
    if not event.keys() <= _HASHED.get(event.get("type", ""), frozenset()):
        content = {name: value for name, value in event.items() if name not in _UNNAMED or name == "type"}
        return uuid5(_OWN, msgspec.json.encode(content, order="deterministic").decode()).urn
    return f"ni:///sha-256;{hashlib.sha256(pre_hash(event).encode()).hexdigest()}?ver=CBV2.0"


def pre_hash(event: dict[str, Any]) -> str:
    """Return the text whose hash is the event's name."""
    parts = [f"eventType={event['type']}", f"eventTime={_utc(event['eventTime'])}"]
    for name, told in _IN_ORDER:
        if event.get(name):
            parts += told(event[name], name)
    return "".join(parts)


def _plain(held: str, name: str) -> list[str]:
    return [f"{name}={canonical_name(held)}"]


def _epcs(held: list[str], name: str) -> list[str]:
    return [name, *sorted([f"epc={canonical_name(epc)}" for epc in held])]


def _quantities(held: list[dict[str, Any]], name: str) -> list[str]:
    return [name, *sorted(f"quantityElementepcClass={canonical_name(q['epcClass'])}{_quantity(q)}" for q in held)]


def _step(held: str, name: str) -> list[str]:
    return [f"{name}={_word('BizStep' if name == 'bizStep' else 'Disp', held)}"]


def _persistent(held: dict[str, list[str]], name: str) -> list[str]:
    return [name, *(f"{side}={_word('Disp', word)}" for side in ("set", "unset") for word in sorted(held.get(side, [])))]


def _place(held: dict[str, str], name: str) -> list[str]:
    return [f"{name}id={canonical_name(held['id'])}"]


def _quantity(element: dict[str, Any]) -> str:
    told = f"quantity={_number(element['quantity'])}" if "quantity" in element else ""
    return told + (f"uom={element['uom']}" if "uom" in element else "")


def _typed(held: list[dict[str, str]], name: str) -> list[str]:
    kind = "BTT" if name == "bizTransactionList" else "SDT"
    thing = name.removesuffix("List")
    lines = [(f"type={_word(kind, one['type'])}" if "type" in one else "") + f"{thing}={canonical_name(one[thing])}" for one in held]
    return [name, *sorted(lines)]


_IN_ORDER: tuple[tuple[str, Callable[[Any, str], list[str]]], ...] = (
    ("eventTimeZoneOffset", _plain), ("parentID", _plain), ("epcList", _epcs), ("inputEPCList", _epcs), ("childEPCs", _epcs),
    ("quantityList", _quantities), ("childQuantityList", _quantities), ("inputQuantityList", _quantities), ("outputEPCList", _epcs),
    ("outputQuantityList", _quantities), ("action", _plain), ("transformationID", _plain), ("bizStep", _step), ("disposition", _step),
    ("persistentDisposition", _persistent), ("readPoint", _place), ("bizLocation", _place), ("bizTransactionList", _typed),
    ("sourceList", _typed), ("destinationList", _typed),
)  # fmt: skip


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)


def _utc(told: str) -> str:
    at_ms = moment_ms(told)
    assert at_ms is not None  # Checked before anything is named.
    return f"{written_second(at_ms // 1000, UTC)[0]}.{at_ms % 1000:03}Z"


_KNOWN_WORDS = {"BizStep": BIZ_STEPS, "Disp": DISPOSITIONS, "BTT": TRANSACTION_TYPES, "SDT": SOURCE_TYPES}


def _word(kind: str, value: str) -> str:
    return f"{_CBV}/{kind}-{value}" if value in _KNOWN_WORDS[kind] else value


@lru_cache(maxsize=50_000)
def canonical_name(value: str) -> str:
    """Return a thing's name as GS1's canonical Digital Link; as it is where it has none."""
    if value.startswith("urn:epc:"):
        return _link_of_urn(value)
    address = re.fullmatch(r"https?://[^/?#]+/([^?#]*)(?:[?#].*)?", value)
    steps = address[1].rstrip("/").split("/") if address else []
    for start in range(len(steps) - 1):
        pairs = dict(zip(steps[start::2], steps[start + 1 :: 2], strict=False))
        if steps[start] in _KEYS and len(steps[start:]) % 2 == 0 and steps[start + 1][:1].isdigit():
            finest = next((f"/{ai}/{pairs[ai]}" for ai in _FINEST.get(steps[start], ()) if ai in pairs), "")
            key = steps[start + 1].rjust(14, "0") if steps[start] == "01" else steps[start + 1]
            return f"{GS1_RESOLVER}/{steps[start]}/{key}{finest}"
    return value


def _link_of_urn(value: str) -> str:
    try:
        if value.startswith("urn:epc:idpat:"):
            identity = read_identity_pattern(value)
            return _link(identity, keys=1) if identity.parts[-1] == "*" else value
        return _link(read_identity_uri(value))
    except EpcInvalid:
        return value


def _link(identity: EpcIdentity, *, keys: int = 2) -> str:
    elements = gs1_elements(identity)[:keys]
    return GS1_RESOLVER + "".join(f"/{element.ai}/{_quoted(element.value)}" for element in elements)


def _quoted(text: str) -> str:
    return "".join(f"%{ord(letter):02X}" if letter in "!()*+,:#%&/ " else letter for letter in text)
