"""`edge-agent audit` on a film of the simulated shop: repeatable from a file, handed to the agent, and booked by a real hub."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge_agent.adapters.clock import AgentClock
from edge_agent.adapters.outbox import Outbox
from edge_agent.adapters.simulated_pictures import SimulatedPictures
from edge_agent.assemble import EdgeAgent
from edge_agent.config import BrokerConfig, CameraConfig, EdgeConfig, OutboxConfig, load_part
from edge_agent.flows.audit import Audit, VerdictsInvalid
from edge_agent.flows.audit_film import AuditFilm
from edge_agent.flows.audit_letters import AuditPickup, leave_letters, letters_folder
from edge_agent.flows.fault_board import FaultBoard
from edge_agent.rules.audit_sample import AuditRule
from edge_agent.simulated_store.camera_view import camera_config
from wire_format import codec
from wire_format.observations import CameraAudited, Estimate
from wire_format.plans import Planogram

AGENT = [sys.executable, "-m", "edge_agent"]


def agent(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*AGENT, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False, cwd=cwd)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """A folder with most of a minute of the simulated shop, its boxes and a device's file."""
    folder = tmp_path_factory.mktemp("audit")
    plan = codec.plans.decode((repository / "demo" / "planogram.json").read_bytes())
    assert isinstance(plan, Planogram)
    source, boxes = SimulatedPictures(plan, seed=3, is_paced=False), []
    writer = cv2.VideoWriter(str(folder / "film.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 5, (source.width_px, source.height_px))
    for _ in range(220):
        seen = source.next(1000)
        writer.write(seen.frame.pixels)
        for (left, top, right, bottom), sure in zip(seen.boxes, seen.scores, strict=True):
            boxes.append(f"{seen.frame.number},-1,{left:.1f},{top:.1f},{right - left:.1f},{bottom - top:.1f},{sure:.2f},-1,-1,-1")
    writer.release()
    (folder / "boxes.txt").write_text("\n".join(boxes) + "\n")
    line = camera_config(plan).lines[0]
    camera = 'area_id = "whole-floor"\nsource = "0"\nframes_per_s = 5.0\n[[cameras.lines]]\ndoor_id = "front-door"\n'
    ends = f"x1 = {line.x1}\ny1 = {line.y1}\nx2 = {line.x2}\ny2 = {line.y2}\n"
    outbox = f'[outbox]\npath = "{folder}/outbox.sqlite"\n'
    (folder / "edge.toml").write_text(f'store_id = "corner"\ndevice_id = "pi-door"\n{outbox}[[cameras]]\n{camera}{ends}')
    return folder


@pytest.fixture(scope="module")
def audited(film: Path) -> AuditFilm:
    """The film as the live path saw it."""
    config = load_part(film / "edge.toml", CameraConfig, source=str(film / "film.avi"))
    return AuditFilm(film / "film.avi", config, AuditRule(quiet_max=3), detections=film / "boxes.txt", progress=False)


OPTIONS = ["film.avi", "--config", "edge.toml", "--detections", "boxes.txt", "--quiet", "3", "--json"]


def verdicts_for(audited: AuditFilm) -> dict[str, Any]:
    """All of it judged: the first crossing wrong, one person missed in the last stretch."""
    said: list[dict[str, Any]] = [
        {"number": item.number, **({"verdict": "right"} if item.kind == "event" else {})} for item in audited.items
    ]
    next(one for one in said if "verdict" in one)["verdict"] = "nobody"
    said[-1]["missed_out"] = 1
    return {"fingerprint": audited.fingerprint, "verdicts": said}


def test_an_audit_can_be_repeated_from_its_verdicts_and_reaches_the_outbox_of_the_agent(film: Path, audited: AuditFilm) -> None:
    (film / "said.json").write_text(json.dumps(verdicts_for(audited)))
    run = agent("audit", *OPTIONS, "--verdicts", "said.json", cwd=film)
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    (door,) = report["doors"]
    assert door["counted"] >= 3
    assert (door["judged"], door["right"], door["missed"]) == (door["counted"], door["counted"] - 1, 1)
    assert door["precision"]["value"] == pytest.approx((door["counted"] - 1) / door["counted"], abs=1e-4)
    (film / "again.json").write_text(run.stdout)  # A report is a file of verdicts, too.
    again = json.loads(agent("audit", *OPTIONS, "--verdicts", "again.json", "--no-send", cwd=film).stdout)
    assert {**again, "left_for_the_hub_in": None} == {**report, "left_for_the_hub_in": None}
    clock = AgentClock()
    outbox = Outbox(film / "outbox.sqlite", capacity=100)
    faults = FaultBoard(clock.wall_ms)
    (letters_folder(outbox.path) / "1-broken.json").write_bytes(b"{")
    pickup = AuditPickup(outbox, clock, faults, device_id="pi-door", look_every_s=0.01)
    assert pickup.look() == 1
    said = codec.observations.decode(outbox.take(0, 10)[0].payload)
    assert isinstance(said, CameraAudited)
    assert (said.door_id, said.counted, said.boot_id) == ("front-door", door["counted"], clock.boot_id)
    assert [path.suffix for path in letters_folder(outbox.path).iterdir()] == [".bad"]
    assert pickup.look() == 0
    outbox.close()


@pytest.mark.parametrize(
    ("verdict", "told"),
    [
        ({"number": 9999}, "there is no item 9999"),
        ({"number": 1, "verdict": "perhaps"}, "is no file of verdicts: Invalid enum value 'perhaps'"),
        ({"number": 1, "verdict": "right", "missed_in": -1}, "is no file of verdicts"),
    ],
)
def test_verdicts_that_make_no_sense_are_refused_in_one_line(film: Path, audited: AuditFilm, verdict: dict[str, Any], told: str) -> None:
    (film / "bad.json").write_text(json.dumps({**verdicts_for(audited), "verdicts": [verdict]}))
    with pytest.raises(VerdictsInvalid) as refused:
        Audit(audited, area_id="whole-floor", seed=1).read(film / "bad.json")
    assert told in str(refused.value)


def test_verdicts_for_another_film_are_refused(film: Path) -> None:
    (film / "other.json").write_text('{"fingerprint": "0123456789abcdef", "verdicts": []}')
    run = agent("audit", *OPTIONS, "--verdicts", "other.json", cwd=film)
    assert run.returncode == 3
    assert "its verdicts are for sample 0123456789abcdef, but this film" in run.stderr
    assert run.stderr.count("\n") == 1


def test_a_camera_without_a_line_cannot_be_audited(film: Path) -> None:
    (film / "bare.toml").write_text('area_id = "hall"\nsource = "0"\n')
    run = agent("audit", "film.avi", "--config", "bare.toml", cwd=film)
    assert run.returncode == 2
    assert "the camera has no door line: draw one with edge-agent aim" in run.stderr


def test_a_strip_shows_each_crossing_with_heads_covered_and_writes_nothing(film: Path, audited: AuditFilm) -> None:
    before = sorted(film.iterdir())
    strips = audited.strips("everything", progress=False)
    assert set(strips) == {item.number for item in audited.items}
    for item in audited.items:
        strip = strips[item.number]
        assert sum(frame.is_crossing for frame in strip) == (item.kind == "event")
        assert 1 <= len(strip) <= 8
        assert [frame.at_ms for frame in strip] == sorted(frame.at_ms for frame in strip)
        picture = cv2.imdecode(np.frombuffer(strip[0].jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert min(picture.shape[:2]) >= 24
        assert picture.shape[1] <= 360
    assert sorted(film.iterdir()) == before


def test_a_running_agent_takes_an_audit_into_its_outbox(tmp_path: Path, free_port: int) -> None:
    """No hub is there: the audit waits in the outbox with everything else."""
    path = tmp_path / "outbox.sqlite"
    config = EdgeConfig(
        store_id="corner", device_id="pi-door", broker=BrokerConfig(port=free_port), outbox=OutboxConfig(path=str(path), capacity=100)
    )
    share = Estimate(value=0.97, low=0.94, high=0.99)
    letter = CameraAudited(
        device_id="pi-door", boot_id="cafe0001", monotonic_ms=1, observed_at_ms=5, area_id="entrance", door_id="front", audited_at_ms=5,
        film_ms=60_000, looked_ms=60_000, counted=100, judged=100, right=97, missed=1, precision=share, recall=share, count_accuracy=share,
    )  # fmt: skip
    leave_letters(path, [letter])
    running, stop = EdgeAgent(config), threading.Event()
    thread = threading.Thread(target=running.run, args=(stop,))
    thread.start()
    deadline_s = time.monotonic() + 20
    while list(letters_folder(path).iterdir()) and time.monotonic() < deadline_s:
        stop.wait(0.05)
    stop.set()
    thread.join(timeout=20)
    outbox = Outbox(path, capacity=100)
    said = codec.observations.decode(outbox.take(0, 10)[0].payload)
    outbox.close()
    assert isinstance(said, CameraAudited)
    assert (said.right, said.audited_at_ms) == (97, 5)
    assert said.boot_id != "cafe0001"  # The agent's own, so that the hub can place it in time.
