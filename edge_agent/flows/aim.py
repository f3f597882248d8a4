"""The aiming page: the live picture with people covered, and what is drawn over it written into the camera's file."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta

from edge_agent.adapters.camera import open_camera
from edge_agent.adapters.clock import AgentClock
from edge_agent.adapters.page_server import Asked, Told, told_json
from edge_agent.adapters.person_detector import PersonDetector
from edge_agent.adapters.searched_camera import FAINT_SCORE_MIN, SearchedCamera
from edge_agent.config import CameraConfig, FloorConfig, FloorPointConfig
from edge_agent.errors import EdgeError
from edge_agent.floor_config import FloorZoneConfig
from edge_agent.flows.camera_file import CameraFile, Drawing, FileChanged
from edge_agent.flows.camera_rules import floor_plane
from edge_agent.flows.covered_pictures import Coverer, LivePicture
from edge_agent.flows.guarded_page import GuardedPage, Handler
from edge_agent.flows.open_camera import load_detector
from edge_agent.readings import PictureSource
from edge_agent.rules.floor_picture import grid_picture, pixels_of, point_errors
from edge_agent.rules.floor_plane import FloorCalibrationInvalid, FloorPlane, FloorPoint
from edge_agent.rules.head_cover import Cover

COVERS: tuple[Cover, ...] = ("heads", "people", "everything")
"""From the least that may be covered to the most."""


class _Floor(msgspec.Struct, frozen=True, kw_only=True):
    points: Annotated[list[FloorPointConfig], Meta(max_length=200)]
    zones: Annotated[list[FloorZoneConfig], Meta(max_length=100)] = []


class _Places(msgspec.Struct, frozen=True, kw_only=True):
    points: Annotated[list[FloorPointConfig], Meta(max_length=200)]
    places_px: Annotated[list[tuple[float, float]], Meta(min_length=1, max_length=200)]


class AimTerms(NamedTuple):
    """What the page may show: a person who starts it can forbid the weaker covers. `size_px` is the picture's, for grid and checks."""

    least_cover: Cover = "heads"


def camera_source(config: CameraConfig, clock: AgentClock) -> Callable[[], PictureSource]:
    """How to open a real camera or film with a detector that tells of its doubts; the detector is loaded once."""
    loaded: list[PersonDetector] = []

    def open_source() -> PictureSource:
        if not loaded:
            loaded.append(load_detector(config, score_min=FAINT_SCORE_MIN))
        camera = open_camera(config.source, monotonic_ms=clock.monotonic_ms, frames_per_s=config.frames_per_s)
        return SearchedCamera(camera, loaded[0])

    return open_source


