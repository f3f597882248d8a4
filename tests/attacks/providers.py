"""Providers of OpenID Connect for tests: a real one as a process of its own, and a staged one that lies as it is told."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from access_control.provider import Provider, ProviderSettings

ROLES = {"shop-managers": "manager", "shop-staff": "staff", "chain-planners": "planner"}
CLIENT, SECRET = "aislewise", "a secret/with: marks"


def settings(issuer: str, page_url: str = "https://hub.test") -> ProviderSettings:
    return ProviderSettings(
        issuer=issuer, client_id=CLIENT, client_secret=SECRET, page_url=page_url, scopes=("openid", "profile"),
        name_claim="preferred_username", role_claim="groups", roles=ROLES,
    )  # fmt: skip


@contextmanager
def provider_process(*users: dict[str, Any]) -> Iterator[str]:
    """Run `oidc-provider-mock` (a real authorization server on Authlib) on a free port; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce"]
    for user in users:
        command += ["--user-claims", json.dumps(user)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    issuer = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 30
        while True:
            assert process.poll() is None, "the provider ended"
            try:
                if httpx.get(f"{issuer}/.well-known/openid-configuration", timeout=2).status_code == 200:
                    break
            except httpx.TransportError:
                assert time.monotonic() < deadline, "the provider does not answer"
                time.sleep(0.05)
        yield issuer
    finally:
        process.terminate()
        process.wait(timeout=60)


def log_in_at(address: str, subject: str, page_url: str = "https://hub.test") -> str:
    """Fill in the provider's form as a browser would; returns where it sends the browser back to, without our host."""
    with httpx.Client(timeout=10) as browser:
        assert browser.get(address).status_code == 200
        answer = browser.post(address, data={"sub": subject})
    assert answer.status_code == 302, answer.text
    assert answer.headers["location"].startswith(page_url)
    return answer.headers["location"].removeprefix(page_url)


@cache
def _key(name: str) -> RSAKey:
    """Made once: a key takes half a second."""
    return RSAKey.generate_key(2048, {"kid": name})


class StagedProvider:
    """Signs what it is told to; holds to PKCE, the client's secret and one use of a code."""

    issuer = "https://login.test"

    def __init__(self) -> None:
        self.key, self.other = _key("first"), _key("second")
        self.published = [self.key]
        self.claims: dict[str, Any] = {}
        self.header: dict[str, Any] = {"alg": "RS256"}
        self.signs_with: Any = self.key
        self.info: dict[str, Any] = {}
        self.document: dict[str, Any] = {}
        self.is_down = False
        self.asked: list[str] = []
        self._challenges: dict[str, str] = {}
        self._nonces: dict[str, str] = {}

    def provider(self, clock: Any = time.monotonic) -> Provider:
        return Provider(settings(self.issuer), client=httpx.Client(transport=httpx.MockTransport(self._answer)), clock=clock)

    def let_in(self, address: str) -> str:
        """What the browser brings back of an authorization request."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self._challenges)}"
        self._challenges[code], self._nonces[code] = asked["code_challenge"], asked["nonce"]
        return f"/login/provider/back?code={code}&state={asked['state']}"

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.is_down:
            raise httpx.ConnectError("down", request=request)
        path = request.url.path
        self.asked.append(path)
        if path.endswith("openid-configuration"):
            ends = {name: f"{self.issuer}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")}
            return httpx.Response(200, json={"issuer": self.issuer, **ends, **self.document})
        if path == "/jwks_uri":
            return httpx.Response(200, json={"keys": [key.as_dict(private=False) for key in self.published]})
        if path == "/userinfo_endpoint":
            return httpx.Response(200, json=self.info)
        return self._token(request)

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        basic = base64.b64encode(b"aislewise:a%20secret%2Fwith%3A%20marks").decode()
        if challenge != self._challenges.pop(form["code"], None) or request.headers["authorization"] != f"Basic {basic}":
            return httpx.Response(400, json={"error": "invalid_grant"})
        now = int(time.time())
        claims = {
            "iss": self.issuer, "sub": "7", "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": self._nonces.pop(form["code"]),
            "preferred_username": "Ana", "groups": ["all", "shop-managers"], **self.claims,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.header["alg"] == "none":
            parts = (json.dumps(part).encode() for part in (self.header, claims))
            token = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."
        else:
            kid = getattr(self.signs_with, "kid", None)
            token = jwt.encode({**self.header, **({"kid": kid} if kid else {})}, claims, self.signs_with, algorithms=["RS256", "HS256"])
        return httpx.Response(200, json={"access_token": "a", "token_type": "Bearer", "id_token": token})

    def our_secret_as_key(self) -> OctKey:
        """A key that whoever knows the client's secret has."""
        return OctKey.import_key(SECRET.ljust(32, "."))
