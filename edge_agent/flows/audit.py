"""An audit of a camera's counts: strips on a page, or verdicts from a file; then accuracy with its interval, and a letter to the hub."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from edge_agent.adapters.clock import AgentClock
from edge_agent.adapters.page_server import Asked, Told, told_json
from edge_agent.errors import EdgeError
from edge_agent.flows.audit_film import AuditFilm, StripFrame
from edge_agent.flows.guarded_page import GuardedPage, Handler
from edge_agent.rules.audit_score import METHOD, DoorScore, Judgement, Share, Verdict, score
from wire_format.identifiers import DeviceId
from wire_format.observations import CameraAudited, Estimate

MISSED_MAX = 99
_Missed = Annotated[int, Meta(ge=0, le=MISSED_MAX)]


class VerdictSaid(msgspec.Struct, frozen=True, kw_only=True):
    """What a person says of one item, in a file or from the page. `verdict` belongs to events only."""

    number: Annotated[int, Meta(ge=1)]
    verdict: Verdict | None = None
    missed_in: _Missed = 0
    missed_out: _Missed = 0


class VerdictFile(msgspec.Struct, frozen=True, kw_only=True):
    """Verdicts to be repeated; what else an audit's report says is ignored. `fingerprint` names the sample they were given for."""

    fingerprint: str
    verdicts: Annotated[list[VerdictSaid], Meta(max_length=100_000)]


class ItemTold(msgspec.Struct, frozen=True, kw_only=True):
    """An item as the report lists it; seconds of the film."""

    number: int
    door_id: str
    kind: str
    from_s: float
    until_s: float
    at_s: float
    direction: str | None


class DoorTold(msgspec.Struct, frozen=True, kw_only=True):
    """A door's score as the report and the page tell it."""

    door_id: str
    counted: int
    judged: int
    right: int
    missed: int
    missed_estimated: float
    looked_s: float
    quiet_s: float
    still_s: float
    precision: Estimate | None
    recall: Estimate | None
    count_accuracy: Estimate | None


class AuditReport(msgspec.Struct, frozen=True, kw_only=True):
    """All that an audit found. It holds the verdicts, so that it can be given back with --verdicts."""

    area_id: str
    film_s: float
    seed: int
    fingerprint: str
    method: str
    doors: list[DoorTold]
    items: list[ItemTold]
    verdicts: list[VerdictSaid]
    left_for_the_hub_in: str | None = None


