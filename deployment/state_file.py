"""What is in force at a device, and what is being tried: one small file, written by the agent and by its keeper in turn."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

CONFIGURATION, SOFTWARE = "configuration", "software"
REFUSED_MAX = 50
ENDED_MAX = 20
REASON_MAX = 400


@dataclass(frozen=True)
class Trial:
    """Something new that has not shown yet that it works.

    `slot`: the folder of the software that is run meanwhile. `known_faults`: what was not well before, as pairs of part and code.
    `trouble`: why the agent does not find itself well yet.
    """

    kind: str
    version: str
    slot: str
    known_faults: tuple[tuple[str, str], ...] = ()
    starts: int = 0
    trouble: str = ""


@dataclass(frozen=True)
class Ended:
    """How a trial ended (`confirmed`, `rolled_back`) or why there was none (`refused`); kept until the agent has told the hub."""

    kind: str
    version: str
    state: str
    reason: str = ""


@dataclass(frozen=True)
class State:
    """The whole file. `configuration`: the hub's version in force, None where it was written by hand. `refused`: never tried again."""

    slot: str = "a"
    software: str = ""
    configuration: int | None = None
    trial: Trial | None = None
    ended: tuple[Ended, ...] = ()
    refused: tuple[str, ...] = ()
    trial_s: float = 100.0
    well_for_s: float = 30.0

    def is_refused(self, kind: str, version: str) -> bool:
        """Whether this was tried or looked at, and found wanting."""
        return f"{kind} {version}" in self.refused

    def with_end(self, kind: str, version: str, state: str, reason: str = "") -> State:
        """The state once something has ended so; no trial runs any more."""
        refused = self.refused if state == "confirmed" else (*self.refused, f"{kind} {version}")[-REFUSED_MAX:]
        end = Ended(kind, version, state, reason[:REASON_MAX])
        return replace(self, trial=None, ended=(*self.ended, end)[-ENDED_MAX:], refused=refused)


def read_state(path: Path) -> State:
    """The file's state. Without a file, and with one that a power cut or a hand has damaged, what stands is all that is known.

    A damaged file is renamed and kept beside.
    """
    try:
        content = json.loads(path.read_bytes())
        return _state(content)
    except FileNotFoundError:
        return State()
    except (ValueError, TypeError, KeyError, AttributeError):
        with contextlib.suppress(OSError):
            path.rename(path.with_name(f"{path.name}.damaged"))
        return State()


def write_state(path: Path, state: State) -> None:
    """Put a state in the file's place: after a power cut there is the old one or the new one, whole.

    Raises:
        OSError: the disk is full or the folder cannot be written.
    """
    content = json.dumps({"v": 1, **asdict(state)}, indent=1).encode()
    write_durably(path, content)


def write_durably(path: Path, content: bytes) -> None:
    """Write a file so that it is there, whole, when this returns.

    Raises:
        OSError: the disk is full or the folder cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    put_in_place(part, path)


def put_in_place(part: Path, path: Path) -> None:
    """Rename a file over another, and see that the renaming lasts."""
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _state(content: dict[str, Any]) -> State:
    """Keys that this version does not know are left out: the keeper may be older than the agent."""
    trial, ended = content.get("trial"), content.get("ended", [])
    known = {name: content[name] for name in ("slot", "software", "configuration", "trial_s", "well_for_s") if name in content}
    return State(
        **known,
        refused=tuple(content.get("refused", [])),
        ended=tuple(Ended(end["kind"], end["version"], end["state"], end["reason"]) for end in ended),
        trial=None if trial is None else _trial(trial),
    )


def _trial(content: dict[str, Any]) -> Trial:
    faults = tuple((part, code) for part, code in content["known_faults"])
    return Trial(content["kind"], content["version"], content["slot"], faults, int(content["starts"]), str(content["trouble"]))
