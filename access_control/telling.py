"""How the command lines of hub and cloud tell of people, keys and the audit log: in words, or as JSON for machines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from access_control.audit_chain import AuditRow, AuditVerdict
from access_control.persons import Key, Person


def tell_json(said: object) -> None:
    """Print what is said as JSON."""
    print(msgspec.json.encode(said).decode())


def tell(said: object, words: str, *, as_json: bool) -> None:
    """Print what is said as JSON, or the words."""
    tell_json(said) if as_json else print(words)


def tell_persons(persons: Sequence[Person], *, as_json: bool, nobody: str) -> None:
    """Print who may log in; `nobody`: the words where there is none."""
    words = "\n".join(f"{person.name:<40} {person.role}" for person in persons)
    tell([person._asdict() for person in persons], words or nobody, as_json=as_json)


def tell_keys(keys: Sequence[Key], *, as_json: bool) -> None:
    """Print keys, what they open and when they were last used."""
    if keys or as_json:
        tell([key._asdict() for key in keys], "\n".join(map(_of_key, keys)), as_json=as_json)


def tell_rows(rows: Sequence[AuditRow], *, as_json: bool) -> None:
    """Print rows of the audit log, as they come."""
    if rows or as_json:
        tell([row._asdict() for row in rows], "\n".join(map(_of_row, rows)), as_json=as_json)


def noted_row(expect: str | None) -> tuple[int, str] | None:
    """Read a row as `tell_verdict` printed it earlier, NUMBER:HASH.

    Raises:
        ValueError: it is something else.
    """
    if expect is None:
        return None
    noted = re.fullmatch(r"([0-9]+):([0-9a-f]{64})", expect)
    if noted is None:
        raise ValueError(f"{expect!r} is not NUMBER:HASH as this command prints it")
    return int(noted[1]), noted[2]


def tell_verdict(verdict: AuditVerdict, *, as_json: bool) -> int:
    """Print whether the chain of the audit log holds. Returns the command's exit code: 1 if it does not."""
    is_whole = verdict.broken_at is None
    words = (
        f"{verdict.rows} rows, unbroken; note elsewhere: {verdict.rows}:{verdict.head}"
        if is_whole
        else f"row {verdict.broken_at} of {verdict.rows} does not fit: the log was changed or cut"
    )
    tell(verdict._asdict(), words, as_json=as_json)
    return 0 if is_whole else 1


def _of_key(key: Key) -> str:
    used = f"last used {datetime.fromtimestamp(key.used_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC" if key.used_ms else "never used"
    return f"{key.name:<40} {', '.join(key.scopes):<24} {used}"


def _of_row(row: AuditRow) -> str:
    at = datetime.fromtimestamp(row.at_ms / 1000, UTC)
    return f"{row.number:>6} {at:%Y-%m-%d %H:%M:%S} {row.outcome:<7} {row.action:<16} {row.actor}: {row.detail}"
