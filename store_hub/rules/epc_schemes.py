"""The tables of GS1's EPC Tag Data Standard 1.13: which schemes there are, their parts, their bits and their GS1 elements."""

from __future__ import annotations

import re
from dataclasses import dataclass

from store_hub.rules.epc_bits import (
    EightBitText,
    FixedDigits,
    Integer,
    MarkedDigits,
    Partitioned,
    Segment,
    SevenBitText,
    SixBitText,
    Zeros,
)
from store_hub.rules.epc_fields import PART_ALPHABET, Company, Digits, Field, Number, Pattern, Reference, Text


@dataclass(frozen=True, slots=True)
class Coding:
    """A way to write a scheme's identity on a tag. `bits` is None where the length depends on the identity."""

    name: str
    header: int
    bits: int | None
    filter_bits: int
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Gs1Layout:
    """How an identity reads as GS1 elements: a key of company prefix and reference, perhaps more behind it, perhaps a second element.

    `digits` is the length of company prefix and reference; None where a key without check digit ends only with its element.
    `tail_widths` are the lengths of the parts that share the key's element (None: to its end); `second_ai` holds the last part.
    """

    ai: str
    digits: int | None
    second_ai: str | None = None
    indicator_leads: bool = False
    padding: str = ""
    tail_widths: tuple[int | None, ...] = ()
    without_second: str | None = None


@dataclass(frozen=True, slots=True)
class Scheme:
    """A kind of thing that has EPCs."""

    name: str
    fields: tuple[Field, ...]
    codings: tuple[Coding, ...] = ()
    gs1: Gs1Layout | None = None
    kind: str = "id"


_COMPANY = Company()
_SERIAL_20 = Text("serial number", 20)
_CAGE = Pattern("CAGE or DoDAAC code", re.compile("[0-9A-HJ-NP-Z]{5,6}"), "5 or 6 digits and capitals without I and O")
_ADI_PART = Text("part number", 32, PART_ALPHABET - {"#"}, length_min=0)
_ADI_SERIAL = Pattern("serial number", re.compile("(?:#[A-Z0-9/-]{1,29}|[A-Z0-9/-]{1,30})"), "1 to 30 of A-Z, 0-9, - and /, # in front")
_BIC = Pattern("container code", re.compile("[A-HJ-NP-Z]{3}[JUZ][0-9]{7}"), "an owner code, J, U or Z, and 7 digits")

_GTIN_BITS = Partitioned(FixedDigits, 44, 13)
_GLN_BITS = Partitioned(FixedDigits, 41, 12)
_GSRN_SEGMENTS = (Partitioned(FixedDigits, 58, 17), Zeros(24))
_PIECES = (FixedDigits(7, 2), FixedDigits(7, 2))

