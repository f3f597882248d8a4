"""What goes wrong, and when: all of it follows from the seed."""

from __future__ import annotations

import random
from enum import Enum
from typing import NamedTuple

from seen_by_sensors import WEIGHTS

HUB_FAULTS = ("hub_kill", "hub_kill", "hub_stop", "hub_torn", "hub_kill_at_mark", "hub_disk_full", "hub_disk_forbid")
BROKER_FAULTS = ("broker_kill", "broker_stop", "broker_wipe")
EDGE_FAULTS = ("edge_kill", "edge_kill", "edge_stop", "edge_disk_full", "edge_disk_forbid")
LINE_FAULTS = ("cut", "tear", "deafen", "stall", "slow")
EDGE_LINE_FAULTS = tuple(f"edge_line_{how}" for how in LINE_FAULTS)
HUB_LINE_FAULTS = ("hub_line_cut", "hub_line_tear", "hub_line_stall", "hub_line_slow")
CLOUD_FAULTS = ("cloud_kill", "cloud_stop", "records_kill", *(f"cloud_line_{how}" for how in LINE_FAULTS))
HUB_SET_BACK = ("hub_restore_copy", "hub_restore_backup", "hub_lied", "hub_lied_in_part")
RESEND_FIRST_S, RESEND_MOST_S, OBSERVATIONS_A_SECOND = 0.7, 4.0, 10_000
"""How long the hub may be silent: longer where it books many at once, or most of what it hears would be what it has heard."""

MUTATION_OBSERVATIONS, MUTATION_GATES, MUTATION_SECONDS = 300, (100, 200), 1.0


class Kind(Enum):
    """What a run allows, and so what the checker may find."""

    PLAIN = "plain"
    """Everything acknowledged by an outbox is booked once, in order."""

    HUB_SET_BACK = "hub set back"
    """The ledger is an older one: what edges still hold is told again, what they have forgotten is told as such, number by number."""

    CARDS = "cards"
    """Cards are cloned, and pages of them spoilt: booked once, whoever tells it; what could not be read any more is told, by number."""

    CLOUD_SET_BACK = "cloud set back"
    """The cloud is an older one: the hub tells everything again."""


KINDS = (Kind.PLAIN, Kind.CARDS, Kind.CLOUD_SET_BACK, Kind.PLAIN, Kind.HUB_SET_BACK)


class Fault(NamedTuple):
    """Something that goes wrong at a moment, and is over after a while."""

    at_s: float
    what: str
    device: int
    for_s: float


class Scenario(NamedTuple):
    """One run of a shop. `observations`: of each device. `mistake`: of the hub that runs there; None is the hub as it is."""

    seed: int
    devices: int
    observations: int
    seconds: float
    faults: list[Fault]
    kind: Kind = Kind.PLAIN
    has_cloud: bool = True
    mistake: str | None = None
    group_max: int = 20
    resend_s: float = RESEND_FIRST_S
    gates: tuple[int, ...] = ()
    weights: float = WEIGHTS

    @property
    def name(self) -> str:
        """Names its store and its folder."""
        return f"seed-{self.seed}" if self.mistake is None else f"{self.mistake.replace('_', '-')}-{self.seed}"


def scenario(seed: int, *, observations: int, seconds: float, group_max: int, weights: float = WEIGHTS) -> Scenario:
    """The scenario of a seed: two to four devices that share the observations, and about one fault a second."""
    chance = random.Random(f"scenario {seed}")
    devices = chance.randint(2, 4)
    kind = KINDS[seed % len(KINDS)]
    groups: list[tuple[str, ...]] = [HUB_FAULTS, BROKER_FAULTS, EDGE_LINE_FAULTS, HUB_LINE_FAULTS, CLOUD_FAULTS]
    if kind is not Kind.HUB_SET_BACK:  # What an edge has forgotten may be told again by nobody else, or nobody could say what was lost.
        groups += [EDGE_FAULTS, ("rogue",)]
    whats = [chance.choice(group) for group in groups]
    whats += [chance.choice(chance.choice(groups)) for _ in range(round(seconds) // 2)]
    faults = [
        Fault(chance.uniform(0.05, 0.95) * seconds, what, chance.randrange(devices), chance.choice((0.0, chance.uniform(0.1, 2.5))))
        for what in whats
    ]
    late = chance.uniform(0.6, 0.8) * seconds
    if kind is Kind.HUB_SET_BACK:
        how = HUB_SET_BACK[seed // len(KINDS) % len(HUB_SET_BACK)]
        faults += [Fault(late, how, 0, 0.0)]
        faults += [Fault(0.3 * seconds, "hub_keep_copy" if how == "hub_restore_copy" else "hub_keep_backup", 0, 0.0)]
    elif kind is Kind.CLOUD_SET_BACK:
        faults += [Fault(0.3 * seconds, "cloud_keep", 0, 0.0), Fault(late, "cloud_restore", 0, 0.0)]
    elif kind is Kind.CARDS:
        faults += [Fault(chance.uniform(0.2, 0.4) * seconds, "edge_clone", chance.randrange(devices), 0.0)]
        faults += [Fault(chance.uniform(0.5, 0.9) * seconds, "edge_spoil", chance.randrange(devices), 0.2) for _ in range(2)]
    resend_s = min(RESEND_MOST_S, max(RESEND_FIRST_S, observations / OBSERVATIONS_A_SECOND))
    each = observations // devices
    return Scenario(seed, devices, each, seconds, sorted(faults), kind, group_max=group_max, resend_s=resend_s, weights=weights)


def mutation_scenario(mistake: str, seed: int) -> Scenario:
    """A shop whose hub has a mistake; `mutation.provoke` makes it show. No cloud, which would only cost time."""
    resend_s = (
        120.0 if mistake == "gap_ignored" else RESEND_FIRST_S
    )  # An edge that told again in time would fill the gap before it is ignored.
    return Scenario(
        seed, 2, MUTATION_OBSERVATIONS, MUTATION_SECONDS, [], has_cloud=False, mistake=mistake, resend_s=resend_s, gates=MUTATION_GATES
    )
