"""Every file of firmware_configs passes the tool that will read it in a shop."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNITS = ("edge-agent.service", "store-hub.service", "cloud-api.service")
EXPOSED_MAX = 20
"""`systemd-analyze security` gives 100 to a service that may do anything."""

VALIDATED = {
    "broker": "tests/store_hub, against the real broker",
    "cloud_init": "here",
    "containers": "here",
    "devices": "tests/edge_agent/test_edge_config.py",
    "esphome": "tests/edge_agent/test_load_cell_mqtt.py",
    "overlays": "tests/edge_agent/test_scale_overlay.py",
    "system": "here",
    "systemd": "here",
}


@pytest.fixture
def files(repository: Path) -> Path:
    return repository / "firmware_configs"


def answer_of(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What a real tool says, with both its outputs in one."""
    program = shutil.which(tool, path="/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
    if program is None:
        pytest.skip(f"{tool} is not installed here")
    return subprocess.run([program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)


def test_no_folder_is_left_unvalidated(files: Path) -> None:
    assert {folder.name for folder in files.iterdir()} <= set(VALIDATED)


def test_systemd_finds_nothing_to_say_about_the_units(files: Path, tmp_path: Path) -> None:
    """The programs lie where they lie on a Pi; here, another program stands for them."""
    for unit in UNITS:
        text = (files / "systemd" / unit).read_text(encoding="utf-8")
        lines = [f"ExecStart={sys.executable}" if line.startswith("ExecStart=") else line for line in text.splitlines()]
        (tmp_path / unit).write_text("\n".join(lines) + "\n", encoding="utf-8")
    said = answer_of("systemd-analyze", "verify", "--man=no", *(str(tmp_path / unit) for unit in UNITS))
    assert (said.returncode, said.stdout) == (0, "")


@pytest.mark.parametrize("unit", UNITS)
def test_a_service_may_do_little_more_than_its_work(files: Path, unit: str) -> None:
    said = answer_of("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSED_MAX}", str(files / "systemd" / unit))
    assert said.returncode == 0, said.stdout[-500:]


def test_cloud_init_takes_the_pis_first_start(files: Path) -> None:
    said = answer_of("cloud-init", "schema", "--config-file", str(files / "cloud_init" / "user-data"))
    assert said.returncode == 0, said.stdout
    assert "Valid" in said.stdout


def test_cloud_init_refuses_what_is_wrong_in_it(files: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "user-data"
    wrong.write_text((files / "cloud_init" / "user-data").read_text(encoding="utf-8").replace("ssh_pwauth: false", "ssh_pwauth: 7"))
    assert answer_of("cloud-init", "schema", "--config-file", str(wrong)).returncode != 0


def test_compose_takes_the_containers(files: Path) -> None:
    compose = str(files / "containers" / "compose.yaml")
    said = answer_of("docker-compose", "-f", compose, "--profile", "hub", "--profile", "cloud", "config", "--services")
    assert said.returncode == 0, said.stdout
    assert set(said.stdout.split()) == {"broker", "hub", "database", "cloud"}


def test_the_programs_take_the_containers_settings(files: Path) -> None:
    from cloud_api.config import load_config as cloud_config
    from store_hub.config import load_config as hub_config

    assert hub_config(files / "containers" / "hub.toml").http.token_file == "/run/secrets/hub_doors"
    assert cloud_config(files / "containers" / "cloud.toml").tokens.file == "/run/secrets/cloud_tokens"


def test_a_container_is_built_from_files_that_exist(files: Path, repository: Path) -> None:
    assert (repository / "requirements" / "hub.lock").is_file()
    assert (repository / "requirements" / "cloud.lock").is_file()
    copied = [line.split()[1] for line in (files / "containers" / "Dockerfile").read_text().splitlines() if line.startswith("COPY ")]
    assert copied == ["requirements/${PART}.lock", ".", "--from=build"]


def test_logrotate_takes_the_brokers_log(files: Path) -> None:
    said = answer_of("logrotate", "--debug", str(files / "system" / "mosquitto.logrotate"))
    assert said.returncode == 0, said.stdout
    assert "error" not in said.stdout


def test_mount_reads_every_line_of_the_read_only_root(files: Path) -> None:
    said = answer_of("findmnt", "--verify", "--tab-file", str(files / "system" / "fstab-readonly"))
    errors = [line for line in said.stdout.splitlines() if "[E]" in line and "unreachable" not in line]
    assert not errors  # The card's partitions are not here; all else must be right.
    assert "0 parse errors" in said.stdout


@pytest.mark.parametrize(("name", "groups"), [("sysusers-edge.conf", {"video", "gpio", "i2c"}), ("sysusers-hub.conf", set())])
def test_the_user_of_the_services_is_made_with_its_groups(files: Path, tmp_path: Path, name: str, groups: set[str]) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "usr/lib/sysusers.d").mkdir(parents=True)
    shutil.copy(files / "system" / name, tmp_path / "usr/lib/sysusers.d/aislewise.conf")
    said = answer_of("systemd-sysusers", f"--root={tmp_path}")
    assert said.returncode == 0, said.stdout
    assert ":/var/lib/aislewise:/usr/sbin/nologin" in (tmp_path / "etc/passwd").read_text()
    lines = [line.split(":") for line in (tmp_path / "etc/group").read_text().splitlines()]
    assert {line[0] for line in lines if "aislewise" in line[3].split(",")} == groups
    unit = (files / "systemd" / "edge-agent.service").read_text(encoding="utf-8")
    assert not groups or f"SupplementaryGroups={' '.join(['video', 'gpio', 'i2c'])}" in unit


def test_the_kernel_knows_each_of_its_settings(files: Path) -> None:
    lines = (files / "system" / "sysctl-edge.conf").read_text().splitlines()
    names = [line.partition("=")[0].strip() for line in lines if line and not line.startswith("#")]
    assert names
    assert all(Path("/proc/sys", *name.split(".")).exists() for name in names)


@pytest.mark.parametrize("name", ["journald.conf", "journald-edge.conf"])
def test_the_log_is_bounded(files: Path, name: str) -> None:
    parser = configparser.ConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys have capitals
    parser.read(files / "system" / name)
    journal = parser["Journal"]
    assert journal["Storage"] in {"persistent", "volatile"}
    assert "SystemMaxUse" in journal or "RuntimeMaxUse" in journal
