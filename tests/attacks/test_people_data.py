"""What is kept of people is told by the code itself, can be handed to them, and what may go, goes."""

from __future__ import annotations

from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

from access_control.persons import Person
from store_hub.adapters.ledger import Ledger
from store_hub.adapters.people_file import PeopleFile, people_path
from store_hub.config import PeopleConfig
from store_hub.entries_goods import StockTakeReads
from store_hub.entries_settings import Retention
from store_hub.flows.books import Books
from store_hub.flows.commands import Answer, Book
from store_hub.flows.found import found_ledger
from store_hub.flows.inbox import Request
from store_hub.flows.people_data import audit_of, erase_person, export_person, kept_table

NOW_MS = 1_800_000_000_000


class Clock:
    def now_ms(self) -> int:
        return NOW_MS


def test_the_table_of_what_is_kept_is_what_the_code_does(repository: Path) -> None:
    text = (repository / "docs/privacy.md").read_text(encoding="utf-8")
    assert kept_table() in text, "run: store-hub privacy, and put its table into docs/privacy.md"
    assert f"{PeopleConfig().session_hours:g} h" in kept_table()
    assert f"{Retention().messages_days} days" in kept_table()


def test_what_is_known_of_a_person_is_exported_and_what_may_go_is_erased(tmp_path: Path, repository: Path) -> None:
    ledger = tmp_path / "ledger.sqlite"
    found_ledger(ledger, repository / "demo/planogram.json", store_id=None, clock=Clock())
    PeopleFile(people_path(ledger)).put_person(Person("Ana Perez", "staff"), "hash", now_ms=NOW_MS)
    with closing(Ledger.open(ledger)) as opened:
        books, answer = Books(opened, Clock()), Future[Answer]()
        reads = StockTakeReads(stock_take_id="nov", epcs=["urn:epc:id:sgtin:9521234.000041.1"], read_by="Ana Perez")
        books.book([Request(Book(reads, "stock-takes"), answer, NOW_MS)])
    with closing(audit_of(ledger, Clock().now_ms)) as audit:
        audit.done("Ana Perez", "person.login", "10.0.0.1")
        audit.done("Bo", "person.login", "10.0.0.2")
        known = export_person(ledger, "Ana Perez", audit=audit)
        assert known["log_in"] == {"name": "Ana Perez", "role": "staff"}
        assert [line["action"] for line in known["audit"]] == ["person.login"]
        assert [entry["entry"]["stock_take_id"] for entry in known["journal"]] == ["nov"]
        erased = erase_person(ledger, "Ana Perez", audit=audit)
        assert (erased.log_in, erased.journal_entries_stay) == (True, 1)
        assert export_person(ledger, "Ana Perez", audit=audit)["log_in"] is None
        assert export_person(ledger, "Bo", audit=audit)["journal"] == []
