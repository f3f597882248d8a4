"""The person detector: its manifest, its decoders, and people in real pictures."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.tracking_scores import overlaps, read_mot
from edge_agent.adapters.camera import Film
from edge_agent.adapters.detector_outputs import decode_boxes, decode_nanodet, suppress
from edge_agent.adapters.person_detector import DetectorUnusable, PersonDetector, models_folder


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A copy of the models that may be spoilt."""
    for name in ("manifest.toml", "person_detector_int8.onnx"):
        shutil.copy(models_folder() / name, tmp_path / name)
    return tmp_path


def test_a_model_that_is_not_the_one_in_the_manifest_is_refused(models: Path) -> None:
    path = models / "person_detector_int8.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    with pytest.raises(DetectorUnusable, match="sha256 differs") as caught:
        PersonDetector.load(folder=models)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda folder: (folder / "person_detector_int8.onnx").unlink(), "not there"),
        (lambda folder: (folder / "manifest.toml").unlink(), "no manifest"),
        (lambda folder: (folder / "manifest.toml").write_text("models = ["), "mend the manifest"),
        (lambda folder: (folder / "manifest.toml").write_text('default = "x"\n[models.y]\n'), "knows no model 'x'"),
        (
            lambda folder: (folder / "manifest.toml").write_text(
                (folder / "manifest.toml").read_text().replace('output_format = "nanodet"', 'output_format = "star"')
            ),
            "'star' is not known",
        ),
    ],
)
def test_a_spoilt_models_folder_is_told_with_advice(models: Path, spoil: object, says: str) -> None:
    assert callable(spoil)
    spoil(models)
    with pytest.raises(DetectorUnusable, match=says):
        PersonDetector.load(folder=models)


def test_people_are_found_in_a_picture_and_in_its_own_pixels_whatever_its_shape(shared_data: Path) -> None:
    """The same picture, whole and with a broad black border: letterboxing must not move the boxes."""
    folder = shared_data / "footfall" / "pets09_s2l1"
    frame = Film(str(folder / "video.avi")).next(0)
    assert frame is not None
    truth = read_mot(folder / "gt_frames_1_400.txt", last_frame=1)[1].boxes
    detector = PersonDetector.load()
    wide = np.zeros((576, 1000, 3), dtype=np.uint8)
    wide[:, 100:868] = frame.pixels
    for pixels, shift in ((frame.pixels, 0.0), (wide, 100.0)):
        boxes, scores = detector.find(pixels)
        sure = boxes[scores >= 0.5].astype(float) - np.array([shift, 0.0, shift, 0.0])
        assert overlaps(truth, sure).max(axis=1).min() > 0.5
        assert (boxes >= 0).all()
        assert (boxes[:, 2] <= pixels.shape[1]).all()
        assert (boxes[:, 3] <= pixels.shape[0]).all()


@pytest.mark.parametrize("model", ["person_detector", "person_detector_int8"])
def test_nobody_is_found_where_nobody_is(model: str) -> None:
    chance = np.random.default_rng(7)
    slope = np.linspace(0, 255, 640, dtype=np.uint8)
    pictures = {
        "dark": np.zeros((480, 640, 3), dtype=np.uint8),
        "grey": np.full((480, 640, 3), 128, dtype=np.uint8),
        "slope": np.broadcast_to(slope[None, :, None], (480, 640, 3)).copy(),
        "noise": chance.integers(0, 256, (480, 640, 3), dtype=np.uint8),
        "boards": np.repeat(np.repeat(chance.integers(0, 256, (12, 16, 3), dtype=np.uint8), 40, axis=0), 40, axis=1),
    }
    detector = PersonDetector.load(model)
    for name, pixels in pictures.items():
        _, scores = detector.find(pixels)
        assert not (scores >= 0.5).any(), name


@pytest.mark.parametrize("model", ["person_detector", "person_detector_int8"])
def test_nobody_is_found_on_the_empty_square(shared_data: Path, model: str) -> None:
    """The film's middle value at each pixel: everybody walks, so it shows the square without people."""
    film = Film(str(shared_data / "footfall" / "pets09_s2l1" / "video.avi"))
    frames = []
    for number in range(600):
        frame = film.next(0)
        assert frame is not None
        if number % 20 == 0:
            frames.append(frame.pixels)
    square = np.median(np.stack(frames), axis=0).astype(np.uint8)
    _, scores = PersonDetector.load(model).find(square)
    assert not (scores >= 0.5).any()


def test_nanodet_cells_decode_to_the_boxes_they_mean() -> None:
    layout = SimpleNamespace(strides=[8], reg_max=3, score_activation="none")
    scores = np.zeros((1, 4 * 6, 1), dtype=np.float32)
    scores[0, 6 + 2] = 0.9  # Row 1, column 2: centre (20, 12).
    sides = np.full((1, 4 * 6, 16), -50.0, dtype=np.float32)
    for side, bin_index in enumerate((1, 0, 2, 3)):
        sides[0, 6 + 2, side * 4 + bin_index] = 50.0
    boxes, found = decode_nanodet([scores, sides], layout, (32, 48), 0.5)
    assert np.allclose(boxes, [[20 - 8, 12 - 0, 20 + 16, 12 + 24]], atol=1e-3)
    assert np.allclose(found, [0.9])


def test_a_detector_that_answers_boxes_plainly_decodes_too() -> None:
    layout = SimpleNamespace(strides=[], reg_max=0, score_activation="sigmoid")
    scores = np.array([[-3.0, 2.0]], dtype=np.float32)
    boxes, found = decode_boxes([scores, np.array([[[0, 0, 1, 1], [5, 5, 9, 9]]], dtype=np.float32)], layout, (32, 32), 0.5)
    assert boxes.tolist() == [[5, 5, 9, 9]]
    assert found[0] == pytest.approx(0.8808, abs=1e-3)


def test_of_boxes_that_overlap_the_surest_stays() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 1, 11, 11], [30, 30, 40, 40]], dtype=np.float32)
    assert suppress(boxes, np.array([0.5, 0.9, 0.4], dtype=np.float32), 0.5).tolist() == [1, 2]
    assert suppress(boxes[:0], np.zeros(0, dtype=np.float32), 0.5).tolist() == []