class VerdictsInvalid(EdgeError, ValueError):
    """A file of verdicts cannot be used with this film."""

    exit_code = 3

    def __init__(self, *, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


class Audit:
    """Verdicts as they come in, and what they amount to. Called from several threads.

    Args:
        film: what is judged.
        area_id: the camera's.
        seed: of the film's sample.
    """

    def __init__(self, film: AuditFilm, *, area_id: str, seed: int) -> None:
        self.film = film
        self._area_id = area_id
        self._seed = seed
        self._items = {item.number: item for item in film.items}
        self._said: dict[int, VerdictSaid] = {}
        self._lock = threading.Lock()

    def say(self, said: VerdictSaid) -> str:
        """Take a verdict in place of an earlier one; returns what is wrong with it, or nothing."""
        item = self._items.get(said.number)
        if item is None:
            return f"there is no item {said.number}; they are 1 to {len(self._items)}"
        if (item.kind == "event") != (said.verdict is not None):
            return f"item {said.number} is {'a crossing and needs' if item.kind == 'event' else 'a quiet stretch and has no'} verdict"
        with self._lock:
            self._said[said.number] = said
        return ""

    def read(self, path: Path) -> None:
        """Take the verdicts of a file.

        Raises:
            VerdictsInvalid: it cannot be read, is for another sample, or names what is not there.
        """
        try:
            content = msgspec.json.decode(path.read_bytes(), type=VerdictFile)
        except OSError as error:
            raise VerdictsInvalid(path=str(path), problem=f"cannot be read ({error.strerror or error})") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise VerdictsInvalid(path=str(path), problem=f"is no file of verdicts: {error}") from error
        if content.fingerprint != self.film.fingerprint:
            problem = (
                f"its verdicts are for sample {content.fingerprint}, but this film, configuration and seed make {self.film.fingerprint}; "
                "give those that they were given for, or judge anew"
            )
            raise VerdictsInvalid(path=str(path), problem=problem)
        for said in content.verdicts:
            if problem := self.say(said):
                raise VerdictsInvalid(path=str(path), problem=problem)

    def scores(self) -> list[DoorScore]:
        """Each door's accuracy by the verdicts so far."""
        with self._lock:
            judgements = [Judgement(said.number, said.verdict, said.missed_in, said.missed_out) for said in self._said.values()]
        return [score(sample, judgements) for sample in self.film.samples]

    def report(self, *, left_in: str | None = None) -> AuditReport:
        """All of it."""
        with self._lock:
            verdicts = [self._said[number] for number in sorted(self._said)]
        return AuditReport(
            area_id=self._area_id,
            film_s=round(self.film.film_ms / 1000.0, 3),
            seed=self._seed,
            fingerprint=self.film.fingerprint,
            method=METHOD,
            doors=[_told(door) for door in self.scores()],
            items=[
                ItemTold(
                    number=item.number, door_id=item.door_id, kind=item.kind, from_s=item.from_ms / 1000, until_s=item.until_ms / 1000,
                    at_s=item.at_ms / 1000, direction=item.direction,
                )
                for item in self.film.items
            ],
            verdicts=verdicts,
            left_for_the_hub_in=left_in,
        )  # fmt: skip

    def letters(self, clock: AgentClock, *, device_id: DeviceId) -> list[CameraAudited]:
        """What the hub should hear: a letter for each door of which anything was judged."""
        now_ms = clock.wall_ms()
        return [
            CameraAudited(
                device_id=device_id,
                boot_id=clock.boot_id,
                monotonic_ms=clock.monotonic_ms(),
                observed_at_ms=now_ms,
                area_id=self._area_id,
                door_id=door.door_id,
                audited_at_ms=now_ms,
                film_ms=self.film.film_ms,
                looked_ms=door.looked_ms,
                counted=door.counted,
                judged=door.judged,
                right=door.right,
                missed=door.missed,
                precision=_estimate(door.precision),
                recall=_estimate(door.recall),
                count_accuracy=_estimate(door.count_accuracy),
                method=METHOD,
            )
            for door in self.scores()
            if door.judged or door.looked_ms
        ]


class AuditDesk:
    """Answers what the page asks."""

    def __init__(self, audit: Audit, strips: Mapping[int, Sequence[StripFrame]], finish: Callable[[], None]) -> None:
        self._audit = audit
        self._strips = strips
        self._finish = finish

    @property
    def handlers(self) -> dict[tuple[str, str], Handler]:
        """What may be asked for."""
        return {
            ("GET", "/state"): self._state,
            ("GET", "/crop.jpg"): self._crop,
            ("POST", "/verdict"): self._verdict,
            ("POST", "/finish"): self._end,
        }

    def _state(self, asked: Asked) -> Told:
        report = msgspec.to_builtins(self._audit.report())
        for item in report["items"]:
            strip = self._strips.get(item["number"], [])
            item["frames"] = [{"at_s": round(frame.at_ms / 1000.0, 1), "is_crossing": frame.is_crossing} for frame in strip]
        return told_json(report)

    def _crop(self, asked: Asked) -> Told:
        number, frame = (asked.query.get(name, "") for name in ("number", "frame"))
        strip = self._strips.get(int(number), []) if number.isdecimal() and len(number) < 9 else []
        if not frame.isdecimal() or len(frame) > 3 or int(frame) >= len(strip):
            return told_json({"problem": "no_such_picture"}, status=404)
        return Told(strip[int(frame)].jpeg, "image/jpeg")

    def _verdict(self, asked: Asked) -> Told:
        try:
            said = msgspec.convert(asked.said, VerdictSaid)
        except msgspec.ValidationError as error:
            return told_json({"problem": "not_understood", "detail": str(error)}, status=400)
        if problem := self._audit.say(said):
            return told_json({"problem": "not_understood", "detail": problem}, status=400)
        return told_json({"problem": "", "doors": msgspec.to_builtins([_told(door) for door in self._audit.scores()])})

    def _end(self, asked: Asked) -> Told:
        self._finish()
        return told_json({})


def judge_on_page(
    audit: Audit,
    strips: Mapping[int, Sequence[StripFrame]],
    *,
    listen: tuple[str, int],
    idle_s: float,
    stop: threading.Event,
    say: Callable[[str, str], None],
) -> str:
    """Let a person judge on a page until it is done; returns why it ended.

    Raises:
        AddressTaken: cannot listen there.
    """
    desk = AuditDesk(audit, strips, lambda: page.end("finished"))
    page = GuardedPage(listen[0], listen[1], page="audit.html", handlers=desk.handlers, idle_s=idle_s)
    say(page.address, page.code)
    return page.run(stop)


def _told(door: DoorScore) -> DoorTold:
    shares: dict[str, Any] = {name: _estimate(getattr(door, name)) for name in ("precision", "recall", "count_accuracy")}
    return DoorTold(
        door_id=door.door_id,
        counted=door.counted,
        judged=door.judged,
        right=door.right,
        missed=door.missed,
        missed_estimated=round(door.missed_estimated, 1),
        looked_s=door.looked_ms / 1000.0,
        quiet_s=door.quiet_ms / 1000.0,
        still_s=door.still_ms / 1000.0,
        **shares,
    )


def _estimate(share: Share | None) -> Estimate | None:
    return None if share is None else Estimate(value=round(share.value, 4), low=round(share.low, 4), high=round(share.high, 4))
