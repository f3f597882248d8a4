"""The independent checker: what the sensors saw, against the hub's ledger and the cloud's records.

It shares no code with the programs: plain SQL and JSON, so that a mistake of theirs cannot be made here once more.
An observation is acknowledged when the outbox's `put` has returned; what each kind of run may do to it is said at `scenario.Kind`.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from scenario import Kind

DIFFERENCES_TOLD = 10
Seen = dict[str, Any]


@dataclass
class Findings:
    """What came of a comparison.

    `in_doubt`: killed between observing and acknowledging, so booked once or not at all. `forgotten`: acknowledged, gone through no fault
    of the programs (an older ledger, a spoilt page), and told by number.
    """

    observations: int = 0
    in_doubt: int = 0
    lost: int = 0
    twice: int = 0
    forgotten: int = 0
    differences: int = 0
    told: list[str] = field(default_factory=list)

    def differ(self, what: str) -> None:
        """Count a difference, and keep the first ones' words."""
        self.differences += 1
        if len(self.told) < DIFFERENCES_TOLD:
            self.told.append(what)

    def expect(self, is_so: bool, what: str) -> None:
        """A difference unless it is so."""
        if not is_so:
            self.differ(what)

    @property
    def is_well(self) -> bool:
        """Nothing lost, nothing twice, nothing different."""
        return self.lost == self.twice == self.differences == 0


class Letter(NamedTuple):
    """An entry of the journal."""

    sequence: int
    seen: Seen


class Observed(NamedTuple):
    """An observation of the truth, and whether the outbox has acknowledged it."""

    seen: Seen
    is_sure: bool


def read_truth(path: Path) -> list[Observed]:
    """All that a device observed, in order."""
    groups: list[tuple[list[Seen], bool]] = []
    for line in path.read_text().splitlines():
        if line == "put":
            groups[-1] = (groups[-1][0], True)
        else:
            groups.append((json.loads(line)["seen"], False))
    return [Observed(seen, is_sure) for group, is_sure in groups for seen in group]


def check_hub(ledger_path: Path, folder: Path, kind: Kind) -> Findings:
    """Compare the truth files in a folder with the ledger. `kind`: what may have happened, and so what may be told of as gone."""
    found = Findings()
    with closing(sqlite3.connect(f"file:{ledger_path}?mode=ro", uri=True)) as ledger:
        journal = read_journal(ledger, found)
        check_numbers(ledger, found)
        booked: list[Seen] = []
        for path in sorted(folder.glob("truth-*.txt")):
            name = path.stem.replace("truth", "pi")
            letters = journal.pop(name, [])
            if kind is Kind.CARDS:
                booked += compare_contents(name, read_truth(path), letters, found)
            else:
                booked += compare(name, read_truth(path), letters, found, restored=kind is Kind.HUB_SET_BACK)
        for name, letters in journal.items():
            found.differ(f"{len(letters)} entries of {name}, which nobody knows")
        check_effects(ledger, booked, found)
        contested = ledger.execute("SELECT count(*) FROM contested_outboxes").fetchone()[0]
        found.expect(kind is Kind.CARDS or contested == 0, f"{contested} outboxes seem copied, where no card was")
    return found


def read_journal(ledger: sqlite3.Connection, found: Findings) -> dict[str, list[Letter]]:
    """Every edge's letters by device, in the order of their sequences. What stands there twice is counted."""
    journal: dict[str, list[Letter]] = defaultdict(list)
    known: set[tuple[int, int]] = set()
    rows = ledger.execute("SELECT outbox_no, sequence, payload FROM journal WHERE source = 'edge' ORDER BY outbox_no, sequence, journal_id")
    for outbox_no, sequence, payload in rows:
        if outbox_no is None:
            found.differ(f"an entry of no outbox: {payload[:80]!r}")
            continue
        seen = json.loads(payload)
        found.expect(seen.pop("v") == 1, f"an entry of another version: {payload[:80]!r}")
        if (outbox_no, sequence) in known:
            found.twice += 1
            continue
        known.add((outbox_no, sequence))
        journal[seen["device_id"]].append(Letter(sequence, seen))
    return journal


