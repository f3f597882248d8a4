"""Tries what the hub sends: a new configuration, new software. Keeps it once it works; what does not is taken back by the keeper."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import structlog

from deployment.keeper import beside
from deployment.state_file import CONFIGURATION, SOFTWARE, State, Trial, read_state, write_durably, write_state
from edge_agent.adapters.clock import AgentClock
from edge_agent.adapters.outbox import Outbox
from edge_agent.adapters.software_slot import DownloadBroken, SoftwareUnusable, fetch, install
from edge_agent.config import EdgeConfig, load_config
from edge_agent.errors import ConfigurationInvalid
from edge_agent.flows.fault_board import FaultBoard
from wire_format.commands import DeviceConfiguration, SoftwareWanted
from wire_format.deployments import ConfigurationTold, DeploymentTold
from wire_format.observations import Observation

LOOK_EVERY_S = 1.0
FETCH_AGAIN_S = 30.0
TELL_MAX_CHARS = 60_000

log = structlog.get_logger("edge_agent.deploy")


class Deploy:
    """The agent's thread for what is new. Only an agent that has a keeper has it.

    Args:
        config, config_file: what the agent runs with, and the file it is from.
        state_file: the keeper's, in the folder that holds the slots.
        outbox: asked whether the hub has booked what was said since the start.
        record: where to say how it went.
        start_again: ends the agent so that its keeper starts it anew.
    """

    name = "deployment"

    def __init__(
        self,
        config: EdgeConfig,
        *,
        config_file: Path,
        state_file: Path,
        outbox: Outbox,
        record: Callable[[Observation], None],
        clock: AgentClock,
        faults: FaultBoard,
        start_again: Callable[[], None],
    ) -> None:
        self._config = config
        self._config_file = config_file
        self._state_file = state_file
        self._outbox = outbox
        self._record = record
        self._clock = clock
        self._faults = faults
        self._start_again = start_again
        self._wanted: dict[str, DeviceConfiguration | SoftwareWanted] = {}
        self._lock = threading.Lock()
        self._told_digest = ""
        self._well_since: float | None = None
        self._fetch_from = 0.0

    def hear(self, command: DeviceConfiguration | SoftwareWanted) -> None:
        """Take note of what the hub wants; called on the uplink's thread."""
        with self._lock:
            self._wanted[CONFIGURATION if isinstance(command, DeviceConfiguration) else SOFTWARE] = command

    def run(self, stop: threading.Event) -> None:
        """Say how things stand, then look after what is tried and what is wanted, until `stop` is set."""
        state = read_state(self._state_file)
        if state.trial is not None:
            self._tell(state.trial.kind, state.trial.version, "trying")
        booked_goal = self._outbox.booked_through + self._outbox.depth
        while True:
            state = self._tell_ends(read_state(self._state_file))
            self._tell_configuration(state)
            if state.trial is not None:
                self._judge(state, state.trial, has_hub=self._outbox.booked_through >= booked_goal)
            elif self._take_up(state):
                return
            if stop.wait(LOOK_EVERY_S):
                return

    # ---- what is tried

    def _judge(self, state: State, trial: Trial, *, has_hub: bool) -> None:
        """Strike the trial out once every sensor has been well, and the hub there, for long enough."""
        trouble = self._trouble(trial) or ("" if has_hub else "the hub has booked nothing of what was said since the start")
        if trouble != trial.trouble:
            self._keep(replace(state, trial=replace(trial, trouble=trouble)))
        if trouble:
            self._well_since = None
            return
        now = time.monotonic()
        self._well_since = now if self._well_since is None else self._well_since
        if now - self._well_since >= state.well_for_s:
            self._confirm(state, trial)

    def _trouble(self, trial: Trial) -> str:
        for fault in self._faults.current():
            if (fault.part, fault.code) not in trial.known_faults:
                return f"{fault.part}: {fault.message}"
        return ""

    def _confirm(self, state: State, trial: Trial) -> None:
        if trial.kind == CONFIGURATION:
            state = replace(state, configuration=int(trial.version))
        else:
            state = replace(state, slot=trial.slot, software=trial.version)
        self._keep(state.with_end(trial.kind, trial.version, "confirmed"))
        log.info("confirmed", kind=trial.kind, version=trial.version)

    # ---- what is wanted

    def _take_up(self, state: State) -> bool:
        """Begin with what the hub wants, if it is new; returns whether the agent is to be started again for it."""
        with self._lock:
            wanted = [self._wanted[kind] for kind in (CONFIGURATION, SOFTWARE) if kind in self._wanted]
        for command in wanted:
            if isinstance(command, DeviceConfiguration):
                is_begun = self._try_configuration(state, command)
            else:
                is_begun = self._try_software(state, command)
            if is_begun:
                log.info("to be tried", kind=type(command).__name__, version=command.version)
                self._start_again()
                return True
        return False

    def _try_configuration(self, state: State, command: DeviceConfiguration) -> bool:
        version = str(command.version)
        if command.version == state.configuration or state.is_refused(CONFIGURATION, version):
            return False
        if problem := self._objection(command):
            self._keep(state.with_end(CONFIGURATION, version, "refused", problem))
            return False
        write_durably(beside(self._config_file, "new"), command.toml.encode())
        self._begin(state, Trial(CONFIGURATION, version, state.slot))
        return True

    def _objection(self, command: DeviceConfiguration) -> str:
        """Why a configuration is not even tried; empty if it may be."""
        try:
            wanted = load_config(self._config_file, text=command.toml)
        except ConfigurationInvalid as error:
            return str(error).replace(str(self._config_file), "the configuration")
        for name in ("store_id", "device_id"):
            if getattr(wanted, name) != getattr(self._config, name):
                return f"{name} is {getattr(wanted, name)}, but this device is {getattr(self._config, name)}"
        if wanted.outbox.path != self._config.outbox.path:
            return "[outbox] path: it is changed at the device, as what waits there would not be sent"
        if command.based_on is not None and command.based_on != self._digest():
            return "the device's file has changed since (a calibration is kept in it); look at the new one, and change that"
        return ""

    def _try_software(self, state: State, command: SoftwareWanted) -> bool:
        if command.version == state.software or state.is_refused(SOFTWARE, command.version) or time.monotonic() < self._fetch_from:
            return False
        folder, slot = self._state_file.parent, "b" if state.slot == "a" else "a"
        bundle = folder / "software.tar"
        try:
            fetch(command.url, bundle, sha256=command.sha256, size_bytes=command.size_bytes, ca_file=self._config.broker.ca_file)
            install(
                bundle,
                folder / "slots" / slot,
                version=command.version,
                keys=sorted((self._config_file.parent / "release_keys").glob("*.pub")),
                config=self._config_file,
            )
        except SoftwareUnusable as error:
            bundle.unlink(missing_ok=True)
            self._keep(state.with_end(SOFTWARE, command.version, "refused", error.problem))
            return False
        except (DownloadBroken, OSError) as error:
            self._fetch_from = time.monotonic() + FETCH_AGAIN_S
            self._faults.raise_fault(
                "software", "software_not_fetched", str(error), "see that the hub can be reached and the disk has room"
            )
            return False
        self._faults.clear("software", "software_not_fetched")
        bundle.unlink(missing_ok=True)
        self._begin(state, Trial(SOFTWARE, command.version, slot))
        return True

    def _begin(self, state: State, trial: Trial) -> None:
        known = tuple((fault.part, fault.code) for fault in self._faults.current())
        self._keep(replace(state, trial=replace(trial, known_faults=known)))

    # ---- what is told

    def _tell_ends(self, state: State) -> State:
        for end in state.ended:
            self._tell(end.kind, end.version, end.state, end.reason)
        if state.ended:
            state = replace(state, ended=())
            self._keep(state)
        return state

    def _tell(self, kind: str, version: str, state: str, reason: str = "") -> None:
        log.info("deployment", kind=kind, version=version, state=state, reason=reason)
        self._record(
            DeploymentTold(
                device_id=self._config.device_id,
                boot_id=self._clock.boot_id,
                monotonic_ms=self._clock.monotonic_ms(),
                observed_at_ms=self._clock.wall_ms(),
                kind=_KINDS[kind],
                version=version,
                state=_STATES[state],
                reason=reason,
            )
        )

    def _tell_configuration(self, state: State) -> None:
        """The file as it is, once at the start and whenever it has changed; not while it is on trial, as it may not stay."""
        digest = self._digest()
        if digest == self._told_digest or (state.trial is not None and state.trial.kind == CONFIGURATION):
            return
        text = self._config_file.read_text(encoding="utf-8")
        if len(text) <= TELL_MAX_CHARS:
            self._record(
                ConfigurationTold(
                    device_id=self._config.device_id,
                    boot_id=self._clock.boot_id,
                    monotonic_ms=self._clock.monotonic_ms(),
                    observed_at_ms=self._clock.wall_ms(),
                    version=state.configuration,
                    toml=text,
                )
            )
        self._told_digest = digest

    def _digest(self) -> str:
        return hashlib.sha256(self._config_file.read_bytes()).hexdigest()

    def _keep(self, state: State) -> None:
        write_state(self._state_file, state)


_KINDS: dict[str, Literal["configuration", "software"]] = {"configuration": "configuration", "software": "software"}
_STATES: dict[str, Literal["refused", "trying", "confirmed", "rolled_back"]] = {
    "refused": "refused",
    "trying": "trying",
    "confirmed": "confirmed",
    "rolled_back": "rolled_back",
}
