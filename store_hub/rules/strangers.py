"""Names what was put down on a shelf where it does not belong: an article of another shelf, if its weight says so.

A belief that held every article of the shop for possible would be slow and name wrongly. So only what no article of the shelf explains is
looked up among the others; the one that is found joins the belief as a stranger, and the same weight is read again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from math import exp, hypot, pi, sqrt
from typing import NamedTuple

from msgspec import structs

from store_hub.rules.picks import Article, Habits, PickEvent, ShelfBelief
from store_hub.rules.picks_likelihood import log_unknown_density
from store_hub.rules.picks_state import BeamState
from store_hub.rules.unit_weights import UNKNOWN_ALIKE

NAMED_FROM = 0.75
STRANGERS_MAX = 3
"""So many strangers a shelf's belief holds at once; what comes beyond stays unnamed."""
NEAR_SDS = 3.5
JITTER_G = 0.5
CARRIED, UNSEEN, LEFT_ALONE = 1.0, 0.3, 0.05
"""How probable it is that an article is put down elsewhere: somebody carries it, nobody can say (no scale), or nobody has taken any."""
LINGERS = 0.001


class Likely(NamedTuple):
    """An article that may have been put down, and how probable that is."""

    article: Article
    probability: float


class Elsewhere:
    """The shop's articles, found by weight.

    Args:
        articles: of the whole shop, each once.
        weighed: those that stand on a scale somewhere, so that a pick of them is seen.
    """

    def __init__(self, articles: Sequence[Article], weighed: frozenset[str]) -> None:
        self._articles = sorted(articles, key=lambda article: (article.unit_weight_g, article.sku))
        self._grams = [article.unit_weight_g for article in self._articles]
        self._weighed = weighed
        self._by_sku = {article.sku: article for article in articles}

    def article(self, sku: str) -> Article | None:
        """An article as a stranger; None where the planogram has none or does not say what it weighs."""
        return self._by_sku.get(sku)

    def is_weighed(self, sku: str) -> bool:
        """Tell whether a scale sees when somebody takes this article from its place."""
        return sku in self._weighed

    def likely(self, change_g: float, spread_g: float, here: Sequence[str], carried: Callable[[str], int]) -> list[Likely]:
        """The articles of other shelves that weigh as much, the likeliest first; that it was none of the shop's takes its share.

        Args:
            change_g, spread_g: what came, as the scale felt it.
            here: articles that the shelf's belief knows already.
            carried: how many units of an article shoppers have in their hands.
        """
        known = {article.sku: self._prior(article.sku, carried) for article in self._articles if article.sku not in here}
        total = sum(known.values())
        slack_g = NEAR_SDS * hypot(0.02 * change_g, spread_g, JITTER_G)
        first, last = bisect_left(self._grams, change_g - slack_g), bisect_right(self._grams, change_g + slack_g)
        habits = Habits()
        scores: list[tuple[float, Article]] = []
        for article in self._articles[first:last]:
            if article.sku in known:
                sd_g = hypot(article.spread_g, 0.3 * spread_g, JITTER_G)
                miss = (change_g - article.unit_weight_g) / sd_g
                density = exp(-0.5 * miss * miss) / (sd_g * sqrt(2 * pi))
                scores.append((habits.stranger * known[article.sku] / total * density, article))
        nothing = habits.unknown * exp(log_unknown_density(change_g))
        together = nothing + sum(score for score, _ in scores)
        scores.sort(key=lambda pair: (-pair[0], pair[1].sku))
        return [Likely(article, score / together) for score, article in scores]

    def _prior(self, sku: str, carried: Callable[[str], int]) -> float:
        if carried(sku) > 0:
            return CARRIED
        return LEFT_ALONE if sku in self._weighed else UNSEEN


class Named(NamedTuple):
    """The belief after something unknown was looked up, and what is now told of the touch."""

    belief: ShelfBelief
    events: list[PickEvent]


