"""The files that a shop's broker is set up with fit each other and what the hub writes."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from store_hub.config import load_config


@pytest.fixture
def folder(repository: Path) -> Path:
    return repository / "firmware_configs" / "broker"


def test_what_is_watched_is_what_the_hub_writes(folder: Path) -> None:
    trust = load_config(folder / "hub.toml").trust
    assert trust is not None
    lines = (folder / "aislewise-broker-reload.path").read_text().splitlines()
    watched = {line.removeprefix("PathChanged=") for line in lines if line.startswith("PathChanged=")}
    assert watched == {f"{trust.broker_folder}/{name}" for name in ("acl", "revoked.pem", "broker.pem")}


def test_fifty_reloads_in_a_minute_are_not_too_many(folder: Path) -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.read(folder / "aislewise-broker-reload.service")
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"


def test_the_broker_tells_the_sieve_where_it_listens(folder: Path) -> None:
    listens = re.findall(r"^ListenStream=(.+)$", (folder / "aislewise-broker-log.socket").read_text(), re.M)
    assert re.findall(r"^StandardError=file:(.+)$", (folder / "mosquitto-aislewise.conf").read_text(), re.M) == listens
    trust = load_config(folder / "hub.toml").trust
    assert trust is not None
    assert f" -v -c {trust.broker_folder}/mosquitto.conf" in (folder / "mosquitto-aislewise.conf").read_text()


UNITS = ["aislewise-broker-reload.path", "aislewise-broker-reload.service", "aislewise-broker-log.socket", "aislewise-broker-log@.service"]


@pytest.mark.parametrize("name", UNITS)
def test_systemd_takes_the_units(folder: Path, name: str) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here")
    done = subprocess.run(["systemd-analyze", "verify", str(folder / name)], capture_output=True, text=True, timeout=60, check=False)
    assert name not in done.stderr, done.stderr
