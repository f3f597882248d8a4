"""What goes wrong, and when: all of it follows from the seed."""

from __future__ import annotations

import random
from typing import NamedTuple

RESTORE_EVERY = 5
"""In every fifth seed the hub is restored from an older copy of its ledger while the edges go on."""

HUB_FAULTS = ("hub_kill", "hub_kill", "hub_stop")
BROKER_FAULTS = ("broker_kill", "broker_stop", "broker_wipe")
EDGE_FAULTS = ("edge_kill", "edge_kill", "edge_stop")
LINE_FAULTS = ("edge_line_cut", "edge_line_stall")
CLOUD_FAULTS = ("cloud_kill", "cloud_stop", "cloud_line_cut", "cloud_line_stall", "records_kill")
SLOW_OBSERVATIONS, SLOW_SECONDS = 4_000, 20.0
"""So slow that the edges still have something new to tell when the hub is back: only then a gap comes to be."""


class Fault(NamedTuple):
    """Something that goes wrong at a moment, and is over after a while."""

    at_s: float
    what: str
    device: int
    for_s: float


class Scenario(NamedTuple):
    """One run of a shop. `mistake`: of the hub that runs there; None is the hub as it is."""

    seed: int
    devices: int
    observations: int
    seconds: float
    faults: list[Fault]
    is_restored: bool = False
    has_cloud: bool = True
    mistake: str | None = None

    @property
    def name(self) -> str:
        """Names its store and its folder."""
        return f"seed-{self.seed}" if self.mistake is None else f"{self.mistake.replace('_', '-')}-{self.seed}"


def scenario(seed: int, *, observations: int, seconds: float) -> Scenario:
    """The scenario of a seed: two to four devices that share the observations, and about one fault a second."""
    chance = random.Random(f"scenario {seed}")
    devices = chance.randint(2, 4)
    is_restored = seed % RESTORE_EVERY == RESTORE_EVERY - 1
    kinds = [chance.choice(HUB_FAULTS), chance.choice(BROKER_FAULTS), chance.choice(LINE_FAULTS), chance.choice(CLOUD_FAULTS)]
    groups = [HUB_FAULTS, BROKER_FAULTS, LINE_FAULTS, CLOUD_FAULTS]
    if not is_restored:  # What an edge has forgotten may be told again by nobody else, or nobody could say what was lost.
        kinds += [chance.choice(EDGE_FAULTS), "rogue", "rogue"]
        groups += [EDGE_FAULTS, ("rogue",)]
    kinds += [chance.choice(chance.choice(groups)) for _ in range(round(seconds) // 2)]
    faults = [
        Fault(chance.uniform(0.05, 0.95) * seconds, kind, chance.randrange(devices), chance.choice((0.0, chance.uniform(0.1, 2.5))))
        for kind in kinds
    ]
    if is_restored:
        faults += [Fault(0.3 * seconds, "hub_backup", 0, 0.0), Fault(chance.uniform(0.6, 0.8) * seconds, "hub_restore", 0, 0.0)]
    return Scenario(seed, devices, observations // devices, seconds, sorted(faults), is_restored)


def mutation_scenario(mistake: str, seed: int) -> Scenario:
    """What a hub with a mistake must go through: killed three times, with letters told again. No cloud, which would only cost time."""
    chance = random.Random(f"mutation {mistake} {seed}")
    observations, seconds = SLOW_OBSERVATIONS, SLOW_SECONDS
    kills = [
        Fault(chance.uniform(*span) * seconds, "hub_kill", 0, chance.uniform(0.2, 0.6)) for span in ((0.05, 0.3), (0.3, 0.5), (0.5, 0.7))
    ]
    words = [Fault(chance.uniform(0.1, 1.0) * seconds, "rogue", 0, 0.0) for _ in range(3)]
    return Scenario(seed, 2, observations // 2, seconds, sorted(kills + words), has_cloud=False, mistake=mistake)
