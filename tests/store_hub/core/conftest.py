"""A small shop for the hub's core: one weighed shelf with two articles, one shelf without a scale, a back room, a door and a zone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import msgspec
import pytest

from store_hub.adapters.broker_link import Delivered
from store_hub.adapters.ledger import Ledger
from store_hub.entries import AnyTold
from store_hub.flows.books import Books
from store_hub.flows.commands import Answer, Book, BookPlanogram, Command
from store_hub.flows.inbox import Item, Request
from wire_format import codec, topics
from wire_format.observations import Observation, ShelfWeight
from wire_format.plans import Bay, Door, Facing, Planogram, Product, Rectangle, Shelf, Zone

NOON_MS = 1_800_000_000_000
OUTBOX = "0123456789abcdef" * 2
BOOT = "cafe0001"
STORE = "corner"
COLA_G = 350.0
TEA_G = 1500.0


class HandClock:
    """A clock that stands until it is moved."""

    def __init__(self, now_ms: int) -> None:
        self.at_ms = now_ms

    def now_ms(self) -> int:
        return self.at_ms


def shop_plan(**changed: Any) -> Planogram:
    """The small shop's planogram."""
    cola = Facing(sku="cola", from_m=0.0, width_m=0.5, capacity_units=12, low_units=3, full_units=9, start_units=10)
    tea = Facing(sku="tea", from_m=0.5, width_m=0.5, capacity_units=8, low_units=2, full_units=6, start_units=6)
    gum = Facing(sku="gum", from_m=0.0, width_m=0.2, capacity_units=20, low_units=4, start_units=10)
    shelves = [
        Shelf(shelf_id="drinks", level=1, width_m=1.0, facings=[cola, tea]),
        Shelf(shelf_id="sweets", level=2, width_m=1.0, weighed=False, facings=[gum]),
    ]
    plan = Planogram(
        store_id=STORE,
        name="Corner",
        time_zone="Europe/Berlin",
        width_m=10.0,
        depth_m=8.0,
        bays=[Bay(bay_id="bay-1", name="Bay 1", place=Rectangle(x_m=0.0, y_m=0.0, width_m=1.0, depth_m=0.5), shelves=shelves)],
        zones=[Zone(zone_id="front", name="Front", place=Rectangle(x_m=0.0, y_m=0.0, width_m=2.0, depth_m=2.0))],
        doors=[Door(door_id="door", name="Door", x1_m=4.0, y1_m=8.0, x2_m=6.0, y2_m=8.0)],
        products=[
            Product(sku="cola", name="Cola 0.33 l", unit_weight_g=COLA_G, unit_weight_sd_g=1.0, price_minor=199, gtin="04012345123456"),
            Product(sku="tea", name="Iced tea", unit_weight_g=TEA_G, unit_weight_sd_g=1.0, price_minor=249),
            Product(sku="gum", name="Gum", price_minor=99),
        ],
        back_room={"cola": 24, "gum": 30},
    )
    return msgspec.structs.replace(plan, **changed)


class SmallShop:
    """Books of a small shop on a real ledger, driven item by item."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = HandClock(NOON_MS)
        self.ledger = Ledger.create(path, store_id=STORE, now_ms=NOON_MS)
        self.books = Books(self.ledger, self.clock)
        self.sequence = 0
        self.ask(BookPlanogram(codec.encode(shop_plan())))

    def reopen(self) -> None:
        """As after a restart of the hub."""
        self.ledger.close()
        self.ledger = Ledger.open(self.path)
        self.books = Books(self.ledger, self.clock)

    def ask(self, command: Command) -> Answer:
        """Book one command and return its answer, or raise what it was refused with."""
        future: Future[Answer] = Future()
        page, _ = self.books.book([Request(command, future, self.clock.now_ms())])
        (_, answer), *_ = page.answers
        if isinstance(answer, Exception):
            raise answer
        return answer

    def submit(self, command: Command) -> Future[Answer]:
        """Book one command at once, for a flow that asks the bookkeeper."""
        answer: Future[Answer] = Future()
        answer.set_result(self.ask(command))
        return answer

    def on_booked(self, callback: Callable[[frozenset[str]], None]) -> Callable[[], None]:
        """Nobody waits for news here."""
        return lambda: None

    def tell(self, told: AnyTold, *, key: str | None = None) -> Answer:
        """Book what a till or a person says."""
        return self.ask(Book(told, "sales", key))

    def letter(self, observation: Observation | bytes, *, sequence: int | None = None, outbox_id: str = OUTBOX) -> Delivered:
        """An observation as the broker delivers it, numbered on unless told otherwise."""
        if sequence is None:
            self.sequence += 1
            sequence = self.sequence
        payload = observation if isinstance(observation, bytes) else codec.encode(observation)
        return Delivered(topics.seen(STORE, outbox_id, sequence), payload, False, sequence % 65_535, 1, 1, self.clock.now_ms())

    def see(self, *observations: Observation) -> None:
        """Book observations as one batch."""
        self.books.book([self.letter(observation) for observation in observations])

    def book(self, *items: Item) -> None:
        """Book items as one batch."""
        self.books.book(items)

    def weigh(self, cola: int, tea: int, *, after_s: int = 60) -> None:
        """The drinks shelf settles at so many units, some time later."""
        self.clock.at_ms += after_s * 1000
        weight_g = cola * COLA_G + tea * TEA_G
        self.see(
            ShelfWeight(**stamp(self.clock.at_ms), shelf_id="drinks", weight_g=weight_g, spread_g=1.0, moved_at_ms=self.clock.at_ms - 3000)
        )

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What the ledger says."""
        return self.ledger.connection.execute(query, values).fetchall()

    def units(self, sku: str, place: str) -> float:
        """What is believed to be at a place."""
        return float(self.rows("SELECT units FROM stock WHERE sku = ? AND place = ?", sku, place)[0][0])


class Line:
    """The broker, as far as it keeps what it was told."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def acknowledge(self, delivered: Iterable[Delivered]) -> None:
        """Nothing is outstanding here."""

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        assert retain
        self.kept[topic] = payload


def stamp(at_ms: int, *, boot_id: str = BOOT) -> dict[str, Any]:
    """What every observation says of itself, by a device whose clock is right."""
    return {"device_id": "pi-1", "boot_id": boot_id, "monotonic_ms": max(0, at_ms - NOON_MS + 86_400_000), "observed_at_ms": at_ms}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[SmallShop]:
    small = SmallShop(tmp_path / "ledger.sqlite")
    yield small
    small.ledger.close()


@pytest.fixture
def make_shop(tmp_path: Path) -> Iterator[Callable[[str], SmallShop]]:
    made: list[SmallShop] = []

    def make(name: str) -> SmallShop:
        made.append(SmallShop(tmp_path / name))
        return made[-1]

    yield make
    for small in made:
        small.ledger.close()


@pytest.fixture
def core() -> Any:
    """This module's words, for tests: with importlib's import mode they cannot import it by name."""
    import types

    return types.SimpleNamespace(
        NOON_MS=NOON_MS, OUTBOX=OUTBOX, BOOT=BOOT, STORE=STORE, stamp=stamp, shop_plan=shop_plan, HandClock=HandClock, Line=Line
    )
