"""Reads a recording once more from end to end, when everything has been heard: what was sold later tells what was taken before.

The belief (`picks`) decides touch by touch and soon forgets what it gave up. Here many stories of the whole recording are met as often as
they are likely, by simulated annealing (Kirkpatrick et al., Science 1983) followed by sampling; each touch is told as most stories tell it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from store_hub.rules.picks_changes import Article
from store_hub.rules.picks_delay import PaidAfter, usual_delay_s
from store_hub.rules.picks_moves import Mover
from store_hub.rules.picks_story import Story, UnitSold, WeighedTouch
from store_hub.rules.picks_telling import UnitsEstimate

SEARCHES = 3
STEPS_A_PICK = 700
HOT = 3.0
COOLED_AFTER = 0.5
SAMPLE_EVERY = 50
HELD = 0.9


class Smoothed(NamedTuple):
    """`units`: per touch, signed units per article. `closing`: samples of the units on the shelf at the end, of its own articles."""

    units: list[tuple[int, ...]]
    closing: list[tuple[int, ...]]


def smoothed(
    articles: Sequence[Article], touches: Sequence[WeighedTouch], sold: Sequence[UnitSold], end_s: float, sweep_from: int
) -> Smoothed:
    """Name the touches of a whole recording in the light of all sales. Deterministic.

    Args:
        articles: the shelf's own, then strangers.
        touches: as the belief read them, oldest first.
        sold: every unit that the till sold of the shelf's own articles.
        end_s: when the recording ends, on the clock of touches and sales.
        sweep_from: so many units of one article at once are swept, not picked.
    """
    paid_after = PaidAfter(usual_delay_s(*_moments(articles, touches, sold, sweep_from)))
    votes: list[Counter[tuple[int, ...]]] = [Counter() for _ in touches]
    closing: list[tuple[int, ...]] = []
    for seed in range(SEARCHES):
        story = Story(articles, touches, sold, paid_after, end_s, sweep_from)
        mover = Mover(story, seed)
        steps = STEPS_A_PICK * len(story.picks)
        for step in range(steps):
            done = step / steps
            mover.step(1.0 if done > COOLED_AFTER else 1.0 + (HOT - 1.0) * (1.0 - done / COOLED_AFTER) ** 2)
            if done > COOLED_AFTER and step % SAMPLE_EVERY == 0:
                closing.append(story.closing())
                for vote, units in zip(votes, zip(*story.moved, strict=True), strict=True):
                    vote[units] += 1
        if not steps:
            closing.append(story.closing())
    told = [
        (*(vote.most_common(1)[0][0] if vote else touch.units[: story.own]), *touch.units[story.own :])
        for touch, vote in zip(touches, votes, strict=True)
    ]
    return Smoothed(told, closing)


def estimate_of(samples: Sequence[int], believed: Mapping[int, float]) -> UnitsEstimate:
    """The mean, and the narrowest interval that holds nine tenths of what stories and belief say, each for one half.

    The two err differently: the stories of one search are alike in what the first reading took for granted, the belief forgets. Together
    they are wrong less often, and less sure of themselves.

    Args:
        samples: units on the shelf at the end of many stories, at least one.
        believed: the belief's probability of each number of units; sums to 1.
    """
    chances: dict[int, float] = {units: count / len(samples) / 2 for units, count in Counter(samples).items()}
    for units, chance in believed.items():
        chances[units] = chances.get(units, 0.0) + chance / 2
    ordered = sorted(chances)
    spans = [
        (high - low, -sum(chances[u] for u in ordered if low <= u <= high), low, high)
        for low in ordered
        for high in ordered
        if high >= low and sum(chances[u] for u in ordered if low <= u <= high) >= HELD - 1e-9
    ]
    _, _, low, high = min(spans)
    return UnitsEstimate(sum(units * chance for units, chance in chances.items()), low, high)


def _moments(
    articles: Sequence[Article], touches: Sequence[WeighedTouch], sold: Sequence[UnitSold], sweep_from: int
) -> tuple[list[list[float]], list[list[float]]]:
    """When each article's units were taken for good, and when they were sold."""
    own = sum(not article.stranger for article in articles)
    taken: list[list[float]] = [[] for _ in range(own)]
    for touch in touches:
        for a in range(own):
            units = touch.units[a]
            if -sweep_from < units < 0:
                taken[a] += [touch.at_s] * -units
            elif 0 < units < sweep_from:
                del taken[a][len(taken[a]) - units :]
    return taken, [[unit.at_s for unit in sold if unit.article == a] for a in range(own)]
