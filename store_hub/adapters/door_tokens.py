"""Bearer tokens that open the hub's doors, from a file with one a line. Only digests stay in memory."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path

from store_hub.errors import ConfigurationInvalid

LENGTH_MIN = 16


class DoorKeys:
    """Knows which doors a caller may open: by the tokens of a file (all doors), or by a key of `store-hub keys` (its scopes).

    Args:
        find: a key's name and scopes.
        is_local_enough: whether programs on this machine need neither.
        refused: notes who and what was turned away.
    """

    def __init__(
        self, tokens: DoorTokens, *, find: Callable[[str], tuple[str, tuple[str, ...]] | None], is_local_enough: bool,
        refused: Callable[[str, str], None],
    ) -> None:  # fmt: skip
        self._tokens, self._find, self.is_local_enough, self.refused = tokens, find, is_local_enough, refused

    def opens(self, authorization: str | None, scope: str) -> bool:
        """Tell whether this `Authorization` header opens a door."""
        if self._tokens.opens(authorization):
            return True
        scheme, _, secret = (authorization or "").partition(" ")
        found = self._find(secret.strip()) if scheme.lower() == "bearer" else None
        return found is not None and (scope in found[1] or "all" in found[1])


class DoorTokens:
    """Knows whether a bearer token is one of ours; compares in constant time."""

    def __init__(self, tokens: list[str]) -> None:
        self._digests = [_digest(token) for token in tokens]

    def opens(self, authorization: str | None) -> bool:
        """Tell whether this `Authorization` header opens the doors."""
        scheme, _, token = (authorization or "").partition(" ")
        digest = _digest(token.strip())
        known = [hmac.compare_digest(digest, own) for own in self._digests]
        return scheme.lower() == "bearer" and any(known)


def read_door_tokens(path: Path) -> DoorTokens:
    """Read a token file; empty lines and lines that begin with # do not count.

    Raises:
        ConfigurationInvalid: it cannot be read, holds no token, or a short one.
    """
    tokens = []
    for number, token in enumerate(_lines(path, field="http.token_file"), start=1):
        if not token or token.startswith("#"):
            continue
        if len(token) < LENGTH_MIN:
            problem = f"a token has at least {LENGTH_MIN} characters; make one with: openssl rand -hex 24"
            raise ConfigurationInvalid(path=str(path), field="http.token_file", problem=problem, line=number)
        tokens.append(token)
    if not tokens:
        raise ConfigurationInvalid(path=str(path), field="http.token_file", problem="no token in it; make one with: openssl rand -hex 24")
    return DoorTokens(tokens)


def read_token(path: Path, *, field: str) -> str:
    """Read the one token of a file (the cloud's, the mirror's).

    Raises:
        ConfigurationInvalid: it cannot be read, or holds no token.
    """
    token = next((line for line in _lines(path, field=field) if line and not line.startswith("#")), None)
    if token is None:
        raise ConfigurationInvalid(path=str(path), field=field, problem="no token in it; write it on the first line")
    return token


def _lines(path: Path, *, field: str) -> list[str]:
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigurationInvalid(path=str(path), field=field, problem=f"cannot be read: {reason}") from None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
