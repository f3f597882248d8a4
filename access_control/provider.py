"""Log-in by a company's own identity provider: OpenID Connect, authorization code with PKCE; tokens are verified by joserfc.

OpenID Connect Core 1.0, sections 3.1.2 and 3.1.3.7; RFC 7636. Nothing of the provider's is kept but who somebody is there (issuer and
subject): no access token, no refresh token.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import httpx
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from access_control.errors import AccessError, LogInRefused
from access_control.persons import Identity
from access_control.provider_config import is_safe

TIMEOUT_S, KEPT_S, KEYS_AGAIN_S, LEEWAY_S = 10.0, 3600.0, 60.0, 30
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Signatures by a key that the provider alone holds: never `none`, never one that our client secret could make."""


class ProviderUnusable(AccessError, ConnectionError):
    """The provider does not answer, or answers what it must not."""

    exit_code = 4


class ProviderSettings(NamedTuple):
    """What the configuration says of a provider.

    `issuer`: its address, exactly as its discovery document names it. `page_url`: where browsers find our pages; the provider must know
    `page_url` + /login/provider/back as a redirect. `roles`: value of the claim `role_claim` → our role, the first that fits counts.
    """

    issuer: str
    client_id: str
    client_secret: str | None
    page_url: str
    scopes: tuple[str, ...]
    name_claim: str
    role_claim: str
    roles: Mapping[str, str]


class Attempt(NamedTuple):
    """What a browser keeps while its owner is at the provider: all random but `target`, the page that was asked for."""

    state: str
    nonce: str
    verifier: str
    target: str


class _Discovery(msgspec.Struct, frozen=True):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None


