"""Runs the agent, and goes back to what worked when something new does not.

The agent asks for a trial by leaving it in the state file and ending with `START_AGAIN`. The keeper starts it anew with what is to be
tried, and waits for the agent to strike the trial out: it does so when all its sensors are well and the hub has booked what it said. An
agent that cannot start, ends again and again, or is not well in time is stopped, and what was before is started instead.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from deployment.state_file import CONFIGURATION, State, Trial, put_in_place, read_state, write_durably, write_state

START_AGAIN = 75
"""The exit code (EX_TEMPFAIL) by which an agent asks to be started again at once."""
STATE_VARIABLE = "AISLEWISE_KEEPER"
"""Names the state file to the agent; without it, the agent runs without a keeper and tries nothing new."""

STARTS_MAX = 3
STOP_S = 15.0
LOOK_EVERY_S = 0.25


class Keeper:
    """One agent's keeper.

    Args:
        folder: holds `deployment.json` and `slots/a`, `slots/b`, each a Python environment with an agent in it.
        config: the device's file.
        trial_s: seconds after which something new that is not well is given up.
        well_for_s: how long the agent must be well before it may say so.
    """

    def __init__(self, folder: Path, config: Path, *, trial_s: float, well_for_s: float) -> None:
        self._folder = folder
        self._config = config
        self._state_file = folder / "deployment.json"
        self._terms = (trial_s, well_for_s)
        self._child: subprocess.Popen[bytes] | None = None
        self._told_to_stop = False

    def run(self) -> int:
        """Run agents until one ends for another reason than to be started again; returns its exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._pass_on)
        state = read_state(self._state_file)
        self._keep(replace(state, trial_s=self._terms[0], well_for_s=self._terms[1]))
        while True:
            state = read_state(self._state_file)
            code = self._try(state, state.trial) if state.trial is not None else self._run_agent(state.slot)
            if self._told_to_stop or code not in (START_AGAIN, None):
                return 0 if code is None else code

    def _try(self, state: State, trial: Trial) -> int | None:
        """Start what is to be tried. None: go on with whatever stands now."""
        if trial.starts >= STARTS_MAX:
            self._go_back(f"it was started {trial.starts} times and never was well")
            return None
        self._keep(replace(state, trial=replace(trial, starts=trial.starts + 1)))
        if trial.kind == CONFIGURATION:
            self._put_configuration_in_place()
        code = self._run_agent(trial.slot, trial=trial)
        if self._told_to_stop or not self._is_on_trial(trial):
            return code
        if code is None:
            self._go_back(f"it was not well within {self._terms[0]:.0f} s")
        elif code in (START_AGAIN, 2) or trial.starts + 1 >= STARTS_MAX:
            self._go_back(f"it ended with exit code {code}")
        return None  # Otherwise once more: a sensor may have been busy, or the power was cut.

    def _is_on_trial(self, trial: Trial) -> bool:
        """Whether it still is: an agent that has confirmed one trial may have asked for the next."""
        now = read_state(self._state_file).trial
        return now is not None and (now.kind, now.version) == (trial.kind, trial.version)

    def _run_agent(self, slot: str, *, trial: Trial | None = None) -> int | None:
        """Run an agent to its end; None if its trial's time ran out, and it was stopped."""
        program = self._folder / "slots" / slot / "bin" / "edge-agent"
        environment = {name: value for name, value in os.environ.items() if name != "WATCHDOG_PID"}  # The agent gives the signs of life.
        environment[STATE_VARIABLE] = str(self._state_file)
        deadline = time.monotonic() + self._terms[0]
        try:
            self._child = subprocess.Popen([program, "run", "--config", self._config], env=environment)
        except OSError as error:
            _say(f"{program}: cannot be started ({error.strerror}); install the agent there")
            return 127
        if self._told_to_stop:
            self._child.terminate()
        while (code := self._wait(LOOK_EVERY_S)) is None:
            if trial is not None and time.monotonic() >= deadline:
                if self._is_on_trial(trial):
                    self._stop()
                    return None
                trial = None
        return code

    def _wait(self, seconds: float) -> int | None:
        assert self._child is not None
        try:
            code = self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        return 128 - code if code < 0 else code

    def _stop(self) -> None:
        assert self._child is not None
        self._child.terminate()
        if self._wait(STOP_S) is None:
            self._child.kill()
            self._child.wait()

    def _pass_on(self, number: int, _frame: object) -> None:
        self._told_to_stop = True
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(number)

    # ---- what stands

    def _put_configuration_in_place(self) -> None:
        """The old file is kept before the new one takes its place: killed in between, it is done again."""
        new = beside(self._config, "new")
        if new.exists():
            write_durably(beside(self._config, "before"), self._config.read_bytes())
            put_in_place(new, self._config)

    def _go_back(self, reason: str) -> None:
        """Back to what worked. Whatever the agent said last, before it was stopped, holds."""
        state = read_state(self._state_file)
        trial = state.trial
        if trial is None:
            return
        reason = f"{reason}: {trial.trouble}" if trial.trouble else reason
        _say(f"{trial.kind} {trial.version} is taken back: {reason}")
        before = beside(self._config, "before")
        if trial.kind == CONFIGURATION and before.exists():
            put_in_place(before, self._config)
        self._keep(state.with_end(trial.kind, trial.version, "rolled_back", reason))

    def _keep(self, state: State) -> None:
        try:
            write_state(self._state_file, state)
        except OSError as error:
            _say(f"{self._state_file}: cannot be written ({error.strerror}); make room, and give the folder to this user")
            raise SystemExit(5) from None


def beside(config: Path, what: str) -> Path:
    """The device's file that is to come (`new`) or that was (`before`)."""
    return config.with_name(f"{config.name}.{what}")


def _say(text: str) -> None:
    print(f"edge-keeper: {text}", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="edge-keeper",
        description="Runs the edge agent, and goes back to what worked when new software or a new configuration does not.",
        epilog="Example: python3 edge-keeper.pyz --folder /var/lib/aislewise --config /etc/aislewise/edge.toml",
    )
    parser.add_argument("--folder", type=Path, required=True, help="holds deployment.json and slots/a, slots/b")
    parser.add_argument("--config", type=Path, required=True, help="the device's TOML file")
    parser.add_argument("--trial-s", type=float, default=100.0, help="seconds in which something new must be well (default 100)")
    parser.add_argument("--well-for-s", type=float, default=30.0, help="how long it must be well to be believed (default 30)")
    given = parser.parse_args(arguments)
    return Keeper(given.folder, given.config, trial_s=given.trial_s, well_for_s=given.well_for_s).run()


if __name__ == "__main__":
    sys.exit(main())
