"""The connection to a guarded broker: certificates, passwords, rights and twins, each refusal told in words."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge_agent.adapters.broker_link import BrokerLink, Post
from edge_agent.config import BrokerConfig
from edge_agent.errors import BrokerUnavailable

pytestmark = [pytest.mark.broker]
WILL = Post("stores/corner/v1/health/d", b"gone", is_retained=True)
ACL = "user shelves-1\ntopic readwrite stores/corner/#\n"


def openssl(*arguments: str, cwd: Path) -> None:
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True)


def make_certificates(folder: Path) -> None:
    """A small authority, a server and a device certificate; and an authority that nobody trusts."""
    for name in ("ca", "stranger"):
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.crt"]
        openssl("req", "-x509", *key, "-days", "2", "-subj", f"/CN={name}", cwd=folder)
    (folder / "server.ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for name, extra in (("server", ["-extfile", "server.ext"]), ("device", [])):
        openssl(
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.csr",
            "-subj",
            f"/CN={name}",
            cwd=folder,
        )
        signing = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"]
        openssl("x509", "-req", "-in", f"{name}.csr", *signing, "-out", f"{name}.crt", *extra, cwd=folder)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerConfig]:
    """A real Mosquitto that wants TLS with a device certificate, a password, and minds its ACL; and how a device reaches it."""
    program = shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")
    keeper = shutil.which("mosquitto_passwd")
    if program is None or keeper is None or shutil.which("openssl") is None:
        pytest.skip("needs mosquitto and openssl: apt-get install mosquitto openssl")
    folder = tmp_path_factory.mktemp("guarded")
    make_certificates(folder)
    subprocess.run([keeper, "-c", "-b", str(folder / "passwords"), "shelves-1", "secret"], check=True, capture_output=True)
    (folder / "acl").write_text(ACL)
    for name in ("passwords", "acl"):
        (folder / name).chmod(0o600)
    (folder / "password").write_text("secret\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "mosquitto.conf").write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {folder}/passwords\nacl_file {folder}/acl\n"
        f"cafile {folder}/ca.crt\ncertfile {folder}/server.crt\nkeyfile {folder}/server.key\nrequire_certificate true\nuser root\n"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, "-c", str(folder / "mosquitto.conf")], stdout=log, stderr=log)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.02)
    yield BrokerConfig(
        port=port,
        username="shelves-1",
        password_file=str(folder / "password"),
        ca_file=str(folder / "ca.crt"),
        certificate_file=str(folder / "device.crt"),
        key_file=str(folder / "device.key"),
    )
    process.terminate()
    process.wait(60)


def changed(config: BrokerConfig, **changes: Any) -> BrokerConfig:
    return msgspec.structs.replace(config, **changes)


def refusal(config: BrokerConfig) -> str:
    with pytest.raises(BrokerUnavailable) as told:
        BrokerLink(config, client_id="d").connect(WILL)
    assert told.value.exit_code == 4
    assert "\n" not in str(told.value)
    return str(told.value)


def turn_until(link: BrokerLink, happened: Callable[[list[bytes]], object]) -> None:
    deadline, arrived = time.monotonic() + 5, list[bytes]()
    while not happened(arrived):
        assert time.monotonic() < deadline
        arrived += [one.payload for one in link.turn(0.1)]


def test_a_device_with_its_certificate_and_password_is_let_in(guarded: BrokerConfig) -> None:
    link = BrokerLink(guarded, client_id="d")
    link.connect(WILL)
    link.subscribe("stores/corner/v1/booked/x")
    link.publish(Post("stores/corner/v1/booked/x", b"hello"))
    turn_until(link, lambda arrived: arrived == [b"hello"])
    assert link.refusal is None
    link.close()


def test_a_broker_signed_by_a_stranger_is_not_trusted(guarded: BrokerConfig) -> None:
    stranger = str(Path(guarded.ca_file or "").with_name("stranger.crt"))
    assert "TLS failed" in refusal(changed(guarded, ca_file=stranger))


def test_without_its_certificate_a_device_stays_outside(guarded: BrokerConfig) -> None:
    refusal(changed(guarded, certificate_file=None, key_file=None))


def test_a_wrong_password_is_told_as_such(guarded: BrokerConfig, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("guess")
    said = refusal(changed(guarded, password_file=str(tmp_path / "password")))
    assert "refused this device (Not authorized); check username, password file" in said


@pytest.mark.parametrize("field", ["password_file", "ca_file"])
def test_a_file_that_is_not_there_is_named(guarded: BrokerConfig, field: str) -> None:
    said = refusal(changed(guarded, **{field: "/no/such/file"}))
    assert "check the file names in [broker]" in said


def test_a_topic_that_the_acl_forbids_is_told(guarded: BrokerConfig) -> None:
    link = BrokerLink(guarded, client_id="d")
    link.connect(WILL)
    link.publish(Post("stores/other/v1/seen/x/1", b"mine"))
    turn_until(link, lambda _: link.refusal)
    assert link.refusal == "Not authorized"
    link.close()


def test_a_port_where_something_else_answers_is_told() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        link = BrokerLink(BrokerConfig(port=other.getsockname()[1]), client_id="d", connect_timeout_s=0.5)
        with pytest.raises(BrokerUnavailable, match="does not answer as an MQTT 5 broker"):
            link.connect(WILL)


def test_a_wake_from_another_thread_ends_the_wait(mosquitto: Any) -> None:
    link = BrokerLink(BrokerConfig(port=mosquitto.port), client_id="d")
    link.connect(WILL)
    link.wake()
    began = time.monotonic()
    link.turn(5.0)
    assert time.monotonic() - began < 2.0
    link.close()