class AimDesk:
    """Answers what the page asks. Called from several threads; the file is handled by one at a time.

    Args:
        file: the camera's keys.
        live: its picture.
        finish: ends the page.
    """

    def __init__(self, file: CameraFile, live: LivePicture, finish: Callable[[], None], terms: AimTerms | None = None) -> None:
        self._file = file
        self._live = live
        self._finish = finish
        self._terms = terms if terms is not None else AimTerms()
        self._lock = threading.Lock()

    @property
    def handlers(self) -> dict[tuple[str, str], Handler]:
        """What may be asked for."""
        return {
            ("GET", "/state"): self._state,
            ("GET", "/live.jpg"): self._picture,
            ("POST", "/floor"): self._floor,
            ("POST", "/metres"): self._metres,
            ("POST", "/check"): self._check,
            ("POST", "/save"): self._save,
            ("POST", "/reload"): self._reload,
            ("POST", "/cover"): self._cover,
            ("POST", "/finish"): self._end,
        }

    def _state(self, asked: Asked) -> Told:
        with self._lock:
            config = self._file.config
            shown, problem = self._live.newest()
            return told_json(
                {
                    "camera": config.area_id,
                    "file": self._file.path.name,
                    "drawing": msgspec.to_builtins(self._file.drawing()),
                    "floor_by": self._file.floor_by,
                    "zones": True,
                    "masks": True,
                    "cell_size_m": self._file.floor_with([]).cell_size_m,
                    "score_min": config.score_min,
                    "cover": self._live.coverer.cover,
                    "covers": COVERS[COVERS.index(self._terms.least_cover) :],
                    "size_px": shown.size_px if shown is not None else None,
                    "problem": problem,
                }
            )

    def _picture(self, asked: Asked) -> Told:
        shown, problem = self._live.newest()
        if shown is None:
            return told_json({"problem": "no_picture", "detail": problem})  # A camera that begins is no fault; the page asks again.
        people = [
            [*(round(float(side), 1) for side in box), round(float(score), 2)]
            for box, score in zip(shown.people.boxes, shown.people.scores, strict=True)
        ]
        about = {"number": shown.number, "size_px": shown.size_px, "people": people, "problem": problem}
        return Told(shown.jpeg, "image/jpeg", more={"X-Picture": json.dumps(about)})

    def _floor(self, asked: Asked) -> Told:
        """How these points fit, and the grid that they lay over the picture."""
        try:
            said = msgspec.convert(asked.said, _Floor)
        except msgspec.ValidationError as error:
            return told_json({"problem": "not_understood", "detail": str(error)}, status=400)
        shown, _ = self._live.newest()
        if shown is None:
            return told_json({"problem": "no_picture"})
        points, by_points, floor = said.points, *self._floor_of(said.points)
        if by_points and len({(point.x_px, point.y_px) for point in points}) < 4:
            return told_json({"needed": 4 - len(points), "errors_m": [], "grid": []})
        try:
            plane = floor_plane(floor)
            assert plane is not None
            spots = [FloorPoint(p.x_px, p.y_px, p.x_m, p.y_m) for p in points]
            errors = point_errors(spots, self._fitted) if by_points else None
        except (EdgeError, FloorCalibrationInvalid) as error:
            return told_json({"problem": "floor", "detail": getattr(error, "problem", str(error)), "errors_m": [], "grid": []})
        around = np.array([(p.x_m, p.y_m) for p in points]) if by_points else _seen_m(plane, shown.size_px)
        grid = grid_picture(plane, around, self._file.floor_with([]).cell_size_m, shown.size_px)
        zones_px = [_finite(pixels_of(plane, np.array(zone.corners_m), shown.size_px)) for zone in said.zones]
        told: dict[str, Any] = {"needed": 0, "step_m": grid.step_m, "grid": grid.lines, "errors_m": [], "zones_px": zones_px}
        if errors is not None:
            told |= {"errors_m": errors.fitted_m, "left_out_m": errors.left_out_m, "residual_m": max(errors.fitted_m)}
        return told_json(told)

    def _floor_of(self, points: list[FloorPointConfig]) -> tuple[bool, FloorConfig | None]:
        with self._lock:
            by_points = self._file.floor_by == "points"
            return by_points, self._file.floor_with(points) if by_points else self._file.config.floor

    def _metres(self, asked: Asked) -> Told:
        """Where spots of the picture are on the plan; null beyond the floor."""
        try:
            said = msgspec.convert(asked.said, _Places)
            _, floor = self._floor_of(said.points)
            plane = floor_plane(floor)
        except (msgspec.ValidationError, EdgeError) as error:
            return told_json({"problem": "floor", "detail": getattr(error, "problem", str(error)), "metres": []})
        assert plane is not None
        return told_json({"problem": "", "metres": _finite(plane.metres(np.array(said.places_px)), decimals=2)})

    def _fitted(self, points: list[FloorPoint]) -> FloorPlane:
        if len({(point.x_px, point.y_px) for point in points}) < 4:
            raise FloorCalibrationInvalid(problem="too few points", advice="give four or more")
        configured = [FloorPointConfig(x_px=p.x_px, y_px=p.y_px, x_m=p.x_m, y_m=p.y_m) for p in points]
        try:
            plane = floor_plane(self._file.floor_with(configured))
        except EdgeError as error:
            raise FloorCalibrationInvalid(problem=str(error), advice="move the points apart") from error
        assert plane is not None
        return plane

    def _check(self, asked: Asked) -> Told:
        return self._with_drawing(asked, self._file.checked)

    def _save(self, asked: Asked) -> Told:
        return self._with_drawing(asked, self._file.save)

    def _with_drawing(self, asked: Asked, work: Callable[[Drawing], object]) -> Told:
        try:
            drawing = msgspec.convert(asked.said, Drawing)
            with self._lock:
                work(drawing)
        except msgspec.ValidationError as error:
            return told_json({"problem": "not_understood", "detail": str(error)}, status=400)
        except FileChanged as error:
            return told_json({"problem": "file_changed", "detail": str(error)}, status=409)
        except EdgeError as error:
            return told_json(
                {"problem": "not_right", "detail": getattr(error, "problem", str(error)), "field": getattr(error, "field", "")}
            )
        return told_json({"problem": ""})

    def _reload(self, asked: Asked) -> Told:
        try:
            with self._lock:
                self._file.read()
        except EdgeError as error:
            return told_json({"problem": "not_right", "detail": str(error)})
        return self._state(asked)

    def _cover(self, asked: Asked) -> Told:
        wanted = asked.said.get("cover")
        allowed = COVERS[COVERS.index(self._terms.least_cover) :]
        chosen = next((cover for cover in allowed if cover == wanted), None)
        if chosen is None:
            return told_json({"problem": "not_understood", "detail": f"cover is one of {', '.join(allowed)}"}, status=400)
        self._live.coverer.cover = chosen
        return told_json({"cover": chosen})

    def _end(self, asked: Asked) -> Told:
        self._finish()
        return told_json({})


def _finite(places: np.ndarray[Any, np.dtype[np.float64]], decimals: int = 1) -> list[tuple[float, float] | None]:
    """Places as the page takes them; null for what lies behind the camera or very far away."""
    return [(round(x, decimals), round(y, decimals)) if abs(x) < 1e5 and abs(y) < 1e5 else None for x, y in places.tolist()]


def _seen_m(plane: FloorPlane, size_px: tuple[int, int]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Some points of the floor that the lower half of the picture shows."""
    width, height = size_px
    spots = np.array([(x * width, y * height) for x in (0.1, 0.5, 0.9) for y in (0.55, 0.75, 0.95)])
    found = plane.metres(spots)
    near = found[np.isfinite(found).all(axis=1) & (np.abs(found) < 100.0).all(axis=1)]
    return near if len(near) else np.zeros((1, 2))


def aim(
    file: CameraFile,
    open_source: Callable[[], PictureSource],
    *,
    listen: tuple[str, int],
    idle_s: float,
    least_cover: Cover,
    stop: threading.Event,
    say: Callable[[str, str], None],
) -> str:
    """Serve the page until it is done; returns why it ended.

    Args:
        say: is told address and code, once the page can be opened.

    Raises:
        AddressTaken: cannot listen there.
    """
    live = LivePicture(open_source, Coverer(score_min=file.config.score_min, cover=least_cover))
    ended = threading.Event()
    desk = AimDesk(file, live, lambda: page.end("finished"), AimTerms(least_cover))
    page = GuardedPage(listen[0], listen[1], page="aim.html", handlers=desk.handlers, idle_s=idle_s)
    live.start(ended)
    try:
        say(page.address, page.code)
        return page.run(stop)
    finally:
        ended.set()
        live.join()
