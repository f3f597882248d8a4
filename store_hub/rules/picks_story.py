"""A whole recording's story: every pick tied to what became of it - paid, put back, or still carried - and how likely that is together.

The weights say how many units of what weight moved, hardly of which of several look-alikes. The till says which article was sold, minutes
later. Tying each unit picked to one unit sold, to one unit put back (a unit weighs the same on its way back) or to none makes the two
speak about each other. `picks_smoothing` searches among such stories.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import log
from typing import Final, Literal, NamedTuple

from store_hub.rules.picks_changes import REFILL_FROM_UNITS, Article
from store_hub.rules.picks_delay import PaidAfter

BACK_WITHIN_S = 60.0
"""How long a unit that is put back was away, in the mean."""
SAME_UNIT_SD_G = 0.25
OTHER_RECEIPT_COST = 4.0
"""Nats for every receipt beyond the first among units that were taken at once."""
UNSEEN_SALE_COST = 9.0
"""Nats for a unit sold that no touch of this shelf explains."""
UNKNOWN_ORIGIN_COST = 2.5
"""Nats for a unit put on the shelf that nobody had taken from it before."""
MISSED_FULL_COST = 6.0
BELOW_ZERO_COST = 4.0
OVER_FULL_COST = 3.0


class WeighedTouch(NamedTuple):
    """One touch of the shelf as the belief first read it. `units`: signed, one per article, strangers last."""

    at_s: float
    change_g: float
    sd_g: float
    units: tuple[int, ...]


class UnitSold(NamedTuple):
    """One unit on a receipt; units of one receipt share their moment."""

    at_s: float
    article: int


class Fate(NamedTuple):
    """What became of one unit picked: `sold` at a moment, `back` by a put (its number), or `open`: still carried, or never paid."""

    kind: Literal["sold", "back", "open"]
    at_s: float = 0.0
    number: int = -1


OPEN: Final = Fate("open")


class Pick:
    """Some units of one article taken at once."""

    __slots__ = ("article", "at_s", "fates", "number", "touch", "units")

    def __init__(self, number: int, touch: int, at_s: float, article: int, units: int) -> None:
        self.number, self.touch, self.at_s, self.article, self.units = number, touch, at_s, article, units
        self.fates: list[Fate] = [OPEN] * units

    def away(self) -> list[Fate]:
        """The fates of the units that were not put back."""
        return [fate for fate in self.fates if fate.kind != "back"]

    def back(self) -> list[Fate]:
        """The fates of the units that were."""
        return [fate for fate in self.fates if fate.kind == "back"]


class Put:
    """Units put on the shelf by a shopper, and the pick they came from, if any."""

    __slots__ = ("article", "pick", "touch", "units")

    def __init__(self, touch: int, article: int, units: int) -> None:
        self.touch, self.article, self.units = touch, article, units
        self.pick: Pick | None = None


class Bulk:
    """A refill, which leaves the facing full, or a sweep, which leaves it empty."""

    __slots__ = ("article", "touch", "units")

    def __init__(self, touch: int, article: int, units: int) -> None:
        self.touch, self.article, self.units = touch, article, units


class _Known(NamedTuple):
    """What of a touch can be renamed, and what of its weight cannot."""

    picks: tuple[Pick, ...]
    puts: tuple[int, ...]
    bulks: tuple[int, ...]
    fixed_g: float
    fixed_g2: float


class Story:
    """Picks, puts and sales tied together. `log_likelihood` parts are in nats.

    Args:
        articles: the shelf's own, then strangers.
        touches: oldest first.
        sold: units the till sold.
        paid_after: how long shoppers carry goods.
        end_s: when the recording ends.
        sweep_from: so many units of one article at once are swept, not picked.
    """

    def __init__(
        self,
        articles: Sequence[Article],
        touches: Sequence[WeighedTouch],
        sold: Iterable[UnitSold],
        paid_after: PaidAfter,
        end_s: float,
        sweep_from: int,
    ) -> None:
        self.own = sum(not article.stranger for article in articles)
        self.touches, self._paid_after, self._end_s = touches, paid_after, end_s
        self._unit_g = [article.unit_weight_g for article in articles]
        self._unit_g2 = [article.spread_g**2 for article in articles]
        self._start = [article.start_units for article in articles]
        self._capacity = [article.capacity_units for article in articles]
        self.picks: list[Pick] = []
        self.puts: list[Put] = []
        self.unseen: list[UnitSold] = sorted(sold)
        self.moved = [[touch.units[a] for touch in touches] for a in range(self.own)]
        self.bulks: list[Bulk] = []
        self._known = [self._read(i, sweep_from) for i in range(len(touches))]
        totals = [2 + sum(unit.article == a for unit in self.unseen) for a in range(self.own)]
        self._log_share = [log(total * self.own / sum(totals)) for total in totals]
        self._tie()

    def _read(self, number: int, sweep_from: int) -> _Known:
        touch = self.touches[number]
        picks, puts, bulks, rest = [], [], [], list(touch.units)
        for a in range(self.own):
            units, rest[a] = touch.units[a], 0
            holds = self._start[a] + sum(self.moved[a][: number + 1])
            if units >= REFILL_FROM_UNITS or (units >= 2 and holds == self._capacity[a]) or units <= -sweep_from:
                bulks.append(len(self.bulks))
                self.bulks.append(Bulk(number, a, units))
            elif units < 0:
                picks.append(Pick(len(self.picks), number, touch.at_s, a, -units))
                self.picks.append(picks[-1])
            elif units > 0:
                puts.append(len(self.puts))
                self.puts.append(Put(number, a, units))
        fixed_g = sum(units * grams for units, grams in zip(rest, self._unit_g, strict=True))
        fixed_g2 = sum(abs(units) * g2 for units, g2 in zip(rest, self._unit_g2, strict=True))
        return _Known(tuple(picks), tuple(puts), tuple(bulks), fixed_g, fixed_g2)

    def _tie(self) -> None:
        """A first story: puts come from the latest pick of that article, sales from the earliest."""
        for number, put in enumerate(self.puts):
            if put.units != 1:
                continue
            before = [p for p in self.picks if p.article == put.article and p.touch < put.touch and OPEN in p.fates]
            if before:
                before[-1].fates[before[-1].fates.index(OPEN)] = Fate("back", number=number)
                put.pick = before[-1]
        unseen = []
        for unit in self.unseen:
            fitting = [
                p
                for p in self.picks
                if p.article == unit.article and OPEN in p.fates and unit.at_s - p.at_s > self._paid_after.soonest_s / 2
            ]
            if fitting:
                fitting[0].fates[fitting[0].fates.index(OPEN)] = Fate("sold", unit.at_s)
            else:
                unseen.append(unit)
        self.unseen = unseen

    # ---- how likely

    def fates_nats(self, pick: Pick) -> float:
        """How likely it is that these units, taken together, ended as they did."""
        nats, receipts = 0.0, set()
        for fate in pick.fates:
            if fate.kind == "sold":
                nats += self._paid_after.log_density(fate.at_s - pick.at_s)
                receipts.add(fate.at_s)
            elif fate.kind == "open":
                nats += self._paid_after.log_unpaid(self._end_s - pick.at_s)
            else:
                away_s = self.touches[self.puts[fate.number].touch].at_s - pick.at_s
                nats += -away_s / BACK_WITHIN_S - log(BACK_WITHIN_S) if away_s > 0 else -60.0
        if not receipts:
            return nats + self._log_share[pick.article]
        return nats - OTHER_RECEIPT_COST * (len(receipts) - 1)

    def touch_nats(self, number: int) -> float:
        """How well what moved explains what the scale felt."""
        touch, known = self.touches[number], self._known[number]
        mean_g, var_g2 = known.fixed_g, known.fixed_g2 + touch.sd_g**2
        for pick in known.picks:
            mean_g -= pick.units * self._unit_g[pick.article]
            var_g2 += pick.units * self._unit_g2[pick.article]
        for number_bulk in known.bulks:
            bulk = self.bulks[number_bulk]
            mean_g += bulk.units * self._unit_g[bulk.article]
            var_g2 += abs(bulk.units) * self._unit_g2[bulk.article]
        for number_put in known.puts:
            put = self.puts[number_put]
            unit_g, unit_g2 = self._unit_g[put.article], self._unit_g2[put.article]
            if put.pick is not None and put.pick.touch != number:
                unit_g, unit_g2 = self._weighed(put.pick, unit_g, unit_g2)
            mean_g += put.units * unit_g
            var_g2 += put.units * unit_g2
        return -0.5 * ((touch.change_g - mean_g) ** 2 / var_g2 + log(var_g2))

    def _weighed(self, pick: Pick, unit_g: float, unit_g2: float) -> tuple[float, float]:
        """What a unit of this pick weighs, if the scale felt nothing else in that touch; else what its article weighs."""
        known, touch = self._known[pick.touch], self.touches[pick.touch]
        if len(known.picks) != 1 or known.puts or known.bulks or known.fixed_g2:
            return unit_g, unit_g2
        spread_g2 = self._unit_g2[pick.article] * (1.0 - 1.0 / pick.units) + (touch.sd_g / pick.units) ** 2
        return -touch.change_g / pick.units, spread_g2 + SAME_UNIT_SD_G**2

    def shelf_nats(self, articles: Iterable[int]) -> float:
        """How well the counts fit: never below nothing, seldom over the facing, full after a refill, empty after a sweep."""
        nats = 0.0
        for a in articles:
            counts = list(accumulate(self.moved[a], initial=self._start[a]))
            lowest, over = min(counts), max(counts) - self._capacity[a]
            if lowest < 0:
                nats += BELOW_ZERO_COST * lowest - 6.0
            if over > 0:
                nats -= OVER_FULL_COST * over
            for bulk in self.bulks:
                if bulk.article == a:
                    off = abs(counts[bulk.touch + 1] - (self._capacity[a] if bulk.units > 0 else 0))
                    nats -= MISSED_FULL_COST + 0.3 * min(off, 10) if off else 0.0
        return nats

    def loose_nats(self) -> float:
        """What it costs that some sales and puts are tied to nothing."""
        return -UNSEEN_SALE_COST * len(self.unseen) - UNKNOWN_ORIGIN_COST * sum(put.pick is None for put in self.puts)

    # ---- changing it

    def assign(self, pick: Pick, article: int, fates: list[Fate]) -> None:
        """Tell a pick anew; puts that are tied to it take its article."""
        if article != pick.article:
            self.moved[pick.article][pick.touch] += pick.units
            self.moved[article][pick.touch] -= pick.units
            pick.article = article
        pick.fates = fates
        for fate in fates:
            if fate.kind == "back":
                self.tie(self.puts[fate.number], pick, article)

    def tie(self, put: Put, pick: Pick | None, article: int) -> None:
        """Tell a put anew."""
        put.pick = pick
        if put.article != article:
            self.moved[put.article][put.touch] -= put.units
            self.moved[article][put.touch] += put.units
            put.article = article

    def rename_bulk(self, bulk: Bulk, article: int) -> None:
        """Tell a refill or a sweep anew."""
        self.moved[bulk.article][bulk.touch] -= bulk.units
        self.moved[article][bulk.touch] += bulk.units
        bulk.article = article

    def closing(self) -> tuple[int, ...]:
        """Units of each of the shelf's own articles at the end."""
        return tuple(start + sum(moved) for start, moved in zip(self._start, self.moved, strict=False))
