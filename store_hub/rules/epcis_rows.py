"""Turns an EPCIS event, ours or another system's, into the ledger's rows: the event, and what it names, to be found by."""

from __future__ import annotations

from typing import Any

import msgspec

from store_hub.rows import Effect, EpcisEventRow, EpcisThingRow
from store_hub.rules.changes import Changes
from store_hub.rules.epcis_hash import canonical_name
from store_hub.rules.epcis_values import moment_ms

_LISTS = {"epcList": "epc", "childEPCs": "child", "inputEPCList": "input", "outputEPCList": "output"}
_CLASSES = {"quantityList": "class", "childQuantityList": "class", "inputQuantityList": "input_class", "outputQuantityList": "output_class"}
_WORDS = ("https://ref.gs1.org/cbv/BizStep-", "https://ref.gs1.org/cbv/Disp-", "urn:epcglobal:cbv:bizstep:", "urn:epcglobal:cbv:disp:")


def event_rows(event: dict[str, Any], changes: Changes, *, captured: bool) -> list[Effect]:
    """Return an event's rows. It has been checked, and bears its eventID."""
    line = changes.next_line()
    declared = event.get("errorDeclaration")
    kept = {name: value for name, value in event.items() if name != "recordTime"} if "recordTime" in event else event
    rows: list[Effect] = [
        EpcisEventRow(
            event_id=event["eventID"],
            declared_at_ms=0 if declared is None else moment_ms(declared["declarationTime"]) or 0,
            journal_id=changes.journal_id,
            line=line,
            event_type=event["type"],
            event_time_ms=moment_ms(event["eventTime"]) or 0,
            action=event.get("action", ""),
            biz_step=bare_word(event.get("bizStep", "")),
            disposition=bare_word(event.get("disposition", "")),
            read_point=_place(event, "readPoint"),
            biz_location=_place(event, "bizLocation"),
            captured=int(captured),
            payload=msgspec.json.encode(kept),
        )
    ]
    rows += [EpcisThingRow(name, role, changes.journal_id, line) for name, role in sorted(_things(event))]
    return rows


def bare_word(word: str) -> str:
    """Return a word of the CBV without the address it may be told with."""
    for prefix in _WORDS:
        word = word.removeprefix(prefix)
    return word


def _place(event: dict[str, Any], name: str) -> str:
    return canonical_name(event[name]["id"]) if name in event else ""


def _things(event: dict[str, Any]) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for name in event.keys() & _LISTS.keys():
        found |= {(canonical_name(epc), _LISTS[name]) for epc in event[name] or ()}
    for name in event.keys() & _CLASSES.keys():
        found |= {(canonical_name(one["epcClass"]), _CLASSES[name]) for one in event[name] or ()}
    if event.get("parentID"):
        found.add((canonical_name(event["parentID"]), "parent"))
    return found
