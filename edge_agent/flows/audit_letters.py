"""How an audit reaches the hub: as a file beside the outbox, which the agent takes into it, running now or started later.

The audit is a program of its own and must not open an outbox that a running agent holds.
"""

from __future__ import annotations

import os
import secrets
import tempfile
import threading
from pathlib import Path

import structlog
from msgspec import structs

from edge_agent.adapters.clock import AgentClock
from edge_agent.adapters.outbox import Outbox
from edge_agent.errors import EdgeError, OutboxUnusable
from edge_agent.flows.fault_board import FaultBoard
from wire_format import codec
from wire_format.errors import WireError
from wire_format.observations import CameraAudited

LOOK_EVERY_S = 3.0
LETTER_MAX_BYTES = 64 * 1024
LETTERS_MAX = 1_000

log = structlog.get_logger("edge_agent.audit_letters")


class LetterUnwritable(EdgeError, OSError):
    """The result of an audit cannot be handed to the agent."""

    exit_code = 5

    def __init__(self, *, path: str, problem: str) -> None:
        super().__init__(f"{path}: cannot be written ({problem}); run it as the agent's user, or free some space")
        self.path = path
        self.problem = problem


def letters_folder(outbox_path: Path) -> Path:
    """Where audits of a device wait for its agent."""
    return outbox_path.with_name(outbox_path.name + ".audits")


def leave_letters(outbox_path: Path, letters: list[CameraAudited]) -> Path:
    """Leave audits for the agent; each file is whole from the moment it can be seen. Returns the folder.

    Raises:
        LetterUnwritable: the folder cannot be made or written.
    """
    folder = letters_folder(outbox_path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for letter in letters:
            handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
            with os.fdopen(handle, "wb") as file:
                file.write(codec.encode(letter))
                file.flush()
                os.fsync(file.fileno())
            Path(name).rename(folder / f"{letter.audited_at_ms}-{secrets.token_hex(4)}.json")
    except OSError as error:
        raise LetterUnwritable(path=str(folder), problem=error.strerror or str(error)) from error
    return folder


class AuditPickup:
    """The agent's thread that takes audits into the outbox. A letter goes only once the outbox has it on disk.

    Killed in between, it is taken again: the hub then keeps the same audit twice, and shows it once.
    """

    name = "audits"

    def __init__(
        self, outbox: Outbox, clock: AgentClock, faults: FaultBoard, *, device_id: str, look_every_s: float = LOOK_EVERY_S
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._faults = faults
        self._device_id = device_id
        self._look_every_s = look_every_s
        self._folder = letters_folder(outbox.path)

    def run(self, stop: threading.Event) -> None:
        """Look for letters until `stop` is set."""
        while True:
            self.look()
            if stop.wait(self._look_every_s):
                return

    def look(self) -> int:
        """Take what lies there; returns how many audits went into the outbox."""
        taken = 0
        try:
            waiting = sorted(self._folder.glob("*.json"))[:LETTERS_MAX]
            for path in waiting:
                taken += self._take(path)
            self._faults.clear("audits", "audit_unreadable")
        except OutboxUnusable as error:
            log.warning("an audit waits", problem=error.problem)
        except OSError as error:
            problem = f"{self._folder.name}: {error.strerror or error}"
            self._faults.raise_fault("audits", "audit_unreadable", problem, "give the folder and its files to the agent's user")
        return taken

    def _take(self, path: Path) -> bool:
        content = path.read_bytes()[: LETTER_MAX_BYTES + 1]
        try:
            said = codec.observations.decode(content)
        except WireError as error:
            return self._set_aside(path, str(error))
        if not isinstance(said, CameraAudited):
            return self._set_aside(path, "it is no audit")
        stamped = structs.replace(
            said,
            device_id=self._device_id,
            boot_id=self._clock.boot_id,
            monotonic_ms=self._clock.monotonic_ms(),
            observed_at_ms=self._clock.wall_ms(),
        )
        self._outbox.put(stamped)
        path.unlink()
        log.info("an audit goes to the hub", door=said.door_id, camera=said.area_id)
        return True

    def _set_aside(self, path: Path, reason: str) -> bool:
        path.rename(path.with_suffix(".bad"))
        log.error("an audit cannot be used and is set aside", file=path.with_suffix(".bad").name, reason=reason)
        return False
