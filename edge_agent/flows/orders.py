"""Brings the hub's commands to the parts of the device that they are for."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from wire_format import topics
from wire_format.commands import AnyCommand, CalibrationRequest, DeviceConfiguration, LogWanted, ShelfLight, SoftwareWanted

log = structlog.get_logger("edge_agent.orders")


class Orders:
    """Parts say what they do; whoever hears a command calls `obey`, from any thread. Nothing here waits."""

    def __init__(self) -> None:
        self._calibrations: dict[str, Callable[[CalibrationRequest], None]] = {}
        self._lights: dict[str, Callable[[ShelfLight], None]] = {}
        self._tell_log: Callable[[LogWanted], None] | None = None
        self._deploy: Callable[[DeviceConfiguration | SoftwareWanted], None] | None = None

    def calibrates(self, shelf_id: str, hear: Callable[[CalibrationRequest], None]) -> None:
        """A scale that can be calibrated from afar."""
        self._calibrations[shelf_id] = hear

    def lights(self, shelf_id: str, hear: Callable[[ShelfLight], None]) -> None:
        """A light that the hub may set."""
        self._lights[shelf_id] = hear

    def deploys(self, hear: Callable[[DeviceConfiguration | SoftwareWanted], None]) -> None:
        """Who tries new configurations and software."""
        self._deploy = hear

    def tells_log(self, hear: Callable[[LogWanted], None]) -> None:
        """Who tells the last lines of the log."""
        self._tell_log = hear

    def filters(self, store_id: str, device_id: str) -> list[str]:
        """The topics to listen to."""
        parts = [topics.calibration_filter(store_id, device_id), topics.shelf_light_filter(store_id, device_id)]
        return [*parts, *(topic(store_id, device_id) for topic in (topics.configuration, topics.software, topics.log))]

    def obey(self, command: AnyCommand) -> None:
        """Hand a command to its part. One for a shelf that this device no longer has was left at the broker long ago."""
        match command:
            case CalibrationRequest():
                hear_calibration = self._calibrations.get(command.shelf_id)
                if hear_calibration is not None:
                    hear_calibration(command)
            case DeviceConfiguration() | SoftwareWanted():
                if self._deploy is not None:
                    self._deploy(command)
            case LogWanted():
                if self._tell_log is not None:
                    self._tell_log(command)
            case ShelfLight():
                hear_light = self._lights.get(command.shelf_id)
                if hear_light is not None:
                    hear_light(command)
            case _:
                log.warning("a command that this device does not know", command=type(command).__name__)
