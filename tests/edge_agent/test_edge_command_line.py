"""The edge agent as a user meets it: a process that runs, stops, dies and explains itself in one line."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from wire_format import codec, topics
from wire_format.commands import BookedThrough
from wire_format.observations import DeviceHealth, ShelfWeight

STORE, DEVICE = "corner", "shelves-1"
AGENT = [sys.executable, "-m", "edge_agent"]
RESTING = "".join(f"{number / 10},{84_000 + 21_000 * (number > 300)}\n" for number in range(900))


def agent(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*AGENT, *arguments], capture_output=True, text=True, timeout=60, check=False, cwd=cwd)


def device_file(folder: Path, port: int, *, trace: str = RESTING) -> Path:
    (folder / "trace.csv").write_text("t_s,raw\n" + trace)
    path = folder / "edge.toml"
    path.write_text(
        f'store_id = "{STORE}"\ndevice_id = "{DEVICE}"\n[broker]\nport = {port}\n[outbox]\npath = "{folder}/o.sqlite"\n'
        f'[[scales]]\nshelf_id = "s1"\nadapter = "recording"\nrecording = "{folder}/trace.csv"\n'
        "counts_per_gram = 21.0\ntare_counts = 84000\n"
    )
    return path


def one_line(run: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in run.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, run.stderr
    assert lines[0].startswith("edge-agent: ")
    return lines[0]


class Listener:
    """Hears healths and letters at the real broker, and books every letter at once."""

    def __init__(self, port: int) -> None:
        self.healths: queue.Queue[DeviceHealth] = queue.Queue()
        self.seen: list[Any] = []
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.on_message = self._hear
        self._client.on_connect = lambda client, *_: client.subscribe([(topics.health_filter(STORE), 1), (topics.seen_filter(STORE), 1)])
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _hear(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        if "/health/" in message.topic:
            self.healths.put(codec.device_health.decode(message.payload))
            return
        address = topics.parse_seen(message.topic)
        self.seen.append(codec.observations.decode(message.payload))
        said = BookedThrough(outbox_id=address.outbox_id, booked_through=address.sequence, ledger_id="0" * 32)
        client.publish(topics.booked(STORE, address.outbox_id), codec.encode(said), qos=1, retain=True)

    def health(self, state: str) -> DeviceHealth:
        deadline = time.monotonic() + 15
        while True:
            health = self.healths.get(timeout=max(0.0, deadline - time.monotonic()))
            if health.state == state:
                return health

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def listener(mosquitto: Any) -> Iterator[Listener]:
    hears = Listener(mosquitto.port)
    yield hears
    hears.close()


@pytest.mark.broker
def test_a_recording_runs_through_the_agent_to_the_broker_and_the_agent_ends(mosquitto: Any, listener: Listener, tmp_path: Path) -> None:
    run = agent("run", "--config", str(device_file(tmp_path, mosquitto.port)), "--until-booked", "--recorded-ago", "90")
    assert run.returncode == 0, run.stderr
    weights = [one.weight_g for one in listener.seen if isinstance(one, ShelfWeight)]
    assert weights[0] == pytest.approx(0.0, abs=1.0)
    assert weights[-1] == pytest.approx(1000.0, abs=1.0)


@pytest.mark.broker
def test_killed_with_no_time_for_goodbye_its_last_will_tells_the_hub(mosquitto: Any, listener: Listener, tmp_path: Path) -> None:
    process = subprocess.Popen([*AGENT, "run", "--config", str(device_file(tmp_path, mosquitto.port))], stderr=subprocess.DEVNULL)
    birth = listener.health("birth")
    process.kill()
    process.wait()
    death = listener.health("death")
    assert (death.device_id, death.boot_id) == (DEVICE, birth.boot_id)


@pytest.mark.broker
@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)], ids=["SIGTERM", "Ctrl-C"])
def test_it_stops_within_five_seconds(mosquitto: Any, listener: Listener, tmp_path: Path, number: signal.Signals, exit_code: int) -> None:
    process = subprocess.Popen([*AGENT, "run", "--config", str(device_file(tmp_path, mosquitto.port))], stderr=subprocess.PIPE, text=True)
    listener.health("birth")
    began = time.monotonic()
    process.send_signal(number)
    _, told = process.communicate(timeout=20)
    assert time.monotonic() - began < 5.0
    assert process.returncode == exit_code
    assert "Traceback" not in told
    assert listener.health("death").state == "death"


def test_without_a_broker_it_runs_keeps_what_it_sees_and_stops(free_port: int, tmp_path: Path) -> None:
    config = device_file(tmp_path, free_port)
    process = subprocess.Popen([*AGENT, "run", "--config", str(config), "--recorded-ago", "90"], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if "recording has ended" in line:
            break
    process.terminate()
    told = process.stderr.read()
    assert process.wait(20) == 0
    assert "not_yet_booked=0" not in told
    assert "edge agent has stopped" in told


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (("run", "--config", "none.toml"), 2, "none.toml: file: cannot be read: no such file or directory"),
        (("run", "--config", "typo.toml"), 2, "typo.toml:3: scale: unknown key 'scale'; did you mean 'scales'?"),
        (("run", "--config", "nowhere.toml"), 5, "is no folder; give the agent's user a folder it can write to"),
        (("replay", "scale", "none.csv", "--config", "scale.toml"), 3, "none.csv: no such file"),
        (("replay", "scale", "text.csv", "--config", "scale.toml"), 3, "text.csv:3: "),
        (("replay", "tags", "none.csv"), 3, "none.csv"),
        (("replay", "camera", "none.avi"), 3, "none.avi: no such film"),
        (("simulate", "--planogram", "none.json"), 3, "none.json: cannot be read"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, arguments: tuple[str, ...], exit_code: int, said: str) -> None:
    (tmp_path / "typo.toml").write_text('store_id = "a"\ndevice_id = "b"\n[[scale]]\nshelf_id = "s"\n')
    (tmp_path / "nowhere.toml").write_text('store_id = "a"\ndevice_id = "b"\n[outbox]\npath = "typo.toml/o.sqlite"\n')
    (tmp_path / "scale.toml").write_text('shelf_id = "s"\ncounts_per_gram = 21\ntare_counts = 0\n')
    (tmp_path / "text.csv").write_text("t_s,raw\n0.0,84000\n0.1,many\n")
    run = agent(*arguments, cwd=tmp_path)
    assert run.returncode == exit_code, run.stderr
    assert said in one_line(run)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("simulate", "--planogram", "p.json", "--broker", "here"), "HOST:PORT"),
        (("replay", "camera", "film.avi", "--line", "door"), "NAME:X1,Y1,X2,Y2"),
        (("replay", "camera", "film.avi", "--line", "door:1,1,1,1"), "two different points"),
        (("replay", "scale", "t.csv"), "--config SCALE.toml or --plan"),
        (("replay", "scale", "t.csv", "--plan", "plan.json"), "--shelf"),
    ],
)
def test_an_option_that_cannot_be_meant_is_explained(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    run = agent(*arguments, cwd=tmp_path)
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
    assert said in " ".join(run.stderr.replace("│", " ").split())


def test_check_says_of_each_part_whether_it_is_well_and_what_to_do(free_port: int, tmp_path: Path) -> None:
    config = device_file(tmp_path, free_port)
    run = agent("check", "--config", str(config), "--json")
    assert run.returncode == 4
    parts = {part["part"]: part for part in json.loads(run.stdout)["parts"]}
    assert not parts["broker"]["is_ok"]
    assert "check that the hub is on" in parts["broker"]["advice"]
    assert parts["shelf s1"]["is_ok"]
    assert parts["shelf s1"]["found"].startswith("5 readings, 0 g")
    assert parts["outbox"]["is_ok"]
    assert not (tmp_path / "o.sqlite").exists(), "check changes nothing"
    table = agent("check", "--config", str(config))
    assert "NOT OK" in table.stdout
    assert "1 of 5 parts need attention" in table.stdout


@pytest.mark.broker
def test_check_is_content_when_all_is_well(mosquitto: Any, tmp_path: Path) -> None:
    run = agent("check", "--config", str(device_file(tmp_path, mosquitto.port)))
    assert run.returncode == 0, run.stdout
    assert "all is well" in run.stdout


def test_help_comes_quickly() -> None:
    """Nothing heavy is loaded for it; the limit is generous for a busy machine."""
    heavy = (
        "import sys; import edge_agent.__main__; print([name for name in ('cv2', 'numpy', 'onnxruntime', 'paho') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.strip() == "[]"
