"""How the parts of an EPC lie in a tag's bits (GS1 EPC Tag Data Standard 1.13, chapter 14).

A segment takes some parts of an identity to bits and back. Each reads only what it would write: one thing has one EPC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from store_hub.rules.epc_errors import FieldRefused
from store_hub.rules.epc_fields import COMPANY_DIGITS_MAX, are_digits

# Partition value 0, 1, … → bits of a company prefix of 12, 11, … digits.
_COMPANY_BITS = (40, 37, 34, 30, 27, 24, 20)
_PARTITION_BITS = 3
_CHARACTER_BITS = 7
_SIX_BITS = 6


class BitReader:
    """Bits from the left, each taken once."""

    def __init__(self, value: int, width: int) -> None:
        self._value = value
        self.left = width

    def take(self, width: int) -> int:
        """Return the next bits as a number; raise FieldRefused where fewer are left."""
        if width > self.left:
            raise FieldRefused(f"it ends {width - self.left} bits too early")
        self.left -= width
        return (self._value >> self.left) & ((1 << width) - 1)


class BitWriter:
    """Bits from the left, each put once."""

    def __init__(self) -> None:
        self.value = 0
        self.width = 0

    def put(self, value: int, width: int) -> None:
        """Append a number in so many bits; raise FieldRefused where it needs more."""
        if value >> width:
            raise FieldRefused(f"{value} does not fit into {width} bits")
        self.value = (self.value << width) | value
        self.width += width


class Segment(Protocol):
    """Some parts of an identity as bits."""

    def write(self, parts: Sequence[str], bits: BitWriter) -> None:
        """Append the parts; raise FieldRefused where they do not fit."""

    def read(self, bits: BitReader) -> list[str]:
        """Return the parts that the next bits hold; raise FieldRefused where the standard has no such bits."""

    @property
    def parts(self) -> int:
        """How many parts of an identity the segment carries."""


@dataclass(frozen=True, slots=True)
class Integer:
    """A number without leading zeros."""

    bits: int
    digits_max: int | None = None
    parts: int = 1

    def write(self, parts: Sequence[str], bits: BitWriter) -> None:
        bits.put(plain_number(parts[0], self.digits_max), self.bits)

    def read(self, bits: BitReader) -> list[str]:
        text = str(bits.take(self.bits))
        plain_number(text, self.digits_max)
        return [text]


@dataclass(frozen=True, slots=True)
class FixedDigits:
    """So many digits, leading zeros kept by their number alone."""

    bits: int
    digits: int
    parts: int = 1

    def write(self, parts: Sequence[str], bits: BitWriter) -> None:
        bits.put(int(parts[0] or "0"), self.bits)

    def read(self, bits: BitReader) -> list[str]:
        value = bits.take(self.bits)
        if value >= 10**self.digits:
            raise FieldRefused(f"{value} has more than the {self.digits} digits that its place allows")
        return [f"{value:0{self.digits}d}" if self.digits else ""]


@dataclass(frozen=True, slots=True)
class MarkedDigits:
    """Digits behind a 1 that keeps their leading zeros (the standard's *Numeric String*)."""

    bits: int
    parts: int = 1

    def write(self, parts: Sequence[str], bits: BitWriter) -> None:
        bits.put(int(f"1{parts[0]}"), self.bits)

    def read(self, bits: BitReader) -> list[str]:
        text = str(bits.take(self.bits))
        if len(text) < 2 or text[0] != "1":
            raise FieldRefused(f"a serial number that keeps its zeros must be written behind a 1, not as {text}")
        return [text[1:]]


@dataclass(frozen=True, slots=True)
class SevenBitText:
    """Seven bits a character, zeros behind the last."""

    bits: int
    parts: int = 1

    def write(self, parts: Sequence[str], bits: BitWriter) -> None:
        room = self.bits
        for letter in parts[0]:
            bits.put(ord(letter), _CHARACTER_BITS)
            room -= _CHARACTER_BITS
        if room < 0:
            raise FieldRefused(f"{parts[0]!r} does not fit into {self.bits} bits")
        bits.put(0, room)

    def read(self, bits: BitReader) -> list[str]:
        inner, letters = BitReader(bits.take(self.bits), self.bits), ""
        while inner.left >= _CHARACTER_BITS and (code := inner.take(_CHARACTER_BITS)):
            letters += chr(code)
        if inner.take(inner.left):
            raise FieldRefused(f"there is something behind the end of the text {letters!r}")
        return [letters]


@dataclass(frozen=True, slots=True)
class SixBitText:
    """Six bits a character; ends at six zeros, or after `letters` characters, filled up with a blank in front."""

    letters: int | None = None
    parts: int = 1

    def write(self, parts: Sequence[str], bits: BitWriter) -> None:
        for letter in parts[0].rjust(self.letters or 0):
            bits.put(ord(letter) & 0x3F, _SIX_BITS)
        if self.letters is None:
            bits.put(0, _SIX_BITS)

    def read(self, bits: BitReader) -> list[str]:
        codes: list[int] = []
        while len(codes) != self.letters:
            code = bits.take(_SIX_BITS)
            if not code and self.letters is None:
                break
            codes.append(code)
        text = "".join(chr(code if code >= 0x20 else code + 0x40) for code in codes)
        return [text.removeprefix(" ") if self.letters else text]


@dataclass(frozen=True, slots=True)
class EightBitText:
    """Eight bits a character, so many characters, filled up with a blank in front."""

    letters: int
    parts: int = 1

    def write(self, parts: Sequence[str], bits: BitWriter) -> None:
        for letter in parts[0].rjust(self.letters):
            bits.put(ord(letter), 8)

    def read(self, bits: BitReader) -> list[str]:
        return ["".join(chr(bits.take(8)) for _ in range(self.letters)).removeprefix(" ")]


@dataclass(frozen=True, slots=True)
class Zeros:
    """Bits that the standard keeps for later."""

    bits: int
    parts: int = 0

    def write(self, parts: Sequence[str], bits: BitWriter) -> None:
        bits.put(0, self.bits)

    def read(self, bits: BitReader) -> list[str]:
        if bits.take(self.bits):
            raise FieldRefused(f"{self.bits} reserved bits are not all zero")
        return []


@dataclass(frozen=True, slots=True)
class Partitioned:
    """A company prefix and what follows it; the partition value says how many bits and digits each has.

    `reference` is how the second part is written; `bits` and `digits` are of both parts together.
    """

    reference: type[FixedDigits] | type[Integer] | type[SevenBitText] | type[SixBitText]
    bits: int = 0
    digits: int = 0
    parts: int = 2

    def write(self, parts: Sequence[str], bits: BitWriter) -> None:
        partition = COMPANY_DIGITS_MAX - len(parts[0])
        bits.put(partition, _PARTITION_BITS)
        bits.put(int(parts[0]), _COMPANY_BITS[partition])
        self._reference(partition).write(parts[1:], bits)

    def read(self, bits: BitReader) -> list[str]:
        partition = bits.take(_PARTITION_BITS)
        if partition >= len(_COMPANY_BITS):
            raise FieldRefused(f"partition value {partition} is not in the standard's table (0 to 6)")
        company = FixedDigits(_COMPANY_BITS[partition], COMPANY_DIGITS_MAX - partition).read(bits)
        return company + self._reference(partition).read(bits)

    def _reference(self, partition: int) -> Segment:
        bits = self.bits - _COMPANY_BITS[partition]
        digits = self.digits - (COMPANY_DIGITS_MAX - partition)
        if self.reference is SixBitText:
            return SixBitText()
        if self.reference is SevenBitText:
            return SevenBitText(bits)
        return Integer(bits, digits) if self.reference is Integer else FixedDigits(bits, digits)


def plain_number(text: str, digits_max: int | None) -> int:
    """Return digits without leading zeros as a number; raise FieldRefused for any other text, or a longer one."""
    if not are_digits(text) or (len(text) > 1 and text[0] == "0"):
        raise FieldRefused(f"{text!r} cannot be written as a number: it has leading zeros or characters other than digits")
    if digits_max is not None and len(text) > digits_max:
        raise FieldRefused(f"{text} has more than the {digits_max} digits that its place allows")
    return int(text)
