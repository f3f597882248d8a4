"""Marks and statements in every name that a person, a device or another system can set, and files that point elsewhere: nothing happens."""

from __future__ import annotations

import io
import sqlite3
import tarfile
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pyrage
import pytest
from hub_in_a_browser import Hub, browser

from store_hub.adapters import backup_file
from store_hub.adapters.backup_file import BackupUnusable
from store_hub.adapters.broker_link import Delivered
from store_hub.adapters.ledger import Ledger
from store_hub.entries import AlertAction, CalibrationAction, Sale, SaleLine, StockCount
from store_hub.entries_goods import DeliveryNotice, NoticeLine, StockTakeReads
from store_hub.errors import HubError
from store_hub.flows.books import Books
from store_hub.flows.commands import Answer, Book, BookPlanogram
from store_hub.flows.inbox import Request
from store_hub.flows.restore import prove
from wire_format import codec, topics
from wire_format.observations import DeviceHealth, Fault, ShelfWeight
from wire_format.plans import Planogram

__all__ = ["browser"]  # A fixture.
NOW_MS = 1_795_359_840_000
OUTBOX = "ab" * 16
MARK = '<img src=x onerror="window.pwned=1"><script>window.pwned=2</script>\'"`{{7*7}}${7*7}'
STATEMENT = "x'; DROP TABLE journal; --"


class Clock:
    """Stands at the pages' Sunday."""

    def now_ms(self) -> int:
        return NOW_MS


def nasty_plan(repository: Path) -> Planogram:
    """The corner shop, with a mark in every free text there is."""
    plan: Planogram = msgspec.json.decode((repository / "demo/planogram.json").read_bytes(), type=Planogram)
    replace = msgspec.structs.replace
    return replace(
        plan,
        name=MARK,
        bays=[replace(bay, name=MARK) for bay in plan.bays],
        zones=[replace(zone, name=MARK) for zone in plan.zones],
        doors=[replace(door, name=MARK) for door in plan.doors],
        products=[replace(product, name=MARK, category=STATEMENT, supplier=MARK) for product in plan.products],
    )


def health(device_id: str) -> bytes:
    fault = Fault(code=MARK, part=MARK, message=MARK, advice=MARK)
    return codec.encode(
        DeviceHealth(
            device_id=device_id, boot_id="cafe0001", state="alive", sent_at_ms=NOW_MS, agent_version=MARK, outbox_id=OUTBOX,
            shed={MARK: 3}, faults=[fault], parts=[MARK, STATEMENT],
        )
    )  # fmt: skip


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """A shop into which all of it was booked by the real books."""
    path = tmp_path_factory.mktemp("nasty") / "ledger.sqlite"
    made = Ledger.create(path, store_id="corner-shop", now_ms=NOW_MS)
    books = Books(made, Clock())
    told = [
        BookPlanogram(codec.encode(nasty_plan(repository))),
        Book(Sale(till=MARK, lines=[SaleLine(sku="cola-033", units=2, price_minor=199), SaleLine(sku=STATEMENT, units=1)]), "sales", MARK),
        Book(DeliveryNotice(delivery_id=MARK, supplier=MARK, lines=[NoticeLine(sku="cola-033", units=24)]), "notices"),
        Book(StockTakeReads(stock_take_id=MARK, epcs=["urn:epc:id:sgtin:9521234.000041.1"], read_by=MARK), "stock-takes"),
        Book(StockCount(sku="cola-033", units=1, counted_by=MARK), "counts"),
        Book(AlertAction(alert_id=1, action="take", by=MARK), "alerts"),
        Book(CalibrationAction(shelf_id="bay-1-shelf-1", device_id="d", session_id="cafe0001", action="start", by=MARK), "calibrations"),
    ]
    for command in told:
        answer: Future[Answer] = Future()
        books.book([Request(command, answer, NOW_MS)])
    weight = ShelfWeight(
        device_id="d", boot_id="cafe0001", monotonic_ms=1, observed_at_ms=NOW_MS, shelf_id="no-such-shelf", weight_g=1.0, spread_g=0.1
    )
    for sequence, (topic, payload) in enumerate(
        [
            (topics.health("corner-shop", "d"), health("d")),
            (topics.seen("corner-shop", OUTBOX, 1), codec.encode(weight)),
            (topics.seen("corner-shop", OUTBOX, 2), b'{"type":"' + MARK.encode() + b'"}'),
            (f"stores/corner-shop/v1/seen/{MARK}/1", b"x"),
        ],
        start=1,
    ):
        books.book([Delivered(topic, payload, False, sequence, 1, 1, NOW_MS)])
    made.close()
    return path


