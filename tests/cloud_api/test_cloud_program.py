"""The program as a user meets it: starts, says in one line what is wrong, stops clean and leaves nothing running."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from cloud_api.__main__ import app
from cloud_api.adapters.database import newest_revision
from cloud_api.adapters.embedded_postgres import EmbeddedPostgres
from cloud_api.adapters.tokens import read_tokens
from cloud_api.config import CloudConfig, load_config
from cloud_api.errors import ConfigurationInvalid, RecordsUnusable


def cloud_api(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    return subprocess.run([sys.executable, "-m", "cloud_api", *arguments], capture_output=True, text=True, timeout=60, check=False)


def in_process(*arguments: str) -> Result:
    """Run a command that ends by itself, without waiting for a new interpreter."""
    return CliRunner().invoke(app, list(arguments))


def one_line(told: str) -> str:
    lines = told.strip().splitlines()
    assert len(lines) == 1, told
    return lines[0]


def alive_in(folder: Path) -> list[str]:
    """Command lines of live processes that name the folder."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(folder) in command and int(process.name) != os.getpid():
                found.append(command)
    return found


@pytest.fixture
def config(folder: Path) -> Path:
    path = folder / "cloud.toml"
    path.write_text(f'[database]\ndata_dir = "{folder}/records"\n')
    return path


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        yield door.getsockname()[1]


def test_every_setting_has_a_default() -> None:
    assert load_config(None) == CloudConfig()


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("[listen]\nport = 8090\nprot = 1\n", ":3: listen.prot: unknown key"),
        ("[listning]\nport = 8090\n", ":1: listning: unknown key"),
        ('[listen]\nport = "http"\n', ":2: listen.port: Expected a whole number, got 'http'"),
        ("[planning]\nservice_level = 1.5\n", ":2: planning.service_level: Expected a number < 1.0"),
        ("[listen\n", ":1: file: "),
    ],
)
def test_a_wrong_configuration_is_told_with_file_line_and_field(folder: Path, written: str, told: str) -> None:
    path = folder / "cloud.toml"
    path.write_text(written)
    with pytest.raises(ConfigurationInvalid) as caught:
        load_config(path)
    assert str(caught.value).startswith(f"{path}{told}")


def test_a_missing_configuration_file_ends_with_exit_code_2(folder: Path) -> None:
    done = in_process("migrate", "--config", str(folder / "none.toml"))
    assert done.exit_code == 2
    assert "cannot be read" in one_line(done.stderr)


def test_a_taken_port_is_named_with_the_setting_that_changes_it(config: Path, taken_port: int) -> None:
    done = cloud_api("run", "--config", str(config), "--port", str(taken_port), "--demo-token", "a-demo-token-of-ours")
    assert done.returncode == 6
    assert f"port {taken_port}" in one_line(done.stderr)
    assert "listen.port" in done.stderr
    assert not (config.parent / "records").exists(), "nothing was started"


def test_a_database_that_does_not_answer_ends_with_exit_code_4(folder: Path, free_port: int) -> None:
    path = folder / "cloud.toml"
    path.write_text(f'[database]\nurl = "postgresql://planner:secret@127.0.0.1:{free_port}/chain"\nconnect_timeout_s = 2\n')
    done = in_process("migrate", "--config", str(path))
    assert done.exit_code == 4
    assert "database.url" in one_line(done.stderr)
    assert "secret" not in done.stderr


def test_a_folder_with_other_files_is_not_taken_for_records(folder: Path) -> None:
    records = folder / "records"
    records.mkdir()
    (records / "holiday.jpg").write_bytes(b"not ours")
    with pytest.raises(RecordsUnusable, match="holds other files"):
        EmbeddedPostgres(records).start()
    assert (records / "holiday.jpg").exists()


