"""Posts an approved order to its supplier's server, signed so that it can tell that it is ours and fresh."""

from __future__ import annotations

from pathlib import Path

import httpx

from cloud_api.errors import ConfigurationInvalid
from wire_format.signing import SECRET_ADVICE, secret_from, signed_headers


class WebhookPost:
    """One receiver.

    Args:
        secret: shared with it, raw.
        timeout_s: for connecting and for the whole answer.
    """

    def __init__(self, url: str, secret: bytes, *, timeout_s: float = 15.0) -> None:
        self.url = url
        self._secret = secret
        self._client = httpx.Client(timeout=timeout_s, follow_redirects=False)

    def send(self, *, message_id: str, at_s: int, body: bytes) -> str | None:
        """Post one message; an answer of 2xx takes it. Returns None, or what went wrong in words.

        Args:
            message_id: the same however often it is sent, so that the receiver can tell a repetition.
            at_s: now, Unix seconds: receivers refuse what is minutes old.
        """
        headers = signed_headers(self._secret, message_id=message_id, at_s=at_s, body=body)
        try:
            answer = self._client.post(self.url, content=body, headers=headers)
        except httpx.HTTPError as error:
            return str(error) or type(error).__name__
        return None if answer.is_success else f"it answered {answer.status_code}"

    def close(self) -> None:
        """Close what is open."""
        self._client.close()


def read_secret(path: Path) -> bytes:
    """Read a secret from the first line of a file.

    Raises:
        ConfigurationInvalid: it cannot be read, is of another form or too short.
    """
    field = "planning.webhooks.secret_file"
    try:
        word = path.read_text(encoding="utf-8").split("\n", maxsplit=1)[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationInvalid(path=str(path), field=field, problem=f"cannot be read: {error}") from None
    secret = secret_from(word)
    if secret is None:
        raise ConfigurationInvalid(path=str(path), field=field, problem=f"holds no secret of whsec_ and base64; {SECRET_ADVICE}")
    return secret
