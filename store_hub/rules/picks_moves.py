"""Small changes to a story, proposed at random: who may have taken what instead. Each is judged by how likely it makes the whole.

Metropolis et al., J. Chem. Phys. 1953; swapping two names and their receipts at once keeps the till's totals true at every step.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from random import Random
from typing import NamedTuple

from store_hub.rules.picks_story import OPEN, Fate, Pick, Story, UnitSold

NEAR_PICKS = 8.0
"""Names are swapped between picks that are so many picks apart, in the mean."""
REACH_PICKS = 15
BULK_SHARE = 0.02

Telling = tuple[Pick, int, list[Fate]]


class _Change(NamedTuple):
    """Picks told anew. `loose`: a put that was tied to nothing. `seen`: a sale no longer unexplained (its place); `unseen`: one that is."""

    tellings: Sequence[Telling]
    loose: int | None = None
    seen: int | None = None
    unseen: UnitSold | None = None


class Mover:
    """Changes a story at random, at a temperature: at 1 stories are met as often as they are likely."""

    def __init__(self, story: Story, seed: int) -> None:
        self._story, self._chance = story, Random(seed)  # A search must be repeatable, not unforeseeable.

    def step(self, temperature: float) -> None:
        """Propose one change, and make it if it is likely enough."""
        if not self._story.picks:
            return
        kind = self._chance.random()
        if kind < BULK_SHARE:
            self._rename_bulk(temperature)
            return
        kind = self._chance.random()
        pick = self._story.picks[self._chance.randrange(len(self._story.picks))]
        if kind < 0.4:
            change = self._swap_names(pick)
        elif kind < 0.65:
            change = self._swap_fates(pick)
        elif kind < 0.75:
            change = self._swap_many(pick)
        elif kind < 0.85:
            change = self._put_from(pick)
        elif kind < 0.93:
            change = self._explain_sale(pick)
        else:
            change = self._rename(pick)
        if change is not None:
            self._judge(change, temperature)

    # ---- proposals

    def _swap_names(self, pick: Pick) -> _Change | None:
        """Two picks of as many units change names, and what became of them."""
        step = (1 if self._chance.random() < 0.5 else -1) * (1 + int(self._chance.expovariate(1.0 / NEAR_PICKS)))
        place = pick.number + step
        if not 0 <= place < len(self._story.picks):
            return None
        other = self._story.picks[place]
        mine, theirs = pick.away(), other.away()
        if other.article == pick.article or other.touch == pick.touch or len(mine) != len(theirs):
            return None
        return _Change([(pick, other.article, pick.back() + theirs), (other, pick.article, other.back() + mine)])

    def _swap_fates(self, pick: Pick) -> _Change | None:
        """Of two picks of one article, one unit each changes fates."""
        other = self._story.picks[self._chance.randrange(len(self._story.picks))]
        if other is pick or other.article != pick.article:
            return None
        mine, theirs = self._chance.randrange(pick.units), self._chance.randrange(other.units)
        if pick.fates[mine] == other.fates[theirs]:
            return None
        one, two = list(pick.fates), list(other.fates)
        one[mine], two[theirs] = two[theirs], one[mine]
        return _Change([(pick, pick.article, one), (other, other.article, two)])

    def _swap_many(self, pick: Pick) -> _Change | None:
        """A pick of several units changes names with several smaller ones of one other article."""
        mine, picks = pick.away(), self._story.picks
        if len(mine) < 2:
            return None
        near = range(max(0, pick.number - REACH_PICKS), min(len(picks), pick.number + REACH_PICKS + 1))
        others: list[Pick] = []
        left = len(mine)
        for place in self._chance.sample(near, min(4, len(near))):
            other = picks[place]
            if other.article == pick.article or (others and other.article != others[0].article) or not 0 < len(other.away()) <= left:
                continue
            others.append(other)
            left -= len(other.away())
        if left or len(others) < 2:
            return None
        tellings: list[Telling] = [(pick, others[0].article, pick.back() + [fate for other in others for fate in other.away()])]
        for other in others:
            size = len(other.away())
            tellings.append((other, pick.article, other.back() + mine[:size]))
            mine = mine[size:]
        return _Change(tellings)

    def _put_from(self, pick: Pick) -> _Change | None:
        """A unit put back came from this pick and not from where it was thought to come from."""
        if not self._story.puts:
            return None
        number = self._chance.randrange(len(self._story.puts))
        put = self._story.puts[number]
        place = self._chance.randrange(pick.units)
        fate, before = pick.fates[place], put.pick
        if put.units != 1 or put.touch <= pick.touch or before is pick or fate.kind == "back":
            return None
        mine = list(pick.fates)
        mine[place] = Fate("back", number=number)
        if before is None:
            return _Change([(pick, pick.article, mine)], loose=number) if fate.kind == "open" else None
        if before.units > 1 and before.article != pick.article and fate.kind == "sold":
            return None
        theirs = [fate if f.kind == "back" and f.number == number else f for f in before.fates]
        article = pick.article if fate.kind == "sold" else before.article
        return _Change([(before, article, theirs), (pick, pick.article, mine)])

    def _explain_sale(self, pick: Pick) -> _Change | None:
        """A sale that nothing explained was of this pick; or this pick's was not."""
        place = self._chance.randrange(pick.units)
        fate, unseen = pick.fates[place], self._story.unseen
        if fate.kind == "back":
            return None
        mine = list(pick.fates)
        sold = UnitSold(fate.at_s, pick.article) if fate.kind == "sold" else None
        if sold is not None and (not unseen or self._chance.random() < 0.1):
            mine[place] = OPEN
            return _Change([(pick, pick.article, mine)], unseen=sold)
        if not unseen:
            return None
        number = self._chance.randrange(len(unseen))
        unit = unseen[number]
        if unit.article != pick.article and sum(f.kind == "sold" for f in pick.fates) > (1 if sold else 0):
            return None
        mine[place] = Fate("sold", unit.at_s)
        return _Change([(pick, unit.article, mine)], seen=number, unseen=sold)

    def _rename(self, pick: Pick) -> _Change | None:
        """A pick that the till says nothing of was of another article."""
        article = self._chance.randrange(self._story.own)
        if article == pick.article or any(fate.kind == "sold" for fate in pick.fates):
            return None
        return _Change([(pick, article, pick.fates)])

    def _rename_bulk(self, temperature: float) -> None:
        """A refill or a sweep was of another article."""
        story = self._story
        if not story.bulks or story.own < 2:
            return
        bulk = story.bulks[self._chance.randrange(len(story.bulks))]
        before, after = bulk.article, self._chance.randrange(story.own)
        if after == before or story.moved[after][bulk.touch]:
            return
        old = story.touch_nats(bulk.touch) + story.shelf_nats((before, after))
        story.rename_bulk(bulk, after)
        gain = story.touch_nats(bulk.touch) + story.shelf_nats((before, after)) - old
        if gain < 0.0 and self._chance.random() >= exp(gain / temperature):
            story.rename_bulk(bulk, before)

    # ---- judgement

    def _judge(self, change: _Change, temperature: float) -> None:
        story, puts = self._story, self._story.puts
        picks = [pick for pick, _, _ in change.tellings]
        told_before: list[Telling] = [(pick, pick.article, pick.fates) for pick in picks]
        numbers = {f.number for _, _, fates in (*told_before, *change.tellings) for f in fates if f.kind == "back"}
        loose_article = puts[change.loose].article if change.loose is not None else 0
        touches = sorted({pick.touch for pick in picks} | {puts[n].touch for n in numbers})
        articles = sorted({a for _, a, _ in (*told_before, *change.tellings)} | {puts[n].article for n in numbers})
        before = self._nats(picks, touches, articles)
        self._tell(change.tellings)
        unseen_before = list(story.unseen) if change.seen is not None or change.unseen is not None else None
        if change.seen is not None:
            story.unseen.pop(change.seen)
        if change.unseen is not None:
            story.unseen.append(change.unseen)
        gain = self._nats(picks, touches, articles) - before
        if gain >= 0.0 or self._chance.random() < exp(gain / temperature):
            return
        self._tell(told_before)
        if change.loose is not None:
            story.tie(puts[change.loose], None, loose_article)
        if unseen_before is not None:
            story.unseen = unseen_before

    def _tell(self, tellings: Sequence[Telling]) -> None:
        for pick, article, fates in tellings:
            self._story.assign(pick, article, fates)

    def _nats(self, picks: list[Pick], touches: list[int], articles: list[int]) -> float:
        story = self._story
        return (
            sum(story.fates_nats(pick) for pick in picks)
            + sum(story.touch_nats(touch) for touch in touches)
            + story.shelf_nats(articles)
            + story.loose_nats()
        )
