"""Fills a ledger with one Sunday of the demo's corner shop, so that every page has something true-looking to show.

The rows are those that the hub's own schema describes; `now_ms` is a fixed Sunday afternoon in Berlin, so that pictures stay the same.
"""

from __future__ import annotations

import random
import sqlite3
import time
from pathlib import Path

from hub_weeks_seed import seed_visitors, seed_weeks

from store_hub.adapters.ledger import Ledger
from store_hub.config import BookkeepingConfig
from store_hub.entries import Finding
from store_hub.flows.bookkeep import Bookkeeper
from store_hub.flows.commands import Book, BookPlanogram, Command
from wire_format import codec
from wire_format.observations import DeviceHealth, Fault
from wire_format.plans import Planogram

NOW_MS = 1_795_359_900_000  # Sunday 22 November 2026, 16:05 in Berlin
MIDNIGHT_MS = NOW_MS - (16 * 60 + 5) * 60_000
MINUTE_MS, HOUR_MS, QUARTER_MS, DAY_MS = 60_000, 3_600_000, 900_000, 86_400_000
ROOT = Path(__file__).parents[2]
STRANGE_NAME = 'Crisps <b>paprika</b> & "salt"'

PARTS = {
    "shelves-left": ["shelf bay-1-shelf-1", "shelf bay-1-shelf-2", "button left", "light bay-1-shelf-1"],
    "shelves-right": ["shelf bay-4-shelf-2"],
}
STRAY = ("cola-033", "bay-4-shelf-2")
EMPTY_TAKEN, EMPTY, LOW = ("cola-033", "bay-1-shelf-1"), ("milk-1l", ""), ("lager-05", "bay-1-shelf-3")


def load_planogram() -> Planogram:
    """Return the demo's planogram with one article whose name would break careless markup."""
    text = (ROOT / "demo" / "planogram.json").read_bytes().replace(b'"Orange juice 1 l"', b'"Crisps <b>paprika</b> & \\"salt\\""')
    plan = codec.plans.decode(text)
    assert isinstance(plan, Planogram)
    return plan


class FixedClock:
    """The shop's Sunday afternoon, going on from the moment it is made."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def now_ms(self) -> int:
        """Return the present of the test."""
        return NOW_MS + int((time.monotonic() - self._started) * 1000)


def make_ledger(path: Path, *, planogram: bool = True) -> None:
    """Make a ledger as `store-hub init` does, with the planogram booked by the hub's own bookkeeping."""
    Ledger.create(path, store_id="corner-shop", now_ms=MIDNIGHT_MS).close()
    if planogram:
        book(path, BookPlanogram(codec.encode(load_planogram())))


def book(path: Path, command: Command) -> None:
    """Have one command booked by the hub's own bookkeeping."""
    ledger = Ledger.open(path)
    keeper = Bookkeeper(ledger, clock=FixedClock(), config=BookkeepingConfig())
    keeper.start()
    keeper.submit(command).result(timeout=10)
    keeper.stop()
    ledger.close()


def seed_with_a_count(path: Path) -> None:
    """The same afternoon, and a shelf that staff should count."""
    seed(path)
    book(path, Book(Finding(kind="count", subject="bay-4-shelf-3 rice-1kg", sku="rice-1kg", shelf_id="bay-4-shelf-3", detail="3–8"), "x"))


def seed(path: Path) -> None:
    """Make a ledger and fill it."""
    make_ledger(path)
    connection = sqlite3.connect(path, isolation_level=None)
    for table in ("stock", "totals", "books", "sku_quarters"):
        connection.execute(f"DELETE FROM {table}")  # The planogram's start gives way to the afternoon's figures.
    rng = random.Random(22)
    plan = load_planogram()
    connection.execute("BEGIN")
    _seed_stock(connection, plan, rng)
    seed_visitors(connection, rng, MIDNIGHT_MS)
    _seed_inside(connection)
    _seed_floor(connection, plan, rng)
    _seed_trace(connection, rng)
    _seed_alerts(connection)
    _seed_devices(connection)
    _seed_presses(connection)
    _seed_wrong_weight(connection)
    _seed_quarantine(connection)
    seed_weeks(connection, [product.sku for product in plan.products], MIDNIGHT_MS)
    connection.execute("COMMIT")
    connection.close()


