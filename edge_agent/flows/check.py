"""Looks at every part of a configured device: is it there, does it answer, and what to do if not. Changes nothing."""

from __future__ import annotations

import contextlib
import os
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
from msgspec import Struct

from edge_agent.adapters import outbox_file
from edge_agent.adapters.broker_link import BrokerLink
from edge_agent.adapters.clock import AgentClock
from edge_agent.adapters.host_vitals import HostVitals
from edge_agent.config import BrokerConfig, ButtonConfig, CameraConfig, EdgeConfig, LightConfig, OutboxConfig, ReaderConfig, ScaleConfig
from edge_agent.errors import BrokerUnavailable, EdgeError, OutboxUnusable, RecordingInvalid, SensorUnavailable

DISK_FREE_MIN_MB = 200.0
HOT_C = 80.0
LAMP_S = 1.0
SCALE_READINGS = 5
SCALE_TIMEOUT_MS = 2_000
READER_TIMEOUT_MS = 2_000
CAMERA_TIMEOUT_MS = 10_000
CLOCK_EARLIEST = datetime(2025, 1, 1, tzinfo=UTC)


class Finding(Struct, frozen=True, kw_only=True):
    """One part: whether it is well, what was found, and what to do if it is not."""

    part: str
    is_ok: bool
    found: str
    advice: str = ""


def check_device(config: EdgeConfig) -> list[Finding]:
    """Look at the computer, the outbox, the broker and every sensor, one after the other."""
    clock = AgentClock()
    findings = [_clock(), _computer(config), _outbox(config.outbox), _broker(config.broker)]
    findings += [_looked(f"shelf {scale.shelf_id}", partial(_scale, scale, config, clock)) for scale in config.scales]
    findings += [_looked(f"reader {reader.reader_id}", partial(_reader, reader, clock)) for reader in config.readers]
    for camera in config.cameras:
        findings.append(_looked(f"camera {camera.area_id}", partial(_camera, camera, clock)))
        findings.append(_looked(f"detector {camera.detector}", partial(_detector, camera)))
    findings += [_looked(f"button {button.button_id}", partial(_button, button)) for button in config.buttons]
    findings += [_looked(f"light {light.shelf_id}", partial(_light, light)) for light in config.lights]
    if not (config.scales or config.readers or config.cameras):
        findings.append(_not_ok("sensors", "none is configured", "add [[scales]], [[readers]] or [[cameras]] to the file"))
    return list({finding.part: finding for finding in findings}.values())


