"""What a tag's reads in one zone say of it in the others: a tag is in one place, and where it is, it answers louder.

Every (tag, zone) has a chance from its own reads. A tag that is surely in the next zone strays into this one, however often it is read
here. And where antennas look at all places in which tags lie, a tag that is heard at all is in one of them: how often a heard tag is in
none is learned. So is how much louder residents answer than strays in each zone; until that is known the signal strength says nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from edge_agent.rules.tag_chances import Bools, Floats, Ints

_ROWS_MIN = 10
_GAP_MIN_DB = 3.0
_SPREAD_MIN_DB = 3.0
_SIGNAL_MAX = 2.0
_OUTSIDE_MIN = 0.02
_OUTSIDE_FIRST_TAGS = 5.0
_LOUDER_PER_DB = 0.1
"""Where two antennas read a tag alike, the louder is nearer; 7 dB count as two to one, for the way a tag lies is worth as much."""
_SURE = 1e-9


class Signal(NamedTuple):
    """How loud residents and strays of a zone answer, dBm, and how much tags differ, dB."""

    here_dbm: float
    stray_dbm: float
    spread_db: float


class TagZones:
    """Joins the chances of all zones of a reader.

    Args:
        zones: how many there are. With one there is nothing to join but the signal strength.
    """

    def __init__(self, zones: int) -> None:
        self._zones = zones
        self._outside = 1.0
        self._signals: dict[int, Signal] = {}

    def joined(self, own: Floats, gone: Floats, tag: Ints, zone: Ints, rssi_dbm: Floats) -> Floats:
        """(n,) the chance that each row's tag is in its zone, all zones and the signal considered.

        Args:
            own: (n,) the chance by the row's own reads.
            gone: (n,) the chance, likewise, that the tag cannot be heard there at all.
            tag, zone: (n,) which tag and which zone a row is about.
            rssi_dbm: (n,) how loud it answers there.
        """
        own = np.clip(own, _SURE, 1.0 - _SURE)
        odds = own / (1.0 - own)
        for number, signal in self._signals.items():
            middle = (signal.here_dbm + signal.stray_dbm) / 2.0
            louder = (signal.here_dbm - signal.stray_dbm) * (rssi_dbm - middle) / signal.spread_db**2
            odds = np.where(zone == number, odds * np.exp(np.clip(louder, -_SIGNAL_MAX, _SIGNAL_MAX)), odds)
        if self._zones == 1:
            return odds / (1.0 + odds)
        loudest = np.full(int(tag.max()) + 1, -np.inf)
        np.maximum.at(loudest, tag, rssi_dbm)
        odds = odds * np.exp(_LOUDER_PER_DB * (rssi_dbm - loudest[tag]))
        silent = self._silent(own, gone, tag)
        somewhere = np.bincount(tag, odds)[tag]
        chances: Floats = odds / (somewhere + silent + self._outside * (1.0 - silent))
        return chances

    def learn(self, own: Floats, gone: Floats, here: Floats, tag: Ints, zone: Ints, rssi_dbm: Floats, present: Bools) -> None:
        """Learn how often heard tags are in no zone, and how loud residents and strays are.

        Args:
            here: (n,) what `joined` made of the rest.
            present: (n,) whether the tag counts as present in the zone.
        """
        if self._zones > 1 and len(here):
            first = np.unique(tag, return_index=True)[1]
            inside = np.bincount(tag, here)[tag]
            silent = self._silent(np.clip(own, _SURE, 1.0 - _SURE), gone, tag)
            odd = self._outside * (1.0 - silent)
            outside = (1.0 - inside) * odd / np.maximum(odd + silent, _SURE)
            ratio = (outside[first].sum() + _OUTSIDE_FIRST_TAGS) / (inside[first].sum() + _OUTSIDE_FIRST_TAGS)
            self._outside = float(min(max(ratio, _OUTSIDE_MIN), 1.0))
        for number in range(self._zones):
            residents, strays = rssi_dbm[(zone == number) & present], rssi_dbm[(zone == number) & ~present]
            self._signals.pop(number, None)
            if min(len(residents), len(strays)) >= _ROWS_MIN:
                spread_db = max(float((residents.std() + strays.std()) / 2.0), _SPREAD_MIN_DB)
                signal = Signal(float(np.median(residents)), float(np.median(strays)), spread_db)
                if signal.here_dbm - signal.stray_dbm >= _GAP_MIN_DB:
                    self._signals[number] = signal

    @staticmethod
    def _silent(own: Floats, gone: Floats, tag: Ints) -> Floats:
        """(n,) the chance that a tag which is in no zone cannot be heard in any."""
        logs = np.log(np.clip(gone, _SURE, None)) - np.log1p(-own)
        silent: Floats = np.exp(np.minimum(np.bincount(tag, logs)[tag], 0.0))
        return silent
