"""What tags say of a weighed shelf: how well the tags read on the board fit the units that a hypothesis believes to be on it.

A tag may be torn off or shadowed, and a stray may be read from the next board: each costs a few nats and together they count for three
units at most, so that tags decide between look-alikes and never against the scale. What they say is not added up: each judgement takes
the place of the one before, or a single missing tag would speak anew with every read.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct, structs

from store_hub.rules.picks_beam import Beam
from store_hub.rules.picks_changes import Floats, Ints

UNREAD_COST = 2.0
"""Nats for each unit on the board whose tag is not read."""
STRAY_COST = 2.5
"""Nats for each tag read here whose unit is not on the board."""
UNITS_MAX = 3
LAG_MS = 60_000
"""So long after a touch, tags may still be on their way: a departure is known only when a tag has not been read for a while."""
UNREAD, STRAY, BOTH = [0], [1], [0, 1]
"""Which half of what tags say is judged anew."""


class TagsHere(Struct, frozen=True, kw_only=True):
    """Per article, how many tags are read on the board (None: nobody can say), and by how many units the last count by hand exceeded them.

    `news_at_ms`: when a tag last came or left. `are_judged`: whether all of them have been judged since.
    """

    tags: list[int | None]
    gaps: list[int]
    news_at_ms: int = 0
    are_judged: bool = True

    @property
    def are_known(self) -> bool:
        """Whether the tags of any article are read here."""
        return any(tags is not None for tags in self.tags)

    def read(self, index: int, tags: int | None, at_ms: int) -> TagsHere:
        """So many tags of an article are read now."""
        now = [*self.tags[:index], tags, *self.tags[index + 1 :]]
        return structs.replace(self, tags=now, news_at_ms=max(at_ms, self.news_at_ms), are_judged=False)

    def counted(self, index: int, units: int) -> TagsHere:
        """Somebody counted so many units: the difference to the tags of this moment stays."""
        tags = self.tags[index]
        return self if tags is None else structs.replace(self, gaps=[*self.gaps[:index], units - tags, *self.gaps[index + 1 :]])

    def picked(self, columns: Sequence[int | None]) -> TagsHere:
        """The same for other articles: where each of them stood here, None where it is new."""
        tags = [None if column is None else self.tags[column] for column in columns]
        return structs.replace(self, tags=tags, gaps=[0 if column is None else self.gaps[column] for column in columns])


def no_tags(articles: int) -> TagsHere:
    """Nothing is known of any article's tags."""
    return TagsHere(tags=[None] * articles, gaps=[0] * articles)


def judged(beam: Beam, here: TagsHere, halves: list[int]) -> Beam:
    """The same hypotheses, each believed as the tags now say; of the two halves only those named are judged anew."""
    if not here.are_known and not beam.tag_nats.any():
        return beam
    now = _nats(beam.counts, here)
    nats = beam.tag_nats.copy()
    nats[:, halves] = now[:, halves]
    return beam._replace(tag_nats=nats).reweighed((nats - beam.tag_nats).sum(axis=1))


def _nats(counts: Ints, here: TagsHere) -> Floats:
    """(n, 2): for units without a tag, and for tags without a unit."""
    nats = np.zeros((len(counts), 2))
    for index, (tags, gap) in enumerate(zip(here.tags, here.gaps, strict=True)):
        if tags is not None:
            more = counts[:, index] - (tags + gap)
            nats[:, 0] -= UNREAD_COST * np.clip(more, 0, UNITS_MAX)
            nats[:, 1] -= STRAY_COST * np.clip(-more, 0, UNITS_MAX)
    return nats
