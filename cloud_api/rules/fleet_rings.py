"""A release over the chain's shops: one device, then its shop, then rings of shops; the first that fails or is silent too long halts it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import ceil, inf
from typing import Literal

import msgspec

RING_SHARES = (0.1, 0.5)
"""How much of the other shops the rings after the first shop reach, in all; the last ring is the rest."""
NAMED_MAX = 5
"""So many of the shops that a ring was waited for in vain are named."""


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


def next_step(
    rings: Sequence[Sequence[str]], ring: int, told: Mapping[str, ShopAnswer], *, waited_h: float = 0.0, wait_max_h: float = inf
) -> Step:
    """What to do now.

    Args:
        rings: shops, ring by ring; `ring`: the one under way, from 0.
        told: the answers to this ring's step, by shop; a shop that has said nothing yet is missing.
        waited_h: hours since this ring was told; `wait_max_h`: after so many it halts. Nobody knows what the release did to a shop that
            does not answer, so it goes to no further ones before a person has looked.
    """
    for store_id in rings[ring]:
        answer = told.get(store_id)
        if answer is not None and answer.state in ("halted", "refused"):
            return Step(kind="halt", reason=f"{store_id} {answer.state} it: {answer.reason}")
    if any(store_id not in told or told[store_id].state != "done" for store_id in rings[ring]):
        return Step(kind="wait") if waited_h < wait_max_h else Step(kind="halt", reason=_late(rings[ring], told, wait_max_h))
    return Step(kind="done" if ring + 1 == len(rings) else "next")


def _late(store_ids: Sequence[str], told: Mapping[str, ShopAnswer], wait_max_h: float) -> str:
    silent = [store_id for store_id in store_ids if store_id not in told]
    unfinished = [store_id for store_id in store_ids if store_id in told and told[store_id].state != "done"]
    advice = f"after {wait_max_h:g} hours; see to these shops, then begin again"
    if not unfinished:
        return f"no answer from {_named(silent)} {advice}"
    if not silent:
        return f"not every device keeps it in {_named(unfinished)} {advice}"
    return f"no answer from {_named(silent)}, and not every device keeps it in {_named(unfinished)} {advice}"


def _named(store_ids: Sequence[str]) -> str:
    named = ", ".join(store_ids[:NAMED_MAX])
    return named if len(store_ids) <= NAMED_MAX else f"{named}, {len(store_ids)} shops in all"
