"""The shipped models are the ones the manifest describes."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

MODELS = Path(__file__).parents[2] / "models"
MANIFEST = tomllib.loads((MODELS / "manifest.toml").read_text(encoding="utf-8"))
ENTRIES: dict[str, dict[str, Any]] = MANIFEST["models"]
SOME_SIZES = [(320, 416), (288, 512), (64, 32)]


def load(entry: dict[str, Any]) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(MODELS / entry["file"], options, providers=["CPUExecutionProvider"])


@pytest.fixture(params=sorted(ENTRIES))
def entry(request: pytest.FixtureRequest) -> dict[str, Any]:
    return ENTRIES[request.param]


def test_the_default_model_is_one_of_the_models() -> None:
    assert MANIFEST["default"] in ENTRIES


def test_every_model_file_in_the_folder_is_in_the_manifest() -> None:
    assert {path.name for path in MODELS.glob("*.onnx")} == {entry["file"] for entry in ENTRIES.values()}


def test_the_file_has_the_sha256_of_the_manifest(entry: dict[str, Any]) -> None:
    assert hashlib.sha256((MODELS / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]


def test_the_person_class_is_labelled_person(entry: dict[str, Any]) -> None:
    assert entry["labels"][entry["person_class"]] == "person"


def test_the_input_is_the_one_of_the_manifest(entry: dict[str, Any]) -> None:
    [actual] = load(entry).get_inputs()
    expected = entry["input"]
    dtype = f"tensor({expected['dtype']})"
    assert (actual.name, actual.shape, actual.type) == (expected["name"], expected["shape"], dtype)


def test_the_outputs_are_the_ones_of_the_manifest(entry: dict[str, Any]) -> None:
    names = [output.name for output in load(entry).get_outputs()]
    assert names == entry["score_outputs"] + entry["box_outputs"]


def test_each_stride_has_one_score_and_one_box_output(entry: dict[str, Any]) -> None:
    assert len(entry["strides"]) == len(entry["score_outputs"]) == len(entry["box_outputs"])


@pytest.mark.parametrize(("height", "width"), SOME_SIZES)
def test_a_picture_of_any_allowed_size_gives_one_row_a_cell(entry: dict[str, Any], height: int, width: int) -> None:
    names = entry["score_outputs"] + entry["box_outputs"]
    picture = np.random.default_rng(7).integers(0, 256, (1, height, width, 3), dtype=np.uint8)
    outputs = load(entry).run(names, {entry["input"]["name"]: picture})
    cells = [(height // stride) * (width // stride) for stride in entry["strides"]]
    classes, bins = len(entry["labels"]), 4 * (entry["reg_max"] + 1)
    expected = [(1, n, classes) for n in cells] + [(1, n, bins) for n in cells]
    assert [output.shape for output in outputs] == expected


def test_scores_lie_between_zero_and_one_without_further_activation(entry: dict[str, Any]) -> None:
    picture = np.random.default_rng(8).integers(0, 256, (1, 320, 416, 3), dtype=np.uint8)
    scores = load(entry).run(entry["score_outputs"], {entry["input"]["name"]: picture})
    assert all(((score >= 0) & (score <= 1)).all() for score in scores)
