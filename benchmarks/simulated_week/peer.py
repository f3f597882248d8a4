"""What one can know from the till alone: a hidden two-state chain, on the shelf or not, that sees how often an article sells.

The method of Montoya and Gonzalez, "A Hidden Markov Model to Detect On-Shelf Out-of-Stocks Using Point-of-Sale Data", M&SOM 2019, in its
plainest form: Poisson sales while on the shelf, none while not. The chain is given what no real one has: each article's true mean rate
over the very week and the shop's true course of the day.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp

from benchmarks.simulated_week.record import Spell, is_open
from store_hub.rows import SaleRow

STEP_MS = 15 * 60_000
LEAVES, RETURNS = 0.003, 0.04
"""Chance in a step to run out, and to be filled again."""
ALARM_FROM = 0.5


def alarms(sku: str, sales: Sequence[SaleRow], receipts_ms: Sequence[int], from_ms: int, until_ms: int) -> list[Spell]:
    """When the chain believes an article to be off its shelf."""
    steps = (until_ms - from_ms) // STEP_MS
    sold, busy = [0] * steps, [0] * steps
    for row in sales:
        if row.sku == sku and row.units > 0 and from_ms <= row.sold_at_ms < from_ms + steps * STEP_MS:
            sold[(row.sold_at_ms - from_ms) // STEP_MS] += 1
    for at_ms in receipts_ms:
        if from_ms <= at_ms < from_ms + steps * STEP_MS:
            busy[(at_ms - from_ms) // STEP_MS] += 1
    rate = sum(sold) / max(1, sum(busy))
    gone, since, found = 0.02, None, list[Spell]()
    for step in range(steps):
        at_ms = from_ms + (step + 1) * STEP_MS
        gone = gone * (1.0 - RETURNS) + (1.0 - gone) * LEAVES
        there = (1.0 - gone) * exp(-rate * busy[step]) if sold[step] == 0 else 1.0
        gone = 0.0 if sold[step] else gone / (gone + there)
        if gone >= ALARM_FROM and since is None and is_open(at_ms):
            since = at_ms
        elif gone < ALARM_FROM and since is not None:
            found.append(Spell(since, at_ms))
            since = None
    return found if since is None else [*found, Spell(since, None)]
