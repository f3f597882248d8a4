"""Signs what is posted to other people's servers, as the Standard Webhooks specification has it (standardwebhooks.com).

HMAC-SHA256 over id, time and body: a library for it exists in most languages.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

SECRET_PREFIX = "whsec_"
SECRET_BYTES_MIN = 24
SECRET_ADVICE = 'make one with: echo "whsec_$(openssl rand -base64 32)"'


def signature(secret: bytes, *, message_id: str, at_s: int, body: bytes) -> str:
    """Return the value of `webhook-signature`."""
    digest = hmac.digest(secret, f"{message_id}.{at_s}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def signed_headers(secret: bytes, *, message_id: str, at_s: int, body: bytes) -> dict[str, str]:
    """Return the headers of a signed message of JSON.

    Args:
        message_id: the same however often it is sent, so that the receiver can tell a repetition.
        at_s: now, Unix seconds: receivers refuse what is minutes old.
    """
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": signature(secret, message_id=message_id, at_s=at_s, body=body),
    }


def secret_from(word: str) -> bytes | None:
    """Return the raw secret of `whsec_` and base64; None where it is of another form or too short."""
    try:
        secret = base64.b64decode(word.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        return None
    return secret if word.startswith(SECRET_PREFIX) and len(secret) >= SECRET_BYTES_MIN else None
