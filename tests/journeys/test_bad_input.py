"""What cannot be used is refused at the command line: one line that says what, where and what to do, an exit code, no traceback."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import bad_input_shop as shop
import pytest

from wire_format import codec


def run(folder: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of our programs as its user does."""
    command = [str(Path(sys.executable).parent / program), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)


def refused(done: subprocess.CompletedProcess[str], *, exit_code: int) -> str:
    """The one line with which a program refused."""
    assert done.returncode == exit_code, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    (line,) = done.stderr.splitlines()
    return line


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A shop with a planogram, a hub's file and no ledger yet."""
    shop.write_shop(tmp_path, broker_port=1, hub_port=1)
    return tmp_path


@pytest.fixture(scope="module")
def new_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger as `init` leaves it."""
    made = tmp_path_factory.mktemp("new")
    shop.write_shop(made, broker_port=1, hub_port=1)
    assert run(made, "store-hub", "init", "--config", "hub.toml").returncode == 0
    return made / "ledger.sqlite"


@pytest.fixture
def ledger(folder: Path, new_ledger: Path, free_port: int) -> Path:
    """The same shop with its ledger, on a port of its own."""
    shop.write_shop(folder, broker_port=1, hub_port=free_port)
    return Path(shutil.copy(new_ledger, folder / "ledger.sqlite"))


PROGRAMS = ("edge-agent", "store-hub", "cloud-api")
PORT_TABLE = {"edge-agent": "broker", "store-hub": "http", "cloud-api": "listen"}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[{table}]\nprot = 1\n", "c.toml:2: {table}.prot: "),
        ('[{table}]\nport = "http"\n', "c.toml:2: {table}.port: Expected a whole number, got "),
        ("[{table}]\nport = 1\nport = 2\n", "c.toml:3: file: is not valid TOML: "),
        (None, "c.toml: file: cannot be read: no such file or directory; "),
    ],
    ids=["unknown key", "wrong type", "no TOML", "no file"],
)
def test_a_wrong_configuration_is_told_with_file_line_and_field(tmp_path: Path, program: str, text: str | None, said: str) -> None:
    table = PORT_TABLE[program]
    if text is not None:
        (tmp_path / "c.toml").write_text(text.format(table=table), encoding="utf-8")
    line = refused(run(tmp_path, program, "run", "--config", "c.toml"), exit_code=2)
    assert line.startswith(f"{program}: " + said.format(table=table))
    assert "prot" not in line or "did you mean 'port'?" in line


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("sku", "ghost", "shelf drinks: unknown SKU ghost; add it to products"),
        ("from_m", "left", "Expected `float`, got `str` - at `$.bays[0].shelves[0].facings[0].from_m`"),
        (None, None, "Input data was truncated"),
    ],
    ids=["unknown SKU", "text for a number", "broken JSON"],
)
def test_a_planogram_that_cannot_be_used_makes_no_ledger_and_no_simulated_shop(folder: Path, name: str, value: str, said: str) -> None:
    plan = json.loads(codec.encode(shop.planogram()))
    if name is not None:
        plan["bays"][0]["shelves"][0]["facings"][0][name] = value
    (folder / "plan.json").write_text(json.dumps(plan)[: None if name else 200], encoding="utf-8")
    assert said in refused(run(folder, "store-hub", "init", "--config", "hub.toml"), exit_code=3)
    assert not (folder / "ledger.sqlite").exists()
    if value == "ghost":
        line = refused(run(folder, "edge-agent", "simulate", "--planogram", "plan.json"), exit_code=3)
        assert line.startswith("edge-agent: plan.json: shelf drinks: article 'ghost' is not among its products")


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        yield door.getsockname()[1]


@pytest.mark.parametrize("server", ["BROKER", "CLOUD"])
def test_a_demo_whose_port_is_taken_says_which_and_proposes_another(tmp_path: Path, repository: Path, taken_port: int, server: str) -> None:
    free = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    ports = {f"{name}_PORT": str(one.getsockname()[1]) for name, one in zip(("BROKER", "HUB", "CLOUD"), free, strict=True)}
    for one in free:
        one.close()
    environment = os.environ | ports | {f"{server}_PORT": str(taken_port)}
    command = [sys.executable, "-m", "demo", "--state", str(tmp_path / "state")]
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, timeout=60, check=False)
    line = refused(done, exit_code=6)
    assert f"port {taken_port} (for the {server.lower()})" in line
    assert f"make demo {server}_PORT=" in line
    assert not (tmp_path / "state").exists(), "nothing was begun"


def test_a_hub_whose_port_is_taken_leaves_its_ledger_alone(ledger: Path, taken_port: int) -> None:
    line = refused(run(ledger.parent, "store-hub", "run", "--config", "hub.toml", "--port", str(taken_port)), exit_code=6)
    assert f"port {taken_port} on 127.0.0.1 is taken by another program; stop it, or choose another port with [http] port" in line


def test_the_ledger_of_another_store_is_not_written_to(ledger: Path, free_port: int) -> None:
    before = ledger.read_bytes()
    (ledger.parent / "hub.toml").write_text(f'store_id = "elsewhere"\n[http]\nport = {free_port}\n', encoding="utf-8")
    line = refused(run(ledger.parent, "store-hub", "run", "--config", "hub.toml", "--ledger", str(ledger)), exit_code=2)
    assert line.startswith(f"store-hub: hub.toml: store_id: the ledger {ledger} is of store corner; ")
    assert ledger.read_bytes() == before


@pytest.mark.parametrize("harm", ["text", "cut in two", "a page of the journal", "a page of the books"])
def test_a_damaged_ledger_is_told_and_kept_as_it_is(ledger: Path, harm: str) -> None:
    damage(ledger, harm)
    before = ledger.read_bytes()
    line = refused(run(ledger.parent, "store-hub", "run", "--config", "hub.toml"), exit_code=5)
    assert line.startswith("store-hub: ledger ledger.sqlite: it is ")
    assert "restore" in line
    assert ledger.read_bytes() == before
    if harm == "a page of the books":
        for command in ("verify", "rebuild"):
            assert refused(run(ledger.parent, "store-hub", command, "--config", "hub.toml"), exit_code=5) == line
        assert not list(ledger.parent.glob("*.rebuilt*"))


def damage(path: Path, harm: str) -> None:
    """Spoil a SQLite file."""
    tables = {"a page of the journal": "journal", "a page of the books": "books"}
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        page = connection.execute(query, (tables[harm],)).fetchone()[0] if harm in tables else 2
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.close()
    whole = bytearray(path.read_bytes())
    if harm == "text":
        path.write_text("Dear diary, today I was a ledger.\n" * 500, encoding="utf-8")
    elif harm == "cut in two":
        path.write_bytes(whole[: len(whole) // 2])
    else:
        whole[(page - 1) * size : page * size] = b"\xa5" * size
        path.write_bytes(whole)


@pytest.mark.parametrize(
    ("program", "arguments", "exit_code"),
    [
        ("store-hub", ("init", "--planogram", "plan.json", "--ledger", "{place}/ledger.sqlite"), 5),
        ("edge-agent", ("run", "--config", "edge.toml"), 5),
        ("cloud-api", ("migrate", "--config", "cloud.toml"), 5),
    ],
)
@pytest.mark.parametrize("place", ["a file", "a read-only disk"])
def test_a_folder_that_cannot_be_written_is_named(
    folder: Path, program: str, arguments: tuple[str, ...], exit_code: int, place: str
) -> None:
    def check(where: Path) -> None:
        shop.write_device(folder, broker_port=1, sensors="", outbox=f"{where}/outbox.sqlite")
        (folder / "cloud.toml").write_text(f'[database]\ndata_dir = "{where}/records"\n', encoding="utf-8")
        words = [argument.format(place=where) for argument in arguments]
        assert str(where) in refused(run(folder, program, *words), exit_code=exit_code)

    if place == "a file":
        check(folder / "plan.json")
        return
    with shop.small_disk(folder / "disk", kilobytes=256) as disk:
        shop.make_read_only(disk)
        check(disk)


@pytest.mark.parametrize(
    ("program", "arguments", "said"),
    [
        ("store-hub", ("init", "--planogram", "plan.json", "--ledger", "disk/ledger.sqlite"), "the disk is full; free some space"),
        ("edge-agent", ("run", "--config", "edge.toml"), "the disk is full; free space on that disk"),
    ],
)
def test_a_disk_that_is_full_from_the_start_is_told(folder: Path, program: str, arguments: tuple[str, ...], said: str) -> None:
    shop.write_device(folder, broker_port=1, sensors="", outbox="disk/outbox.sqlite")
    with shop.small_disk(folder / "disk", kilobytes=64) as disk:
        filler = shop.fill(disk)
        assert said in refused(run(folder, program, *arguments), exit_code=5)
        filler.unlink()
        left = [path.name for path in disk.iterdir() if path.suffix == ".sqlite" and path.stat().st_size]
        assert not left, "half a ledger would only be in the way"
