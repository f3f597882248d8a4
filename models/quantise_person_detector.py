"""Rebuild ``person_detector_int8.onnx`` from ``person_detector.onnx``: static int8 quantisation, QDQ.

This is a maintainer's tool: nothing that runs in a shop needs it.

Environment (Python 3.11, throw-away)::

    onnx==1.23.2
    onnxruntime==1.32.0
    numpy==2.4.6
    opencv-python-headless==5.0.0.93

The committed file was calibrated on PETS09-S2L1 from its 401st frame on (its first 400 are kept for measuring) and on
the two store clips named in MODEL_CARD.md, from the folder that holds them::

    python quantise_person_detector.py person_detector.onnx --out person_detector_int8.onnx \\
        --film video.avi:400:16 --film store-aisle-detection.gif:7:8 --film worker-zone-detection.gif:7:8

Weights are 7 bits wide (``reduce_range``), so that the products cannot overflow on x86 processors without VNNI. The
input's preparation, the three last convolutions (scores and boxes) and what follows them stay in float32.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

WIDTH, HEIGHT = 416, 320
PAD_GREY = 114
FLOAT_OPS = {"Sigmoid", "Split", "Reshape", "Transpose", "Cast", "Sub"}

Image = NDArray[np.uint8]


def letterbox(frame: Image) -> Image:
    """Fit the frame into the calibration size, keeping its aspect, on grey."""
    rows, cols = frame.shape[:2]
    scale = min(WIDTH / cols, HEIGHT / rows)
    width, height = round(cols * scale), round(rows * scale)
    left, top = (WIDTH - width) // 2, (HEIGHT - height) // 2
    canvas: Image = np.full((HEIGHT, WIDTH, 3), PAD_GREY, dtype=np.uint8)
    canvas[top : top + height, left : left + width] = cv2.resize(frame, (width, height))
    return canvas


def film_frames(film: str) -> Iterator[Image]:
    """Yield the letterboxed frames of ``path:first:step``, counting frames from 0."""
    path, first, step = film.rsplit(":", 2)
    capture = cv2.VideoCapture(path)
    if not capture.isOpened():
        raise SystemExit(f"quantise_person_detector: cannot open {path}")
    index = 0
    while True:
        ok, frame = capture.read()
        if not ok:
            break
        if index >= int(first) and (index - int(first)) % int(step) == 0:
            yield letterbox(np.asarray(frame, dtype=np.uint8))
        index += 1
    capture.release()


class Frames(CalibrationDataReader):  # type: ignore[misc]
    """Hands the calibration pictures over one at a time."""

    def __init__(self, films: list[str]) -> None:
        self.pictures = (picture for film in films for picture in film_frames(film))

    def get_next(self) -> dict[str, Image] | None:
        picture = next(self.pictures, None)
        return None if picture is None else {"image": picture[None]}


def float_nodes(model: onnx.ModelProto) -> list[str]:
    """The nodes that stay in float32."""
    heads = {node.input[0] for node in model.graph.node if node.op_type == "Split"}
    return [node.name for node in model.graph.node if node.op_type in FLOAT_OPS or node.output[0] in heads]


def main() -> int:
    parser = argparse.ArgumentParser(description="Rebuild person_detector_int8.onnx from person_detector.onnx.")
    parser.add_argument("model", type=Path, help="person_detector.onnx")
    parser.add_argument("--out", type=Path, default=Path("person_detector_int8.onnx"), help="where to write the result")
    parser.add_argument("--film", action="append", required=True, help="a film as path:first:step; repeatable")
    arguments = parser.parse_args()
    quantize_static(
        arguments.model,
        arguments.out,
        Frames(arguments.film),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod.MinMax,
        nodes_to_exclude=float_nodes(onnx.load(str(arguments.model))),
    )
    data = arguments.out.read_bytes()
    print(f"{arguments.out}  {len(data)} bytes  sha256 {hashlib.sha256(data).hexdigest()}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