def _journal(connection: sqlite3.Connection, journal_id: int, source: str, at_ms: int) -> None:
    connection.execute(
        "INSERT INTO journal (journal_id, source, received_at_ms, happened_at_ms, time_quality, payload)"
        " VALUES (?, ?, ?, ?, 'told', x'7b7d')",
        (journal_id, source, at_ms, at_ms),
    )


def _seed_stock(connection: sqlite3.Connection, plan: Planogram, rng: random.Random) -> None:
    held: dict[str, list[float]] = {}
    facings = [(shelf.shelf_id, facing) for bay in plan.bays for shelf in bay.shelves for facing in shelf.facings]
    for number, (shelf_id, facing) in enumerate(facings):
        units = float(rng.randint(facing.low_units + 1, facing.capacity_units))
        low, high = units, units
        if (facing.sku, shelf_id) == EMPTY_TAKEN or number == 9:
            units = low = high = 0.0
        elif (facing.sku, shelf_id) == LOW:
            units, low, high = 3.0, 2.0, 4.0
        elif number % 5 == 3:
            low, high = max(0.0, units - 3), units + 2
        if number == 11:
            continue  # Nobody can say how many are here.
        held.setdefault(facing.sku, []).append(units)
        connection.execute(
            "INSERT OR IGNORE INTO stock VALUES (?, ?, ?, ?, ?, 'weight', ?, 1)",
            (facing.sku, shelf_id, units, low, high, NOW_MS - rng.randint(1, 50) * MINUTE_MS),
        )
    connection.execute("INSERT INTO stock VALUES (?, ?, 1, 1, 1, 'weight', ?, 1)", (*STRAY, NOW_MS - 9 * MINUTE_MS))
    for number, (sku, parts) in enumerate(sorted(held.items())):
        room = float(plan.back_room.get(sku, 0))
        connection.execute("INSERT INTO stock VALUES (?, 'back_room', ?, ?, ?, 'refill', ?, 1)", (sku, room, room, room, MIDNIGHT_MS))
        total = sum(parts) + room
        out_since = NOW_MS - 12 * MINUTE_MS if sum(parts) == 0 else None
        basket = rng.choice((0, 0, 0, 1))
        book = int(total) + basket + (9 if number % 17 == 4 else -4 if number % 19 == 7 else 0)
        connection.execute(
            "INSERT INTO totals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (sku, total, max(0.0, total - 1), total + 1, sum(parts), out_since, basket, NOW_MS // QUARTER_MS * QUARTER_MS, NOW_MS),
        )
        connection.execute("INSERT INTO books VALUES (?, ?, 0, 0, 0, ?, ?, 0)", (sku, book, book, NOW_MS))
        for quarter in range(32, 65):
            sold = rng.choice((0, 0, 1, 2)) if sku == "cola-033" or quarter % 3 == 0 else 0
            if sold:
                connection.execute(
                    "INSERT INTO sku_quarters (quarter_started_at_ms, sku, units_sold, units_picked, revenue_minor) VALUES (?, ?, ?, ?, ?)",
                    (MIDNIGHT_MS + quarter * QUARTER_MS, sku, sold, sold, sold * 149),
                )


def _seed_inside(connection: sqlite3.Connection) -> None:
    audit = ("front-door", "entrance", NOW_MS - 10 * DAY_MS, 1, 30 * MINUTE_MS, 12 * MINUTE_MS, 96, 96, 93, 2)
    shares = (0.969, 0.912, 0.989, 0.979, 0.927, 0.994, 0.974, 0.921, 1.0)
    connection.execute(f"INSERT INTO camera_audits VALUES ({', '.join('?' * 20)})", (*audit, *shares, "Wilson"))
    connection.execute("INSERT INTO occupancy VALUES (1, 14, '2026-11-22', 2, ?, NULL, 0)", (NOW_MS,))


