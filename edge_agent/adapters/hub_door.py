"""The hub's door for devices: who its authority is, a first certificate for a code, the next one, and the outbox that is ours."""

from __future__ import annotations

import base64
import hmac
import http.client
import json
import ssl
from pathlib import Path
from typing import Any, NamedTuple

from edge_agent.errors import EdgeError
from wire_format.join_code import HUB_NAME, JoinCode, fingerprint_of

TIMEOUT_S = 15.0
ANSWER_MAX_BYTES = 64 * 1024


class HubUnproven(EdgeError, ssl.SSLError):
    """Whoever answers there is not the hub that made the code."""

    exit_code = 4

    def __init__(self, *, address: str) -> None:
        super().__init__(
            f"{address} is not the hub that made this code: its fingerprint differs; check the code and the address. "
            "If both are right, somebody stands in between: nothing was told to them"
        )
        self.address = address

    def __str__(self) -> str:
        return str(self.args[0])


class HubRefused(EdgeError, ConnectionError):
    """The hub does not answer, or says no."""

    exit_code = 4

    def __init__(self, *, address: str, problem: str, advice: str, status: int | None = None) -> None:
        super().__init__(f"hub {address}: {problem}; {advice}")
        self.address = address
        self.problem = problem
        self.advice = advice
        self.status = status


class Admitted(NamedTuple):
    """What the hub answers to a join or a renewal. `certificate` is PEM."""

    device_id: str
    store_id: str
    certificate: bytes
    broker_port: int


class HubDoor:
    """One hub, one address (HOST:PORT). Nothing is said to it before it has proven who it is.

    Args:
        authority: the file of the authority's certificate.
        certificate: key and certificate of this device; None while it has none.
    """

    def __init__(self, address: str, *, authority: Path, certificate: Path | None = None) -> None:
        self.address = address
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=str(authority))
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        if certificate is not None:
            context.load_cert_chain(certificate)
        self._context = context

    def join(self, code: JoinCode, csr: str) -> Admitted:
        """Use a code. Raises HubRefused, HubUnproven."""
        return self._admitted(self._ask("/v1/join", {"secret": code.secret, "csr": csr}))

    def renew(self, csr: str) -> Admitted:
        """Ask for the next certificate. Raises HubRefused, HubUnproven."""
        return self._admitted(self._ask("/v1/renew", {"csr": csr}))

    def claim(self, outbox_id: str) -> None:
        """Say that an outbox is ours. Raises HubRefused, HubUnproven."""
        self._ask("/v1/outbox", {"outbox_id": outbox_id})

    def _ask(self, path: str, said: dict[str, str]) -> dict[str, Any]:
        status, body = _exchange(self.address, self._context, "POST", path, json.dumps(said).encode())
        try:
            answer = json.loads(body)
        except ValueError:
            answer = {}
        if status != 200 or not isinstance(answer, dict):
            problem = str(answer.get("error", "")) if isinstance(answer, dict) else ""
            words, _, advice = problem.partition("; ")
            raise HubRefused(
                address=self.address, problem=words or f"answered {status}", advice=advice or "look at the hub's log", status=status
            )
        return answer

    def _admitted(self, answer: dict[str, Any]) -> Admitted:
        try:
            return Admitted(
                str(answer["device_id"]), str(answer["store_id"]), str(answer["certificate"]).encode(), int(answer["broker_port"])
            )
        except (KeyError, ValueError):
            raise HubRefused(address=self.address, problem="its answer is incomplete", advice="update edge-agent or store-hub") from None


def fetch_authority(address: str, code: JoinCode) -> bytes:
    """The authority's certificate (PEM), once it has the fingerprint of the code. Nothing secret is said for it.

    Raises:
        HubUnproven: it has another. HubRefused: nobody answers.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # Proven by the code's fingerprint, right below.
    _, body = _exchange(address, context, "GET", "/authority", None)
    try:
        inner = body.split(b"-----BEGIN CERTIFICATE-----")[1].split(b"-----END CERTIFICATE-----")[0]
        der = base64.b64decode(b"".join(inner.split()), validate=True)
    except (IndexError, ValueError):
        raise HubUnproven(address=address) from None
    if not hmac.compare_digest(fingerprint_of(der), code.fingerprint):
        raise HubUnproven(address=address)
    return body


class _Connection(http.client.HTTPSConnection):
    """Asks for the hub by the name in its certificate, at whatever address it is."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=TIMEOUT_S)
        self._tls = context

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=HUB_NAME)


def _exchange(address: str, context: ssl.SSLContext, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
    host, _, port = address.rpartition(":")
    connection = _Connection(host.strip("[]"), int(port), context)
    try:
        connection.request(method, path, body=body, headers={"Content-Type": "application/json"} if body is not None else {})
        answer = connection.getresponse()
        return answer.status, answer.read(ANSWER_MAX_BYTES)
    except ssl.SSLCertVerificationError:
        raise HubUnproven(address=address) from None
    except (OSError, http.client.HTTPException) as error:
        problem = f"cannot be reached ({getattr(error, 'strerror', None) or error or type(error).__name__})"
        advice = "check that store-hub runs there with [trust], and the address"
        raise HubRefused(address=address, problem=problem, advice=advice) from None
    finally:
        connection.close()
