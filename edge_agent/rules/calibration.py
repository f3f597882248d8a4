"""From a converter's counts to grams: tare, counts per gram and the zero's answer to temperature."""

from __future__ import annotations

from typing import NamedTuple

COUNTS_MIN = -(2**23)
COUNTS_MAX = 2**23 - 1
"""The rails of a 24-bit converter: a reading there is no weight, but a broken wire, an overload or a glitch."""


class Calibration(NamedTuple):
    """What a scale's counts mean.

    `temperature_coefficient_g_per_c` is how many grams the empty scale gains per degree above `reference_temperature_c`.
    """

    counts_per_gram: float
    tare_counts: float
    capacity_g: float = 50_000.0
    temperature_coefficient_g_per_c: float = 0.0
    reference_temperature_c: float = 20.0

    def grams(self, raw_counts: float, temperature_c: float | None = None) -> float:
        """The weight that these counts stand for, grams."""
        weight_g = (raw_counts - self.tare_counts) / self.counts_per_gram
        if temperature_c is not None:
            weight_g -= self.temperature_coefficient_g_per_c * (temperature_c - self.reference_temperature_c)
        return weight_g
