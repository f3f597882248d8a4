"""From a scale's configuration to its weigher: the same for a live scale and for a recording of it."""

from __future__ import annotations

from edge_agent.config import ScaleConfig
from edge_agent.rules.calibration import Calibration
from edge_agent.rules.scale_health import HealthRule
from edge_agent.rules.weighing import Weigher, WeighingRule

BIN_MIN_MS = 100


def weigher_for(config: ScaleConfig) -> Weigher:
    """A weigher that has weighed nothing yet."""
    bin_ms = max(BIN_MIN_MS, round(1000.0 / config.sample_rate_hz))
    plain = WeighingRule()
    rule = WeighingRule(
        window_ms=max(config.settling.window_ms, 5 * bin_ms),
        bin_ms=bin_ms,
        ringing_max_g=plain.ringing_max_g if config.settling.spread_max_g is None else config.settling.spread_max_g,
        spread_max_g=config.settling.spread_max_g,
        change_min_g=config.settling.change_min_g,
        confirm_every_ms=round(config.confirm_every_s * 1000.0),
        health=HealthRule(noise_max_g=max(20.0, 0.001 * config.capacity_g)),
    )
    return Weigher(calibration_for(config), rule)


def calibration_for(config: ScaleConfig) -> Calibration:
    """What a configured scale's counts mean."""
    return Calibration(
        counts_per_gram=config.counts_per_gram,
        tare_counts=config.tare_counts,
        capacity_g=config.capacity_g,
        temperature_coefficient_g_per_c=config.temperature_coefficient_g_per_c,
    )