def test_records_that_cannot_be_written_end_with_exit_code_5(folder: Path) -> None:
    (folder / "file").write_text("a file where a folder should be")
    path = folder / "cloud.toml"
    path.write_text(f'[database]\ndata_dir = "{folder}/file/records"\n')
    done = in_process("migrate", "--config", str(path))
    assert done.exit_code == 5
    assert "database.data_dir" in one_line(done.stderr)


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_stops_within_seconds_and_leaves_nothing_running(
    config: Path, folder: Path, free_port: int, number: signal.Signals, exit_code: int
) -> None:
    command = [sys.executable, "-m", "cloud_api", "run", "--config", str(config), "--port", str(free_port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stderr=log, stdout=log)
    try:
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if httpx.get(f"http://127.0.0.1:{free_port}/health/ready", timeout=2).json()["ok"]:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        assert process.poll() is None, (folder / "log").read_text()
        began = time.monotonic()
        process.send_signal(number)
        assert process.wait(timeout=60) == exit_code
        assert time.monotonic() - began < 5.0
    finally:
        process.kill()
    told = (folder / "log").read_text()
    assert "Traceback" not in told
    assert f"http://127.0.0.1:{free_port}/welcome/" in told, "the first link"
    assert alive_in(folder / "records") == []


def test_two_programs_share_the_records_and_the_last_one_stops_the_server(folder: Path) -> None:
    first, second = (EmbeddedPostgres(folder / "records", durable=False) for _ in range(2))
    first.start()
    second.start()
    first.stop()
    assert alive_in(folder / "records"), "the second still uses it"
    second.stop()
    assert alive_in(folder / "records") == []


def test_the_commands_plan_and_layout_speak_json(config: Path) -> None:
    assert in_process("migrate", "--config", str(config), "--json").stdout.splitlines()[-1] == f'{{"revision":"{newest_revision()}"}}'
    assert in_process("plan", "--config", str(config), "--json").stdout.splitlines()[-1] == '{"plans":[]}'
    done = in_process("layout", "nowhere", "--config", str(config))
    assert done.exit_code == 1
    assert "it has never reported" in done.stderr


@pytest.mark.parametrize("command", [[], ["run"], ["migrate"], ["plan"], ["layout"]])
def test_every_command_shows_an_example(command: list[str]) -> None:
    assert "Example: cloud-api" in in_process(*command, "--help").stdout


def test_a_short_or_shared_token_is_refused_with_its_name(folder: Path) -> None:
    path = folder / "tokens.toml"
    path.write_text('[stores]\nshop-1 = "short"\n')
    with pytest.raises(ConfigurationInvalid, match=r"stores\.shop-1: a token has at least 16"):
        read_tokens(path, demo=None)
    path.write_text('[stores]\nshop-1 = "the-same-long-token"\nshop-2 = "the-same-long-token"\n')
    with pytest.raises(ConfigurationInvalid, match=r"stores\.shop-2: the same token as stores\.shop-1"):
        read_tokens(path, demo=None)


@pytest.mark.parametrize(
    ("written", "extra"), [("", ["--demo-token", "a-demo-token-of-ours"]), ("[people]\nopen_on_loopback = true\n", [])]
)
def test_a_cloud_that_others_can_reach_is_never_open(folder: Path, written: str, extra: list[str]) -> None:
    path = folder / "cloud.toml"
    path.write_text(f'[listen]\nhost = "0.0.0.0"\n{written}')
    done = in_process("run", "--config", str(path), *extra)
    assert done.exit_code == 2
    assert "opens everything" in one_line(done.stderr)


def test_people_and_keys_are_managed_from_the_command_line(make_database: Callable[[], str], folder: Path) -> None:
    path = folder / "cloud.toml"
    path.write_text(f'[database]\nurl = "{make_database()}"\n[people]\npage_url = "https://chain.example/"\n')
    at = ["--config", str(path)]
    link = in_process("people", "invite", "Mei Lin", "--role", "planner", *at).output.strip()
    assert link.startswith("https://chain.example/welcome/")
    assert in_process("people", "invite", "Bo", "--role", "king", *at).exit_code == 2
    assert in_process("people", "remove", "nobody", *at).exit_code == 1
    secret = in_process("keys", "add", "hub-1", "--scope", "store:shop-1", *at).output.strip()
    assert secret.startswith("aislewise_")
    assert "hub-1" in in_process("keys", "list", *at).output
    noted = json.loads(in_process("audit", "verify", "--json", *at).output)
    assert (noted["rows"], noted["broken_at"]) == (3, None)
    assert secret not in in_process("audit", "show", *at).output
    wrong = in_process("audit", "verify", "--expect", f"3:{'0' * 64}", *at)
    assert (wrong.exit_code, "row 3 of 3 does not fit" in wrong.output) == (1, True)
