"""Where each tag is: in one of the reader's zones, outside all of them, or gone; from what all antennas heard of it together.

A tag is in one place. Of each place the reads of every antenna are as likely as `tag_chances` says: here for the antenna of that zone, a
stray's for the others. So the chances of a tag's places are stepped together (Baum and Petrie's filter again), and a tag that is surely in
the next zone strays into this one, however often it is read here. How often a heard tag is in none of the zones is learned: where antennas
look at all places in which tags lie, it seldom is. So is how much louder residents answer than strays in each zone; until that is known
the signal strength says little.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from edge_agent.rules.tag_chances import Bools, Floats, Ints

_ROWS_MIN = 10
_GAP_MIN_DB = 3.0
_SPREAD_MIN_DB = 3.0
_SIGNAL_MAX = 2.0
_OUTSIDE_MIN = 0.005
_OUTSIDE_FIRST_TAGS = 1.0
_LOUDER_PER_DB = 0.1
"""Where two antennas read a tag alike, the louder is nearer; 7 dB count as two to one, for the way a tag lies is worth as much."""
_LEAST = 1e-30


class Signal(NamedTuple):
    """How loud residents and strays of a zone answer, dBm, and how much tags differ, dB."""

    here_dbm: float
    stray_dbm: float
    spread_db: float


class Places(NamedTuple):
    """(n,) chances by reads alone. `here`: in the row's zone. `gone`, `outside`: the tag's own, the same in all its rows; `outside` is yet
    to be multiplied by how common it is."""

    here: Floats
    gone: Floats
    outside: Floats


class TagZones:
    """Steps the chances of all tags' places.

    Args:
        zones: how many the reader has. With one, whoever strays into it is outside, and that is as common as may be.
        leaves, returns: the chance per cycle that a tag leaves its zone (half of them for good), and that one from elsewhere comes.
        newcomer: the first chances of a tag to be gone, outside and here.
    """

    def __init__(self, zones: int, *, leaves: float, returns: float, newcomer: tuple[float, float, float]) -> None:
        self._zones = zones
        self._common = 1.0
        self._leaves, self._returns = leaves, returns
        self._newcomer = newcomer
        self._signals: dict[int, Signal] = {}

    def begin(self, places: Places, row: int, others: Ints) -> None:
        """A tag is heard in a zone for the first time; its other rows make room.

        Until now it could be there unheard, and was a stray to all others: just as if it were outside.
        """
        gone, outside, here = self._newcomer
        if len(others):
            first = others[0]
            here *= float(places.gone[first] + places.outside[first]) / (gone + outside)
            gone, outside = float(places.gone[first]), float(places.outside[first])
            places.here[others] /= 1.0 + here
            here, gone, outside = here / (1.0 + here), gone / (1.0 + here), outside / (1.0 + here)
            places.gone[others], places.outside[others] = gone, outside
        places.here[row], places.gone[row], places.outside[row] = here, gone, outside

    def moved(self, places: Places, tag: Ints) -> tuple[Places, Floats, Floats]:
        """A cycle on, before anything is heard: the places, and which share of strays and of residents of each row is new there."""
        here, gone, outside = places
        leaves, returns = self._leaves, self._returns
        rows = np.bincount(tag)[tag].astype(np.float64)
        inside = np.bincount(tag, here)[tag]
        elsewhere = gone + outside * self._common
        each = 0.5 * leaves / (rows - 1.0 + self._common)  # Half of those who leave go elsewhere, and are heard there.
        came = each * (inside - here) + returns * elsewhere / rows
        now = Places(
            here * (1.0 - leaves) + came, gone * (1.0 - returns) + 0.5 * leaves * inside, outside * (1.0 - returns) + each * inside
        )
        strayed = 0.5 * leaves * here + returns * gone * (rows - 1.0) / rows
        strays = (inside - here + outside * self._common) * (1.0 - 0.5 * leaves) + strayed
        return now, strayed / np.maximum(strays, _LEAST), came / np.maximum(now.here, _LEAST)

    def heard(self, places: Places, likely: Floats, tag: Ints) -> Places:
        """The places after a cycle's reads. `likely`: (n, 3) what a row heard, were the tag gone, a stray there, or there."""
        logs = np.log(np.maximum(likely, _LEAST))
        as_stray, as_gone = (np.bincount(tag, logs[:, column])[tag] for column in (1, 0))
        weights = [
            np.log(np.maximum(places.here, _LEAST)) + logs[:, 2] - logs[:, 1] + as_stray,
            np.log(np.maximum(places.gone, _LEAST)) + as_gone,
            np.log(np.maximum(places.outside, _LEAST)) + as_stray,
        ]
        most = np.full(int(tag.max()) + 1, -np.inf)
        np.maximum.at(most, tag, np.maximum.reduce(weights))
        here, gone, outside = (np.exp(weight - most[tag]) for weight in weights)
        total = np.bincount(tag, here)[tag] + gone + outside * self._common
        return Places(here / total, gone / total, outside / total)

    def chances(self, places: Places, tag: Ints, zone: Ints, rssi_dbm: Floats) -> Floats:
        """(n,) the chance that each row's tag is in its zone, by its reads and by how loud it answers."""
        here = places.here
        for number, signal in self._signals.items():
            middle = (signal.here_dbm + signal.stray_dbm) / 2.0
            louder = (signal.here_dbm - signal.stray_dbm) * (rssi_dbm - middle) / signal.spread_db**2
            here = np.where(zone == number, here * np.exp(np.clip(louder, -_SIGNAL_MAX, _SIGNAL_MAX)), here)
        if self._zones > 1:
            loudest = np.full(int(tag.max()) + 1, -np.inf)
            np.maximum.at(loudest, tag, rssi_dbm)
            here = here * np.exp(_LOUDER_PER_DB * (rssi_dbm - loudest[tag]))
        chances: Floats = here / (np.bincount(tag, here)[tag] + places.gone + places.outside * self._common)
        return chances

    def strays(self, places: Places, tag: Ints) -> Floats:
        """(n,) the chance that each row's tag only strays into its zone."""
        strays: Floats = np.bincount(tag, places.here)[tag] - places.here + places.outside * self._common
        return strays

    def learn(self, places: Places, tag: Ints, zone: Ints, rssi_dbm: Floats, present: Bools) -> None:
        """Learn how often heard tags are in no zone, and how loud residents and strays are.

        Args:
            present: (n,) whether the tag counts as present in the zone.
        """
        if self._zones > 1 and len(tag):
            first = np.unique(tag, return_index=True)[1]
            outside = float(places.outside[first].sum()) * self._common
            self._common = min(max((outside + _OUTSIDE_FIRST_TAGS) / (float(places.here.sum()) + _OUTSIDE_FIRST_TAGS), _OUTSIDE_MIN), 1.0)
        for number in range(self._zones):
            residents, strays = rssi_dbm[(zone == number) & present], rssi_dbm[(zone == number) & ~present]
            self._signals.pop(number, None)
            if min(len(residents), len(strays)) >= _ROWS_MIN:
                spread_db = max(float((residents.std() + strays.std()) / 2.0), _SPREAD_MIN_DB)
                signal = Signal(float(np.median(residents)), float(np.median(strays)), spread_db)
                if signal.here_dbm - signal.stray_dbm >= _GAP_MIN_DB:
                    self._signals[number] = signal
