"""Puts shops on a flat map: an equirectangular projection about the middle of the chain, good to a few parts in a hundred within a country.

No tile server is asked: the map holds what the chain itself knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import cos, floor, log10, radians

import msgspec

_KM_A_DEGREE = 111.32
_LEAST_KM = 1.0


class MapPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A shop on the map: kilometres east of its western edge, and south of its northern one."""

    store_id: str
    x_km: float
    y_km: float


class ChainMap(msgspec.Struct, frozen=True, kw_only=True):
    """The shops that told where they are, on a map of so many kilometres. `bar_km` is a round length of about a quarter of its width."""

    width_km: float
    height_km: float
    bar_km: float
    places: list[MapPlace]


def chain_map(places: Mapping[str, tuple[float, float]]) -> ChainMap | None:
    """Lay shops out. `places` is store → latitude and longitude, degrees; None where it is empty.

    The projection's parallel is the middle latitude, so that both ways a kilometre is a kilometre there.
    """
    if not places:
        return None
    latitudes = [latitude for latitude, _ in places.values()]
    longitudes = _unwrapped([longitude for _, longitude in places.values()])
    middle = (min(latitudes) + max(latitudes)) / 2
    east_km = _KM_A_DEGREE * max(cos(radians(middle)), 0.01)
    x_km = [(longitude - min(longitudes)) * east_km for longitude in longitudes]
    y_km = [(max(latitudes) - latitude) * _KM_A_DEGREE for latitude in latitudes]
    width, height = max(*x_km, _LEAST_KM), max(*y_km, _LEAST_KM)
    return ChainMap(
        width_km=width, height_km=height, bar_km=_round_length(max(width, height) / 4),
        places=[MapPlace(store_id=name, x_km=x, y_km=y) for name, x, y in zip(places, x_km, y_km, strict=True)],
    )  # fmt: skip


def _unwrapped(longitudes: Sequence[float]) -> list[float]:
    """Longitudes on one side: a chain on both sides of 180° is no chain around the world."""
    if max(longitudes) - min(longitudes) <= 180.0:
        return list(longitudes)
    return [longitude + 360.0 if longitude < 0.0 else longitude for longitude in longitudes]


def _round_length(length_km: float) -> float:
    """1, 2 or 5 times a power of ten, at most `length_km`."""
    power = 10.0 ** floor(log10(length_km))
    return max(step for step in (1.0, 2.0, 5.0) if step * power <= length_km * (1 + 1e-9)) * power
