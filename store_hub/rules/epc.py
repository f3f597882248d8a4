"""What a tag says: EPC memory ⇄ EPC tag URI ⇄ pure identity, as GS1's EPC Tag Data Standard (1.13) lays out the bits.

An EPC of a scheme that we do not know is kept as an UnknownEpc, with its raw URI to show; one whose header promises a known scheme but
whose bits break it is refused with the reason. Element strings and Digital Link are in `epc_gs1`, the tables in `epc_schemes`.

Why our own tables: `epcpy` 0.1.8 passes the published vectors, and on 60,000 random names it writes the bits that we write wherever
both take the name. But it cuts an asset's name (GIAI) at a colon, so that two assets become one; raises a bare ValueError at escapes such
as %3C; reads text behind a text's end as part of the name; forgets a tag's filter value, so that hex does not become a tag URI; and says
seldom why it refuses. `biip` 5.2 reads GS1 elements and Digital Links, but no EPCs.
"""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from store_hub.rules.epc_bits import BitReader, BitWriter
from store_hub.rules.epc_errors import EpcBitsInvalid, EpcDoesNotFit, EpcInvalid, EpcUriInvalid, FieldRefused
from store_hub.rules.epc_gs1 import gs1_check_digit, gs1_key
from store_hub.rules.epc_identity import URN, EpcIdentity, checked_identity, identity_of_body
from store_hub.rules.epc_schemes import CODING_OF_HEADER, CODINGS, SCHEMES, Coding

__all__ = [
    "RAW_URN",
    "Epc",
    "UnknownEpc",
    "gs1_check_digit",
    "gtin_14",
    "gtin_of_epc",
    "raw_uri",
    "read_epc",
    "read_tag_uri",
    "told_epc",
    "write_epc",
]

_HEX = re.compile("[0-9A-Fa-f]{2,}")
_HEADER_BITS = 8
_WORD_BITS = 16
_TAG_URN = f"{URN}tag:"
RAW_URN = f"{URN}raw:"


class Epc(Struct, frozen=True):
    """What a tag's EPC memory says: a thing's name, and how it is written. `filter_value` is None where the coding has none."""

    identity: EpcIdentity
    coding: str
    filter_value: int | None

    @property
    def tag_uri(self) -> str:
        """The EPC tag URI, such as urn:epc:tag:sgtin-96:3.0614141.812345.6789."""
        filtered = "" if self.filter_value is None else f"{self.filter_value}."
        return f"{_TAG_URN}{self.coding}:{filtered}{self.identity.body}"

    @property
    def hex(self) -> str:
        """EPC memory, upper-case hex, whole words of 16 bits."""
        return write_epc(self.identity, self.coding, self.filter_value or 0)


class UnknownEpc(Struct, frozen=True):
    """An EPC of a scheme that we do not know: kept and shown as it is."""

    hex: str
    header: int

    @property
    def uri(self) -> str:
        """The raw URI, such as urn:epc:raw:96.xE28011606000020412345678."""
        return raw_uri(self.hex)


@lru_cache(maxsize=64)  # Whoever meets a tag asks several things of it, one after the other.
def read_epc(epc_hex: str) -> Epc | UnknownEpc:
    """Read a tag's EPC memory.

    Args:
        epc_hex: hex digits of either case; zeros may follow the EPC, as memory has whole words.

    Raises:
        EpcBitsInvalid: it is no hex, or its header is of a scheme whose rules the rest breaks.
    """
    if not _HEX.fullmatch(epc_hex):
        raise EpcBitsInvalid(text=epc_hex, reason="an EPC is two or more hex digits and nothing else")
    header = int(epc_hex[:2], 16)
    known = CODING_OF_HEADER.get(header)
    if known is None:
        return UnknownEpc(epc_hex.upper(), header)
    scheme, coding = known
    bits = BitReader(int(epc_hex, 16), 4 * len(epc_hex))
    try:
        bits.take(_HEADER_BITS)
        filter_value = bits.take(coding.filter_bits) if coding.filter_bits else None
        parts = [part for segment in coding.segments for part in segment.read(bits)]
        if bits.take(bits.left):
            raise FieldRefused("bits behind its end are not all zero")
        return Epc(checked_identity(scheme, parts), coding.name, filter_value)
    except FieldRefused as refusal:
        raise EpcBitsInvalid(text=epc_hex, reason=f"header {header:02X} is of {coding.name}, but {refusal}") from refusal