def test_no_statement_in_a_name_reaches_the_ledger(ledger: Path) -> None:
    with closing(sqlite3.connect(ledger)) as connection:
        assert connection.execute("SELECT count(*) FROM journal").fetchone()[0] >= 8
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.fixture(scope="module")
def hub(ledger: Path) -> Iterator[Hub]:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    served = Hub(ledger, port)
    yield served
    served.stop()


PATHS = ["/", "/shelves", "/floor", "/tasks", "/receiving", "/stock-take", "/devices", "/settings", "/staff", "/labels", "/plan"]


@pytest.mark.browser
def test_no_mark_in_a_name_runs_on_any_page(hub: Hub, browser: Any) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))
    shown = 0
    for path in [*PATHS, f"/shelves?find={MARK}", f"/shelves?sku={MARK}&shelf={MARK}", f"/staff?shelf={MARK}", "/shelves?bay=bay-1"]:
        page.goto(hub.address + path)
        page.wait_for_timeout(700)
        assert page.evaluate("window.pwned") is None, path
        shown += "onerror" in page.inner_text("body")
        assert "49" not in page.title(), path
    assert shown >= 4, "the names are on the pages, as text"
    assert not [url for url in asked if url.rstrip("/").endswith("/x")], "no picture of theirs was asked for"
    page.close()


# ---- files


def packed(folder: Path, members: list[tarfile.TarInfo], contents: dict[str, bytes]) -> tuple[Path, Path]:
    """A backup of a stranger's making, that our key opens."""
    key = folder / "backup.key"
    recipient = backup_file.new_key(key)
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as archive:
        for member in members:
            content = contents.get(member.name, b"")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    path = folder / "ledger-corner-20261126T000000Z.tar.gz.age"
    path.write_bytes(pyrage.encrypt(raw.getvalue(), [pyrage.x25519.Recipient.from_str(recipient)]))
    return path, key


def link(name: str, to: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, to
    return member


@pytest.mark.parametrize(
    ("pages", "manifest_bytes", "ledger_bytes", "said"),
    [(1, 0, 50_000_000, "50,000,000 bytes where 4,096"), (1, 40_000_000, 0, "its manifest.json"), (2**50, 0, 0, "room for")],
)
def test_a_backup_that_swells_is_refused_before_it_is_unpacked(
    tmp_path: Path, pages: int, manifest_bytes: int, ledger_bytes: int, said: str
) -> None:
    """Whoever knows the public half of the key can make one: a kilobyte that unpacks to whatever there is room for."""
    manifest = msgspec.json.encode(
        {"format": 1, "store_id": "x", "ledger_id": "0" * 32, "taken_at_ms": 1, "last_journal_id": 1, "page_bytes": 4096, "pages": pages}
    )
    contents = {"manifest.json": manifest + b" " * manifest_bytes, "pages.blake2b": b"0" * 16, "ledger.sqlite": bytes(ledger_bytes)}
    path, key = packed(tmp_path, [tarfile.TarInfo(name) for name in contents], contents)
    assert path.stat().st_size < 200_000
    with pytest.raises(BackupUnusable, match=said):
        prove(path, key, tmp_path / "ledger.sqlite", now_ms=time.time_ns() // 1_000_000, progress=lambda _done, _total: None)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["backup.key", path.name]


@pytest.mark.parametrize(
    "members",
    [
        [tarfile.TarInfo("../evil")],
        [tarfile.TarInfo("/tmp/evil-of-a-backup")],
        [link("ledger.sqlite", "/etc/passwd"), tarfile.TarInfo("manifest.json"), tarfile.TarInfo("pages.blake2b")],
        [link("manifest.json", "../../../../etc/passwd")],
    ],
)
def test_a_backup_that_points_elsewhere_writes_nothing_there(tmp_path: Path, members: list[tarfile.TarInfo]) -> None:
    (tmp_path / "in").mkdir()
    manifest = msgspec.json.encode(
        {"format": 1, "store_id": "../x", "ledger_id": "0" * 32, "taken_at_ms": 1, "last_journal_id": 1, "page_bytes": 4096, "pages": 1}
    )
    contents = {"../evil": b"x", "/tmp/evil-of-a-backup": b"x", "manifest.json": manifest, "pages.blake2b": b"0" * 16}
    path, key = packed(tmp_path / "in", members, contents)
    with pytest.raises((BackupUnusable, HubError)):
        prove(path, key, tmp_path / "in" / "ledger.sqlite", now_ms=time.time_ns() // 1_000_000, progress=lambda _done, _total: None)
    assert not (tmp_path / "evil").exists()
    assert not Path("/tmp/evil-of-a-backup").exists()
    assert sorted(file.name for file in (tmp_path / "in").iterdir()) == ["backup.key", path.name]
