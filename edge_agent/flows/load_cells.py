"""From a scale's configuration to its load cell. Each kind imports only what it needs: few devices have them all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from edge_agent.adapters.clock import AgentClock
from edge_agent.config import BrokerConfig, EdgeConfig, ScaleConfig
from edge_agent.errors import ConfigurationInvalid
from edge_agent.readings import LoadCell
from edge_agent.scale_wiring import I2C_BUS

T = TypeVar("T")


def load_cell_opener(
    scale: ScaleConfig, clock: AgentClock, *, paced: bool = True, device: EdgeConfig | None = None
) -> Callable[[], LoadCell]:
    """How to open a scale, real or recorded, again and again if need be.

    Args:
        paced: whether a recording waits for its own times.
        device: whose scale it is; an ESP32 node is heard at this device's broker.
    """
    match scale.adapter:
        case "recording":
            return lambda: _recording(scale, clock, paced=paced)
        case "gpio":
            return lambda: _gpio(scale, clock)
        case "nau7802":
            return lambda: _nau7802(scale, clock)
        case "mqtt":
            return lambda: _mqtt(scale, clock, device)
        case "iio":
            return lambda: _kernel(scale, clock)


def _recording(scale: ScaleConfig, clock: AgentClock, *, paced: bool) -> LoadCell:
    from edge_agent.adapters.load_cell_recording import LoadCellRecording

    trace = Path(_needed(scale, "recording", scale.recording))
    return LoadCellRecording(trace, shelf_id=scale.shelf_id, paced_by=clock.monotonic_ms if paced else None)


def _gpio(scale: ScaleConfig, clock: AgentClock) -> LoadCell:
    from edge_agent.adapters.load_cell_gpio import LoadCellGpio

    return LoadCellGpio(
        shelf_id=scale.shelf_id,
        clock_pin=_needed(scale, "clock_pin", scale.clock_pin),
        data_pin=_needed(scale, "data_pin", scale.data_pin),
        monotonic_ms=clock.monotonic_ms,
        rate_hz=round(scale.sample_rate_hz),
        gain=scale.gain,
    )


def _nau7802(scale: ScaleConfig, clock: AgentClock) -> LoadCell:
    from edge_agent.adapters.load_cell_nau7802 import LoadCellNau7802, open_bus

    return LoadCellNau7802(
        open_bus(I2C_BUS if scale.i2c_bus is None else scale.i2c_bus, shelf_id=scale.shelf_id),
        shelf_id=scale.shelf_id,
        monotonic_ms=clock.monotonic_ms,
        rate_hz=round(scale.sample_rate_hz),
        gain=scale.gain,
    )


def _mqtt(scale: ScaleConfig, clock: AgentClock, device: EdgeConfig | None) -> LoadCell:
    from edge_agent.adapters.broker_link import BrokerLink
    from edge_agent.adapters.load_cell_mqtt import LoadCellMqtt

    broker, name = (device.broker, f"{device.store_id}.{device.device_id}") if device is not None else (BrokerConfig(), "scale")
    return LoadCellMqtt(
        BrokerLink(broker, client_id=f"{name}.{scale.shelf_id}"),
        shelf_id=scale.shelf_id,
        topic=_needed(scale, "topic", scale.topic),
        monotonic_ms=clock.monotonic_ms,
        temperature_topic=scale.temperature_topic,
    )


def _kernel(scale: ScaleConfig, clock: AgentClock) -> LoadCell:
    from edge_agent.adapters.load_cell_iio import LoadCellIio

    return LoadCellIio(shelf_id=scale.shelf_id, device=scale.iio_device, monotonic_ms=clock.monotonic_ms)


def _needed(scale: ScaleConfig, key: str, value: T | None) -> T:
    """A key that this adapter cannot do without."""
    if value is None:
        problem = f'is missing: adapter = "{scale.adapter}" needs it'
        raise ConfigurationInvalid(path=f"scale {scale.shelf_id}", field=key, problem=problem)
    return value