def write_epc(identity: EpcIdentity, coding: str, filter_value: int = 0) -> str:
    """Return the hex that a tag must hold to carry an identity, in whole words of 16 bits.

    Raises:
        EpcDoesNotFit: the coding is of another scheme, or has no room for the serial number or the filter value.
    """
    try:
        checked_identity(SCHEMES[identity.scheme], identity.parts)
        chosen = _coding_for(identity, coding)
        bits = BitWriter()
        bits.put(chosen.header, _HEADER_BITS)
        bits.put(filter_value, chosen.filter_bits)
        place = 0
        for segment in chosen.segments:
            segment.write(identity.parts[place : place + segment.parts], bits)
            place += segment.parts
    except FieldRefused as refusal:
        raise EpcDoesNotFit(text=identity.uri, reason=f"not as {coding}: {refusal}") from refusal
    padding = -bits.width % _WORD_BITS
    return f"{bits.value << padding:0{(bits.width + padding) // 4}X}"


def read_tag_uri(text: str) -> Epc:
    """Read an EPC tag URI, such as urn:epc:tag:sgtin-96:3.0614141.812345.6789.

    Raises:
        EpcUriInvalid: with the reason; also where the coding has no room for what the URI says.
    """
    try:
        if not text.startswith(_TAG_URN):
            raise FieldRefused(f"it must start with {_TAG_URN}")
        name, _, body = text[len(_TAG_URN) :].partition(":")
        if name not in CODINGS:
            raise FieldRefused(f"{name!r} is no coding of the standard")
        scheme, coding = CODINGS[name]
        filter_value = None
        if coding.filter_bits:
            filter_text, _, body = body.partition(".")
            filter_value = _filter_value(filter_text, coding)
        epc = Epc(identity_of_body(scheme, body), name, filter_value)
        write_epc(epc.identity, name, filter_value or 0)
    except FieldRefused as refusal:
        raise EpcUriInvalid(text=text, reason=str(refusal)) from refusal
    except EpcDoesNotFit as misfit:
        raise EpcUriInvalid(text=text, reason=misfit.reason) from misfit
    return epc


@lru_cache(maxsize=100_000)
def gtin_of_epc(epc: str) -> str | None:
    """Return the 14 digits of the GTIN that an EPC (hex) carries, or None if it is no valid SGTIN."""
    try:
        read = read_epc(epc)
    except EpcInvalid:
        return None  # The tag is kept all the same; told_epc says what is wrong with it.
    return gs1_key(read.identity) if isinstance(read, Epc) and read.identity.scheme == "sgtin" else None


def told_epc(epc_hex: str) -> tuple[str, str]:
    """Return how to show a tag of whatever content: a URI, and why it is refused or "" where it is not."""
    try:
        read = read_epc(epc_hex)
    except EpcInvalid as refusal:
        return raw_uri(epc_hex), refusal.reason
    return (read.tag_uri if isinstance(read, Epc) else read.uri), ""


def raw_uri(epc_hex: str) -> str:
    """Return the standard's URI for bits that are not read: urn:epc:raw:96.xE28011606000020412345678."""
    return f"{RAW_URN}{4 * len(epc_hex)}.x{epc_hex.upper()}"


def gtin_14(gtin: str) -> str:
    """Return a GTIN of 8, 12, 13 or 14 digits as the same one in 14 digits."""
    return gtin.rjust(14, "0")


def _coding_for(identity: EpcIdentity, name: str) -> Coding:
    codings = SCHEMES[identity.scheme].codings
    for coding in codings:
        if coding.name == name:
            return coding
    raise FieldRefused(f"{identity.scheme} has {', '.join(coding.name for coding in codings) or 'no coding for tags'}")


def _filter_value(text: str, coding: Coding) -> int:
    limit = 1 << coding.filter_bits
    if text not in {str(value) for value in range(limit)}:
        raise FieldRefused(f"the filter value {text!r} must be 0 to {limit - 1}")
    return int(text)
