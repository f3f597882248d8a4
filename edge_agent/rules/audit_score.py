"""From a person's verdicts to a camera's accuracy, with intervals that hold for a small sample.

- *Precision* is right / judged of the counted crossings: a proportion, with Wilson's score interval (Wilson, JASA 1927), which unlike
  p ± 1.96 s stays inside 0 to 1 and holds for few or no mistakes.
- *Recall* is right / (right + missed). Missed crossings come from the film that was looked at; quiet time that nobody looked at is held
  to have as many a second as the quiet time that was. Where all was looked at, recall is a proportion like precision. Else the misses of
  the rest are bounded by Garwood's exact interval for a Poisson count (Biometrika 1936). Two intervals of 97.5 % each then make one of
  95 % (Bonferroni).
- *Count accuracy* is 1 − |counted − true| / true, where true = counted × precision + missed. Its bounds follow from those of precision
  (Wilson) and of the misses (Garwood), each at 97.5 %, taken the unfavourable way round. A crossing counted the wrong way round is one
  wrong and one missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from scipy.special import gammaincinv, ndtri

from edge_agent.rules.audit_sample import AuditItem, DoorSample

METHOD = "precision: Wilson 95 %; recall: Wilson, with Garwood for what was not looked at; count: Wilson and Garwood at 97.5 % each"

Verdict = Literal["right", "nobody", "wrong_way", "unsure"]
"""Of a counted crossing: somebody crossed this way; nobody did (or it was counted before); the other way; the strip does not show it."""


class Judgement(NamedTuple):
    """What a person says of one item: a verdict where it is an event, and how many more crossed that the camera did not count."""

    number: int
    verdict: Verdict | None = None
    missed_in: int = 0
    missed_out: int = 0


class Share(NamedTuple):
    """A share with its 95 % interval, all from 0 to 1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class DoorScore:
    """How well a door is counted. `missed` were seen by the person; `missed_estimated` is for the whole film.

    None where too little was judged.
    """

    door_id: str
    counted: int
    judged: int
    right: int
    missed: int
    looked_ms: int
    quiet_ms: int
    still_ms: int
    missed_estimated: float
    precision: Share | None
    recall: Share | None
    count_accuracy: Share | None