class Provider:
    """One provider. Thread-safe; asks it at the first log-in, not before.

    Args:
        client: speaks HTTPS, verifies certificates, follows no redirects.
        clock: monotonic seconds; `now_s`: wall seconds, for the tokens' times.
    """

    def __init__(
        self, settings: ProviderSettings, *, client: httpx.Client | None = None, clock: Callable[[], float] = time.monotonic,
        now_s: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self.settings = settings
        self._client = client if client is not None else httpx.Client(timeout=TIMEOUT_S, follow_redirects=False)
        self._clock, self._now_s, self._lock = clock, now_s, threading.Lock()
        self._found: tuple[float, _Discovery] | None = None
        self._keys: tuple[float, KeySet] | None = None

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends browsers back to."""
        return f"{self.settings.page_url.rstrip('/')}/login/provider/back"

    def begin(self, target: str) -> tuple[str, Attempt]:
        """Where to send a browser, and what it keeps meanwhile.

        Raises:
            ProviderUnusable
        """
        attempt = Attempt(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(32), target)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code", "client_id": self.settings.client_id, "redirect_uri": self.redirect_uri,
            "scope": " ".join(self.settings.scopes), "state": attempt.state, "nonce": attempt.nonce,
            "code_challenge": challenge, "code_challenge_method": "S256",
        }  # fmt: skip
        at = self._discovery().authorization_endpoint
        return f"{at}{'&' if '?' in at else '?'}{urlencode(asked)}", attempt

    def finish(self, attempt: Attempt, *, code: str, state: str, issuer: str | None) -> Identity:
        """Who came back from the provider.

        Args:
            code, state, issuer: as the browser brought them (`issuer` after RFC 9207, None where it brought none).

        Raises:
            LogInRefused: this is not an answer to this browser's question, or its token does not hold.
            ProviderUnusable
        """
        if not secrets.compare_digest(state.encode(), attempt.state.encode()):
            raise LogInRefused("this log-in was not begun in this browser; begin again")
        if issuer is not None and issuer != self.settings.issuer:
            raise LogInRefused("this answer comes from another provider; begin again")
        told = self._token(code, attempt)
        claims = self._claims(str(told.get("id_token", "")), attempt.nonce)
        if self.settings.role_claim not in claims or self.settings.name_claim not in claims:
            claims = self._user_info(told, claims)
        name = claims.get(self.settings.name_claim)
        if not isinstance(name, str) or not name.strip():
            raise LogInRefused(f"the provider tells no {self.settings.name_claim} of you; ask who runs it")
        return Identity(self.settings.issuer, str(claims["sub"]), name, self._role(claims.get(self.settings.role_claim)))

    # ----

    def _token(self, code: str, attempt: Attempt) -> dict[str, Any]:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri, "code_verifier": attempt.verifier}
        secret, auth = self.settings.client_secret, None
        if secret is None:
            form["client_id"] = self.settings.client_id
        else:  # RFC 6749, 2.3.1: both are form-encoded before they are put into the header.
            auth = httpx.BasicAuth(quote(self.settings.client_id, safe=""), quote(secret, safe=""))
        return self._asked("POST", self._discovery().token_endpoint, data=form, auth=auth)

    def _claims(self, token: str, nonce: str) -> dict[str, Any]:
        registry = jwt.JWTClaimsRegistry(
            now=lambda: int(self._now_s()), leeway=LEEWAY_S, iss={"essential": True, "value": self.settings.issuer},
            aud={"essential": True, "value": self.settings.client_id}, sub={"essential": True}, exp={"essential": True},
            iat={"essential": True}, nonce={"essential": True, "value": nonce},
        )  # fmt: skip
        try:
            claims = self._verified(token)
            registry.validate(claims)
        except (JoseError, ValueError) as error:
            raise LogInRefused(f"the provider's token does not hold ({type(error).__name__}); begin again") from None
        audience = claims["aud"]
        if (isinstance(audience, list) and len(audience) > 1 and "azp" not in claims) or claims.get("azp", self.settings.client_id) != (
            self.settings.client_id
        ):
            raise LogInRefused("the provider's token is for another program; begin again")
        return claims

    def _verified(self, token: str) -> dict[str, Any]:
        try:
            return dict(jwt.decode(token, self._key_set(again=False), algorithms=ALGORITHMS).claims)
        except (JoseError, ValueError):  # Perhaps the provider has changed its keys.
            return dict(jwt.decode(token, self._key_set(again=True), algorithms=ALGORITHMS).claims)

    def _user_info(self, told: dict[str, Any], claims: dict[str, Any]) -> dict[str, Any]:
        at = self._discovery().userinfo_endpoint
        if at is None:
            return claims
        more = self._asked("GET", at, headers={"authorization": f"Bearer {told.get('access_token', '')}"})
        if more.get("sub") != claims["sub"]:
            raise LogInRefused("the provider's two answers are of different people; begin again")
        return {**more, **claims}

    def _role(self, said: object) -> str | None:
        groups = said if isinstance(said, list) else [said]
        return next((role for group, role in self.settings.roles.items() if group in groups), None)

    def _discovery(self) -> _Discovery:
        with self._lock:
            if self._found is not None and self._clock() - self._found[0] < KEPT_S:
                return self._found[1]
        told = self._asked("GET", f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration")
        try:
            found = msgspec.convert(told, _Discovery)
        except msgspec.ValidationError as error:
            raise ProviderUnusable(f"provider {self.settings.issuer}: its discovery document cannot be used: {error}") from None
        if found.issuer != self.settings.issuer:
            raise ProviderUnusable(f"provider {self.settings.issuer}: calls itself {found.issuer}; write that into oidc.issuer")
        for address in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri, found.userinfo_endpoint):
            if address is not None and not is_safe(address):
                raise ProviderUnusable(f"provider {self.settings.issuer}: {address} is not HTTPS")
        with self._lock:
            self._found = (self._clock(), found)
        return found

    def _key_set(self, *, again: bool) -> KeySet:
        with self._lock:
            kept, now = self._keys, self._clock()
        if kept is not None and now - kept[0] < (KEYS_AGAIN_S if again else KEPT_S):
            return kept[1]
        told = self._asked("GET", self._discovery().jwks_uri)
        try:
            keys = KeySet.import_key_set({"keys": [key for key in told["keys"] if key.get("use", "sig") == "sig"]})
        except (JoseError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise ProviderUnusable(f"provider {self.settings.issuer}: its keys cannot be used: {error}") from None
        with self._lock:
            self._keys = (self._clock(), keys)
        return keys

    def _asked(self, method: str, address: str, **more: Any) -> dict[str, Any]:
        try:
            answer = self._client.request(method, address, **more)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ProviderUnusable(f"provider {self.settings.issuer}: no answer from {address}: {type(error).__name__}") from None
        if answer.status_code in (400, 401) and method == "POST":
            raise LogInRefused("the provider did not take back its own code; begin again, and see oidc.client_secret_file if it stays so")
        try:
            told = msgspec.json.decode(answer.content) if answer.status_code == 200 else None
        except msgspec.DecodeError:
            told = None
        if not isinstance(told, dict):
            raise ProviderUnusable(f"provider {self.settings.issuer}: {address} answered {answer.status_code}, not what it should")
        return told
