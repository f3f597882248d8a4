"""The one-time code that lets a device join a shop: a secret the hub knows, and the fingerprint by which the device knows the hub.

A code is 32 characters in groups of four: 10 of secret (50 bits, worthless after one use or some minutes), 20 of the fingerprint of the
shop's authority (100 bits of SHA-256), 2 that catch a mistyped one. The device proves the hub before it says the secret.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ023456789"
"""Without I, L, O and 1, which are taken for one another: 32 characters, 5 bits each."""
SECRET_CHARACTERS = 10
FINGERPRINT_CHARACTERS = 20
CHECK_CHARACTERS = 2
HUB_NAME = "hub.aislewise.internal"
"""The name in every certificate of a shop's hub and broker, so that a new address needs no new certificate."""
SERVICE = "_aislewise-hub._tcp.local."
"""How a hub is found by multicast DNS."""

_LENGTH = SECRET_CHARACTERS + FINGERPRINT_CHARACTERS + CHECK_CHARACTERS
_CONFUSED = str.maketrans("O", "0")


class JoinCode(NamedTuple):
    """Both parts, in the alphabet above."""

    secret: str
    fingerprint: str

    def __str__(self) -> str:
        text = self.secret + self.fingerprint
        text += _letters(text.encode(), CHECK_CHARACTERS)
        return "-".join(re.findall("....", text))


def fingerprint_of(certificate_der: bytes) -> str:
    """The fingerprint of an authority's certificate as a code carries it."""
    return _letters(certificate_der, FINGERPRINT_CHARACTERS)


def parse_join_code(text: str) -> JoinCode | None:
    """Read a code as a person types it, in any case, with any spaces and dashes; None when it cannot be one."""
    plain = re.sub(r"[\s-]", "", text).upper().translate(_CONFUSED)
    if len(plain) != _LENGTH or not set(plain) <= set(ALPHABET):
        return None
    code = JoinCode(plain[:SECRET_CHARACTERS], plain[SECRET_CHARACTERS:-CHECK_CHARACTERS])
    return code if plain.endswith(_letters(plain[:-CHECK_CHARACTERS].encode(), CHECK_CHARACTERS)) else None


def _letters(data: bytes, count: int) -> str:
    number = int.from_bytes(hashlib.sha256(data).digest())
    return "".join(ALPHABET[number >> (251 - 5 * place) & 31] for place in range(count))
