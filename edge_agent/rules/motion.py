"""Where people will be in the next frame: a constant-velocity Kalman filter over all tracks at once.

A person is `(x, foot, width, height)`: centre and sole of the box, and its size, pixels. The four are filtered apart, each with its own
speed, so the filter is a handful of array operations however many people there are. All noise is in heights of the person and in
seconds: one setting serves near and far people, slow and fast cameras.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class MotionRule:
    """How people move, in heights of themselves and seconds. Order of each four: x, foot, width, height.

    `place_noise`: how far off a box is, one standard deviation. `speed_noise`: change of speed within a second.
    `speed_spread`: how fast a stranger may be.
    """

    place_noise: tuple[float, float, float, float] = (0.065, 0.08, 0.075, 0.1)
    speed_noise: tuple[float, float, float, float] = (0.28, 0.2, 0.03, 0.045)
    speed_spread: tuple[float, float, float, float] = (0.8, 0.5, 0.05, 0.05)


class Motion:
    """The filter's state: row i is track i of the caller, arrays (n, 4)."""

    def __init__(self, rule: MotionRule) -> None:
        self._place_noise = np.array(rule.place_noise) ** 2
        self._speed_noise = np.array(rule.speed_noise) ** 2
        self._speed_spread = np.array(rule.speed_spread) ** 2
        self.place: Floats = np.zeros((0, 4))
        self.speed: Floats = np.zeros((0, 4))
        self._place_variance: Floats = np.zeros((0, 4))
        self._shared_variance: Floats = np.zeros((0, 4))
        self._speed_variance: Floats = np.zeros((0, 4))

    def predict(self, elapsed_s: float) -> None:
        """Move everybody on by `elapsed_s` (0 or more)."""
        grown = self._speed_noise * self._scale() * elapsed_s
        self.place = self.place + elapsed_s * self.speed
        self.place[:, 2:] = np.maximum(self.place[:, 2:], 1.0)
        self._place_variance = self._place_variance + elapsed_s * (
            2.0 * self._shared_variance + elapsed_s * (self._speed_variance + grown / 3.0)
        )
        self._shared_variance = self._shared_variance + elapsed_s * (self._speed_variance + grown / 2.0)
        self._speed_variance = self._speed_variance + grown

    def innovation_variance(self) -> Floats:
        """How far from the prediction a box may lie, (n, 4), pixels²."""
        return self._place_variance + self._place_noise * self._scale()

    def vagueness(self) -> Floats:
        """How much less is known of each than of one just seen for long, (n,): the log of how much larger the variance is."""
        return np.asarray(np.log1p(self._place_variance / (self._place_noise * self._scale())).sum(axis=1))

    def correct(self, rows: Indices, measured: Floats, doubt: Floats) -> None:
        """Take boxes (m, 4) for the tracks `rows` (m,). `doubt` (m, 1) multiplies the measurement noise; 1 is an ordinary box."""
        noise = self._place_noise * self._scale()[rows] * doubt
        place_gain = self._place_variance[rows] / (self._place_variance[rows] + noise)
        speed_gain = self._shared_variance[rows] / (self._place_variance[rows] + noise)
        surprise = measured - self.place[rows]
        self.place[rows] += place_gain * surprise
        self.speed[rows] += speed_gain * surprise
        self._speed_variance[rows] -= speed_gain * self._shared_variance[rows]
        self._shared_variance[rows] *= 1.0 - place_gain
        self._place_variance[rows] *= 1.0 - place_gain

    def add(self, measured: Floats) -> None:
        """Begin tracks at (m, 4) measured places, with unknown speed."""
        scale = np.maximum(measured[:, 3:4], 1.0) ** 2
        self.place = np.concatenate([self.place, measured])
        self.speed = np.concatenate([self.speed, np.zeros_like(measured)])
        self._place_variance = np.concatenate([self._place_variance, self._place_noise * scale])
        self._shared_variance = np.concatenate([self._shared_variance, np.zeros_like(measured)])
        self._speed_variance = np.concatenate([self._speed_variance, self._speed_spread * scale])

    def copy(self, source: int, target: int) -> None:
        """Let track `target` go on as track `source` is."""
        for values in (self.place, self.speed, self._place_variance, self._shared_variance, self._speed_variance):
            values[target] = values[source]

    def keep(self, rows: npt.NDArray[np.bool_]) -> None:
        """Forget every track whose flag is False."""
        self.place = self.place[rows]
        self.speed = self.speed[rows]
        self._place_variance = self._place_variance[rows]
        self._shared_variance = self._shared_variance[rows]
        self._speed_variance = self._speed_variance[rows]

    def _scale(self) -> Floats:
        """Squared height of each person, (n, 1): turns heights² into pixels²."""
        return np.asarray(np.maximum(self.place[:, 3:4], 1.0) ** 2)


_TO_FEET = np.array([[0.5, 0.0, -1.0, 0.0], [0.0, 0.0, 0.0, -1.0], [0.5, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]])
_TO_BOXES = np.array([[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0], [-0.5, 0.0, 0.5, 0.0], [0.0, -1.0, 0.0, 0.0]])


def feet(boxes: npt.NDArray[np.floating]) -> Floats:
    """Turn (n, 4) xyxy boxes into (n, 4) `(x, foot, width, height)`."""
    return np.asarray(np.asarray(boxes, dtype=np.float64).reshape(-1, 4) @ _TO_FEET)


def boxes_of(places: Floats) -> Floats:
    """Turn (n, 4) `(x, foot, width, height)` back into xyxy boxes."""
    return np.asarray(places @ _TO_BOXES)
