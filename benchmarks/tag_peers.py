"""What tag presence is measured against: the simple methods, and filters that are told what nobody can know.

Each takes a story and returns (seconds, tags) whether the tag counts as present.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from benchmarks.tag_stories import GONE, HERE_MEAN, MOVES_EVERY_S, STRAY_MEAN, Bools, Floats, Story
from edge_agent.readings import TagRead
from edge_agent.rules.tag_presence import TagArrived, TagDeparted, TagPresence

Method = Callable[[Story, float], Bools]
"""From a story and its true burst length to who was believed present."""


def windowed(window_s: int, on_at: int, off_at: int) -> Method:
    """On with `on_at` reads in the window, off with `off_at` or fewer."""

    def present(story: Story, _burst_s: float) -> Bools:
        reads = story.reads[:, 0]
        total = np.concatenate([np.zeros((1, reads.shape[1]), dtype=np.int64), np.cumsum(reads, axis=0)])
        told, here = np.zeros_like(reads), np.zeros(reads.shape[1], dtype=np.bool_)
        for second in range(len(reads)):
            count = total[second + 1] - total[max(0, second + 1 - window_s)]
            here = np.where(here, count > off_at, count >= on_at)
            told[second] = here
        return told

    return present


def smurf(story: Story, _burst_s: float) -> Bools:
    """SMURF per tag (Jeffery et al., VLDB J. 2008), an epoch a cycle: the window grows to `ln(1/δ) / p` and halves on a transition."""
    return _smoothed(story, halves=False)


def wstd(story: Story, _burst_s: float) -> Bools:
    """WSTD (Massawe et al., 2012): SMURF's window, and a transition where its two halves differ by more than chance lets them."""
    return _smoothed(story, halves=True)


def _smoothed(story: Story, *, halves: bool) -> Bools:
    delta, window_max = 0.05, 120
    reads = story.reads[:, 0]
    total = np.concatenate([np.zeros((1, reads.shape[1]), dtype=np.int64), np.cumsum(reads, axis=0)])
    tags = np.arange(reads.shape[1])
    window, told = np.ones(reads.shape[1], dtype=np.int64), np.zeros_like(reads)
    for second in range(len(reads)):
        window = np.minimum(window, second + 1)
        count = total[second + 1] - total[second + 1 - window, tags]
        rate = np.maximum(count / window, 1e-9)
        half = np.maximum(window // 2, 1)
        recent = total[second + 1] - total[second + 1 - half, tags]
        spread = half * rate * (1.0 - np.minimum(rate, 1.0))
        if halves:
            before = total[second + 1 - half, tags] - total[second + 1 - np.minimum(2 * half, window), tags]
            transition = (window > 1) & (np.abs(recent - before) > 2.0 * np.sqrt(2.0 * spread))
        else:
            transition = np.abs(recent - half * rate) > 2.0 * np.sqrt(spread)
        wanted = np.ceil(math.log(1.0 / delta) / rate)
        told[second] = count > 0
        grown = np.where(wanted > window, np.minimum(window + 2, wanted).astype(np.int64), window)
        window = np.clip(np.where(count == 0, 1, np.where(transition & (count > 0), half, grown)), 1, window_max)
    return told


def mean_bayes(story: Story, _burst_s: float) -> Bools:
    """A two-state Bayes filter that is told the mean rates and believes reads to be independent."""
    reads = story.reads[:, 0]
    told, belief = np.zeros_like(reads), np.full(reads.shape[1], 0.5)
    for second in range(len(reads)):
        belief = belief + (1.0 - 2.0 * belief) / MOVES_EVERY_S
        here = np.where(reads[second], HERE_MEAN, 1.0 - HERE_MEAN) * belief
        away = np.where(reads[second], STRAY_MEAN, 1.0 - STRAY_MEAN) * (1.0 - belief)
        belief = here / (here + away)
        told[second] = belief > 0.5
    return told


def told_all(story: Story, burst_s: float) -> Bools:
    """The hidden Markov model that is told every tag's own rates, the bursts and how often tags move: what one antenna can at best."""
    reads, fresh = story.reads[:, 0], 1.0 / burst_s
    moves = 1.0 / MOVES_EVERY_S
    step = np.array([[1.0 - moves, 0.0, moves], [0.0, 1.0 - moves, moves], [moves / 2.0, moves / 2.0, 1.0 - moves]])
    rates: Floats = np.stack([np.zeros_like(story.rates[0]), story.rates[1], story.rates[0]], axis=1)
    belief = np.full((reads.shape[1], 3), 1.0 / 3.0)
    was, here = np.zeros((reads.shape[1], 1), dtype=np.bool_), np.zeros(reads.shape[1], dtype=np.bool_)
    told = np.zeros_like(reads)
    for second in range(len(reads)):
        chance = np.clip((1.0 - fresh) * was + fresh * rates, 1e-9, 1.0 - 1e-9)
        chance[:, GONE] = 1e-9
        belief = (belief @ step) * np.where(reads[second][:, None], chance, 1.0 - chance)
        belief /= belief.sum(axis=1, keepdims=True)
        here = np.where(here, belief[:, 2] > 0.1, belief[:, 2] >= 0.9)
        told[second], was = here, reads[second][:, None]
    return told


def ours(antennas: int) -> Method:
    """The edge agent's own presence, with an antenna over the zone alone or over the next one too. It is told nothing."""

    def present(story: Story, _burst_s: float) -> Bools:
        presence = TagPresence({1: "zone", 2: "next"} if antennas == 2 else {1: "zone"})
        told, here = np.zeros_like(story.reads[:, 0]), np.zeros(story.reads.shape[2], dtype=np.bool_)
        epcs = [f"{number:024X}" for number in range(story.reads.shape[2])]
        for second in range(len(story.reads)):
            heard = np.argwhere(story.reads[second, :antennas]).tolist()
            reads = [TagRead(second * 1000, epcs[tag], antenna + 1, -60.0) for antenna, tag in heard]
            for event in presence.take(reads, (second + 1) * 1000):
                if isinstance(event, TagArrived | TagDeparted) and event.zone_id == "zone":
                    here[int(event.epc, 16)] = isinstance(event, TagArrived)
            told[second] = here
        return told

    return present


METHODS: dict[str, Method] = {
    "ours, an antenna over the zone": ours(1),
    "ours, one over the next zone too": ours(2),
    "window of 10 s": windowed(10, 1, 0),
    "SMURF": smurf,
    "WSTD": wstd,
    "on at 8 of 20, off at 4": windowed(20, 8, 4),
    "Bayes told the mean rates": mean_bayes,
    "oracle told every tag's rates": told_all,
}
