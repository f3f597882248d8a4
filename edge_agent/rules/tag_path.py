"""Which way a tag was carried past antennas whose places are known: straight paths held against phase and power of every read.

A read's phase turns by 4π over a wavelength as the tag comes nearer, so two reads of one antenna on one channel tell the speed towards it;
readers may add π, and reads on neighbouring channels differ by a turn that is the antenna's own (its cable) and is left open. Power
falls with the distance, so little and so unevenly indoors that it counts for a quarter. Paths are a fixed grid of places, headings and
speeds, and standing still; the answer is the posterior over it, so that a pass that was heard badly says so. Phase as in Nikitin
et al., Phase based spatial identification of UHF RFID tags, IEEE RFID 2010.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from edge_agent.readings import Spot, TagRead

Floats = npt.NDArray[np.float64]

READS_MIN = 20
DURATION_MIN_S = 1.0
_LIGHT_M_S = 299_792_458.0
_PAIR_MAX_S = 0.25
_PAIR_MIN_S = 0.005
_PLACES, _HEADINGS = 5, 24
_SPEEDS_M_S = (0.25, 0.4, 0.6, 0.85, 1.2, 1.6)
_BESIDE_M2 = 0.5  # No tag passes through an antenna; also the difference in height.
_SPEED_WANDERS_M_S = 0.15
_OUTSIDE_M = 0.7
_SAME_NOISE_RAD, _SAME_OUTLIERS = 0.35, 0.3
_NEXT_NOISE_RAD, _NEXT_OUTLIERS = 0.5, 0.6
_TURNED_BY_PI = 0.25
_MOVES = 0.9
_CABLE_TURNS_RAD = (0.1, 0.35, 0.6, 0.9)  # A channel is 0.5 MHz: 5 to 43 m of way there, tag and cable.
_POWER_NOISE_DB, _POWER_WEIGHT, _POWER_EXPONENT = 3.5, 0.25, 1.0


class Passage(NamedTuple):
    """How a tag was carried. `heading_deg` turns from the plan's x axis towards its y axis, 0 to 360.

    `confidence`: the chance that it moved, and within 45° of `heading_deg`. `towards(x, y)` asks for any other direction, `crossed` for a
    line. `ways`: (m, 5) places at begin and end and the chance of each path considered.
    """

    began_at_ms: int
    ended_at_ms: int
    heading_deg: float
    speed_m_s: float
    confidence: float
    headings: tuple[float, ...]
    ways: Floats

    @property
    def moved(self) -> float:
        """The chance that it was carried at all, rather than lying still."""
        return sum(self.headings)

    def towards(self, x: float, y: float) -> float:
        """The chance that it moved in the direction (x, y) rather than against it, 0 to 1; standing still counts half."""
        along = [math.cos(2.0 * math.pi * index / len(self.headings) - math.atan2(y, x)) for index in range(len(self.headings))]
        forth = sum(chance for chance, cosine in zip(self.headings, along, strict=True) if cosine > 1e-9)
        across = sum(chance for chance, cosine in zip(self.headings, along, strict=True) if abs(cosine) <= 1e-9)
        return forth + 0.5 * across + 0.5 * (1.0 - sum(self.headings))

    def crossed(self, first: Spot, second: Spot) -> tuple[float, float]:
        """The chances that it came to the right of a line from its left, and to the left from its right, seen from its first point."""
        x, y = second.x_m - first.x_m, second.y_m - first.y_m
        began, ended = (
            x * (place[:, 1] - first.y_m) - y * (place[:, 0] - first.x_m) > 0.0 for place in (self.ways[:, :2], self.ways[:, 2:4])
        )
        return float(self.ways[~began & ended, 4].sum()), float(self.ways[began & ~ended, 4].sum())


class _Turns(NamedTuple):
    """Pairs of reads of one antenna: when, how far apart, how far the phase turned, and how far it turns per metre a second."""

    antenna: npt.NDArray[np.intp]
    at_s: Floats
    turned: Floats
    per_speed: Floats


def passage_of(reads: Sequence[TagRead], antennas: Mapping[int, Spot], *, carrier_mhz: float = 915.0) -> Passage | None:
    """How the tag of these reads was carried, None where they are too few to say anything.

    Args:
        reads: of one tag, oldest first, from when it came until it went.
        antennas: where each antenna is; three or more that are not in line tell every heading.
        carrier_mhz: the middle of the band.
    """
    known = [read for read in reads if read.antenna in antennas]
    if len(known) < READS_MIN or known[-1].read_at_ms - known[0].read_at_ms < 1000.0 * DURATION_MIN_S:
        return None
    numbers = {antenna: index for index, antenna in enumerate(sorted(antennas))}
    spots = np.array([antennas[antenna] for antenna in sorted(antennas)])
    middle_ms = (known[0].read_at_ms + known[-1].read_at_ms) / 2.0
    half_s = (known[-1].read_at_ms - known[0].read_at_ms) / 2000.0
    paths, moving = _grid(spots)
    logs = _prior(paths, moving, spots, half_s) + _power(paths, spots, known, numbers, middle_ms)
    logs += _same_channel(paths, spots, _turns(known, numbers, middle_ms, carrier_mhz, step=0))
    logs += _next_channel(paths, spots, _turns(known, numbers, middle_ms, carrier_mhz, step=1))
    chances = np.exp(logs - logs.max())
    chances /= chances.sum()
    angles = 2.0 * np.pi * np.arange(_HEADINGS) / _HEADINGS
    headings = chances[moving].reshape(-1, _HEADINGS, len(_SPEEDS_M_S)).sum(axis=(0, 2))
    heading = float(np.angle((headings * np.exp(1j * angles)).sum()))
    near = np.cos(angles - heading) >= math.cos(math.pi / 4.0) - 1e-9
    speeds = np.hypot(paths[:, 2], paths[:, 3])
    speed_m_s = float((chances * speeds).sum() / max(float(chances[moving].sum()), 1e-9))
    confidence = min(float(headings[near].sum()), 1.0)
    began_ms, ended_ms = known[0].read_at_ms, known[-1].read_at_ms
    ways = np.column_stack([paths[:, :2] - paths[:, 2:] * half_s, paths[:, :2] + paths[:, 2:] * half_s, chances])
    return Passage(began_ms, ended_ms, math.degrees(heading) % 360.0, speed_m_s, confidence, tuple(headings.tolist()), ways)


def _grid(spots: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """(m, 4) paths as place at half time and velocity, and which of them move. Standing still comes last, at every place."""
    low, high = spots.min(axis=0), spots.max(axis=0)
    size = np.maximum(high - low, 1.0)
    across = [(low[axis] + high[axis]) / 2.0 + size[axis] * np.linspace(-0.3, 0.3, _PLACES) for axis in (0, 1)]
    angles = 2.0 * np.pi * np.arange(_HEADINGS) / _HEADINGS
    x, y, angle, speed = np.meshgrid(across[0], across[1], angles, _SPEEDS_M_S, indexing="ij")
    walks = np.stack([x, y, speed * np.cos(angle), speed * np.sin(angle)], axis=-1).reshape(-1, 4)
    stands = np.stack([*(axis.ravel() for axis in np.meshgrid(*across, indexing="ij")), *np.zeros((2, _PLACES**2))], axis=1)
    return np.concatenate([walks, stands]), np.arange(len(walks) + len(stands)) < len(walks)


def _prior(paths: Floats, moving: npt.NDArray[np.bool_], spots: Floats, half_s: float) -> Floats:
    """Who came and went has moved; a tag that is heard is not far outside the antennas."""
    logs: Floats = np.where(moving, np.log(_MOVES / moving.sum()), np.log((1.0 - _MOVES) / (~moving).sum()))
    low, high = spots.min(axis=0), spots.max(axis=0)
    for at_s in (-half_s, half_s):
        place = paths[:, :2] + paths[:, 2:] * at_s
        outside = np.maximum(0.0, np.maximum(low - place, place - high))
        logs = logs - 0.5 * ((outside / _OUTSIDE_M) ** 2).sum(axis=1)
    return logs


def _power(paths: Floats, spots: Floats, reads: Sequence[TagRead], numbers: Mapping[int, int], middle_ms: float) -> Floats:
    """(m,) how well each path explains the power; every antenna's own level is left open. Student's t, for fading is no Gaussian."""
    logs = np.zeros(len(paths))
    for antenna, number in numbers.items():
        own = [read for read in reads if read.antenna == antenna]
        if len(own) < 2:
            continue
        at_s = np.array([(read.read_at_ms - middle_ms) / 1000.0 for read in own])
        away = paths[:, :2, None] + paths[:, 2:, None] * at_s - spots[number][:, None]
        expected_db = -5.0 * _POWER_EXPONENT * np.log10((away**2).sum(axis=1) + _BESIDE_M2)
        off_db = np.array([read.rssi_dbm for read in own]) - expected_db
        off_db -= off_db.mean(axis=1, keepdims=True)
        logs -= _POWER_WEIGHT * 2.5 * np.log1p((off_db / _POWER_NOISE_DB) ** 2 / 4.0).sum(axis=1)
    return logs


def _turns(reads: Sequence[TagRead], numbers: Mapping[int, int], middle_ms: float, carrier_mhz: float, *, step: int) -> _Turns:
    """Pairs of reads of the same antenna, close in time, whose channels lie `step` apart."""
    found: list[tuple[int, float, float, float]] = []
    per_m = 4.0 * math.pi * carrier_mhz * 1e6 / _LIGHT_M_S
    for antenna, number in numbers.items():
        own = [read for read in reads if read.antenna == antenna and read.phase_rad is not None]
        for first, earlier in enumerate(own):
            for later in own[first + 1 :]:
                apart_s = (later.read_at_ms - earlier.read_at_ms) / 1000.0
                if apart_s > _PAIR_MAX_S:
                    break
                if apart_s < _PAIR_MIN_S or (later.channel or 0) - (earlier.channel or 0) != step:
                    continue
                turned = (later.phase_rad or 0.0) - (earlier.phase_rad or 0.0)
                at_s = ((earlier.read_at_ms + later.read_at_ms) / 2.0 - middle_ms) / 1000.0
                found.append((number, at_s, turned, per_m * apart_s))
    columns = np.array(found).reshape(-1, 4).T
    return _Turns(columns[0].astype(np.intp), columns[1], columns[2], columns[3])


def _receding(paths: Floats, spot: Floats, at_s: float) -> Floats:
    """(m,) the speed away from an antenna, metres a second."""
    away = paths[:, :2] + paths[:, 2:] * at_s - spot
    speeds: Floats = (away * paths[:, 2:]).sum(axis=1) / np.sqrt((away**2).sum(axis=1) + _BESIDE_M2)
    return speeds


def _fit(left: Floats, per_speed: float, noise_rad: float, outliers: float) -> Floats:
    """Log likelihood of what is left of a turn: von Mises, now and then turned by π, now and then anything.

    Who walks does so now faster, now slower; what stands still does not.
    """
    stands = _PLACES**2
    logs = np.empty(len(left))
    for paths, wanders_m_s in ((slice(None, -stands), _SPEED_WANDERS_M_S), (slice(-stands, None), 0.0)):
        sharpness = 1.0 / (noise_rad**2 + (per_speed * wanders_m_s) ** 2)
        cosine = np.cos(left[paths].astype(np.float32))  # Half the time of doubles, and the noise is far larger.
        straight = np.exp(np.float32(sharpness) * (cosine - np.float32(1.0)))
        turned = np.exp(np.float32(-sharpness) * (cosine + np.float32(1.0)))
        share = (1.0 - outliers) / float(np.i0(sharpness) * math.exp(-sharpness))
        density = np.float32((1.0 - _TURNED_BY_PI) * share) * straight + np.float32(_TURNED_BY_PI * share) * turned
        logs[paths] = np.log(np.float32(outliers) + density)
    return logs


def _same_channel(paths: Floats, spots: Floats, turns: _Turns) -> Floats:
    logs = np.zeros(len(paths))
    for antenna, at_s, turned, per_speed in zip(*turns, strict=True):
        left = turned + per_speed * _receding(paths, spots[antenna], at_s)
        logs += _fit(left, per_speed, _SAME_NOISE_RAD, _SAME_OUTLIERS)
    return logs


def _next_channel(paths: Floats, spots: Floats, turns: _Turns) -> Floats:
    logs = np.zeros(len(paths))
    for number in range(len(spots)):
        by_cable = np.zeros((len(_CABLE_TURNS_RAD), len(paths)))
        for antenna, at_s, turned, per_speed in zip(*turns, strict=True):
            if antenna == number:
                left = turned + per_speed * _receding(paths, spots[number], at_s)
                for index, cable_rad in enumerate(_CABLE_TURNS_RAD):
                    by_cable[index] += _fit(left - cable_rad, per_speed, _NEXT_NOISE_RAD, _NEXT_OUTLIERS)
        logs += np.logaddexp.reduce(by_cable, axis=0) - math.log(len(_CABLE_TURNS_RAD))
    return logs
