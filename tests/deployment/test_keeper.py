"""What is new is kept once it works, and taken back by itself when it does not: real broker, real hub, real processes."""

from __future__ import annotations

import functools
import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kept_device import KeptDevice, make_borrowed_wheel, make_wheel, running

from deployment.release import make_key, pack

pytestmark = [pytest.mark.broker, pytest.mark.timeout(400)]


@pytest.fixture
def device(tmp_path: Path, mosquitto: Any, free_port: int) -> Iterator[KeptDevice]:
    with running(tmp_path, broker_port=mosquitto.port, hub_port=free_port) as kept:
        yield kept


@pytest.fixture
def shelf_of_releases(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address under which it is served."""
    folder = tmp_path / "releases"
    folder.mkdir()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, name="releases")
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(5)


def test_a_configuration_that_works_is_kept(device: KeptDevice) -> None:
    device.start()
    device.wait(lambda: bool(device.booked("shelf_weight")), "the scale is heard")
    told = device.booked("configuration_told")
    assert [(message["version"], message["toml"]) for message in told] == [(None, device.toml())]
    better = device.toml(confirm_every_s=60.0)
    device.send_configuration(better, based_on=hashlib.sha256(device.toml().encode()).hexdigest())
    device.wait_told("trying", "confirmed")
    assert device.config.read_text() == better
    device.wait(lambda: len(device.booked("configuration_told")) == 2, "the new file is told")
    assert device.booked("configuration_told")[-1]["version"] == 4
    assert device.state.configuration == 4


def test_a_configuration_that_loses_a_sensor_is_taken_back_and_not_tried_again(device: KeptDevice) -> None:
    device.start()
    device.wait(lambda: bool(device.booked("shelf_weight")), "the scale is heard")
    device.send_configuration(device.toml(topic="nodes/s2/raw"))
    *_, taken_back = device.wait_told("trying", "rolled_back", within_s=90)
    assert "shelf drinks" in taken_back["reason"]
    assert device.config.read_text() == device.toml()
    device.kill()  # The hub's wish still lies at the broker.
    device.start()
    device.wait(lambda: len(device.booked("configuration_told")) >= 2, "it is back")
    device.wait_told("trying", "rolled_back")
    assert device.state.is_refused("configuration", "4")


def test_a_power_cut_in_the_middle_of_a_trial_loses_neither_the_old_file_nor_the_trial(device: KeptDevice) -> None:
    device.start()
    device.wait(lambda: bool(device.booked("shelf_weight")), "the scale is heard")
    better = device.toml(confirm_every_s=60.0)
    device.send_configuration(better)
    device.wait(lambda: device.state.trial is not None and device.state.trial.starts == 1, "the trial has begun")
    device.kill()
    device.start()
    device.wait(lambda: device.state.configuration == 4, "it is confirmed")
    assert device.config.read_text() == better


def test_a_wrong_configuration_is_not_even_tried(device: KeptDevice) -> None:
    device.start()
    text = device.toml()
    wrong = [
        (text.replace("counts_per_gram = 21.0", 'counts_per_gram = "many"'), None, "counts_per_gram"),
        (text.replace('device_id = "pi-1"', 'device_id = "pi-2"'), None, "device_id is pi-2, but this device is pi-1"),
        (text.replace("[broker]", "[brokre]"), None, "brokre"),
        (device.toml(confirm_every_s=60.0), "0" * 64, "has changed since"),
    ]
    for version, (toml, based_on, _) in enumerate(wrong, start=4):
        device.send_configuration(toml, version=version, based_on=based_on)
        told = device.wait_told(*["refused"] * (version - 3))
    assert all(reason in message["reason"] for message, (_, _, reason) in zip(told, wrong, strict=True))
    assert device.config.read_text() == text


def bundle_of(tmp_path: Path, folder: Path, version: str, **broken: dict[str, str]) -> Path:
    """A signed release in the folder, its key among those that the device trusts."""
    keys = tmp_path / "etc" / "release_keys"
    keys.mkdir(exist_ok=True)
    secret = tmp_path / "release.key"
    if not secret.exists():
        _, public = make_key(tmp_path)
        public.rename(keys / public.name)
    wheels = [make_wheel(tmp_path, version, **broken), make_borrowed_wheel(tmp_path)]
    bundle = folder / f"{version}.tar"
    pack(wheels, version=version, packages=[f"aislewise=={version}", "borrowed==1"], key_file=secret, out=bundle)
    return bundle


def test_new_software_is_installed_beside_the_old_and_kept_once_it_works(
    device: KeptDevice, tmp_path: Path, shelf_of_releases: tuple[Path, str]
) -> None:
    folder, address = shelf_of_releases
    bundle = bundle_of(tmp_path, folder, "0.9.1")
    device.start()
    device.wait(lambda: bool(device.booked("shelf_weight")), "the scale is heard")
    device.send_software(bundle, "0.9.1", f"{address}/0.9.1.tar")
    device.wait_told("trying", "confirmed", within_s=150)
    assert (device.state.slot, device.state.software) == ("b", "0.9.1")


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("\nimport time\nEdgeAgent.run = lambda self, stop, **more: time.sleep(3600)\n", "it was not well within"),
        ("\nEdgeAgent.run = lambda self, stop, **more: 1 / 0\n", "it ended with exit code 1"),
    ],
    ids=["hangs", "falls over"],
)
def test_software_that_breaks_the_agent_is_taken_back_by_itself(
    device: KeptDevice, tmp_path: Path, shelf_of_releases: tuple[Path, str], broken: str, reason: str
) -> None:
    folder, address = shelf_of_releases
    bundle = bundle_of(tmp_path, folder, "0.9.2", changes={"edge_agent/assemble.py": broken})
    device.start()
    device.wait(lambda: bool(device.booked("shelf_weight")), "the scale is heard")
    device.send_software(bundle, "0.9.2", f"{address}/0.9.2.tar")
    *_, taken_back = device.wait_told("rolled_back", within_s=150)
    assert reason in taken_back["reason"]
    assert device.state.slot == "a"
    weights = len(device.booked("shelf_weight"))
    device.wait(lambda: len(device.booked("shelf_weight")) > weights, "the old agent weighs again")


def test_software_that_nobody_we_trust_has_signed_is_refused(
    device: KeptDevice, tmp_path: Path, shelf_of_releases: tuple[Path, str]
) -> None:
    folder, address = shelf_of_releases
    bundle = bundle_of(tmp_path, folder, "0.9.3")
    (tmp_path / "etc" / "release_keys" / "release.pub").unlink()
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    make_key(stranger)[1].rename(tmp_path / "etc" / "release_keys" / "other.pub")
    device.start()
    device.send_software(bundle, "0.9.3", f"{address}/0.9.3.tar")
    (refused,) = device.wait_told("refused")
    assert "signed by none of the keys" in refused["reason"]
    assert not (tmp_path / "slots" / "b").exists()
