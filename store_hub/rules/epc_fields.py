"""The parts of an EPC identity, and what each may hold (GS1 EPC Tag Data Standard 1.13, chapter 6 and annex A).

A part is kept as plain text: `a/b`, never `a%2Fb`. Only URIs are written with escapes.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from store_hub.rules.epc_errors import FieldRefused

COMPANY_DIGITS_MIN, COMPANY_DIGITS_MAX = 6, 12
GS1_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!\"%&'()*+,-./:;<=>?_")
PART_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789#-/")
_ESCAPED_IN_URI = frozenset('"#%&/<>?')
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def escaped(text: str) -> str:
    """Return a part as it stands in an EPC URI."""
    if text.isascii() and text.isalnum():
        return text
    return "".join(f"%{ord(letter):02X}" if letter in _ESCAPED_IN_URI else letter for letter in text)


def unescaped(text: str) -> str:
    """Return a part of an EPC URI as plain text; raise FieldRefused where it should have been escaped, or is escaped wrongly."""
    if text.isascii() and text.isalnum():
        return text
    if _STRAY_PERCENT.search(text):
        raise FieldRefused(f"in {text!r} a % is not followed by two hex digits")
    bare = next((letter for letter in text if letter in _ESCAPED_IN_URI and letter != "%"), None)
    if bare is not None:
        raise FieldRefused(f"in {text!r} write {bare} as %{ord(bare):02X}")
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)


def are_digits(text: str) -> bool:
    """Tell digits 0 to 9 from anything else; Unicode knows more digits than GS1 does."""
    return text.isascii() and text.isdigit()


@dataclass(frozen=True, slots=True)
class Field(ABC):
    """A part of an identity. `name` is the word that errors use for it."""

    name: str

    @abstractmethod
    def check(self, text: str, before: Sequence[str]) -> None:
        """Raise FieldRefused if the part may not hold this text, given the parts before it."""

    def _refuse(self, text: str, wish: str) -> FieldRefused:
        return FieldRefused(f"{self.name} {text!r} must be {wish}")


@dataclass(frozen=True, slots=True)
class Company(Field):
    """A GS1 company prefix."""

    name: str = "company prefix"

    def check(self, text: str, before: Sequence[str]) -> None:
        if not (are_digits(text) and COMPANY_DIGITS_MIN <= len(text) <= COMPANY_DIGITS_MAX):
            raise self._refuse(text, f"{COMPANY_DIGITS_MIN} to {COMPANY_DIGITS_MAX} digits")


@dataclass(frozen=True, slots=True)
class Reference(Field):
    """Digits that fill up the company prefix to a fixed length; none where the prefix fills it alone."""

    digits_with_company: int

    def check(self, text: str, before: Sequence[str]) -> None:
        digits = self.digits_with_company - len(before[0])
        if len(text) != digits or not (are_digits(text) or not text):
            raise self._refuse(text, f"{digits} digits beside a company prefix of {len(before[0])}")


@dataclass(frozen=True, slots=True)
class Digits(Field):
    """Digits whose leading zeros count."""

    length_min: int
    length_max: int

    def check(self, text: str, before: Sequence[str]) -> None:
        if not (are_digits(text) and self.length_min <= len(text) <= self.length_max):
            span = f"{self.length_min}" if self.length_min == self.length_max else f"{self.length_min} to {self.length_max}"
            raise self._refuse(text, f"{span} digits")


@dataclass(frozen=True, slots=True)
class Number(Field):
    """A number without leading zeros, below a limit."""

    limit: int

    def check(self, text: str, before: Sequence[str]) -> None:
        if not are_digits(text) or text != str(int(text[:40])) or int(text) >= self.limit:
            raise self._refuse(text, f"a number below {self.limit} without leading zeros")


@dataclass(frozen=True, slots=True)
class Text(Field):
    """Characters of an alphabet. `with_company` counts the company prefix into the length."""

    length_max: int
    alphabet: frozenset[str] = GS1_ALPHABET
    length_min: int = 1
    with_company: bool = False

    def check(self, text: str, before: Sequence[str]) -> None:
        length_max = self.length_max - (len(before[0]) if self.with_company else 0)
        if not self.length_min <= len(text) <= length_max:
            raise self._refuse(text, f"{self.length_min} to {length_max} characters")
        foreign = next((letter for letter in text if letter not in self.alphabet), None)
        if foreign is not None:
            raise FieldRefused(f"{self.name} {text!r} holds {foreign!r}, which the standard's alphabet for it lacks")


@dataclass(frozen=True, slots=True)
class Pattern(Field):
    """Characters that a regular expression describes; `wish` is the same in words."""

    expression: re.Pattern[str]
    wish: str

    def check(self, text: str, before: Sequence[str]) -> None:
        if not self.expression.fullmatch(text):
            raise self._refuse(text, self.wish)
