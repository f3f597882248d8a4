"""Wires an edge agent: the only place where parts learn of each other."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import structlog

from deployment.keeper import STATE_VARIABLE
from edge_agent.adapters.broker_link import BrokerLink
from edge_agent.adapters.clock import AgentClock
from edge_agent.adapters.host_vitals import HostVitals
from edge_agent.adapters.outbox import Outbox
from edge_agent.config import CameraConfig, EdgeConfig, ReaderConfig, ScaleConfig
from edge_agent.errors import RecordingsBroken
from edge_agent.flows.audit_letters import AuditPickup
from edge_agent.flows.fault_board import FaultBoard
from edge_agent.flows.health import HealthTeller
from edge_agent.flows.orders import Orders
from edge_agent.flows.recorder import Recorder
from edge_agent.flows.tell_log import TellLog
from edge_agent.flows.tending import TendedThread
from edge_agent.flows.uplink import Uplink
from edge_agent.flows.uplink_talk import UplinkPace
from service_manager import ServiceManager

if TYPE_CHECKING:
    from edge_agent.flows.credentials import Credentials
    from edge_agent.flows.scale_care import ScaleCare

Work = tuple[str, Callable[[threading.Event], None]]
"""What a user calls a part, and what its thread does."""

SENSORS_STOP_S = 2.0
STOP_S = 4.5
BROKEN_CODES = ("recording_broken", "recording_invalid", "configuration_invalid")
LOOK_EVERY_S = 0.5

log = structlog.get_logger("edge_agent")


class DeviceLink(NamedTuple):
    """What every device has, whatever it senses: an outbox, a way into it and a way from it to the hub."""

    outbox: Outbox
    faults: FaultBoard
    record: Recorder
    uplink: Uplink
    credentials: Credentials | None = None


def open_device(config: EdgeConfig, clock: AgentClock, *, pace: UplinkPace | None = None, orders: Orders | None = None) -> DeviceLink:
    """Open the outbox of a device and wire its uplink. Nothing connects yet.

    Args:
        orders: where the hub's commands go; None where nothing obeys any, as in a simulated shop.

    Raises:
        OutboxUnusable: the file cannot be opened or written, or another agent has it.
    """
    faults = FaultBoard(clock.wall_ms)
    outbox = Outbox(Path(config.outbox.path), capacity=config.outbox.capacity)
    if outbox.set_aside is not None:
        message = f"the outbox was damaged and {outbox.lost_to_damage} of its observations lost; it is kept as {outbox.set_aside.name}"
        faults.raise_fault("outbox", "outbox_was_damaged", message, "check the SD card; a power cut must not do this")
    teller = HealthTeller(
        device_id=config.device_id,
        clock=clock,
        outbox=outbox,
        faults=faults,
        vitals=HostVitals(outbox.path.parent),
        parts=part_names(config),
    )
    credentials = _credentials(config, faults)
    uplink = Uplink(
        outbox=outbox,
        link=BrokerLink(config.broker, client_id=client_id(config)),
        store_id=config.store_id,
        device_id=config.device_id,
        teller=teller,
        clock=clock,
        faults=faults,
        pace=(pace if pace is not None else UplinkPace())._replace(health_every_s=config.health_every_s),
        listen_to=() if orders is None else orders.filters(config.store_id, config.device_id),
        on_command=None if orders is None else orders.obey,
        claim=None if credentials is None else credentials.claim,
    )
    return DeviceLink(outbox, faults, Recorder(outbox, faults), uplink, credentials)


def client_id(config: EdgeConfig) -> str:
    """The device's name at the broker; with a certificate, one that only the holder of its key knows."""
    if config.broker.hub is None:
        return f"{config.store_id}.{config.device_id}"
    from edge_agent.adapters.identity import secret_suffix

    return f"{config.store_id}.{config.device_id}{secret_suffix(config.broker.key_file)}"


def _credentials(config: EdgeConfig, faults: FaultBoard) -> Credentials | None:
    if config.broker.hub is None:
        return None
    from edge_agent.flows.credentials import Credentials

    return Credentials(config.broker, faults=faults, claimed=Path(config.outbox.path).with_suffix(".claimed"))