def printed(findings: list[Finding], *, as_json: bool) -> str:
    """A table for people, or JSON for machines."""
    if as_json:
        return msgspec.json.encode({"ok": all(finding.is_ok for finding in findings), "parts": findings}).decode()
    width = max(len(finding.part) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{finding.part:<{width}}  {'ok    ' if finding.is_ok else 'NOT OK'}  {finding.found}")
        if finding.advice:
            lines.append(f"{'':<{width}}          → {finding.advice}")
    wrong = sum(not finding.is_ok for finding in findings)
    return "\n".join([*lines, "", f"{wrong} of {len(findings)} parts need attention" if wrong else "all is well"])


def _looked(part: str, look: Callable[[], Finding]) -> Finding:
    """Take what a part says of itself, or what kept it from speaking."""
    try:
        return look()
    except RecordingInvalid as error:
        return _not_ok(part, str(error), "give a recording that is whole")
    except EdgeError as error:
        return _not_ok(part, getattr(error, "problem", str(error)), getattr(error, "advice", ""))
    except ImportError as error:
        return _not_ok(part, f"a library is missing ({error.name})", 'install the agent with: pip install "aislewise[edge]"')


def _ok(part: str, found: str) -> Finding:
    return Finding(part=part, is_ok=True, found=found)


def _not_ok(part: str, found: str, advice: str) -> Finding:
    return Finding(part=part, is_ok=False, found=found, advice=advice)


def _button(button: ButtonConfig) -> Finding:
    part = f"button {button.button_id}"
    if button.adapter == "simulated" or button.pin is None:
        return _ok(part, f"simulated, {len(button.presses_s)} presses")
    from edge_agent.adapters.buttons_and_lights import GpioButton

    with contextlib.closing(GpioButton(part, button.pin)) as device:
        if device.is_down():
            return _not_ok(part, f"GPIO{button.pin} is down", "let go of it, or look for a short circuit from its wire to ground")
    return _ok(part, f"GPIO{button.pin}, not pressed")


def _light(light: LightConfig) -> Finding:
    part = f"light {light.shelf_id}"
    if light.adapter == "simulated" or light.pin is None:
        return _ok(part, "simulated")
    from edge_agent.adapters.buttons_and_lights import GpioLight

    with contextlib.closing(GpioLight(part, light.pin, is_active_high=light.active_high)) as device:
        device.set(True)
        time.sleep(LAMP_S)
    return _ok(part, f"GPIO{light.pin}, was lit for {LAMP_S:g} s")


def _clock() -> Finding:
    now = datetime.now(UTC)
    told = now.strftime("%Y-%m-%d %H:%M UTC")
    if now < CLOCK_EARLIEST:
        return _not_ok(
            "clock", f"says {told}", "wait for the network time, or set it: sudo timedatectl set-ntp true (the hub corrects it meanwhile)"
        )
    return _ok("clock", told)


def _computer(config: EdgeConfig) -> Finding:
    vitals = HostVitals(_existing(Path(config.outbox.path).parent))
    temperature_c, free_mb = vitals.temperature_c(), vitals.disk_free_mb()
    told = [f"{free_mb:.0f} MB free" if free_mb is not None else "free disk unknown"]
    told += [f"{temperature_c:.0f} °C"] if temperature_c is not None else []
    if free_mb is not None and free_mb < DISK_FREE_MIN_MB:
        return _not_ok("computer", ", ".join(told), f"free {DISK_FREE_MIN_MB:.0f} MB or more on the disk of the outbox")
    if temperature_c is not None and temperature_c > HOT_C:
        return _not_ok("computer", ", ".join(told), "it is slowed down by heat: give it air or a heat sink")
    return _ok("computer", ", ".join(told))


def _outbox(config: OutboxConfig) -> Finding:
    path = Path(config.path)
    try:
        if not path.exists():
            folder = _existing(path.parent)
            with outbox_file.storage_errors(path), tempfile.TemporaryFile(dir=folder):
                pass
            return _ok("outbox", f"{path} will be made in {folder}, which can be written")
        try:
            lock = outbox_file.lock(path)
        except OutboxUnusable as error:
            if "another edge-agent" in error.problem:
                return _ok("outbox", f"{path} is in use by a running edge-agent")
            raise
        try:
            with contextlib.closing(outbox_file.connect(path)) as connection:
                waiting = connection.execute("SELECT count(*) FROM letters").fetchone()[0]
        finally:
            os.close(lock)
    except OutboxUnusable as error:
        return _not_ok("outbox", error.problem, error.advice)
    return _ok("outbox", f"{path} is sound; {waiting} of {config.capacity} rows wait for the hub")


def _existing(folder: Path) -> Path:
    folder = folder.absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _broker(config: BrokerConfig) -> Finding:
    link = BrokerLink(config, client_id=f"edge-agent-check-{secrets.token_hex(4)}")
    began = time.monotonic()
    try:
        link.connect(None)
    except BrokerUnavailable as error:
        return _not_ok("broker", f"{link.name} {error.problem}", error.advice)
    finally:
        link.close()
    return _ok("broker", f"{link.name} accepts this device ({1000 * (time.monotonic() - began):.0f} ms)")


def _scale(scale: ScaleConfig, device: EdgeConfig, clock: AgentClock) -> Finding:
    from edge_agent.flows.load_cells import load_cell_opener

    part = f"shelf {scale.shelf_id}"
    readings: list[int] = []
    with contextlib.closing(load_cell_opener(scale, clock, paced=False, device=device)()) as cell:
        while len(readings) < SCALE_READINGS and (reading := cell.read(SCALE_TIMEOUT_MS)) is not None:
            readings.append(reading.raw_counts)
    if len(readings) < SCALE_READINGS:
        return _not_ok(part, f"the recording holds {len(readings)} readings only", "give a longer recording")
    grams = [(counts - scale.tare_counts) / scale.counts_per_gram for counts in readings]
    told = f"{SCALE_READINGS} readings, {statistics.median(grams):.0f} g within {max(grams) - min(grams):.0f} g (raw {readings[-1]})"
    if len(set(readings)) == 1 and scale.adapter != "recording":
        return _not_ok(part, told, "the value does not move at all: check the converter's wires and supply")
    if abs(statistics.median(grams)) > scale.capacity_g:
        return _not_ok(part, told, f"beyond the capacity of {scale.capacity_g:.0f} g: check the wires, tare_counts and counts_per_gram")
    return _ok(part, told)


def _reader(reader: ReaderConfig, clock: AgentClock) -> Finding:
    from edge_agent.flows.scan import tag_reader_opener

    with contextlib.closing(tag_reader_opener(reader, clock, paced=False)()) as source:
        reads = source.read(READER_TIMEOUT_MS) or []
    antennas = sorted({read.antenna for read in reads})
    tags = len({read.epc for read in reads})
    heard = f"{tags} tags on antennas {', '.join(map(str, antennas))}" if reads else "no tag in front of it"
    return _ok(f"reader {reader.reader_id}", f"answers; {len(reads)} reads, {heard}")


def _camera(camera: CameraConfig, clock: AgentClock) -> Finding:
    from edge_agent.adapters.camera import open_camera

    part = f"camera {camera.area_id}"
    with contextlib.closing(open_camera(camera.source, monotonic_ms=clock.monotonic_ms)) as source:
        frame = source.next(CAMERA_TIMEOUT_MS)
    if frame is None:
        raise SensorUnavailable(part=part, problem="gives no picture", advice="check the source")
    brightness = float(frame.pixels.mean())
    told = f"{frame.pixels.shape[1]}×{frame.pixels.shape[0]}, brightness {brightness:.0f} of 255"
    if brightness < 12.0:
        return _not_ok(part, told, "the picture is dark: take the cap off, switch the light on")
    return _ok(part, told)


def _detector(camera: CameraConfig) -> Finding:
    from edge_agent.adapters.person_detector import PersonDetector

    began = time.monotonic()
    PersonDetector.load(camera.detector)
    return _ok(f"detector {camera.detector}", f"is the file the manifest names, and loads in {time.monotonic() - began:.1f} s")
