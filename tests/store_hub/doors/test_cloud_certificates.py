"""The hub gives its token to nobody whose certificate it cannot check."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import uvicorn
from fastapi import FastAPI, Request

from store_hub.adapters.cloud_link import CloudLink, CloudRefused


class SecureCloud(NamedTuple):
    """A cloud that speaks TLS, its certificate, and the tokens it was given."""

    url: str
    certificate: Path
    tokens: list[str]


@pytest.fixture
def secure_cloud(tmp_path: Path, until: Callable[..., None]) -> Iterator[SecureCloud]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: apt-get install openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650",
            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate),
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    tokens: list[str] = []
    app = FastAPI()

    @app.get("/v1/stores/corner/plans")
    def plans(request: Request) -> dict[str, Any]:
        tokens.append(request.headers["authorization"])
        return {"v": 1, "plans": []}

    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_level="critical", lifespan="off", ssl_keyfile=str(key), ssl_certfile=str(certificate)
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="test-https", daemon=True)
    thread.start()
    until(lambda: server.started)
    yield SecureCloud(f"https://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", certificate, tokens)
    server.should_exit = True
    thread.join(5)


def link(url: str) -> CloudLink:
    return CloudLink(url=url, store_id="corner", token="secret", timeout_s=5.0)


def test_a_cloud_nobody_vouches_for_is_not_given_the_token(secure_cloud: SecureCloud) -> None:
    with link(secure_cloud.url) as line, pytest.raises(CloudRefused, match=r"certificate cannot be trusted; .*SSL_CERT_FILE"):
        line.plans_after(0, ledger_id="0" * 32)
    assert secure_cloud.tokens == []


def test_a_chain_with_an_authority_of_its_own_names_it(secure_cloud: SecureCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(secure_cloud.certificate))
    with link(secure_cloud.url) as line:
        assert line.plans_after(0, ledger_id="0" * 32).plans == []
    assert secure_cloud.tokens == ["Bearer secret"]


def test_a_token_that_would_travel_in_clear_beyond_this_machine_is_worth_a_warning() -> None:
    spoken = {
        url: link(url).speaks_in_clear for url in ("http://10.0.0.7:8090", "http://localhost:8090", "http://[::1]:1", "https://c.example")
    }
    assert list(spoken.values()) == [True, False, False, False]
