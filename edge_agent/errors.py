"""What can go wrong at the edge: each error says what, where and what to do, and keeps the facts as attributes."""

from __future__ import annotations

from toml_settings import SettingsInvalid


class EdgeError(Exception):
    """Base of all errors an edge agent tells its user. Its text is one line."""

    exit_code = 1


class ConfigurationInvalid(EdgeError, SettingsInvalid):
    """The configuration file cannot be used."""

    exit_code = 2


class RecordingInvalid(EdgeError, ValueError):
    """A recording (film, trace, reads) holds something that cannot be read."""

    exit_code = 3

    def __init__(self, *, path: str, problem: str, line: int | None = None) -> None:
        place = f"{path}:{line}" if line is not None else path
        super().__init__(f"{place}: {problem}")
        self.path = path
        self.problem = problem
        self.line = line


class RecordingsBroken(EdgeError, ValueError):
    """Some recordings of a device could not be read to their end; what came before was reported."""

    exit_code = 3

    def __init__(self, *, problems: list[str]) -> None:
        super().__init__(f"{'; '.join(problems)}; what came before is booked: correct the file and run it again")
        self.problems = problems


class SensorUnavailable(EdgeError, OSError):
    """A sensor is not there or cannot be opened."""

    exit_code = 4

    def __init__(self, *, part: str, problem: str, advice: str) -> None:
        super().__init__(f"{part}: {problem}; {advice}")
        self.part = part
        self.problem = problem
        self.advice = advice


class LoadCellSilent(SensorUnavailable, TimeoutError):
    """The converter did not answer in time: most often a loose wire."""

    def __init__(self, *, shelf_id: str, waited_ms: int, advice: str = "check the HX711 wires") -> None:
        super().__init__(part=f"shelf {shelf_id}", problem=f"no weight for {waited_ms} ms", advice=advice)
        self.shelf_id = shelf_id
        self.waited_ms = waited_ms


class CalibrationRefused(EdgeError, ValueError):
    """What was weighed makes no calibration. `known_g` is the load whose readings are in doubt, where it is one."""

    exit_code = 3

    def __init__(self, *, part: str, problem: str, advice: str, known_g: float | None = None) -> None:
        super().__init__(f"{part}: {problem}; {advice}")
        self.part = part
        self.problem = problem
        self.advice = advice
        self.known_g = known_g


class TareRefused(EdgeError, ValueError):
    """What lies on the scale cannot be an empty shelf."""

    exit_code = 3

    def __init__(self, *, problem: str, advice: str) -> None:
        super().__init__(f"not tared: {problem}; {advice}")
        self.problem = problem
        self.advice = advice


class OutboxUnusable(EdgeError, OSError):
    """The outbox file cannot be opened, written or trusted."""

    exit_code = 5

    def __init__(self, *, path: str, problem: str, advice: str) -> None:
        super().__init__(f"outbox {path}: {problem}; {advice}")
        self.path = path
        self.problem = problem
        self.advice = advice


class BrokerUnavailable(EdgeError, ConnectionError):
    """The hub's broker does not answer, refuses this device, or went away."""

    exit_code = 4

    def __init__(self, *, broker: str, problem: str, advice: str) -> None:
        super().__init__(f"broker {broker}: {problem}; {advice}")
        self.broker = broker
        self.problem = problem
        self.advice = advice