def check_numbers(ledger: sqlite3.Connection, found: Findings) -> None:
    """No number of an outbox is missing: each is in the journal, or covered by a telling that it went, or by another outbox.

    But where two have written it, or its page was spoilt: who left took the rest along into another, where `compare_contents` finds it.
    """
    known: dict[int, list[tuple[int, int]]] = defaultdict(list)
    writers: dict[int, set[str]] = defaultdict(set)
    for outbox_no, sequence, payload in ledger.execute("SELECT outbox_no, sequence, payload FROM journal WHERE outbox_no IS NOT NULL"):
        seen = json.loads(payload)
        writers[outbox_no].add(seen["device_id"])
        known[outbox_no].append((sequence, seen.get("through_sequence", sequence)))
    for outbox_no, sequence in ledger.execute("SELECT outbox_no, sequence FROM outbox_repeats"):
        known[outbox_no].append((sequence, sequence))
    newest = {device: number for number, devices in sorted(writers.items()) for device in devices}
    left = {number for number, devices in writers.items() if len(devices) > 1 or any(newest[device] > number for device in devices)}
    left |= {number for (number,) in ledger.execute("SELECT outbox_no FROM contested_outboxes")}
    for outbox_no, booked_through in ledger.execute("SELECT outbox_no, booked_through FROM outboxes"):
        expected, gap = 1, None
        for first, last in sorted(known[outbox_no]):
            if first > expected and gap is None:
                gap = expected
                found.expect(outbox_no in left, f"outbox {outbox_no}: sequence {first} where {expected} should be")
            expected = max(expected, last + 1)
        through = (gap or expected) - 1
        found.expect(booked_through == through, f"outbox {outbox_no}: marked through {booked_through}, booked through {through}")


def compare_contents(name: str, truth: list[Observed], letters: list[Letter], found: Findings) -> list[Seen]:
    """Whatever an acknowledged observation went through, it is booked once, or its device has told how many it could not read any more."""
    told = sum(letter.seen["counts"].get("damaged", 0) for letter in letters if letter.seen["type"] == "shed")
    times = Counter(_words(letter.seen) for letter in letters if letter.seen["type"] != "shed")
    booked: list[Seen] = []
    missing = 0
    for observed in truth:
        number = times.pop(_words(observed.seen), 0)
        found.twice += max(0, number - 1)
        missing += observed.is_sure and number == 0
        booked += [observed.seen] * min(1, number)
    for words in list(times)[:DIFFERENCES_TOLD]:
        found.differ(f"{name}: booked, but never observed: {words}")
    found.forgotten += min(missing, told)
    found.lost += max(0, missing - told)
    found.observations += len(truth)
    found.in_doubt += sum(not observed.is_sure for observed in truth)
    return booked


def _words(seen: Seen) -> str:
    return json.dumps(seen, sort_keys=True)


def compare(name: str, truth: list[Observed], letters: list[Letter], found: Findings, *, restored: bool) -> list[Seen]:
    """Walk truth and journal side by side; returns what is booked of this device."""
    said = {letter.sequence: letter.seen for letter in letters if letter.seen["type"] != "shed"}
    gone = tell_gone(letters, found, restored=restored) - said.keys()
    found.forgotten += len(gone)
    booked: list[Seen] = []
    place = 0
    for number in range(1, max((*said, *gone), default=0) + 1):
        if number in gone:
            place += 1
            continue
        if number not in said:
            found.differ(f"{name}: no sequence {number}")
            continue
        while place < len(truth) and truth[place].seen != said[number]:
            if truth[place].is_sure:
                found.lost += 1
                found.expect(found.lost > 1, f"{name}: first lost is {truth[place].seen}")
            place += 1
        if place == len(truth):
            found.differ(f"{name}: booked, but never observed (or twice, or changed): {said[number]}")
            break
        booked.append(said[number])
        place += 1
    found.lost += sum(observed.is_sure for observed in truth[place:])
    found.observations += len(truth)
    found.in_doubt += sum(not observed.is_sure for observed in truth)
    return booked


def tell_gone(letters: list[Letter], found: Findings, *, restored: bool) -> set[int]:
    """The numbers that an edge says it has forgotten; whatever else was let go is lost.

    It names all from the hub's mark on, for that is what it is told. What the older ledger had booked beyond a gap is booked all the same.
    """
    gone: set[int] = set()
    for letter in letters:
        if letter.seen["type"] == "shed":
            numbers = range(letter.sequence, letter.seen["through_sequence"] + 1)
            gone.update(numbers)
            if not restored or letter.seen["counts"] != {"forgotten": len(numbers)}:
                found.lost += len(numbers)
    return gone


