"""The systemd unit starts a command that exists, and does not restart what a restart cannot heal."""

from __future__ import annotations

import configparser
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.errors import ConfigurationInvalid


@pytest.fixture
def unit(repository: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys have capitals
    parser.read_string((repository / "firmware_configs" / "systemd" / "edge-agent.service").read_text(encoding="utf-8"))
    return parser


def test_it_starts_the_keeper_with_options_that_it_knows(unit: configparser.ConfigParser, tmp_path: Path, repository: Path) -> None:
    python, isolated, keeper, *options = shlex.split(unit["Service"]["ExecStart"])
    assert (python, isolated) == ("/usr/bin/python3", "-I")
    archive = tmp_path / Path(keeper).name
    subprocess.run([*(sys.executable, "-m", "deployment.make_keeper"), str(archive)], cwd=repository, check=True, timeout=60)
    said = subprocess.run([sys.executable, "-I", str(archive), *options, "--help"], capture_output=True, text=True, timeout=60, check=True)
    assert all(option in said.stdout for option in options if option.startswith("--"))


def test_a_wrong_configuration_is_not_tried_again_and_again(unit: configparser.ConfigParser) -> None:
    assert int(unit["Service"]["RestartPreventExitStatus"]) == ConfigurationInvalid.exit_code


def test_it_waits_longer_than_the_agent_needs_to_stop(unit: configparser.ConfigParser) -> None:
    assert int(unit["Service"]["TimeoutStopSec"]) > 5


def test_what_it_writes_lies_where_the_unit_lets_it(unit: configparser.ConfigParser, repository: Path) -> None:
    state = f"/var/lib/{unit['Service']['StateDirectory']}"
    assert unit["Service"]["WorkingDirectory"] == state
    examples = (repository / "firmware_configs" / "devices").glob("*.toml")
    outboxes = [line for path in examples for line in path.read_text().splitlines() if line.startswith("path = ")]
    assert any(state in line for line in outboxes)


def test_a_calibration_from_the_page_may_be_kept_in_the_devices_file(unit: configparser.ConfigParser) -> None:
    file = Path(shlex.split(unit["Service"]["ExecStart"])[-1])
    assert unit["Service"]["ReadWritePaths"] == str(file.parent)
