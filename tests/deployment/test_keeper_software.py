"""New software is kept once it works, and taken back by itself when it does not: real broker, real hub, real processes, real wheels."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from kept_device import KeptDevice, make_borrowed_wheel, make_wheel

from deployment.release import make_key, pack

pytestmark = [pytest.mark.broker, pytest.mark.timeout(400)]


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
