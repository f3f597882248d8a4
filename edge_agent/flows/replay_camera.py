"""Runs a film, or somebody else's boxes, through the very code that watches a live camera."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple, TextIO

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from edge_agent.adapters.camera import CameraPersonFinder, Film
from edge_agent.adapters.public_detections import PublicDetections
from edge_agent.config import CameraConfig, LineConfig
from edge_agent.errors import EdgeError
from edge_agent.flows.camera_rules import footfall_watcher
from edge_agent.flows.open_camera import load_detector, person_finder
from edge_agent.readings import Detections, PersonFinder
from edge_agent.rules.doorway import Crossing
from edge_agent.rules.floor_zones import ZonesTold
from edge_agent.rules.footfall import FootfallEvents, FootfallWatcher
from edge_agent.rules.tracking import TrackedPeople
from wire_format.observations import FloorCell

_FRAMES_PER_S = 25.0  # Of public boxes that come without a film and without a configuration.


class OutputUnwritable(EdgeError, OSError):
    """A result file cannot be written."""

    exit_code = 5

    def __init__(self, *, path: str, problem: str) -> None:
        super().__init__(f"{path}: cannot be written ({problem}); choose another place or make room")
        self.path = path
        self.problem = problem


class LineTotal(msgspec.Struct, frozen=True, kw_only=True):
    """Crossings of one line."""

    people_in: int
    people_out: int


class UselessPictures(msgspec.Struct, frozen=True, kw_only=True):
    """From `first_frame` to `last_frame` pictures were of no use: `code` and `message` say why, as the health message would."""

    code: str
    message: str
    advice: str
    first_frame: int
    last_frame: int


class ZoneSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One zone over the film; of a queue also the waits that ended."""

    visits: int = 0
    person_s: float = 0.0
    stopped: int = 0
    stopped_s: float = 0.0
    waits: int = 0
    waited_s: float = 0.0


class ReplaySummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay found. `cells` is the dwell of the whole film on the floor grid; empty without a floor."""

    frames: int
    people: int
    lines: dict[str, LineTotal]
    cells: list[FloorCell]
    cell_size_m: float
    outside_plan_person_s: float
    took_s: float
    frames_per_s: float
    useless_pictures: list[UselessPictures] = []
    zones: dict[str, ZoneSummary] = {}


class _Opened(NamedTuple):
    finder: PersonFinder
    frames: int


def replay_camera(
    video: Path | None,
    *,
    config: CameraConfig | None = None,
    lines: Sequence[LineConfig] = (),
    detections: Path | None = None,
    tracks_out: Path | None = None,
    counts_out: Path | None = None,
    progress: bool = True,
) -> ReplaySummary:
    """Follow the people of a film from its first frame to its last, faster than real time.

    Args:
        video: the film; with `detections` it only tells size, speed and length, and may be None.
        config: the camera's configuration; sane defaults without.
        lines: door lines besides those of the configuration.
        detections: boxes in MOT format instead of the detector's.
        tracks_out: MOT lines `frame,id,left,top,width,height,confidence,-1,-1,-1`, by frame, from 1.
        counts_out: CSV `line,frame,direction` with that heading, by frame.
        progress: show a bar on stderr.

    Raises:
        RecordingInvalid: film or boxes cannot be read to the end; what could be read has been written.
        ConfigurationInvalid, DetectorUnusable, OutputUnwritable: as they say.
    """
    config = config or CameraConfig(area_id="replay", source=str(video))
    watcher = footfall_watcher(config, extra_lines=lines, interval_s=1e9)
    opened = open_replay(video, detections, config)
    tally = _Tally([*config.lines, *lines])
    begun = time.perf_counter()
    with ExitStack() as stack:
        stack.callback(opened.finder.close)
        results = stack.enter_context(_Results(tracks_out, counts_out))
        try:
            for events in watch_replay(opened, watcher, progress=progress):
                tally.take(events)
                tally.look(opened.finder)
                results.take(events)
        finally:
            # A film that breaks off has been watched so far: its last people count, too.
            events = watcher.finish()
            tally.take(events)
            results.take(events)
    took_s = time.perf_counter() - begun
    return tally.summary(took_s, config.floor.cell_size_m if config.floor is not None else 0.5)


def open_replay(video: Path | None, detections: Path | None, config: CameraConfig) -> _Opened:
    film = Film(str(video), frames_per_s=config.frames_per_s) if video is not None or detections is None else None
    if detections is None:
        assert film is not None
        try:
            detector = load_detector(config)
        except EdgeError:
            film.close()
            raise
        return _Opened(person_finder(config, film, detector), film.frames_promised)
    frames_per_s = film.frames_per_s if film is not None else config.frames_per_s or _FRAMES_PER_S
    size_px = (film.width_px, film.height_px) if film is not None else None
    count = film.frames_promised if film is not None else None
    if film is not None:
        film.close()
    boxes = PublicDetections(detections, area_id=config.area_id, frames_per_s=frames_per_s, frame_size_px=size_px, frame_count=count)
    return _Opened(boxes, boxes.frame_count)


def watch_replay(opened: _Opened, watcher: FootfallWatcher, *, progress: bool) -> Iterator[FootfallEvents]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not progress) as bar:
        task = bar.add_task("frames", total=opened.frames or None)
        while (found := _next(opened.finder)) is not None:
            yield watcher.take(found)
            bar.advance(task)


def _next(finder: PersonFinder) -> Detections | None:
    return finder.next(timeout_ms=10_000)


class _Tally:
    """Adds up what the summary says."""

    def __init__(self, lines: Sequence[LineConfig]) -> None:
        self._counts = {line.door_id: {"in": 0, "out": 0} for line in lines}
        self._people: set[int] = set()
        self._frames = 0
        self._cells: dict[tuple[int, int], float] = {}
        self._outside_person_s = 0.0
        self._looked = 0
        self._useless: list[UselessPictures] = []
        self._zones: dict[str, ZoneSummary] = {}

    def look(self, finder: PersonFinder) -> None:
        """Note whether the picture just watched was of use."""
        self._looked += 1
        fault = finder.picture_fault if isinstance(finder, CameraPersonFinder) else None
        if fault is None:
            return
        before = self._useless[-1] if self._useless else None
        if before is not None and (before.code, before.last_frame) == (fault.code, self._looked - 1):
            self._useless[-1] = msgspec.structs.replace(before, last_frame=self._looked)
        else:
            self._useless.append(UselessPictures(**fault._asdict(), first_frame=self._looked, last_frame=self._looked))

    def take(self, events: FootfallEvents) -> None:
        self._frames += len(events.people)
        for people in events.people:
            self._people.update(people.ids.tolist())
        for crossing in events.crossings:
            self._counts[crossing.door_id][crossing.direction] += 1
        for interval in events.intervals:
            self._outside_person_s += interval.outside_plan_person_s
            for cell in interval.cells:
                place = (cell.column, cell.row)
                self._cells[place] = self._cells.get(place, 0.0) + cell.person_s
            self._add_zones(interval.zones)

    def _add_zones(self, told: ZonesTold) -> None:
        for name, total in told.zones.items():
            had, queue = self._zones.get(name, ZoneSummary()), told.queues.get(name)
            self._zones[name] = ZoneSummary(
                visits=had.visits + total.entries,
                person_s=had.person_s + total.person_ms / 1000,
                stopped=had.stopped + total.stopped,
                stopped_s=had.stopped_s + total.stopped_ms / 1000,
                waits=had.waits + (queue.waits if queue is not None else 0),
                waited_s=had.waited_s + (queue.waited_ms / 1000 if queue is not None else 0.0),
            )

    def summary(self, took_s: float, cell_size_m: float) -> ReplaySummary:
        return ReplaySummary(
            frames=self._frames,
            people=len(self._people),
            lines={name: LineTotal(people_in=c["in"], people_out=c["out"]) for name, c in self._counts.items()},
            cells=[FloorCell(column, row, round(s, 3)) for (column, row), s in sorted(self._cells.items())],
            cell_size_m=cell_size_m,
            outside_plan_person_s=round(self._outside_person_s, 3),
            took_s=round(took_s, 3),
            frames_per_s=round(self._frames / max(took_s, 1e-9), 1),
            useless_pictures=self._useless,
            zones=self._zones,
        )


class _Results:
    """The two result files, written as the story settles; the crossings in order of their frames, at the end."""

    def __init__(self, tracks_out: Path | None, counts_out: Path | None) -> None:
        self._tracks_out = tracks_out
        self._counts_out = counts_out
        self._crossings: list[Crossing] = []
        self._files = ExitStack()

    def __enter__(self) -> _Results:
        self._tracks = self._create(self._tracks_out)
        self._counts = self._create(self._counts_out)
        return self

    def take(self, events: FootfallEvents) -> None:
        self._crossings += events.crossings
        if self._tracks is not None:
            for people in events.people:
                self._tracks.writelines(_mot_lines(people))

    def __exit__(self, *_: object) -> None:
        if self._counts is not None:
            table = csv.writer(self._counts, lineterminator="\n")
            table.writerow(["line", "frame", "direction"])
            table.writerows([c.door_id, c.number, c.direction] for c in sorted(self._crossings, key=lambda c: (c.number, c.door_id)))
        self._files.close()

    def _create(self, path: Path | None) -> TextIO | None:
        if path is None:
            return None
        try:
            return self._files.enter_context(path.open("w", encoding="utf-8", newline=""))
        except OSError as error:
            self._files.close()
            raise OutputUnwritable(path=str(path), problem=error.strerror or str(error)) from error


def _mot_lines(people: TrackedPeople) -> Iterator[str]:
    for person, (left, top, right, bottom), confidence in zip(people.ids, people.boxes, people.confidence, strict=True):
        yield f"{people.number},{person},{left:.2f},{top:.2f},{right - left:.2f},{bottom - top:.2f},{confidence:.3f},-1,-1,-1\n"
