"""Follows people from frame to frame: first the sure boxes, then the unsure ones, then nobody for a while.

What it tells is `settle_s` late on purpose. By then a person who was hidden behind a pillar has been found again and the gap is bridged,
a flicker has been seen to be one, and each place is smoothed from both sides. Counts go out by the minute, so nobody misses those seconds.

The association is after ByteTrack (Zhang et al., ECCV 2022) and OC-SORT (Cao et al., CVPR 2023), on `(x, foot, width, height)`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from edge_agent.readings import Detections
from edge_agent.rules.assignment import pair, surprise
from edge_agent.rules.motion import Floats, Indices, Motion, MotionRule, boxes_of, feet
from edge_agent.rules.scene_scale import SceneScale, SceneScaleRule
from edge_agent.rules.track_history import TrackHistory


@dataclass(frozen=True, slots=True)
class TrackingRule:
    """When boxes are people, whose they are, and how long a hidden person is remembered.

    `score_sure`: a box this sure may begin a track; `score_min`: a box this sure may prolong one, if it was seen within `unsure_s`.
    `surprise_max…`: how far from where it is awaited a box may lie, as squared standard deviations over place and size plus the price of a
    vague expectation: of a sure box for a believed track, of an unsure one, and of any for a track not believed yet.
    `memory_s`: how long a hidden person is waited for. `settle_s`: how late the story is told. A track is believed with `boxes_min`
    boxes over `span_min_s`, of `score_mean_min` on average, in at least `seen_share_min` of the frames of its life: a ghost between two
    people has fewer. `learn_after_heights`: a person teaches the picture's scale anew after moving so far. `reunite…`: a newcomer is
    somebody lost before if, walked back to the moment of the loss, they are within this many heights (and so many more for each second of
    the gap) and of the same height, as a log ratio.
    """

    score_sure: float = 0.5
    score_min: float = 0.2
    unsure_s: float = 1.0
    unsure_doubt: float = 3.0
    surprise_max: float = 15.5
    surprise_max_unsure: float = 6.0
    surprise_max_unbelieved: float = 8.0
    memory_s: float = 2.0
    settle_s: float = 2.0
    boxes_min: int = 3
    span_min_s: float = 0.45
    score_mean_min: float = 0.45
    seen_share_min: float = 0.4
    learn_after_heights: float = 0.25
    reunite_reach: float = 0.3
    reunite_reach_per_s: float = 0.3
    reunite_growth_max: float = 0.2
    tracks_max: int = 200
    motion: MotionRule = field(default_factory=MotionRule)
    scale: SceneScaleRule = field(default_factory=SceneScaleRule)


class TrackedPeople(NamedTuple):
    """Who was where in one frame.

    `ids`: (n,) int64. `boxes`: (n, 4) float64, xyxy, pixels, smoothed. `confidence`: (n,), the box's score; 0 where the person was hidden.
    """

    number: int
    taken_at_ms: int
    ids: npt.NDArray[np.int64]
    boxes: Floats
    confidence: Floats


class Tracker:
    """Takes each frame's boxes, oldest first; answers with the people of the frames that have settled since."""

    def __init__(self, rule: TrackingRule) -> None:
        self._rule = rule
        self._motion = Motion(rule.motion)
        self._scale = SceneScale(rule.scale)
        self._history = TrackHistory(settle_s=rule.settle_s)
        self._ids: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._begun_at_ms: Floats = np.zeros(0)
        self._seen_at_ms: Floats = np.zeros(0)
        self._boxes_seen: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._score_sum: Floats = np.zeros(0)
        self._is_new: npt.NDArray[np.bool_] = np.zeros(0, dtype=bool)
        self._last_place: Floats = np.zeros((0, 4))
        self._taught_at: Floats = np.zeros((0, 2))
        self._frames_lived: Floats = np.zeros((0, 2))  # Until now, and until last seen.
        self._next_id = 1
        self._now_ms: int | None = None

    def take(self, detections: Detections) -> list[TrackedPeople]:
        """Follow everybody into this frame and tell the frames that are `settle_s` old, oldest first."""
        now_ms = detections.taken_at_ms
        elapsed_s = 0.0 if self._now_ms is None else max(0.0, (now_ms - self._now_ms) / 1000.0)
        self._now_ms = now_ms
        self._motion.predict(elapsed_s)
        self._forget(now_ms)
        self._history.begin_frame(detections.number, now_ms)
        self._frames_lived[:, 0] += 1.0
        places, scores = feet(detections.boxes), np.asarray(detections.scores, dtype=np.float64)
        # Two people in one box: it may prolong a track, but it begins none.
        scores = np.where(self._scale.too_tall(places), np.minimum(scores, 0.9 * self._rule.score_sure), scores)
        rows, columns = self._associate(places, scores, now_ms)
        self._prolong(rows, places[columns], scores[columns], now_ms)
        newcomers = np.ones(len(places), dtype=bool)
        newcomers[columns] = False
        newcomers &= scores >= self._rule.score_sure
        if newcomers.any():
            self._begin(places[newcomers], scores[newcomers], now_ms)
        self._reunite(now_ms)
        return self._settled(now_ms - self._rule.settle_s * 1000.0)

    def finish(self) -> list[TrackedPeople]:
        """Tell every frame that has not been told: the recording has ended."""
        return self._settled(np.inf)

    def _associate(self, places: Floats, scores: Floats, now_ms: int) -> tuple[Indices, Indices]:
        """Pair tracks (rows) and boxes (columns): the believed with sure boxes first, then with unsure ones, then the others."""
        rule = self._rule
        cost = surprise(self._motion.place, self._motion.innovation_variance(), self._motion.vagueness(), places)
        believed = self._believed()
        sure = scores >= rule.score_sure
        unsure = (scores >= rule.score_min) & ~sure
        in_view = self._seen_at_ms >= now_ms - 1000.0 * rule.unsure_s
        stages = (
            (believed, sure, rule.surprise_max),
            (believed & in_view, unsure, rule.surprise_max_unsure),
            (~believed, sure | unsure, rule.surprise_max_unbelieved),
        )
        free_rows, free_columns = np.ones(len(self._ids), dtype=bool), np.ones(len(places), dtype=bool)
        found: list[tuple[Indices, Indices]] = []
        for whose, which, cost_max in stages:
            rows, columns = (whose & free_rows).nonzero()[0], (which & free_columns).nonzero()[0]
            if len(rows) == 0 or len(columns) == 0:
                continue
            r, c = pair(cost[rows[:, None], columns], cost_max)
            found.append((rows[r], columns[c]))
            free_rows[rows[r]] = False
            free_columns[columns[c]] = False
        nobody = np.zeros(0, dtype=np.intp)
        return np.concatenate([nobody, *(f[0] for f in found)]), np.concatenate([nobody, *(f[1] for f in found)])

    def _believed(self) -> npt.NDArray[np.bool_]:
        rule = self._rule
        spans_ms = self._seen_at_ms - self._begun_at_ms
        return np.asarray((self._boxes_seen >= rule.boxes_min) & (spans_ms >= 1000.0 * rule.span_min_s))

    def _prolong(self, rows: Indices, places: Floats, scores: Floats, now_ms: int) -> None:
        if len(rows) == 0:
            return
        # An unsure box is most often a person half hidden, and off by the hidden half.
        doubt = np.maximum(1.0, self._rule.score_sure / np.maximum(scores, 0.05))[:, None] ** self._rule.unsure_doubt
        self._motion.correct(rows, places, doubt)
        self._seen_at_ms[rows] = now_ms
        self._boxes_seen[rows] += 1
        self._score_sum[rows] += scores
        self._last_place[rows] = self._motion.place[rows]
        self._frames_lived[rows, 1] = self._frames_lived[rows, 0]
        self._history.record(rows, places, scores)
        moved = (np.abs(places[:, :2] - self._taught_at[rows]) >= self._rule.learn_after_heights * places[:, 3:]).any(axis=1)
        moved &= scores >= self._rule.score_sure
        if moved.any():
            self._taught_at[rows[moved]] = places[moved, :2]
            self._scale.learn(places[moved])

    def _begin(self, places: Floats, scores: Floats, now_ms: int) -> None:
        room = max(0, self._rule.tracks_max - len(self._ids))
        places, scores = places[:room], scores[:room]
        count = len(places)
        first = len(self._ids)
        self._motion.add(places)
        self._history.add(count)
        self._ids = np.concatenate([self._ids, np.arange(self._next_id, self._next_id + count)])
        self._begun_at_ms = np.concatenate([self._begun_at_ms, np.full(count, float(now_ms))])
        self._seen_at_ms = np.concatenate([self._seen_at_ms, np.full(count, float(now_ms))])
        self._boxes_seen = np.concatenate([self._boxes_seen, np.ones(count, dtype=np.int64)])
        self._score_sum = np.concatenate([self._score_sum, scores])
        self._is_new = np.concatenate([self._is_new, np.ones(count, dtype=bool)])
        self._last_place = np.concatenate([self._last_place, places])
        self._taught_at = np.concatenate([self._taught_at, places[:, :2]])
        self._frames_lived = np.concatenate([self._frames_lived, np.ones((count, 2))])
        self._next_id += count
        self._history.record(np.arange(first, first + count), places, scores)

    def _forget(self, now_ms: int) -> None:
        """Let go of whom nobody has seen for long, once the story of their last box is told."""
        keep = self._seen_at_ms >= now_ms - 1000.0 * max(self._rule.memory_s, self._rule.settle_s) - 1.0
        if not keep.all():
            self._keep(keep)

    def _reunite(self, now_ms: int) -> None:
        """Where somebody new has just become believed, ask where they came from: most likely they are one who was lost from sight there.

        Forward in time a hidden person may turn anywhere; backward, the newcomer's own speed tells.
        """
        rule = self._rule
        if not self._is_new.any():
            return
        newcomers = np.flatnonzero(self._is_new & self._believed())
        if len(newcomers) == 0:
            return
        self._is_new[newcomers] = False
        lost = np.flatnonzero(~self._is_new & (self._seen_at_ms < now_ms) & self._believed())
        gap_s = (self._begun_at_ms[newcomers][None] - self._seen_at_ms[lost][:, None]) / 1000.0
        back_s = (now_ms - self._seen_at_ms[lost])[:, None] / 1000.0
        place, speed = self._motion.place[newcomers], self._motion.speed[newcomers]
        apart = place[None, :, :2] - back_s[:, :, None] * speed[None, :, :2] - self._last_place[lost][:, None, :2]
        height = self._last_place[lost][:, None, 3]
        reach = rule.reunite_reach + rule.reunite_reach_per_s * np.maximum(gap_s, 0.0)
        cost = np.hypot(apart[..., 0], apart[..., 1]) / (height * reach)
        grown = np.abs(np.log(place[None, :, 3] / height))
        possible = (gap_s > 0.0) & (gap_s <= rule.memory_s) & (grown < rule.reunite_growth_max)
        rows, columns = pair(np.where(possible, cost, np.inf), 1.0)
        keep = np.ones(len(self._ids), dtype=bool)
        for old, new in zip(lost[rows], newcomers[columns], strict=True):
            self._merge(int(old), int(new))
            keep[new] = False
        if not keep.all():
            self._keep(keep)

    def _merge(self, old: int, new: int) -> None:
        self._motion.copy(new, old)
        self._history.merge(old, new)
        for values in (self._seen_at_ms, self._last_place):
            values[old] = values[new]
        self._boxes_seen[old] += self._boxes_seen[new]
        self._score_sum[old] += self._score_sum[new]
        self._frames_lived[old, 1] = self._frames_lived[old, 0] - (self._frames_lived[new, 0] - self._frames_lived[new, 1])

    def _keep(self, keep: npt.NDArray[np.bool_]) -> None:
        self._motion.keep(keep)
        self._history.keep(keep)
        self._ids = self._ids[keep]
        self._begun_at_ms, self._seen_at_ms = self._begun_at_ms[keep], self._seen_at_ms[keep]
        self._boxes_seen, self._score_sum = self._boxes_seen[keep], self._score_sum[keep]
        self._is_new, self._last_place = self._is_new[keep], self._last_place[keep]
        self._taught_at, self._frames_lived = self._taught_at[keep], self._frames_lived[keep]

    def _settled(self, until_ms: float) -> list[TrackedPeople]:
        rule = self._rule
        shown_at_all = self._believed() & (self._score_sum >= rule.score_mean_min * self._boxes_seen)
        shown_at_all &= self._boxes_seen >= rule.seen_share_min * self._frames_lived[:, 1]
        told = []
        for frame in self._history.settle(until_ms):
            shown = frame.present & shown_at_all
            told.append(
                TrackedPeople(frame.number, frame.taken_at_ms, self._ids[shown], boxes_of(frame.places[shown]), frame.confidence[shown])
            )
        return told
