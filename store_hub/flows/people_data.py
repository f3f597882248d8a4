"""What is kept of people, where and how long, read from the settings that decide it; and what is known of one person by name."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from access_control.doorkeeper import LINK_HOURS
from store_hub.adapters.audit_log import AuditLog, audit_path
from store_hub.adapters.ledger_file import ledger_trouble
from store_hub.adapters.people_file import PeopleFile, people_path
from store_hub.config import BackupConfig, PeopleConfig, TrustConfig
from store_hub.entries_settings import Retention

BEGIN, END = "<!-- kept: made by store-hub privacy -->", "<!-- kept: end -->"


class Kept(NamedTuple):
    """A row of the table."""

    what: str
    where: str
    how_long: str


class ErasedPerson(NamedTuple):
    """What went, and how many lines stay because the books they are in are never changed."""

    log_in: bool
    audit_lines_stay: int
    journal_entries_stay: int


def kept() -> list[Kept]:
    """What is kept, with the time that the code's own defaults give."""
    retention, people, trust, backup = Retention(), PeopleConfig(), TrustConfig(), BackupConfig()
    return [
        Kept("Counts of people: doors, zones, queues, ways", "hub: tables", _days(retention.people_days, "retention.people_days")),
        Kept("Heat of the floor", "hub: `floor_tiles`", _days(retention.heat_days, "retention.heat_days")),
        Kept("Tags, badges among them", "hub: tables", _days(retention.tags_days, "retention.tags_days")),
        Kept("Messages to staff", "hub: tables", _days(retention.messages_days, "retention.messages_days")),
        Kept("Every letter, receipt and press, with the name of who pressed", "hub: journal", "for ever: it is append-only"),
        Kept("Who may log in: name, role, Argon2id of the password", "hub: people file", "until removed"),
        Kept("Sessions: name, a token's hash, when", "hub: people file", f"{people.session_hours:g} h, {people.idle_hours:g} h unused"),
        Kept("One-time links: name, role, a token's hash", "hub: people file", f"{LINK_HOURS:g} h or one use"),
        Kept("Log-ins, refusals, changes: name or address, what, when", "hub: audit log", "for ever: it is a hash chain"),
        Kept(
            "Devices: name, certificate", "hub: trust folder; the device", f"certificates {trust.certificate_days:g} days; names for ever"
        ),
        Kept("All of the ledger, encrypted", "backups", f"{backup.keep_days} days, then {backup.keep_weeks} weeks"),
    ]


def kept_table() -> str:
    """The table in Markdown, as it stands in docs/privacy.md."""
    rows = [f"| {row.what} | {row.where} | {row.how_long} |" for row in kept()]
    return "\n".join([BEGIN, "| What | Where | How long, unless configured otherwise |", "|---|---|---|", *rows, END])


def export_person(ledger: Path, name: str, *, audit: AuditLog) -> dict[str, Any]:
    """Everything that is known under a name.

    Raises:
        LedgerUnusable: a file cannot be read.
    """
    person = next((known for known in PeopleFile(people_path(ledger)).persons() if known.name.casefold() == name.casefold()), None)
    lines = [row._asdict() for row in audit.newest(10_000_000) if name.casefold() in (row.actor + " " + row.detail).casefold()]
    return {
        "name": name,
        "log_in": None if person is None else person._asdict(),
        "audit": lines,
        "journal": [
            {"journal_id": number, "booked_at_ms": at_ms, "entry": msgspec.json.decode(payload)}
            for number, at_ms, payload in _signed(ledger, name)
        ],
    }


def erase_person(ledger: Path, name: str, *, audit: AuditLog) -> ErasedPerson:
    """Forget what may be forgotten of a person: log-in, sessions, links. What stays is counted."""
    gone = PeopleFile(people_path(ledger)).remove_person(name)
    audit.done("command line", "person.erase", name)
    known = export_person(ledger, name, audit=audit)
    return ErasedPerson(gone, len(known["audit"]), len(known["journal"]))


def audit_of(ledger: Path, now_ms: Any) -> AuditLog:
    """The audit log beside a ledger."""
    return AuditLog(audit_path(ledger), now_ms=now_ms)


def _signed(ledger: Path, name: str) -> list[tuple[int, int, bytes]]:
    """Entries of the journal that a person signed. Its text is searched as JSON writes it: no other key can hold it by accident."""
    quoted = msgspec.json.encode(name)
    marks = [b'"' + key + b'":' + quoted for key in (b"by", b"read_by", b"counted_by", b"accepted_by", b"to")]
    try:
        with closing(sqlite3.connect(f"{ledger.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT journal_id, received_at_ms, payload FROM journal WHERE source <> 'edge'")
            return [(number, at_ms, payload) for number, at_ms, payload in rows if any(mark in payload for mark in marks)]
    except sqlite3.Error as error:
        raise ledger_trouble(ledger, error) from None


def _days(days: int | None, setting: str) -> str:
    return f"for ever, until *Settings* says otherwise (`{setting}`)" if days is None else f"{days} days (`{setting}`)"