def named(
    belief: ShelfBelief, events: list[PickEvent], likely: Sequence[Likely], weight_g: float, spread_g: float, moved_at_ms: int
) -> Named:
    """Read a touch again with the article that it may have been, if one is likely enough; else say which ones come near.

    Args:
        belief: has just heard the weight and told `events`, one of them unknown.
        likely: from `Elsewhere.likely`.
        weight_g, spread_g, moved_at_ms: what it heard.
    """
    at = next(place for place, event in enumerate(events) if event.kind == "unknown")
    at_ms, best = events[at].at_ms, likely[0] if likely else None
    if best is None or best.probability < NAMED_FROM or len(_strangers(belief)) >= STRANGERS_MAX or _is_puzzling(belief, events[at]):
        return Named(belief, [*events[:at], _with_guess(events[at], likely), *events[at + 1 :]])
    wider = ShelfBelief.from_state([*belief.articles, best.article], belief.state())
    again = wider.take(weight_g, spread_g, at_ms, moved_at_ms)
    if not any(event.sku == best.article.sku for event in again):
        return Named(belief, events)
    words, chance = ("", 0.0) if len(likely) < 2 else (f"+1 {likely[1].article.sku}", likely[1].probability)
    told = [
        structs.replace(event, probability=min(event.probability, best.probability), runner_up=words, runner_up_probability=chance)
        if event.sku == best.article.sku and event.probability >= best.probability
        else event
        for event in again
    ]
    return Named(wider, [*events[:at], *told, *events[at + 1 :]])


def _is_puzzling(belief: ShelfBelief, event: PickEvent) -> bool:
    """Whether something of that weight has come or gone unexplained before: rather an own article of which the plan has a wrong weight."""
    before_g = [grams for weight in belief.state().weights for grams in weight.unexplained_g]
    return any(abs(event.weight_g - grams) <= UNKNOWN_ALIKE * grams for grams in before_g)


def without_gone(belief: ShelfBelief) -> ShelfBelief:
    """Let go of strangers that are surely on the shelf no more; the same belief where there are none."""
    if not belief.articles or not belief.articles[-1].stranger:
        return belief  # Strangers come last.
    visiting = _strangers(belief)
    told = belief.told_units()
    strangers = [article.sku for article in visiting if told[article.sku] == 0]
    if not strangers:
        return belief
    state = belief.state()
    beams = [state.beam] if state.before is None else [state.beam, state.before]
    gone = [sku for sku in strangers if all(_chance_of_some(beam, state.skus.index(sku)) < LINGERS for beam in beams)]
    if not gone:
        return belief
    columns = [state.skus.index(sku) for sku in gone]
    before = None if state.before is None else _cleared(state.before, columns)
    cleared = structs.replace(state, beam=_cleared(state.beam, columns), before=before)
    return ShelfBelief.from_state([article for article in belief.articles if article.sku not in gone], cleared)


def _strangers(belief: ShelfBelief) -> list[Article]:
    return [article for article in belief.articles if article.stranger]


def _chance_of_some(beam: BeamState, column: int) -> float:
    weights = [exp(log_weight) for log_weight in beam.log_weight]
    return sum(weight for weight, counts in zip(weights, beam.counts, strict=True) if counts[column]) / sum(weights)


def _cleared(beam: BeamState, columns: Sequence[int]) -> BeamState:
    """Only the hypotheses in which none of these is there."""
    rows = [row for row, counts in enumerate(beam.counts) if not any(counts[column] for column in columns)]
    top = max(beam.log_weight[row] for row in rows)
    return BeamState(
        counts=[beam.counts[row] for row in rows],
        unpaid=[beam.unpaid[row] for row in rows],
        foreign_g=[beam.foreign_g[row] for row in rows],
        log_weight=[beam.log_weight[row] - top for row in rows],
        tag_nats=[beam.tag_nats[row] for row in rows] if beam.tag_nats else [],
    )


def _with_guess(event: PickEvent, likely: Sequence[Likely]) -> PickEvent:
    """Say which articles it comes near to, if it comes near to any."""
    if not likely:
        return event
    words = " / ".join(f"+1 {guess.article.sku}" for guess in likely[:2])
    chance = min(sum(guess.probability for guess in likely[:2]), 1.0)
    return structs.replace(event, runner_up=words, runner_up_probability=chance)
