"""A load cell on an HX711 that the kernel reads: the `hx711` driver of the Industrial I/O subsystem, through its files in sysfs."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from pathlib import Path

from edge_agent.errors import LoadCellSilent, SensorUnavailable
from edge_agent.readings import RawReading

SYSFS_ROOT = Path("/sys/bus/iio/devices")
DRIVER_NAME = "hx711"
RAW_ZERO = 0x800000
"""The kernel's driver flips the sign bit, so that its counts run from 0 to 2^24 - 1 and zero volts is the middle."""

_TEMPORARY = {errno.EIO, errno.ETIMEDOUT, errno.EAGAIN, errno.EBUSY, errno.EINTR}
_RETRY_S = 0.01


def find_hx711(root: Path = SYSFS_ROOT) -> list[Path]:
    """The folders of all HX711 that the kernel has, in the order of their numbers."""
    found = [folder for folder in root.glob("iio:device*") if _text(folder / "name") == DRIVER_NAME]
    return sorted(found, key=lambda folder: (len(folder.name), folder.name))


class LoadCellIio:
    """One HX711 of the kernel.

    Args:
        shelf_id: the shelf that stands on it.
        device: `iio:device0`, or its label; None: the only HX711 there is.
        monotonic_ms: the agent's clock.
        root: where sysfs lists the devices.
        channel: 0 for input A, 1 for input B.

    Raises:
        SensorUnavailable: there is no such device, or there are several and none was named.
    """

    def __init__(
        self, *, shelf_id: str, device: str | None, monotonic_ms: Callable[[], int], root: Path = SYSFS_ROOT, channel: int = 0
    ) -> None:
        self.shelf_id = shelf_id
        self._monotonic_ms = monotonic_ms
        self._folder = self._find(device, root)
        self._raw = self._folder / f"in_voltage{channel}_raw"
        self._temperature = self._folder / "in_temp_input"
        if not self._raw.exists():
            raise self._unavailable(f"{self._raw} is missing", "load the hx711 overlay (docs/wire-a-scale.md)")

    def read(self, timeout_ms: int) -> RawReading | None:
        """Wait for the next conversion: the kernel returns when the chip has one.

        Raises:
            LoadCellSilent: nothing came within `timeout_ms`.
            SensorUnavailable: the device has gone.
        """
        deadline_s = time.monotonic() + timeout_ms / 1000.0
        while True:
            try:
                counts = int(self._raw.read_text())
            except ValueError:
                pass  # The kernel was interrupted half-way; the next conversion comes in a tenth of a second.
            except OSError as error:
                if error.errno not in _TEMPORARY:
                    raise self._unavailable(f"{self._raw}: {error.strerror}", "check the overlay and the wires") from None
            else:
                return RawReading(self._monotonic_ms(), counts - RAW_ZERO, self._temperature_c())
            if time.monotonic() >= deadline_s:
                raise LoadCellSilent(shelf_id=self.shelf_id, waited_ms=timeout_ms)
            time.sleep(_RETRY_S)

    def close(self) -> None:
        """Nothing to let go of: each reading opens and closes its file."""

    def _find(self, device: str | None, root: Path) -> Path:
        found = find_hx711(root)
        if device is not None:
            for folder in found:
                if device in (folder.name, _text(folder / "label")):
                    return folder
            there = ", ".join(folder.name for folder in found) or "none"
            raise self._unavailable(f"no HX711 called {device} (there: {there})", "name one of them as iio_device, or load the overlay")
        if len(found) == 1:
            return found[0]
        if not found:
            raise self._unavailable(f"the kernel has no HX711 under {root}", "load the hx711 overlay (docs/wire-a-scale.md)")
        raise self._unavailable(f"the kernel has {len(found)} HX711", "say which with iio_device: " + ", ".join(f.name for f in found))

    def _temperature_c(self) -> float | None:
        text = _text(self._temperature)
        try:
            return float(text) / 1000.0 if text else None
        except ValueError:
            return None

    def _unavailable(self, problem: str, advice: str) -> SensorUnavailable:
        return SensorUnavailable(part=f"shelf {self.shelf_id}", problem=problem, advice=advice)


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