def part_names(config: EdgeConfig) -> list[str]:
    """What a device consists of, as its health message and its faults call it."""
    shelves = [f"shelf {scale.shelf_id}" for scale in config.scales]
    readers = [f"reader {reader.reader_id}" for reader in config.readers]
    buttons = [f"button {button.button_id}" for button in config.buttons]
    lights = [f"light {light.shelf_id}" for light in config.lights]
    return [*shelves, *readers, *(f"camera {camera.area_id}" for camera in config.cameras), *buttons, *lights]


class EdgeAgent:
    """A configured device: a thread for each of its sensors, one for the disk and one for the hub.

    Args:
        config: what the device's file says.
        config_file: the file itself, into which new calibrations go; without it a scale is not calibrated while it runs.
        recorded_s_ago: None in a shop. Otherwise recordings count as begun so long ago and are read as fast as they can be.

    Raises:
        OutboxUnusable: see `open_device`.
    """

    def __init__(self, config: EdgeConfig, *, config_file: Path | None = None, recorded_s_ago: float | None = None) -> None:
        self._config = config
        self._config_file = config_file
        self._is_paced = recorded_s_ago is None
        self._clock = AgentClock(started_ms_ago=round(1000 * (recorded_s_ago or 0.0)))
        self._orders = Orders()
        self._link = open_device(config, self._clock, orders=self._orders)
        self._cares: dict[str, ScaleCare] = {}
        self._sensing, self._sending = threading.Event(), threading.Event()
        faults = self._link.faults
        self._sensors = [TendedThread(part, work, stop=self._sensing, faults=faults) for part, work in self._works()]
        audits = AuditPickup(self._link.outbox, self._clock, faults, device_id=config.device_id)
        self._orders.tells_log(TellLog(config.device_id, self._link.record, self._clock).hear)
        self._stop_event = threading.Event()
        self.is_to_start_again = False
        flows = (self._link.record, audits, self._link.uplink)
        senders: list[Work] = [*((flow.name, flow.run) for flow in flows), *self._deploying()]
        if (credentials := self._link.credentials) is not None:
            senders.append((credentials.name, credentials.run))
        self._senders = [TendedThread(part, work, stop=self._sending, faults=faults) for part, work in senders]

    def run(self, stop: threading.Event, *, until_booked: bool = False) -> None:
        """Run until `stop` is set, or (`until_booked`) until all recordings have ended and the hub has booked all they held.

        Raises:
            RecordingsBroken: with `until_booked`, when all that could be read is booked, but not everything could be read.
        """
        self._stop_event = stop
        log.info("edge agent starts", device_id=self._config.device_id, parts=part_names(self._config), boot_id=self._clock.boot_id)
        for thread in (*self._sensors, *self._senders):
            thread.start()
        manager = ServiceManager()
        manager.ready()
        while not stop.wait(LOOK_EVERY_S):
            manager.alive()
            for thread in (*self._sensors, *self._senders):
                thread.look()
            if until_booked and self._is_all_booked():
                log.info("all recordings have ended and the hub has booked all they held")
                break
        manager.stopping()
        self._stop()
        broken = [f"{fault.part}: {fault.message}" for fault in self._link.faults.current() if fault.code in BROKEN_CODES]
        if until_booked and broken and not stop.is_set():
            raise RecordingsBroken(problems=broken)

    def _is_all_booked(self) -> bool:
        return all(sensor.is_over for sensor in self._sensors) and self._link.record.held == 0 and self._link.outbox.depth == 0

    def _stop(self) -> None:
        """Sensors first, so that the last they say is written; then the disk and the hub. Within 5 s, whatever hangs."""
        began = time.monotonic()
        self._sensing.set()
        _join(self._sensors, began + SENSORS_STOP_S)
        self._sending.set()
        _join(self._senders, began + STOP_S)
        left = self._link.outbox.depth
        self._link.outbox.close()
        log.info("edge agent has stopped", not_yet_booked=left)

    def _deploying(self) -> list[Work]:
        """Who tries what the hub sends: only where a keeper can take it back."""
        state_file, file = os.environ.get(STATE_VARIABLE), self._config_file
        if not state_file or file is None:
            return []
        from edge_agent.flows.deploy import Deploy

        link = self._link
        deploy = Deploy(
            self._config,
            config_file=file,
            state_file=Path(state_file),
            outbox=link.outbox,
            record=link.record,
            clock=self._clock,
            faults=link.faults,
            start_again=self._start_again,
        )
        self._orders.deploys(deploy.hear)
        return [(deploy.name, deploy.run)]

    def _start_again(self) -> None:
        self.is_to_start_again = True
        self._stop_event.set()

    def _works(self) -> list[Work]:
        scales = [(f"shelf {scale.shelf_id}", self._weigh(scale)) for scale in self._config.scales]
        readers = [(f"reader {reader.reader_id}", self._scan(reader)) for reader in self._config.readers]
        cameras = [(f"camera {camera.area_id}", self._watch(camera)) for camera in self._config.cameras]
        return [*scales, *readers, *cameras, *self._signals()]

    def _signals(self) -> list[Work]:
        """Buttons and lights, where there are any: after the scales, which they zero."""
        config = self._config
        if not config.buttons and not config.lights:
            return []
        from edge_agent.flows.shelf_signals import ShelfSignals

        signals = ShelfSignals(
            config, record=self._link.record, clock=self._clock, faults=self._link.faults, orders=self._orders, cares=self._cares
        )
        return [(signals.name, signals.run)]

    # Each imports what it needs: a scale's Pi must not hold OpenCV in its memory.

    def _weigh(self, scale: ScaleConfig) -> Callable[[threading.Event], None]:
        from edge_agent.flows.load_cells import load_cell_opener
        from edge_agent.flows.weigh import WeighFlow

        open_cell = load_cell_opener(scale, self._clock, paced=self._is_paced, device=self._config)
        link, device_id = self._link, self._config.device_id
        care = self._care_for(scale)
        return lambda stop: WeighFlow(
            open_cell, scale if care is None else care.scale, link.record, self._clock, link.faults, device_id=device_id, care=care
        ).run(stop)

    def _care_for(self, scale: ScaleConfig) -> ScaleCare | None:
        """Who calibrates and zeroes a live scale."""
        from edge_agent.adapters.calibration_memory import CalibrationMemory
        from edge_agent.flows.calibrate import write_scale
        from edge_agent.flows.scale_care import ScaleCare

        file = self._config_file
        if file is None:
            return None
        care = ScaleCare(
            scale,
            device_id=self._config.device_id,
            record=self._link.record,
            clock=self._clock,
            faults=self._link.faults,
            memory=CalibrationMemory(self._link.outbox.path.parent, scale.shelf_id),
            keep=lambda numbers: write_scale(file, scale.shelf_id, numbers),
        )
        self._orders.calibrates(scale.shelf_id, care.hear)
        self._cares[scale.shelf_id] = care
        return care

    def _scan(self, reader: ReaderConfig) -> Callable[[threading.Event], None]:
        from edge_agent.flows.scan import ScanFlow, tag_reader_opener

        open_reader = tag_reader_opener(reader, self._clock, paced=self._is_paced)
        link, device_id = self._link, self._config.device_id
        return lambda stop: ScanFlow(open_reader, reader, link.record, self._clock, link.faults, device_id=device_id).run(stop)

    def _watch(self, camera: CameraConfig) -> Callable[[threading.Event], None]:
        from edge_agent.flows.open_camera import camera_opener
        from edge_agent.flows.watch import WatchFlow

        open_finder = camera_opener(camera, self._clock)
        link, device_id = self._link, self._config.device_id
        return lambda stop: WatchFlow(open_finder, camera, link.record, self._clock, link.faults, device_id=device_id).run(stop)


def _join(threads: Sequence[TendedThread], deadline: float) -> None:
    for thread in threads:
        if not thread.join(max(0.0, deadline - time.monotonic())):
            log.warning("did not stop in time", part=thread.part)
