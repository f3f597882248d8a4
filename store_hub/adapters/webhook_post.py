"""Posts an event to somebody's server, signed so that they can tell it is ours and fresh.

The signature is that of the Standard Webhooks specification (standardwebhooks.com): HMAC-SHA256 over id, time and body, so that a library
for it exists in most languages.
"""

from __future__ import annotations

from pathlib import Path

import httpx

from store_hub.adapters.door_tokens import read_token
from store_hub.errors import ConfigurationInvalid, HubError
from wire_format.signing import SECRET_ADVICE, SECRET_BYTES_MIN, SECRET_PREFIX, secret_from, signed_headers

GONE = 410


class WebhookRefused(HubError, ConnectionError):
    """A server did not take an event. `is_final`: it asks never to be sent anything again."""

    def __init__(self, *, url: str, problem: str, is_final: bool = False) -> None:
        super().__init__(f"webhook {url}: {problem}")
        self.url = url
        self.problem = problem
        self.is_final = is_final


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

    def send(self, *, message_id: str, at_s: int, body: bytes) -> None:
        """Post one event; an answer of 2xx takes it.

        Args:
            message_id: the same however often it is sent, so that the receiver can tell a repetition.
            at_s: now, Unix seconds: receivers refuse what is minutes old.

        Raises:
            WebhookRefused: no such server, no answer in time, or one that is not 2xx.
        """
        headers = signed_headers(self._secret, message_id=message_id, at_s=at_s, body=body)
        try:
            answer = self._client.post(self.url, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise WebhookRefused(url=self.url, problem=str(error) or type(error).__name__) from None
        if not answer.is_success:
            raise WebhookRefused(url=self.url, problem=f"it answered {answer.status_code}", is_final=answer.status_code == GONE)

    def close(self) -> None:
        """Close what is open."""
        self._client.close()


def read_secret(path: Path, *, field: str) -> bytes:
    """Read a secret from the first line of a file: `whsec_` and base64.

    Raises:
        ConfigurationInvalid: it cannot be read, is of another form or too short.
    """
    secret = secret_from(read_token(path, field=field))
    if secret is None:
        problem = f"a secret is {SECRET_PREFIX} and base64 of {SECRET_BYTES_MIN} bytes or more; {SECRET_ADVICE}"
        raise ConfigurationInvalid(path=str(path), field=field, problem=problem)
    return secret
