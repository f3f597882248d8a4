"""A release over the chain's shops: one device, then its shop, then rings of shops; the first shop that fails halts it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import Literal

import msgspec

RING_SHARES = (0.1, 0.5)
"""How much of the other shops the rings after the first shop reach, in all; the last ring is the rest."""


class ShopAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a shop's hub last said of the step it was sent: `state` running, done, halted or refused."""

    state: str
    reason: str
    devices: int
    confirmed: int


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What comes next: nothing yet, the next ring, the end, or a halt with its reason."""

    kind: Literal["wait", "next", "done", "halt"]
    reason: str = ""


def plan_rings(store_ids: Iterable[str], first_store: str) -> list[list[str]]:
    """The shops of each ring: the first shop twice (one device of it, then all), then ever more of the others, each once, in order."""
    others = sorted(set(store_ids) - {first_store})
    ends = [ceil(len(others) * share) for share in RING_SHARES] + [len(others)]
    starts = [0, *ends]
    rings = [others[start:end] for start, end in zip(starts, ends, strict=False)]
    return [[first_store], [first_store], *(ring for ring in rings if ring)]


def next_step(rings: Sequence[Sequence[str]], ring: int, told: Mapping[str, ShopAnswer]) -> Step:
    """What to do now.

    Args:
        rings: shops, ring by ring; `ring`: the one under way, from 0.
        told: the answers to this ring's step, by shop; a shop that has said nothing yet is missing.
    """
    for store_id in rings[ring]:
        answer = told.get(store_id)
        if answer is not None and answer.state in ("halted", "refused"):
            return Step(kind="halt", reason=f"{store_id} {answer.state} it: {answer.reason}")
    if any(store_id not in told or told[store_id].state != "done" for store_id in rings[ring]):
        return Step(kind="wait")
    return Step(kind="done" if ring + 1 == len(rings) else "next")
