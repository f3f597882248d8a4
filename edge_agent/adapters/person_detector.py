"""Finds people in a picture with the ONNX detector that `models/manifest.toml` names.

The picture is scaled straight into the network's input, which is kept between frames; only cells that are sure enough are decoded.
"""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import onnxruntime

from edge_agent.adapters.detector_outputs import DECODERS, suppress
from edge_agent.errors import EdgeError
from edge_agent.readings import FloatArray, Pixels

_MANIFEST = "manifest.toml"


class DetectorUnusable(EdgeError):
    """The person detector cannot be loaded: its file is missing, changed or of a kind this agent does not know."""

    exit_code = 4

    def __init__(self, *, path: str, problem: str, advice: str) -> None:
        super().__init__(f"person detector {path}: {problem}; {advice}")
        self.path = path
        self.problem = problem
        self.advice = advice


class DetectorInput(msgspec.Struct, frozen=True, kw_only=True):
    """What the network takes: one uint8 BGR picture, height and width multiples of `size_multiple`."""

    name: str
    layout: str
    dtype: str
    colour: str
    normalisation: str
    size_multiple: int
    long_side: int
    pad_value: int = 114


class DetectorSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A model's entry in the manifest; what the agent does not need is ignored."""

    file: str
    sha256: str
    output_format: str
    score_outputs: list[str]
    box_outputs: list[str]
    input: DetectorInput
    strides: list[int] = []
    reg_max: int = 0
    score_activation: str = "none"
    nms_iou: float = 0.5


def models_folder() -> Path:
    """Where the models lie: beside the package in a wheel, in the repository's `models` in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "models"
    return installed if (installed / _MANIFEST).is_file() else package.parent / "models"


def read_spec(name: str, folder: Path) -> DetectorSpec:
    """Look a model up in the manifest; `default` is the one the manifest calls so.

    Raises:
        DetectorUnusable: no manifest, no such model, or an entry that cannot be used.
    """
    path = folder / _MANIFEST
    try:
        manifest: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DetectorUnusable(path=str(path), problem="no manifest", advice="install the package with its models again") from error
    except tomllib.TOMLDecodeError as error:
        raise DetectorUnusable(path=str(path), problem=str(error), advice="mend the manifest") from error
    models = manifest.get("models", {})
    chosen = str(manifest.get("default", "")) if name == "default" else name
    if chosen not in models:
        known = ", ".join(sorted(models))
        raise DetectorUnusable(path=str(path), problem=f"knows no model {chosen!r}", advice=f"set detector to one of: {known}")
    try:
        spec = msgspec.convert(models[chosen], DetectorSpec)
    except msgspec.ValidationError as error:
        raise DetectorUnusable(path=str(path), problem=f"models.{chosen}: {error}", advice="mend the manifest") from error
    if spec.output_format not in DECODERS:
        known = ", ".join(sorted(DECODERS))
        raise DetectorUnusable(
            path=str(path), problem=f"output format {spec.output_format!r} is not known", advice=f"this agent decodes: {known}"
        )
    if (spec.input.layout, spec.input.dtype, spec.input.colour, spec.input.normalisation) != ("NHWC", "uint8", "BGR", "none"):
        raise DetectorUnusable(
            path=str(path), problem=f"models.{chosen}.input is not NHWC uint8 BGR", advice="convert the model as the model card says"
        )
    return spec


class PersonDetector:
    """A loaded model. `find` is not meant for several threads at once: the input is kept between calls."""

    def __init__(self, session: onnxruntime.InferenceSession, spec: DetectorSpec, *, score_min: float, long_side: int | None) -> None:
        self._session = session
        self._spec = spec
        self._decode = DECODERS[spec.output_format]
        self._outputs = [*spec.score_outputs, *spec.box_outputs]
        self._score_min = score_min
        self._long_side = long_side or spec.input.long_side
        self._frame_size = (0, 0)
        self._scale = 1.0
        self._input: Pixels = np.zeros((1, 0, 0, 3), dtype=np.uint8)
        self._picture: Pixels = self._input[0]

    @classmethod
    def load(
        cls, name: str = "default", *, folder: Path | None = None, score_min: float = 0.2, long_side: int | None = None, threads: int = 1
    ) -> PersonDetector:
        """Load a model of the manifest, after checking that its file is the one the manifest speaks of.

        `long_side` overrides the manifest's: larger finds people farther away and costs more.

        Raises:
            DetectorUnusable: manifest or model missing, changed or not understood.
        """
        folder = folder or models_folder()
        spec = read_spec(name, folder)
        path = folder / spec.file
        try:
            content = path.read_bytes()
        except OSError as error:
            raise DetectorUnusable(path=str(path), problem="not there", advice="install the package with its models again") from error
        if hashlib.sha256(content).hexdigest() != spec.sha256:
            raise DetectorUnusable(path=str(path), problem="not the file the manifest names (sha256 differs)", advice="restore it")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises classes of its own that it does not export
            raise DetectorUnusable(path=str(path), problem=f"onnxruntime refuses it ({error})", advice="update onnxruntime") from error
        return cls(session, spec, score_min=score_min, long_side=long_side)

    def find(self, pixels: Pixels) -> tuple[FloatArray, FloatArray]:
        """Find the people in a (height, width, 3) uint8 BGR picture.

        Returns boxes (n, 4) float32, xyxy, pixels of the picture, and scores (n,) float32, surest first.
        """
        height, width = pixels.shape[:2]
        boxes, scores = self._decode(self.raw(pixels), self._spec, self._input.shape[1:3], self._score_min)
        kept = suppress(boxes, scores, self._spec.nms_iou)
        boxes = boxes[kept] / self._scale
        np.clip(boxes[:, 0::2], 0, width, out=boxes[:, 0::2])
        np.clip(boxes[:, 1::2], 0, height, out=boxes[:, 1::2])
        return boxes, scores[kept]

    def raw(self, pixels: Pixels) -> list[FloatArray]:
        """Scale the picture into the network's input and run it: the outputs as they come, scores first."""
        if (pixels.shape[0], pixels.shape[1]) != self._frame_size:
            self._fit(pixels.shape[0], pixels.shape[1])
        cv2.resize(pixels, (self._picture.shape[1], self._picture.shape[0]), dst=self._picture, interpolation=cv2.INTER_LINEAR)
        outputs: list[FloatArray] = self._session.run(self._outputs, {self._spec.input.name: self._input})
        return outputs

    def run_network_only(self) -> None:
        """Run the network on what its input holds: the floor under every camera's cost, for the benchmark."""
        self._session.run(self._outputs, {self._spec.input.name: self._input})

    def _fit(self, height: int, width: int) -> None:
        """Make the input for this size of picture: scaled to the long side, kept in shape, padded right and below."""
        multiple = self._spec.input.size_multiple
        self._scale = self._long_side / max(height, width)
        inner = (max(1, round(height * self._scale)), max(1, round(width * self._scale)))
        outer = (-(-inner[0] // multiple) * multiple, -(-inner[1] // multiple) * multiple)
        self._input = np.full((1, *outer, 3), self._spec.input.pad_value, dtype=np.uint8)
        self._picture = self._input[0, : inner[0], : inner[1]]
        self._frame_size = (height, width)
