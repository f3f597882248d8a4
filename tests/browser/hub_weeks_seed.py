"""Fills a ledger with who came and what was sold: on the Sunday of `hub_ledger_seed`, and in short in the four weeks before it."""

from __future__ import annotations

import random
import sqlite3

MINUTE_MS, QUARTER_MS, DAY_MS = 60_000, 900_000, 86_400_000
DAYS = 28
_OPEN = range(36, 80)
"""Quarters of a day, 9:00 to 20:00."""


def seed_visitors(connection: sqlite3.Connection, rng: random.Random, midnight_ms: int) -> None:
    """The Sunday and the one before it; the camera was audited ten days ago."""
    for day, factor in ((0, 0.82), (7, 1.0)):
        for minute in range(9 * 60, (16 * 60 + 5) if day == 0 else 20 * 60):
            busy = 0.35 + 0.9 * (11 <= minute // 60 < 13) + 0.5 * (15 <= minute // 60 < 18)
            people_in = sum(rng.random() < busy * factor / 3 for _ in range(3))
            people_out = sum(rng.random() < busy * factor / 3 for _ in range(3)) if minute > 9 * 60 + 10 else 0
            at_ms = midnight_ms - day * DAY_MS + minute * MINUTE_MS
            connection.execute(
                "INSERT INTO door_minutes VALUES ('front-door', ?, ?, ?, 60000, ?, 0, ?)",
                (at_ms, people_in, people_out, int(minute == 9 * 60), -(-people_in // 2)),
            )


def seed_weeks(connection: sqlite3.Connection, skus: list[str], midnight_ms: int) -> None:
    """What was sold on the days before, each of their quarters in a few rows: a little more than today, and most on Saturdays."""
    rng = random.Random(23)
    sold, receipts, came = [], [], []
    for back in range(1, DAYS + 1):
        busy = 1.35 if back % 7 == 1 else 1.0  # Today is a Sunday.
        for quarter in _OPEN:
            at_ms = midnight_ms - back * DAY_MS + quarter * QUARTER_MS
            peak = busy * (1.7 if 44 <= quarter < 52 or 60 <= quarter < 72 else 0.8)
            for sku in rng.sample(skus, round(10 * peak)):
                units = rng.choice((1, 1, 1, 2))
                sold.append((at_ms, sku, units, units, units * 149))
            for number in range(round(2 * peak)):
                receipts.append((10_000 + len(receipts), rng.choice(skus), at_ms + number * MINUTE_MS))
            if back != 7:
                came.append((at_ms, round(6 * peak), round(6 * peak)))
    for number, quarter in enumerate(_OPEN):
        at_ms = midnight_ms + quarter * QUARTER_MS
        if quarter < 59:  # What the trace of the shelf sold comes after.
            receipts += [(20_000 + 2 * number + each, rng.choice(skus), at_ms + each * MINUTE_MS) for each in range(2)]
    connection.executemany(
        "INSERT INTO sku_quarters (quarter_started_at_ms, sku, units_sold, units_picked, revenue_minor) VALUES (?, ?, ?, ?, ?)", sold
    )
    connection.executemany("INSERT INTO sales VALUES (?, 1, ?, 1, 149, 'till-1', ?, 1)", receipts)
    connection.executemany("INSERT INTO door_minutes VALUES ('front-door', ?, ?, ?, 60000, 0, 0, 0)", came)
