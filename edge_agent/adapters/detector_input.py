"""A picture made into what a network takes: scaled, kept in shape, padded; the array is kept between pictures."""

from __future__ import annotations

from typing import Literal

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from edge_agent.readings import Pixels

_MEAN_RGB, _DEVIATION_RGB = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)


class DetectorInput(msgspec.Struct, frozen=True, kw_only=True):
    """What the network takes: one picture, height and width multiples of `size_multiple`.

    `normalisation` happens here, not in the graph: `none` leaves 0…255, `unit` divides by 255, `imagenet` also takes ImageNet's mean off
    and divides by its deviation. A uint8 input has none.
    """

    name: str
    layout: Literal["NHWC", "NCHW"]
    dtype: Literal["uint8", "float32"]
    colour: Literal["BGR", "RGB"]
    normalisation: Literal["none", "unit", "imagenet"]
    size_multiple: int
    long_side: int
    pad_value: int = 114


class NetworkInput:
    """The input array for pictures of one size. `scale` turns the picture's pixels into the network's; `size` is (height, width)."""

    def __init__(self, spec: DetectorInput, long_side: int) -> None:
        self._spec = spec
        self._long_side = long_side
        self._plain = (spec.layout, spec.dtype, spec.colour) == ("NHWC", "uint8", "BGR")
        self._of = (0, 0)
        self.scale = 1.0
        self._padded: Pixels = np.zeros((1, 0, 0, 3), dtype=np.uint8)
        self._picture: Pixels = self._padded[0]
        self.array: npt.NDArray[np.uint8] | npt.NDArray[np.float32] = self._padded

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the input."""
        return self._padded.shape[1], self._padded.shape[2]

    def take(self, pixels: Pixels) -> None:
        """Scale a (height, width, 3) uint8 BGR picture into the array."""
        if (pixels.shape[0], pixels.shape[1]) != self._of:
            self._fit(pixels.shape[0], pixels.shape[1])
        cv2.resize(pixels, (self._picture.shape[1], self._picture.shape[0]), dst=self._picture, interpolation=cv2.INTER_LINEAR)
        if not self._plain:
            self.array = self._converted()

    def _converted(self) -> npt.NDArray[np.uint8] | npt.NDArray[np.float32]:
        spec, values = self._spec, self._padded
        if spec.colour == "RGB":
            values = values[..., ::-1]
        if spec.layout == "NCHW":
            values = values.transpose(0, 3, 1, 2)
        if spec.dtype == "uint8":
            return np.ascontiguousarray(values)
        real = values.astype(np.float32)
        if spec.normalisation == "none":
            return real
        real /= np.float32(255.0)
        if spec.normalisation == "imagenet":
            order = slice(None, None, 1 if spec.colour == "RGB" else -1)
            shape = (1, 3, 1, 1) if spec.layout == "NCHW" else (1, 1, 1, 3)
            real = (real - _MEAN_RGB[order].reshape(shape)) / _DEVIATION_RGB[order].reshape(shape)
        return np.ascontiguousarray(real)

    def _fit(self, height: int, width: int) -> None:
        """Make the input for this size of picture: scaled to the long side, kept in shape, padded right and below."""
        multiple = self._spec.size_multiple
        self.scale = self._long_side / max(height, width)
        inner = (max(1, round(height * self.scale)), max(1, round(width * self.scale)))
        outer = (-(-inner[0] // multiple) * multiple, -(-inner[1] // multiple) * multiple)
        self._padded = np.full((1, *outer, 3), self._spec.pad_value, dtype=np.uint8)
        self._picture = self._padded[0, : inner[0], : inner[1]]
        self.array = self._padded
        self._of = (height, width)
