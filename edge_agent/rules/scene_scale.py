"""How tall a person's box is at each place of the picture, learnt from the people who walk there.

On a floor seen by a fixed camera, the height of a standing person's box is close to linear in the place of the foot (Hoiem, Efros and
Hebert, Putting Objects in Perspective, CVPR 2006). So a box much taller than the people who walk there is no person: most often it is two,
one behind the other. Short boxes say nothing: they may be children, or people half hidden.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_agent.rules.motion import Floats


@dataclass(frozen=True, slots=True)
class SceneScaleRule:
    """When the picture's scale is trusted.

    `samples_min`, `samples_max`: boxes to begin with, and to keep. `renew_every`: so many new boxes renew the fit. `tall_min`: a box so
    many times as tall as awaited is no person; `tall_deviations`: nor within so many deviations, where people vary more than that.
    `doubt_max`: the fit's own standard deviation at a place, as a share of the height there, beyond which nothing is said.
    """

    samples_min: int = 40
    samples_max: int = 600
    renew_every: int = 20
    tall_min: float = 1.3
    tall_deviations: float = 4.0
    doubt_max: float = 0.08


class SceneScale:
    """Keeps the last boxes of people on the move and a robust plane through their heights."""

    def __init__(self, rule: SceneScaleRule) -> None:
        self._rule = rule
        self._samples: Floats = np.zeros((0, 4))
        self._since_fit = 0
        self._plane: Floats | None = None
        self._covariance: Floats = np.zeros((3, 3))
        self._spread = 0.0

    def learn(self, places: Floats) -> None:
        """Take (n, 4) `(x, foot, width, height)` of people who have moved since they were taken: the standing must not outvote them."""
        if len(places) == 0:
            return
        self._samples = np.concatenate([self._samples, places])[-self._rule.samples_max :]
        self._since_fit += len(places)
        if len(self._samples) >= self._rule.samples_min and (self._plane is None or self._since_fit >= self._rule.renew_every):
            self._since_fit = 0
            self._fit()

    def heights(self, places: Floats) -> Floats:
        """How tall a person at each (n, 4) place is awaited to be, (n,) pixels; not a number where too little is known."""
        if self._plane is None:
            return np.full(len(places), np.nan)
        ground = _ground(places)
        height = ground @ self._plane
        doubt = np.sqrt(np.einsum("ij,jk,ik->i", ground, self._covariance, ground))
        return np.where((height > 0.0) & (doubt < self._rule.doubt_max * height), height, np.nan)

    def too_tall(self, places: Floats) -> npt.NDArray[np.bool_]:
        """Which of (n, 4) places are too tall for one person, (n,); False where too little is known."""
        if self._plane is None:
            return np.zeros(len(places), dtype=bool)
        tall = max(self._rule.tall_min, 1.0 + self._rule.tall_deviations * self._spread)
        suspects = places[:, 3] > tall * (self._plane[0] + places[:, :2] @ self._plane[1:] / 1000.0)
        if suspects.any():  # Rarely: only then is it asked how well the heights are known.
            suspects[suspects] = places[suspects, 3] > tall * self.heights(places[suspects])
        return np.asarray(suspects)

    def _fit(self) -> None:
        """Weighted least squares on relative residuals, reweighted after Geman and McClure: merged and cut boxes lose their vote."""
        ground, height = _ground(self._samples), self._samples[:, 3]
        trust = np.ones(len(height))
        slack = np.diag([1e-6, 1e-4 * len(height), 1e-6 * len(height)])  # A camera hangs level unless the boxes say otherwise.
        for _ in range(6):
            normal = (ground * trust[:, None]).T @ ground + slack
            plane = np.linalg.solve(normal, (ground * trust[:, None]).T @ height)
            awaited = np.maximum(ground @ plane, 1.0)
            missed = np.abs(height / awaited - 1.0)
            self._spread = max(1.48 * float(np.median(missed)), 0.03)
            trust = (height.mean() / np.maximum(awaited, 10.0)) ** 2 / (1.0 + (missed / (2.0 * self._spread)) ** 2) ** 2
        self._plane = np.asarray(plane, dtype=np.float64)
        self._covariance = np.linalg.inv(normal) * (self._spread * height.mean()) ** 2


def _ground(places: Floats) -> Floats:
    """(n, 3) rows of the plane's equation; thousands of pixels keep it well conditioned."""
    return np.stack([np.ones(len(places)), places[:, 0] / 1000.0, places[:, 1] / 1000.0], axis=1)