def check_effects(ledger: sqlite3.Connection, booked: list[Seen], found: Findings) -> None:
    """People through doors and weights on shelves follow from what is booked, and nothing is in quarantine."""
    people: Counter[tuple[str, str]] = Counter()
    weights: Counter[tuple[str, float]] = Counter()
    last: dict[str, float] = {}
    for seen in booked:
        if seen["type"] == "door_crossing":
            people[seen["door_id"], "in"] += seen["people_in"]
            people[seen["door_id"], "out"] += seen["people_out"]
        elif seen["type"] == "shelf_weight":
            weights[seen["shelf_id"], seen["weight_g"]] += 1
            last[seen["shelf_id"]] = seen["weight_g"]
    rows = ledger.execute("SELECT door_id, sum(people_in), sum(people_out) FROM door_minutes GROUP BY door_id").fetchall()
    counted = {(door, way): number for door, *both in rows for way, number in zip(("in", "out"), both, strict=True)}
    found.expect(counted == dict(people), f"people: the ledger has {counted}, the sensors saw {dict(people)}")
    weighed = ledger.execute("SELECT shelf_id, weight_g, count(*) FROM shelf_weights GROUP BY 1, 2")
    kept = Counter({(shelf, weight): number for shelf, weight, number in weighed})
    found.expect(kept == weights, f"weights: {sum((kept - weights).values())} too many, {sum((weights - kept).values())} missing")
    latest = dict(ledger.execute("SELECT shelf_id, weight_g FROM shelf_weights ORDER BY at_ms, journal_id").fetchall())
    for shelf in last:
        found.expect(latest.get(shelf) == last[shelf], f"{shelf}: weighs {latest.get(shelf)} g in the ledger, last seen at {last[shelf]} g")
    aside = ledger.execute("SELECT reason, count(*) FROM quarantine GROUP BY reason").fetchall()
    found.expect(not aside, f"in quarantine: {aside}")


def check_cloud(ledger_path: Path, records: Any, store_id: str, *, set_back: bool) -> Findings:
    """Compare the cloud's rows with the hub's.

    Args:
        records: a connection of psycopg to the cloud's database.
        set_back: the hub, so that the cloud may know what the hub has forgotten.
    """
    found = Findings()
    ledger = sqlite3.connect(f"file:{ledger_path}?mode=ro", uri=True)
    try:
        untold = alerts_untold(ledger)
        for what, (of_hub, of_cloud) in _SAME.items():
            hub = {tuple(row) for row in ledger.execute(of_hub)}
            cloud = {tuple(row) for row in records.execute(of_cloud, (store_id,)).fetchall()}
            missing, strange = hub - cloud, set() if set_back else cloud - hub
            missing = {row for row in missing if what != "alerts" or row[0] not in untold}
            found.expect(not missing, f"{what}: the cloud lacks {len(missing)}, such as {next(iter(missing), None)}")
            found.expect(not strange, f"{what}: the cloud alone has {len(strange)}, such as {next(iter(strange), None)}")
        aside = records.execute("SELECT count(*) FROM fact_quarantine WHERE store_id = %s", (store_id,)).fetchone()[0]
        found.expect(aside == 0, f"the cloud has set {aside} facts aside")
        mark = ledger.execute("SELECT last_sequence FROM report_marks").fetchone()[0]
        identity = ledger.execute("SELECT ledger_id FROM meta").fetchone()[0]
        told = records.execute("SELECT booked_through FROM ledgers WHERE store_id = %s AND ledger_id = %s", (store_id, identity)).fetchone()
        waiting = ledger.execute("SELECT count(*) FROM report_outbox").fetchone()[0]
        is_so = told is not None and mark - waiting <= told[0] <= mark
        found.expect(is_so, f"the hub has numbered {mark} facts, of which {waiting} wait; the cloud has booked {told}")
    finally:
        ledger.close()
    return found


def alerts_untold(ledger: sqlite3.Connection) -> set[int]:
    """Alerts that the hub knows it has still to tell.

    That a device was stopped is the last thing that its hub hears, and raises an alert; the hub may be stopped before it has told that.
    """
    untold = {int(subject) for (subject,) in ledger.execute("SELECT subject FROM dirty WHERE fact = 'alert'")}
    facts = [json.loads(fact) for (fact,) in ledger.execute("SELECT fact FROM report_outbox")]
    return untold | {fact["alert_id"] for fact in facts if fact["type"] == "alert"}


_QUARTER = "(extract(epoch FROM quarter_at) * 1000)::bigint"
_SAME = {
    "people by quarter": (
        "SELECT door_id, minute_started_at_ms / 900000 * 900000, sum(people_in), sum(people_out) FROM door_minutes GROUP BY 1, 2",
        f"SELECT door_id, {_QUARTER}, people_in, people_out FROM door_quarter WHERE store_id = %s",
    ),
    "units by quarter": (
        "SELECT sku, quarter_started_at_ms, units_picked, units_put_back FROM sku_quarters WHERE units_picked OR units_put_back",
        f"SELECT sku, {_QUARTER}, units_picked, units_put_back FROM sku_quarter"
        " WHERE store_id = %s AND (units_picked <> 0 OR units_put_back <> 0)",
    ),
    "alerts": (
        "SELECT alert_id, sku, shelf_id, raised_at_ms, cleared_at_ms FROM alerts",
        "SELECT alert_id, sku, shelf_id, (extract(epoch FROM raised_at) * 1000)::bigint, (extract(epoch FROM cleared_at) * 1000)::bigint"
        " FROM alert WHERE store_id = %s",
    ),
}
