"""Finds people in a picture with the ONNX detector that `models/manifest.toml` names.

The picture is scaled straight into the network's input, which is kept between frames; only cells that are sure enough are decoded.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import onnxruntime

from edge_agent.adapters.detector_input import DetectorInput, NetworkInput
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


class Region(NamedTuple):
    """A rectangle of the picture, pixels: its upper left and its lower right corner."""

    x1: int
    y1: int
    x2: int
    y2: int


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
    person_class: int = 0


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
    if spec.input.dtype == "uint8" and spec.input.normalisation != "none":
        problem = f"models.{chosen}.input.normalisation {spec.input.normalisation!r} needs dtype float32"
        raise DetectorUnusable(path=str(path), problem=problem, advice='say "none", or build it into the graph as the model card says')
    return spec


class PersonDetector:
    """A loaded model. `find` is not meant for several threads at once: the input is kept between calls."""

    def __init__(
        self,
        session: onnxruntime.InferenceSession,
        spec: DetectorSpec,
        *,
        score_min: float,
        long_side: int | None,
        second_looks: Sequence[Region] = (),
    ) -> None:
        self._session = session
        self._spec = spec
        self._decode = DECODERS[spec.output_format]
        self._outputs = [*spec.score_outputs, *spec.box_outputs]
        self._score_min = score_min
        long_side = long_side or spec.input.long_side
        self._whole = NetworkInput(spec.input, long_side)
        self._second_looks = [(region, NetworkInput(spec.input, long_side)) for region in second_looks]

    @classmethod
    def load(
        cls,
        name: str = "default",
        *,
        folder: Path | None = None,
        score_min: float = 0.2,
        long_side: int | None = None,
        threads: int = 1,
        second_looks: Sequence[Region] = (),
    ) -> PersonDetector:
        """Load a model of the manifest, after checking that its file is the one the manifest speaks of.

        `long_side` overrides the manifest's: larger finds people farther away and costs more. Each of `second_looks` is searched once more
        by itself, at the network's full size: for the far end of a long room, where people are small.

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
        return cls(session, spec, score_min=score_min, long_side=long_side, second_looks=second_looks)

    def find(self, pixels: Pixels) -> tuple[FloatArray, FloatArray]:
        """Find the people in a (height, width, 3) uint8 BGR picture.

        Returns boxes (n, 4) float32, xyxy, pixels of the picture, and scores (n,) float32, surest first.
        """
        height, width = pixels.shape[:2]
        boxes, scores = self._search(pixels, self._whole)
        for region, network_input in self._second_looks:
            nearer = self._look_again(pixels, region, network_input)
            boxes, scores = np.concatenate([boxes, nearer[0]]), np.concatenate([scores, nearer[1]])
        kept = suppress(boxes, scores, self._spec.nms_iou)
        boxes = boxes[kept]
        np.clip(boxes[:, 0::2], 0, width, out=boxes[:, 0::2])
        np.clip(boxes[:, 1::2], 0, height, out=boxes[:, 1::2])
        return boxes, scores[kept]

    def _search(self, pixels: Pixels, network_input: NetworkInput) -> tuple[FloatArray, FloatArray]:
        network_input.take(pixels)
        outputs: list[FloatArray] = self._session.run(self._outputs, {self._spec.input.name: network_input.array})
        boxes, scores = self._decode(outputs, self._spec, network_input.size, self._score_min)
        return boxes / np.float32(network_input.scale), scores

    def _look_again(self, pixels: Pixels, region: Region, network_input: NetworkInput) -> tuple[FloatArray, FloatArray]:
        """Search a region alone. Who is cut by an edge that is not the picture's is left to the look at the whole."""
        height, width = pixels.shape[:2]
        x1, y1, x2, y2 = max(0, region.x1), max(0, region.y1), min(width, region.x2), min(height, region.y2)
        if x2 - x1 < 2 or y2 - y1 < 2:
            return np.zeros((0, 4), dtype=np.float32), np.zeros(0, dtype=np.float32)
        boxes, scores = self._search(pixels[y1:y2, x1:x2], network_input)
        boxes = boxes + np.array([x1, y1, x1, y1], dtype=np.float32)
        near = 0.02 * max(x2 - x1, y2 - y1)
        inner = np.array(
            [x1 if x1 > 0 else -np.inf, y1 if y1 > 0 else -np.inf, x2 if x2 < width else np.inf, y2 if y2 < height else np.inf]
        )
        whole = (boxes[:, :2] > inner[:2] + near).all(axis=1) & (boxes[:, 2:] < inner[2:] - near).all(axis=1)
        return boxes[whole].astype(np.float32), scores[whole]

    def run_network_only(self) -> None:
        """Run the network on what its input holds: the floor under every camera's cost, for the benchmark."""
        self._session.run(self._outputs, {self._spec.input.name: self._whole.array})
