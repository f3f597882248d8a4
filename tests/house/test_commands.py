"""Every command explains itself with an example, and says what is wrong in one line."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer.main

PROGRAMS = {"edge-agent": "edge_agent", "store-hub": "store_hub", "cloud-api": "cloud_api"}


def commands_of(program: str) -> Iterator[tuple[str, click.Command]]:
    """Every command of a program, with its groups' names in front."""
    app = importlib.import_module(f"{PROGRAMS[program]}.__main__").app

    def walk(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
        subcommands = getattr(command, "commands", None)
        if subcommands is None:
            yield name, command
            return
        for child_name, child in subcommands.items():
            yield from walk(f"{name} {child_name}", child)

    yield from walk(program, typer.main.get_command(app))


EVERY_COMMAND = [pytest.param(command, id=name) for program in PROGRAMS for name, command in commands_of(program)]
DESIGNED = {
    "edge-agent": {"run", "simulate", "check", "calibrate", "replay scale", "replay tags", "replay camera", "aim", "audit"},
    "store-hub": {"run", "init", "rebuild", "verify", "infer"},
    "cloud-api": {"run", "migrate", "plan", "backtest", "layout"},
}


@pytest.mark.parametrize("command", EVERY_COMMAND)
def test_every_command_helps_with_an_example(command: click.Command) -> None:
    assert command.help, "no help text"
    assert "Example" in ((command.epilog or "") + command.help), "no example"


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_commands_of_the_design_are_there(program: str) -> None:
    names = {name.removeprefix(f"{program} ") for name, _ in commands_of(program)}
    assert names >= DESIGNED[program]


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_unknown_option_is_told_without_a_traceback(program: str) -> None:
    run = subprocess.run(
        [str(Path(sys.executable).parent / program), "run", "--no-such-option"], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 2
    assert "no-such-option" in run.stderr
    assert "Traceback" not in run.stderr