_GS1_SCHEMES = (
    Scheme(
        "sgtin",
        (_COMPANY, Reference("indicator and item reference", 13), _SERIAL_20),
        (
            Coding("sgtin-96", 0x30, 96, 3, (_GTIN_BITS, Integer(38))),
            Coding("sgtin-198", 0x36, 198, 3, (_GTIN_BITS, SevenBitText(140))),
        ),
        Gs1Layout("01", 13, "21", indicator_leads=True),
    ),
    Scheme(
        "sscc",
        (_COMPANY, Reference("extension digit and serial reference", 17)),
        (Coding("sscc-96", 0x31, 96, 3, _GSRN_SEGMENTS),),
        Gs1Layout("00", 17, indicator_leads=True),
    ),
    Scheme(
        "sgln",
        (_COMPANY, Reference("location reference", 12), Text("extension", 20)),
        (
            Coding("sgln-96", 0x32, 96, 3, (_GLN_BITS, Integer(41))),
            Coding("sgln-195", 0x39, 195, 3, (_GLN_BITS, SevenBitText(140))),
        ),
        Gs1Layout("414", 12, "254", without_second="0"),
    ),
    Scheme(
        "grai",
        (_COMPANY, Reference("asset type", 12), Text("serial number", 16)),
        (
            Coding("grai-96", 0x33, 96, 3, (Partitioned(FixedDigits, 44, 12), Integer(38))),
            Coding("grai-170", 0x37, 170, 3, (Partitioned(FixedDigits, 44, 12), SevenBitText(112))),
        ),
        Gs1Layout("8003", 12, padding="0", tail_widths=(None,)),
    ),
    Scheme(
        "giai",
        (_COMPANY, Text("individual asset reference", 30, with_company=True)),
        (
            Coding("giai-96", 0x34, 96, 3, (Partitioned(Integer, 82, 25),)),
            Coding("giai-202", 0x38, 202, 3, (Partitioned(SevenBitText, 188),)),
        ),
        Gs1Layout("8004", None),
    ),
    Scheme(
        "gsrn",
        (_COMPANY, Reference("service reference", 17)),
        (Coding("gsrn-96", 0x2D, 96, 3, _GSRN_SEGMENTS),),
        Gs1Layout("8018", 17),
    ),
    Scheme(
        "gsrnp",
        (_COMPANY, Reference("service reference", 17)),
        (Coding("gsrnp-96", 0x2E, 96, 3, _GSRN_SEGMENTS),),
        Gs1Layout("8017", 17),
    ),
    Scheme(
        "gdti",
        (_COMPANY, Reference("document type", 12), Text("serial number", 17)),
        (
            Coding("gdti-96", 0x2C, 96, 3, (_GLN_BITS, Integer(41))),
            Coding("gdti-174", 0x3E, 174, 3, (_GLN_BITS, SevenBitText(119))),
        ),
        Gs1Layout("253", 12, tail_widths=(None,)),
    ),
    Scheme(
        "sgcn",
        (_COMPANY, Reference("coupon reference", 12), Digits("serial number", 1, 12)),
        (Coding("sgcn-96", 0x3F, 96, 3, (_GLN_BITS, MarkedDigits(41))),),
        Gs1Layout("255", 12, tail_widths=(None,)),
    ),
    Scheme(
        "cpi",
        (_COMPANY, Text("component or part reference", 30, PART_ALPHABET, with_company=True), Number("serial number", 10**12)),
        (
            Coding("cpi-96", 0x3C, 96, 3, (Partitioned(Integer, 51, 15), Integer(31))),
            Coding("cpi-var", 0x3D, None, 3, (Partitioned(SixBitText), Integer(40))),
        ),
        Gs1Layout("8010", None, "8011"),
    ),
    Scheme(
        "itip",
        (_COMPANY, Reference("indicator and item reference", 13), Digits("piece", 2, 2), Digits("total", 2, 2), _SERIAL_20),
        (
            Coding("itip-110", 0x40, 110, 3, (_GTIN_BITS, *_PIECES, Integer(38))),
            Coding("itip-212", 0x41, 212, 3, (_GTIN_BITS, *_PIECES, SevenBitText(140))),
        ),
        Gs1Layout("8006", 13, "21", indicator_leads=True, tail_widths=(2, 2)),
    ),
)
_OTHER_TAG_SCHEMES = (
    Scheme(
        "gid",
        (Number("general manager number", 2**28), Number("object class", 2**24), Number("serial number", 2**36)),
        (Coding("gid-96", 0x35, 96, 0, (Integer(28), Integer(24), Integer(36))),),
    ),
    Scheme(
        "usdod",
        (_CAGE, Number("serial number", 2**36)),
        (Coding("usdod-96", 0x2F, 96, 4, (EightBitText(6), Integer(36))),),
    ),
    Scheme(
        "adi",
        (_CAGE, _ADI_PART, _ADI_SERIAL),
        (Coding("adi-var", 0x3B, None, 6, (SixBitText(6), SixBitText(), SixBitText())),),
    ),
)
_SCHEMES_WITHOUT_TAGS = (
    Scheme(
        "upui",
        (_COMPANY, Reference("indicator and item reference", 13), Text("third-party extension", 28)),
        gs1=Gs1Layout("01", 13, "235", indicator_leads=True),
    ),
    Scheme(
        "lgtin",
        (_COMPANY, Reference("indicator and item reference", 13), Text("lot", 20)),
        gs1=Gs1Layout("01", 13, "10", indicator_leads=True),
        kind="class",
    ),
    Scheme("pgln", (_COMPANY, Reference("party reference", 12)), gs1=Gs1Layout("417", 12)),
    Scheme("gsin", (_COMPANY, Reference("shipper reference", 16)), gs1=Gs1Layout("402", 16)),
    Scheme("ginc", (_COMPANY, Text("consignment reference", 30, with_company=True)), gs1=Gs1Layout("401", None)),
    Scheme("bic", (_BIC,)),
    Scheme("imovn", (Digits("vessel number", 7, 7),)),
)

SCHEMES = {scheme.name: scheme for scheme in (*_GS1_SCHEMES, *_OTHER_TAG_SCHEMES, *_SCHEMES_WITHOUT_TAGS)}
CODINGS = {coding.name: (scheme, coding) for scheme in SCHEMES.values() for coding in scheme.codings}
CODING_OF_HEADER = {coding.header: (scheme, coding) for scheme, coding in CODINGS.values()}
