"""A simulated year of a shop (`python -m benchmarks.shop_year`): is memory flat, how long is the ledger, what does a compaction leave?

Each day brings weights, people, tags and sales to the hub's own books, a small and fixed number of them: sizes are told for an observation,
so that they can be scaled.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from concurrent.futures import Future
from pathlib import Path

from benchmarks.shop_letters import letters
from store_hub.adapters.broker_link import Delivered
from store_hub.adapters.ledger import Ledger
from store_hub.entries import Sale, SaleLine
from store_hub.flows.books import Books
from store_hub.flows.commands import Answer, Book
from store_hub.flows.compact import compact
from store_hub.flows.found import found_ledger
from store_hub.flows.inbox import Item, Request
from wire_format import codec, topics
from wire_format.plans import Planogram

DAYS, LETTERS_A_DAY, SALES_A_DAY, PAGE = 365, 200, 20, 100
DAY_MS = 86_400_000
STARTED_MS = 1_767_225_600_000
PLANOGRAM = Path(__file__).resolve().parents[1] / "demo" / "planogram.json"


class YearClock:
    """Stands where the day is."""

    def __init__(self) -> None:
        self.at_ms = STARTED_MS

    def now_ms(self) -> int:
        """Unix time of the simulated moment."""
        return self.at_ms


def resident_mb() -> float:
    """What this process holds in memory now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def a_day(plan: Planogram, store_id: str, day: int, clock: YearClock) -> list[Item]:
    """What comes in on a day."""
    sequence = day * LETTERS_A_DAY
    items: list[Item] = []
    for number, payload in enumerate(letters(plan, LETTERS_A_DAY, boot=f"{day:08x}"), 1):
        told = json.loads(payload)
        shift_ms = clock.at_ms - told["observed_at_ms"]
        told |= {name: told[name] + shift_ms for name in ("observed_at_ms", "started_at_ms", "moved_at_ms") if told.get(name) is not None}
        topic = topics.seen(store_id, "f" * 32, sequence + number)
        items.append(Delivered(topic, json.dumps(told).encode(), False, 1, 1, 1, clock.at_ms))
    for number in range(SALES_A_DAY):
        sku = plan.products[(day + number) % len(plan.products)].sku
        sale = Book(Sale(till="till-1", lines=[SaleLine(sku=sku, units=1)]), "sales", f"{day}-{number}")
        answer: Future[Answer] = Future()
        items.append(Request(sale, answer, clock.at_ms))
    return items


def measure() -> dict[str, float | int | str]:
    """All figures of one run."""
    plan = codec.plans.decode(PLANOGRAM.read_bytes())
    assert isinstance(plan, Planogram)
    with tempfile.TemporaryDirectory(prefix="aislewise-year-") as name:
        path, clock = Path(name) / "ledger.sqlite", YearClock()
        found_ledger(path, PLANOGRAM, store_id=None, clock=clock)
        ledger = Ledger.open(path)
        books = Books(ledger, clock)
        after_month_mb, month_s, last_month_s = 0.0, 0.0, 0.0
        for day in range(DAYS):
            clock.at_ms = STARTED_MS + day * DAY_MS
            items = a_day(plan, ledger.identity.store_id, day, clock)
            began = time.process_time()
            for start in range(0, len(items), PAGE):
                books.book(items[start : start + PAGE])
            took_s = time.process_time() - began
            month_s += took_s if day < 30 else 0.0
            last_month_s += took_s if day >= DAYS - 30 else 0.0
            after_month_mb = resident_mb() if day == 29 else after_month_mb
        year_mb = resident_mb()
        ledger.close()
        done = compact(path, keep_days=30, now_ms=clock.at_ms, progress=lambda done, total: None)
    observations = DAYS * LETTERS_A_DAY
    return {
        "observations": observations,
        "memory after a month, MB": after_month_mb,
        "memory after the year, MB": year_mb,
        "processor of the first month, s": month_s,
        "processor of the last month, s": last_month_s,
        "ledger, bytes an observation": done.bytes_before / observations,
        "ledger compacted to 30 days, bytes an observation": done.bytes_after / observations,
        "entries removed": done.removed,
    }


if __name__ == "__main__":
    figures = measure()
    json.dump(figures, sys.stdout, indent=1, ensure_ascii=False)
    print()
