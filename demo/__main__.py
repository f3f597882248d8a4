"""`make demo`: the whole chain on a simulated corner shop, in a browser. Everything it writes is in one folder, `var/demo`."""

from __future__ import annotations

import argparse
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import NamedTuple

from honcho.environ import expand_processes, parse_procfile
from honcho.manager import Manager

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_STATE = "var/demo"
CONFIGURATION_WRONG, STORAGE_UNUSABLE, PORT_TAKEN = 2, 5, 6
_READY_WITHIN_S = 180.0
_CATCH_UP_MAX_H = 744.0


class DemoProblem(Exception):
    """Something keeps the demo from starting; the text says what to do."""

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code


class Ports(NamedTuple):
    """Where the three servers listen, on this machine only."""

    broker: int
    hub: int
    cloud: int


_PORTS = {"broker": ("BROKER_PORT", 1883), "hub": ("HUB_PORT", 8080), "cloud": ("CLOUD_PORT", 8090)}


def chosen_ports() -> Ports:
    """The default ports, or those that the environment names (make passes its own variables on)."""
    chosen = {}
    for server, (variable, default) in _PORTS.items():
        text = os.environ.get(variable) or str(default)
        if not text.isdigit() or not 1 <= int(text) <= 65535:
            raise DemoProblem(f"{variable}={text} is no port; give a number from 1 to 65535", CONFIGURATION_WRONG)
        chosen[server] = int(text)
    if len(set(chosen.values())) < len(chosen):
        raise DemoProblem(f"the ports {', '.join(map(str, chosen.values()))} are not three different ones", CONFIGURATION_WRONG)
    return Ports(**chosen)


def check_free(ports: Ports) -> None:
    """Say which ports are taken, and how to choose others."""
    taken = {server: port for server, port in ports._asdict().items() if not _is_free(port)}
    if taken:
        which = ", ".join(f"port {port} (for the {server})" for server, port in taken.items())
        advice = " ".join(f"{_PORTS[server][0]}={_free_port_near(port)}" for server, port in taken.items())
        raise DemoProblem(f"taken by another program: {which}; choose others, for example: make demo {advice}", PORT_TAKEN)


def write_settings(ports: Ports, state: Path) -> None:
    """Put the demo's settings, with these ports, into its folder; the secret between hub and cloud is minted once."""
    try:
        state.mkdir(parents=True, exist_ok=True)
        token_file = state / "cloud.token"
        if not token_file.exists():
            _write_secret(token_file, secrets.token_urlsafe(24))
        token = token_file.read_text(encoding="utf-8").strip()
        _write_secret(state / "tokens.toml", f'[stores]\n"corner-shop" = "{token}"\n')
        changes = {"port = 1883": f"port = {ports.broker}", "port = 8080": f"port = {ports.hub}", "8090": str(ports.cloud)}
        for name in ("hub.toml", "cloud.toml"):
            text = (ROOT / "demo" / name).read_text(encoding="utf-8")
            for default, chosen in {**changes, DEFAULT_STATE: str(state)}.items():
                text = text.replace(default, chosen)
            (state / name).write_text(text, encoding="utf-8")
    except OSError as error:
        problem = f"{error.filename or state}: {error.strerror}; make room there, or choose another folder with --state"
        raise DemoProblem(problem, STORAGE_UNUSABLE) from error


def prepare_ledger(state: Path) -> None:
    """Make the hub's ledger at the first start; a later start goes on with it."""
    if not (state / "ledger.sqlite").exists():
        command = [sys.executable, "-m", "store_hub", "init", "--config", str(state / "hub.toml"), "--planogram", "demo/planogram.json"]
        done = subprocess.run(command, cwd=ROOT, check=False)
        if done.returncode:
            raise DemoProblem("the hub's ledger could not be made; the line above says why", done.returncode)


def run(ports: Ports, state: Path, *, catch_up_hours: float) -> int:
    """Run all processes until one ends or Ctrl-C; returns the exit code."""
    environment = {
        **os.environ,
        "PYTHON": sys.executable,
        "PYTHONUNBUFFERED": "1",
        "BROKER_PORT": str(ports.broker),
        "HUB_PORT": str(ports.hub),
        "CLOUD_PORT": str(ports.cloud),
        "STATE": str(state),
        "CATCH_UP_HOURS": str(catch_up_hours),
    }
    manager = Manager()
    procfile = parse_procfile((ROOT / "demo" / "Procfile").read_text(encoding="utf-8"))
    for process in expand_processes(procfile.processes):
        manager.add_process(process.name, process.cmd, env={**environment, **process.env}, cwd=str(ROOT))
    ended = threading.Event()
    threading.Thread(target=_announce, args=(ports, ended), name="announce", daemon=True).start()
    manager.loop()
    ended.set()
    return int(manager.returncode or 0)


def _announce(ports: Ports, ended: threading.Event) -> None:
    """Print the addresses as soon as both pages answer."""
    pages = {"The shop": f"http://127.0.0.1:{ports.hub}/", "The chain": f"http://127.0.0.1:{ports.cloud}/"}
    doors = [f"http://127.0.0.1:{port}/health/live" for port in (ports.hub, ports.cloud)]
    started = time.monotonic()
    while not all(_answers(door) for door in doors):
        if ended.wait(0.5) or time.monotonic() - started > _READY_WITHIN_S:
            return
    lines = [f"  {name:<10} {address}" for name, address in pages.items()]
    print(
        "\n" + "\n".join(["The demo is running. Open in a browser:", *lines, "  Ctrl-C stops it; a second start goes on."]) + "\n",
        flush=True,
    )


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=1.0) as answer:  # Our own address on this machine.
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    with socket.socket() as caller:
        caller.settimeout(0.3)
        return caller.connect_ex(("127.0.0.1", port)) != 0  # Somebody may listen on all addresses.


def _free_port_near(port: int) -> int:
    return next((candidate for candidate in range(port + 1, port + 200) if candidate < 65536 and _is_free(candidate)), 0)


def _write_secret(path: Path, text: str) -> None:
    path.touch(mode=0o600, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")


def _hours(text: str) -> float:
    """Hours of the past, as the command line or CATCH_UP_HOURS gives them."""
    try:
        hours = float(text)
    except ValueError:
        hours = -1.0
    if not 0.0 <= hours <= _CATCH_UP_MAX_H:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of hours from 0 to {_CATCH_UP_MAX_H:.0f}")
    return hours


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description="The whole chain on a simulated corner shop, in a browser, until Ctrl-C.",
        epilog="Example: make demo HUB_PORT=8081 CLOUD_PORT=8091 BROKER_PORT=1884",
    )
    parser.add_argument("--state", type=Path, default=Path(os.environ.get("DEMO_STATE") or DEFAULT_STATE), help="where all is kept")
    hours = os.environ.get("CATCH_UP_HOURS") or "3"
    parser.add_argument("--catch-up", type=_hours, default=hours, metavar="HOURS", help="how much of the past to tell at the first start")
    return parser.parse_args()


def main() -> int:
    """Start the demo."""
    arguments = _arguments()
    state = (ROOT / arguments.state).resolve()
    try:
        ports = chosen_ports()
        check_free(ports)
        write_settings(ports, state)
        prepare_ledger(state)
    except DemoProblem as problem:
        print(f"demo: {problem}", file=sys.stderr)
        return problem.exit_code
    except KeyboardInterrupt:
        return 130
    return run(ports, state, catch_up_hours=arguments.catch_up)


if __name__ == "__main__":
    sys.exit(main())