def wilson(successes: float, trials: float, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a proportion; (0, 1) without trials."""
    if trials <= 0.0:
        return 0.0, 1.0
    z = float(ndtri(0.5 + confidence / 2.0))
    share = successes / trials
    middle = (share + z * z / (2.0 * trials)) / (1.0 + z * z / trials)
    half = z / (1.0 + z * z / trials) * (share * (1.0 - share) / trials + z * z / (4.0 * trials * trials)) ** 0.5
    # At both ends the formula gives exactly 0 and 1, which rounding would miss.
    return 0.0 if successes <= 0.0 else max(0.0, middle - half), 1.0 if successes >= trials else min(1.0, middle + half)


def garwood(events: int, confidence: float = 0.95) -> tuple[float, float]:
    """Exact interval of a Poisson mean of which `events` were seen."""
    tail = (1.0 - confidence) / 2.0
    low = float(gammaincinv(events, tail)) if events > 0 else 0.0
    return low, float(gammaincinv(events + 1, 1.0 - tail))


def score(sample: DoorSample, judgements: Sequence[Judgement]) -> DoorScore:
    """Score one door by the judgements of its items; items without one, or with an unsure verdict, count as not looked at."""
    said = {judgement.number: judgement for judgement in judgements}
    events = [(item, said[item.number]) for item in sample.items if item.kind == "event" and _is_clear(item, said)]
    quiet = [(item, said[item.number]) for item in sample.items if item.kind == "quiet" and item.number in said]
    judged = len(events)
    right = sum(judgement.verdict == "right" for _, judgement in events)
    # Who went the other way was missed that way, and invented this way.
    missed_beside = sum(_missed(judgement) + (judgement.verdict == "wrong_way") for _, judgement in events)
    missed_apart = sum(_missed(judgement) for _, judgement in quiet)
    quiet_ms = sum(item.until_ms - item.from_ms for item, _ in quiet)
    looked_ms = quiet_ms + sum(item.until_ms - item.from_ms for item, _ in events)
    parts = _Parts(sample, judged, right, missed_beside, missed_apart, quiet_ms)
    return DoorScore(
        door_id=sample.door_id,
        counted=sample.counted,
        judged=judged,
        right=right,
        missed=missed_beside + missed_apart,
        looked_ms=looked_ms,
        quiet_ms=sample.quiet_ms,
        still_ms=sample.still_ms,
        missed_estimated=parts.missed(missed_apart),
        precision=Share(right / judged, *wilson(right, judged)) if judged else None,
        recall=parts.recall(),
        count_accuracy=parts.count_accuracy(),
    )


class _Parts(NamedTuple):
    """What is known of one door."""

    sample: DoorSample
    judged: int
    right: int
    missed_beside: int
    missed_apart: int
    quiet_ms: int

    @property
    def events_scale(self) -> float:
        """Crossings counted for one judged."""
        return self.sample.counted / self.judged if self.judged else 0.0

    @property
    def quiet_scale(self) -> float:
        """Quiet time for what was looked at of it."""
        return self.sample.quiet_ms / self.quiet_ms if self.quiet_ms else 0.0

    @property
    def is_unknown(self) -> bool:
        """Whether nobody looked at a part of the film that holds something."""
        return (self.sample.counted > 0 and not self.judged) or (self.sample.quiet_ms > 0 and not self.quiet_ms)

    @property
    def is_whole(self) -> bool:
        """Whether all of the film was looked at."""
        return self.judged == self.sample.counted and self.quiet_ms == self.sample.quiet_ms

    def missed(self, apart: float) -> float:
        """Misses of the whole film, with `apart` in the quiet time looked at."""
        return self.missed_beside * max(1.0, self.events_scale) + apart * max(1.0, self.quiet_scale)

    def recall(self) -> Share | None:
        right = self.right * self.events_scale
        missed = self.missed(self.missed_apart)
        if self.is_unknown or right + missed <= 0.0:
            return None
        value = right / (right + missed)
        if self.is_whole:
            return Share(value, *wilson(self.right, self.right + missed))
        low_apart, high_apart = garwood(self.missed_apart, 0.975)
        bounds = []
        for apart in (high_apart, low_apart):
            # Proportions are judged by what was looked at: a film scaled up knows no more than its sample.
            share = right / (right + self.missed(apart)) if right + self.missed(apart) > 0.0 else 1.0
            seen = max(1.0, self.right + self.missed_beside + min(apart, self.missed_apart))
            bounds.append(wilson(share * seen, seen, 0.975))
        return Share(value, min(bounds[0][0], value), max(bounds[1][1], value))

    def count_accuracy(self) -> Share | None:
        if self.is_unknown or (self.judged == 0 and self.missed_beside + self.missed_apart == 0):
            return None
        counted = float(self.sample.counted)
        share = self.right / self.judged if self.judged else 0.0
        low_share, high_share = wilson(self.right, self.judged, 0.975) if self.judged else (0.0, 0.0)
        seen = self.missed_beside + self.missed_apart
        low_seen, high_seen = garwood(seen, 0.975)
        missed = self.missed(self.missed_apart)
        scale = missed / seen if seen else max(1.0, self.events_scale, self.quiet_scale)
        true = counted * share + missed
        least, most = counted * low_share + low_seen * scale, counted * high_share + high_seen * scale
        value = _accuracy(counted, true)
        ends = [_accuracy(counted, least), _accuracy(counted, most)]
        high = 1.0 if least <= counted <= most else max(*ends, value)
        return Share(value, min(*ends, value), high)


def _accuracy(counted: float, true: float) -> float:
    """1 − |counted − true| / true, no less than 0."""
    if true <= 0.0:
        return 1.0 if counted <= 0.0 else 0.0
    return max(0.0, 1.0 - abs(counted - true) / true)


def _is_clear(item: AuditItem, said: dict[int, Judgement]) -> bool:
    return item.number in said and said[item.number].verdict not in (None, "unsure")


def _missed(judgement: Judgement) -> int:
    return judgement.missed_in + judgement.missed_out
