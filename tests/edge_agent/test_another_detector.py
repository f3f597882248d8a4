"""A detector of one's own: a small network in YOLOX's output format, brought by nothing but a manifest entry.

The network is real ONNX, run by onnxruntime: it takes float RGB pictures, channels first, and finds what is red.
"""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest

from edge_agent.adapters.person_detector import DetectorUnusable, PersonDetector

STRIDE = 8
Value = int | float | str | bytes | list[int]


def field(number: int, value: Value) -> bytes:
    """One field of a protocol buffer."""
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, list):
        return b"".join(field(number, item) for item in value)
    content = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    head, rest = value & 0x7F, value >> 7
    return bytes([head | 0x80]) + varint(rest) if rest else bytes([head])


def node(kind: str, inputs: list[str], output: str, **attributes: int | list[int]) -> bytes:
    body = b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, kind)
    for name, value in attributes.items():
        tail = field(8, value) + field(20, 7) if isinstance(value, list) else field(3, value) + field(20, 2)
        body += field(5, field(1, name) + tail)
    return field(1, body)


def constant(name: str, values: np.ndarray) -> bytes:
    kind = 7 if values.dtype == np.int64 else 1
    return field(5, field(1, list(values.shape)) + field(2, kind) + field(8, name) + field(9, values.tobytes()))


def stream(number: int, name: str, shape: list[str]) -> bytes:
    dimensions = b"".join(field(1, field(2, size) if not size.isdigit() else field(1, int(size))) for size in shape)
    return field(number, field(1, name) + field(2, field(1, field(1, 1) + field(2, dimensions))))


def red_finder() -> bytes:
    """Per cell of 8 pixels: its redness as objectness, and always a box two cells wide and five cells high around its centre."""
    mix = np.array([1.0, -1.0, 0.0], dtype=np.float32).reshape(1, 3, 1, 1)  # Red less green.
    spread = np.zeros((6, 1, 1, 1), dtype=np.float32)
    spread[4] = 20.0
    offset = np.array([0.5, 0.5, np.log(2.0), np.log(5.0), -10.0, 20.0], dtype=np.float32)
    nodes = [
        node("Conv", ["picture", "mix"], "redness", kernel_shape=[1, 1]),
        node("AveragePool", ["redness"], "cells", kernel_shape=[STRIDE, STRIDE], strides=[STRIDE, STRIDE]),
        node("Conv", ["cells", "spread", "offset"], "six", kernel_shape=[1, 1]),
        node("Reshape", ["six", "flat"], "rows"),
        node("Transpose", ["rows"], "output", perm=[0, 2, 1]),
    ]
    constants = [constant("mix", mix), constant("spread", spread), constant("offset", offset), constant("flat", np.array([1, 6, -1]))]
    ports = [stream(11, "picture", ["1", "3", "height", "width"]), stream(12, "output", ["1", "cells", "6"])]
    graph = b"".join([*nodes, field(2, "red_finder"), *constants, *ports])
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 13))


ENTRY = """
format = 1
default = "red_finder"

[models.red_finder]
file = "red_finder.onnx"
sha256 = "{sha256}"
output_format = "yolox"
strides = [8]
score_outputs = []
box_outputs = ["output"]
score_activation = "sigmoid"

[models.red_finder.input]
name = "picture"
layout = "NCHW"
dtype = "float32"
colour = "{colour}"
normalisation = "unit"
size_multiple = 32
long_side = 320
"""


def folder_with(tmp_path: Path, colour: str = "RGB") -> Path:
    content = red_finder()
    (tmp_path / "red_finder.onnx").write_bytes(content)
    (tmp_path / "manifest.toml").write_text(ENTRY.format(sha256=hashlib.sha256(content).hexdigest(), colour=colour))
    return tmp_path


def picture_with_red(x: int, y: int) -> np.ndarray:
    pixels = np.full((240, 320, 3), 60, dtype=np.uint8)
    pixels[y : y + STRIDE, x : x + STRIDE] = (0, 0, 255)
    return pixels


@pytest.mark.parametrize("scale", [1, 2])
def test_another_detector_finds_what_it_was_made_to_find_in_the_pictures_own_pixels(tmp_path: Path, scale: int) -> None:
    detector = PersonDetector.load(folder=folder_with(tmp_path), score_min=0.5)
    boxes, scores = detector.find(np.repeat(np.repeat(picture_with_red(160, 120), scale, axis=0), scale, axis=1))
    assert len(boxes) == 1
    assert scores[0] > 0.9
    left, top, right, bottom = boxes[0] / scale
    assert (right - left, bottom - top) == pytest.approx((16, 40), abs=0.5)
    assert abs((left + right) / 2 - 160) <= STRIDE
    assert abs((top + bottom) / 2 - 120) <= STRIDE


def test_the_colour_order_of_the_manifest_is_kept(tmp_path: Path) -> None:
    """Told that it takes BGR, a network made for RGB gets blue where it looks for red, and finds nothing."""
    detector = PersonDetector.load(folder=folder_with(tmp_path, colour="BGR"), score_min=0.5)
    assert len(detector.find(picture_with_red(160, 120))[0]) == 0


@pytest.mark.parametrize(
    ("was", "becomes", "says"),
    [
        ('layout = "NCHW"', 'layout = "CHWN"', "input.layout"),
        ('dtype = "float32"', 'dtype = "uint8"', "needs dtype float32"),
        ('output_format = "yolox"', 'output_format = "yolo99"', "this agent decodes: boxes, nanodet, yolox"),
    ],
)
def test_an_entry_that_cannot_be_used_is_told_with_what_can(tmp_path: Path, was: str, becomes: str, says: str) -> None:
    manifest = folder_with(tmp_path) / "manifest.toml"
    manifest.write_text(manifest.read_text().replace(was, becomes))
    with pytest.raises(DetectorUnusable, match=says):
        PersonDetector.load(folder=tmp_path)
