"""What sensors hand over before anything is decided: values that adapters make and rules take.

Every `…_at_ms` here is monotonic milliseconds since the start of the agent (or of the recording).
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]


class RawReading(NamedTuple):
    """One conversion of a scale's analogue-digital converter."""

    taken_at_ms: int
    raw_counts: int
    temperature_c: float | None = None


class KnownLoad(NamedTuple):
    """A known weight on a scale, and what the converter read; `known_g` 0 is the empty scale."""

    known_g: float
    raw_counts: tuple[float, ...]
    temperature_c: float | None = None
    is_unloading: bool = False


class TagRead(NamedTuple):
    """One read of one tag by one antenna. `epc` is upper-case hex; `channel` is the reader's own number for the frequency."""

    read_at_ms: int
    epc: str
    antenna: int
    rssi_dbm: float
    phase_rad: float | None = None
    channel: int | None = None


class Spot(NamedTuple):
    """A place on the store's plan, metres: x to the right, y down."""

    x_m: float
    y_m: float


class ReaderNote(NamedTuple):
    """A tag reader's word on its own health: something is not well, or well again. `antenna` None: the reader as a whole."""

    code: str
    is_well: bool
    antenna: int | None = None
    message: str = ""
    advice: str = ""


class Frame(NamedTuple):
    """A picture. `number` counts from 1; `pixels` is (height, width, 3) uint8, BGR."""

    number: int
    taken_at_ms: int
    pixels: Pixels


class Detections(NamedTuple):
    """The people found in one picture.

    `boxes`: (n, 4) float32, xyxy, pixels. `scores`: (n,) float32, 0 to 1. `number` counts from 1.
    """

    number: int
    taken_at_ms: int
    boxes: FloatArray
    scores: FloatArray


class SeenPicture(NamedTuple):
    """A picture with everything that the detector has even a faint idea of: boxes and scores as in `Detections`."""

    frame: Frame
    boxes: FloatArray
    scores: FloatArray


class PictureSource(Protocol):
    """A camera with a detector that tells of its doubts, too."""

    width_px: int
    height_px: int

    def next(self, timeout_ms: int) -> SeenPicture | None:
        """The next picture, or None when a film has ended.

        Raises:
            SensorUnavailable, RecordingInvalid: the camera is gone or stalled, or the film is broken.
        """

    def close(self) -> None:
        """Let go of the camera."""


class LoadCell(Protocol):
    """A scale, real, recorded or simulated."""

    shelf_id: str

    def read(self, timeout_ms: int) -> RawReading | None:
        """Wait for the next conversion; None when a recording has ended.

        Raises:
            LoadCellSilent: nothing came within `timeout_ms`.
            SensorUnavailable, RecordingInvalid: it is not there, or the recording is broken.
        """

    def close(self) -> None:
        """Let go of pins, files and buses."""


class TagReader(Protocol):
    """A UHF reader, real, recorded or simulated."""

    reader_id: str

    def read(self, timeout_ms: int) -> list[TagRead] | None:
        """Wait at most `timeout_ms` for reads, oldest first; None when a recording has ended.

        Raises:
            SensorUnavailable, RecordingInvalid: it is not there, or the recording is broken.
        """

    def notes(self) -> list[ReaderNote]:
        """What became unwell, or well again, since last asked."""

    def close(self) -> None:
        """Stop reading and disconnect."""


class PersonFinder(Protocol):
    """Finds people frame by frame: a camera with a detector, public boxes from a file, or the simulated camera."""

    area_id: str
    frame_width_px: int
    frame_height_px: int

    def next(self, timeout_ms: int) -> Detections | None:
        """Wait for the next frame's people; None when a recording has ended.

        Raises:
            SensorUnavailable, RecordingInvalid: it is not there, stalled, or the recording is broken.
        """

    def close(self) -> None:
        """Let go of the camera."""


class Button(Protocol):
    """A button at a shelf, real or simulated."""

    def is_down(self) -> bool:
        """Whether it is pressed now."""

    def close(self) -> None:
        """Let go of its pin."""


class Light(Protocol):
    """A light at a shelf, real or simulated."""

    def set(self, is_lit: bool) -> None:
        """Turn it on or off."""

    def close(self) -> None:
        """Turn it off and let go of its pin."""
