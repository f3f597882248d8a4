"""One name for a tag, whatever form it is told in: memory in hex, EPC tag URI, pure identity or raw URI."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from store_hub.rules.epc import RAW_URN, Epc, read_epc, read_tag_uri, told_epc
from store_hub.rules.epc_errors import EpcInvalid, EpcUriInvalid
from store_hub.rules.epc_gs1 import gs1_key
from store_hub.rules.epc_identity import EpcIdentity, read_identity_uri

_RAW = re.compile(re.escape(RAW_URN) + r"\d+\.x([0-9A-Fa-f]+)")


class TagName(NamedTuple):
    """A tag by its pure identity (its raw URI where it has none); `gtin` (14 digits) or `sscc` where it is an article's or a carton's."""

    uri: str
    gtin: str | None
    sscc: str | None


def read_tag_text(text: str) -> TagName:
    """Read a tag as a handheld or a file tells it.

    Raises:
        EpcInvalid: it is no EPC in any of these forms.
    """
    text = text.strip()
    if raw := _RAW.fullmatch(text):
        return tag_name(raw[1].upper())
    if text.startswith("urn:epc:tag:"):
        return _named(read_tag_uri(text).identity)
    if text.startswith("urn:"):
        return _named(read_identity_uri(text))
    if not re.fullmatch(r"(?:[0-9A-Fa-f]{4}){1,31}", text):
        raise EpcUriInvalid(text=text, reason="write EPC memory as hex in whole words of four digits, or an EPC URI such as urn:epc:tag:…")
    return tag_name(text.upper())


@lru_cache(maxsize=100_000)
def tag_name(epc_hex: str) -> TagName:
    """Name a tag by its memory; whatever it holds, it has a name."""
    try:
        read = read_epc(epc_hex)
    except EpcInvalid:
        return TagName(told_epc(epc_hex)[0], None, None)
    return _named(read.identity) if isinstance(read, Epc) else TagName(read.uri, None, None)


def _named(identity: EpcIdentity) -> TagName:
    key = gs1_key(identity) if identity.scheme in ("sgtin", "sscc") else None
    return TagName(identity.uri, key if identity.scheme == "sgtin" else None, key if identity.scheme == "sscc" else None)