def _seed_floor(connection: sqlite3.Connection, plan: Planogram, rng: random.Random) -> None:
    for quarter in range(36, 65):
        at_ms = MIDNIGHT_MS + quarter * QUARTER_MS
        cells: dict[tuple[int, int], int] = {}
        for zone in plan.zones:
            if zone.kind == "back_room":
                continue
            weight = {"queue": 260, "till": 120, "aisle": 130, "entrance": 70, "other": 60}.get(zone.kind, 40)
            place = zone.place
            for _ in range(weight):
                x = min(max(rng.gauss(place.x_m + place.width_m / 2, place.width_m / 4), place.x_m), place.x_m + place.width_m - 0.01)
                y = min(max(rng.gauss(place.y_m + place.depth_m / 2, place.depth_m / 5), place.y_m), place.y_m + place.depth_m - 0.01)
                cell = (int(x / 0.25), int(y / 0.25))
                cells[cell] = cells.get(cell, 0) + 2_000
            connection.execute("INSERT INTO zone_quarters VALUES (?, ?, ?)", (zone.zone_id, at_ms, weight * 2_000))
            visits = (zone.zone_id, at_ms, weight // 6, weight * 2_000, weight // 14, weight * 900, 900_000)
            connection.execute("INSERT INTO zone_visits VALUES (?, ?, ?, ?, ?, ?, ?)", visits)
        for start, end, people in (("entrance", "drinks", 9), ("drinks", "dairy", 6), ("dairy", "queue", 4), ("queue", "till", 8)):
            connection.execute("INSERT INTO zone_paths VALUES (?, ?, ?, ?)", (at_ms, start, end, people))
        for minute in range(15):
            queue = ("queue", at_ms + minute * MINUTE_MS, quarter * 100 + minute, 60_000, 1.4, 3, minute % 2, minute % 2 * 95_000, 95_000)
            connection.execute("INSERT INTO queues VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", queue)
        connection.executemany(
            "INSERT INTO floor_tiles VALUES ('camera-1', ?, 250, ?, ?, ?)",
            [(at_ms, column, row, dwell) for (column, row), dwell in cells.items()],
        )
        connection.execute("INSERT INTO area_quarters VALUES ('camera-1', ?, 900000, 0, 40)", (at_ms,))


def _seed_trace(connection: sqlite3.Connection, rng: random.Random) -> None:
    weight, journal_id = 24_000.0, 100
    for minute in range(75, 0, -1):
        at_ms = NOW_MS - minute * MINUTE_MS
        journal_id += 1
        if 17 <= minute <= 30:
            continue  # A wire had no contact.
        taken = rng.choice((0, 0, 1, 1, 2)) if minute > 12 else 0
        if minute == 40:
            taken = -12
        sku, grams = ("cola-033", 350.0) if rng.random() < 0.7 else ("orange-juice-1l", 1062.0)
        if taken and weight - taken * grams > 0:
            weight -= taken * grams
            probability = 0.88 if minute % 7 == 0 else 0.99
            meaning = "picked" if taken > 0 else "refilled"
            connection.execute(
                "INSERT INTO shelf_events VALUES (?, 1, 'bay-1-shelf-1', ?, ?, ?, ?, ?, ?, '1 Lager 0.5 l taken', ?)",
                (journal_id, sku, at_ms, -taken, meaning, -taken * grams, probability, round(0.995 - probability, 3)),
            )
            if taken > 0:
                connection.execute("INSERT INTO sales VALUES (?, 1, ?, ?, 149, 'till-1', ?, 1)", (journal_id, sku, taken, at_ms + 200_000))
        connection.execute(
            "INSERT INTO shelf_weights VALUES ('bay-1-shelf-1', ?, ?, ?, 1.5, NULL, 18.5)", (at_ms, journal_id, weight + rng.gauss(0, 2))
        )
    connection.execute(
        "INSERT INTO shelf_events VALUES (?, 1, 'bay-1-shelf-1', 'cola-033', ?, -1, 'corrected', 0.0, 0.97, '', 0.0)",
        (journal_id, NOW_MS - 5 * MINUTE_MS),
    )
    connection.execute("INSERT INTO tag_counts VALUES ('cola-033', 'drinks', 2, ?), ('?', 'drinks', 1, ?)", (NOW_MS, NOW_MS))
    connection.execute(
        "INSERT INTO tags VALUES ('3174257BF4499602D2000000', 'drinks', NULL, NULL, 1, 0.95, ?, 0, 0)", (NOW_MS - MINUTE_MS,)
    )


_ALERT = (
    "INSERT INTO alerts (alert_id, kind, sku, shelf_id, raised_at_ms, emptied_at_ms, taken_at_ms, taken_by, cleared_at_ms, units_at_raise,"
    " units_now, back_room_units, journal_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)"
)


def _seed_alerts(connection: sqlite3.Connection) -> None:
    fifth = connection.execute("SELECT sku, place FROM stock WHERE units = 0 AND place <> 'back_room' AND sku <> 'cola-033'").fetchone()
    minutes = MINUTE_MS
    rows = [
        (1, "empty_shelf", *EMPTY_TAKEN, NOW_MS - 30 * minutes, NOW_MS - 12 * minutes, NOW_MS - 8 * minutes, "Ana", None, 8.0, 0.0, 48.0),
        (2, "empty_shelf", *fifth, NOW_MS - 20 * minutes, NOW_MS - 3 * minutes, None, None, None, 3.0, 0.0, 12.0),
        (3, "low_shelf", *LOW, NOW_MS - 5 * minutes, None, None, None, None, 5.0, 3.0, 24.0),
    ]
    for number in range(4, 9):
        raised = NOW_MS - number * 2 * HOUR_MS
        kind = "empty_shelf" if number % 2 else "low_shelf"
        row = (number, kind, *LOW, raised, None, raised + 6 * minutes, "Li Wei", raised + 19 * minutes)
        rows.append((*row, 4.0, 20.0, 30.0))
    connection.executemany(_ALERT, rows)


def _seed_devices(connection: sqlite3.Connection) -> None:
    fault = Fault(
        code="scale_silent", part="bay-4-shelf-2", message="no weight for 90 s", advice="Check the HX711 wires, then press Tare.",
        since_ms=NOW_MS - 90_000,
    )  # fmt: skip
    devices = [
        ("shelves-left", "alive", NOW_MS - 20_000, [], 0),
        ("shelves-right", "alive", NOW_MS - 14_000, [fault], 3),
        ("camera-1", "alive", NOW_MS - 31_000, [], 0),
        ("tags-door", "death", NOW_MS - 22 * MINUTE_MS, [], 120),
    ]
    for name, state, seen_ms, faults, depth in devices:
        health = DeviceHealth(
            device_id=name, boot_id="0" * 8, state=state, sent_at_ms=seen_ms, agent_version="0.1.0", outbox_depth=depth,
            outbox_capacity=100_000, shed={"shelf_weight": 40} if name == "tags-door" else {}, temperature_c=51.0, disk_free_mb=21_400.0,
            faults=faults, parts=["camera"] if name == "camera-1" else ["tags"] if name == "tags-door" else PARTS[name],
        )  # fmt: skip
        connection.execute(
            "INSERT INTO devices VALUES (?, ?, '00000000', NULL, '0.1.0', ?, ?, ?)", (name, state, seen_ms, seen_ms, codec.encode(health))
        )


def _seed_presses(connection: sqlite3.Connection) -> None:
    connection.executemany(
        "INSERT INTO button_presses VALUES (?, 'left', 'bay-1-shelf-1', ?, ?, ?)",
        [
            (801, NOW_MS - 95 * MINUTE_MS, "tare_refused", "5210 g are on it, and an empty shelf weighs at most 400 g; empty the shelf"),
            (802, NOW_MS - 94 * MINUTE_MS, "tared", "the empty shelf weighed +6.4 g"),
        ],
    )


def _seed_wrong_weight(connection: sqlite3.Connection) -> None:
    """The belief of the coffee's shelf has found that a pack weighs more than the plan says."""
    connection.execute(
        "UPDATE beliefs SET state = CAST(json_set(CAST(state AS TEXT), '$.belief.weights[0].unit_g', 552.4,"
        " '$.belief.weights[0].weighed', 14.0, '$.belief.weights[0].told', json('true')) AS BLOB) WHERE shelf_id = 'bay-3-shelf-1'"
    )


def _seed_quarantine(connection: sqlite3.Connection) -> None:
    reasons = (
        ("undecodable", "not a valid observation: Expected `float`, got `str` - at `$.weight_g`", "edge"),
        ("unknown_sku", 'sku "kombucha-07" is not on the planogram', "till"),
        ("unknown_shelf", 'shelf "bay-9-shelf-1" is not on the planogram', "edge"),
    )
    for number, (reason, detail, source) in enumerate(reasons, 901):
        _journal(connection, number, source, NOW_MS - (1000 - number) * 1000)
        connection.execute("INSERT INTO quarantine VALUES (?, 0, ?, ?, ?)", (number, reason, detail, NOW_MS - (1000 - number) * 1000))
    connection.execute("INSERT OR REPLACE INTO report_marks VALUES (1, 120, 118, ?, 0)", (NOW_MS - 40_000,))
    _journal(connection, 1000, "edge", NOW_MS - 9_000)
