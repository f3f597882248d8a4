"""The simulated shop's files: its state, so that a second start goes on, and its truth, to hold estimates against."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from edge_agent.errors import EdgeError
from edge_agent.simulated_store.shop import read_snapshot
from edge_agent.simulated_store.stage import StageState
from edge_agent.simulated_store.truth import TruthEvent
from wire_format import codec
from wire_format.plans import Planogram


class SimulationFileUnusable(EdgeError, OSError):
    """A file of the simulated shop cannot be read or written."""

    exit_code = 5

    def __init__(self, *, path: str, problem: str, advice: str) -> None:
        super().__init__(f"{path}: {problem}; {advice}")
        self.path = path
        self.problem = problem
        self.advice = advice


class SimulationStateInvalid(EdgeError, ValueError):
    """The state file is no state of this shop."""

    exit_code = 3

    def __init__(self, *, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}; remove the file to let the simulated shop begin anew")
        self.path = path
        self.problem = problem


class _StateFile(Struct, kw_only=True):
    planogram_sha256: str
    seed: int
    clean: bool
    shop: msgspec.Raw


class KeptShop(NamedTuple):
    """A kept story. `clean`: it was kept at an orderly stop, so its sensors told all of it and no more."""

    state: StageState
    clean: bool


class ShopStateFile:
    """Where a shop's snapshot lies. It belongs to one planogram and one seed."""

    def __init__(self, path: Path, *, planogram: Planogram, seed: int) -> None:
        self.path = path
        self._sha256 = hashlib.sha256(codec.encode(planogram)).hexdigest()
        self._seed = seed

    def load(self) -> KeptShop | None:
        """The state of an earlier start; None when there was none.

        Raises:
            SimulationStateInvalid: broken, or of another planogram or seed.
            SimulationFileUnusable: it cannot be read.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SimulationFileUnusable(path=str(self.path), problem=error.strerror or str(error), advice="check its rights") from error
        try:
            file = msgspec.json.decode(content, type=_StateFile)
            if file.planogram_sha256 != self._sha256 or file.seed != self._seed:
                raise SimulationStateInvalid(path=str(self.path), problem="the state of another planogram or seed")
            return KeptShop(read_snapshot(bytes(file.shop)), file.clean)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise SimulationStateInvalid(path=str(self.path), problem=f"not a state file ({error})") from error

    def save(self, snapshot: bytes, *, clean: bool) -> None:
        """Replace the file in one step, so that a cut leaves the old one or the new one.

        Raises:
            SimulationFileUnusable: full disk, no rights.
        """
        file = _StateFile(planogram_sha256=self._sha256, seed=self._seed, clean=clean, shop=msgspec.Raw(snapshot))
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.path.parent, prefix=self.path.name, delete=False) as beside:
                beside.write(msgspec.json.encode(file))
            os.replace(beside.name, self.path)
        except OSError as error:
            raise SimulationFileUnusable(
                path=str(self.path), problem=error.strerror or str(error), advice="free the disk or choose another folder"
            ) from error


class TruthFile:
    """Appends every true happening as a JSON line.

    Raises:
        SimulationFileUnusable: it cannot be opened or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab")
        except OSError as error:
            raise self._unusable(error) from error

    def add(self, event: TruthEvent) -> None:
        """Write one line."""
        try:
            self._file.write(msgspec.json.encode(event) + b"\n")
        except OSError as error:
            raise self._unusable(error) from error

    def flush(self) -> None:
        """Let others read what was written so far."""
        try:
            self._file.flush()
        except OSError as error:
            raise self._unusable(error) from error

    def close(self) -> None:
        """Write the rest and let go."""
        self.flush()
        self._file.close()

    def _unusable(self, error: OSError) -> SimulationFileUnusable:
        return SimulationFileUnusable(path=str(self.path), problem=error.strerror or str(error), advice="choose another file with --truth")
