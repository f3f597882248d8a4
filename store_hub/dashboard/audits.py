"""What a person's audit says of a camera's counts, in the words that stand beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from babel.dates import format_date
from markupsafe import Markup

from store_hub.adapters.ledger_views_rows import AuditRow
from store_hub.dashboard.reader import Reader
from store_hub.rules.camera_audits import DoorAccuracy, accuracy_of_sum

COMMAND = "edge-agent audit FILM --config EDGE.toml"


def sum_words(reader: Reader, counts: Mapping[str, int], audits: Sequence[AuditRow], now_ms: int) -> str:
    """Say, after a sum over doors, how far it can be trusted: ` · 97% right (94–99), audited 12 Nov`. Nothing without a door."""
    if not counts:
        return ""
    accuracy, missing = accuracy_of_sum(dict(counts), _accuracies(audits))
    if accuracy is not None:
        return f" · {accuracy_words(reader, accuracy, now_ms)}"
    if len(missing) == len(counts):
        return f" · {reader.t('not audited')}"
    return f" · {reader.n('{count} door not audited', '{count} doors not audited', len(missing))}"


def door_words(reader: Reader, door_id: str, audits: Sequence[AuditRow], now_ms: int) -> str:
    """Say how far one door's count can be trusted."""
    known = next((audit for audit in _accuracies(audits) if audit.door_id == door_id), None)
    return accuracy_words(reader, known, now_ms) if known is not None else reader.t("not audited")


def accuracy_words(reader: Reader, accuracy: DoorAccuracy, now_ms: int) -> str:
    """Write an accuracy with its interval and day: `97% right (94–99), audited 12 Nov`."""
    low, high = (reader.number(100 * share) for share in (accuracy.low, accuracy.high))
    day = _day(reader, accuracy.audited_at_ms, now_ms)
    return reader.t(
        "{share} right ({low}–{high}), audited {day}", share=reader.share(accuracy.value, decimals=0), low=low, high=high, day=day
    )


def audit_notes(reader: Reader, names: Mapping[str, str], door_ids: Sequence[str], audits: Sequence[AuditRow]) -> Markup:
    """Below the doors: what each audit is made of, and how to audit the others."""
    notes = [_evidence(reader, names.get(audit.door_id, audit.door_id), audit) for audit in audits if audit.door_id in door_ids]
    known = {audit.door_id for audit in audits}
    if any(door_id not in known for door_id in door_ids):
        how = reader.t("Not audited: nobody has checked these counts. Take half an hour of film and run, on the camera's device:")
        notes.append(Markup("{} <code>{}</code>").format(how, COMMAND))
    return Markup().join(Markup('<p class="small soft">{}</p>').format(note) for note in notes)


def _evidence(reader: Reader, name: str, audit: AuditRow) -> str:
    text = reader.t(
        "{door}: of {judged} crossings judged {right} were right; missed in {span} looked at: {missed}.",
        door=name,
        judged=reader.number(audit.judged),
        right=reader.number(audit.judged_right),
        missed=reader.number(audit.missed),
        span=reader.span(audit.looked_ms),
    )
    shares = []
    if audit.precision is not None:
        shares.append(reader.t("Precision {share}.", share=_share(reader, audit.precision, audit.precision_low, audit.precision_high)))
    if audit.recall is not None:
        shares.append(reader.t("Recall {share}.", share=_share(reader, audit.recall, audit.recall_low, audit.recall_high)))
    return " ".join([text, *shares])


def _share(reader: Reader, value: float, low: float | None, high: float | None) -> str:
    bounds = tuple(reader.number(None if bound is None else 100 * bound) for bound in (low, high))
    return f"{reader.share(value, decimals=0)} ({bounds[0]}–{bounds[1]} %)"


def _accuracies(audits: Sequence[AuditRow]) -> list[DoorAccuracy]:
    """One per door: of several cameras over one door, the one audited last."""
    newest: dict[str, AuditRow] = {}
    for audit in audits:
        if audit.door_id not in newest or audit.audited_at_ms > newest[audit.door_id].audited_at_ms:
            newest[audit.door_id] = audit
    return [
        DoorAccuracy(a.door_id, a.count_accuracy, a.count_accuracy_low, a.count_accuracy_high, a.audited_at_ms) for a in newest.values()
    ]


def _day(reader: Reader, at_ms: int, now_ms: int) -> str:
    then, now = reader.local(at_ms), reader.local(now_ms)
    year = "" if then.year == now.year else (" y" if reader.language == "en" else "")
    pattern = f"d MMM{year}" if reader.language == "en" else ("M月d日" if then.year == now.year else "y年M月d日")
    return str(format_date(then, pattern, locale=reader.locale))
