"""The same names as bar codes and web addresses have them: GS1 element strings, GS1 keys and GS1 Digital Link.

Neither tells how long the company prefix is, an EPC does: whoever reads one must know it (GS1 publishes the prefixes).
Sources: GS1 EPC Tag Data Standard 1.13, chapter 7; GS1 Digital Link Standard: URI Syntax 1.2.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from store_hub.rules.epc_errors import FieldRefused, Gs1ElementsInvalid, NoGs1Key
from store_hub.rules.epc_fields import COMPANY_DIGITS_MAX, COMPANY_DIGITS_MIN, are_digits
from store_hub.rules.epc_identity import EpcIdentity, checked_identity
from store_hub.rules.epc_schemes import SCHEMES, Gs1Layout, Scheme

GS1_RESOLVER = "https://id.gs1.org"
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_BRACKETED = re.compile(r"\(([0-9]{2,4})\)")
_GTIN_LENGTHS = (8, 12, 13, 14)
_LAYOUTS = {name: scheme.gs1 for name, scheme in SCHEMES.items() if scheme.gs1 is not None}


class Gs1Element(Struct, frozen=True):
    """A value and the application identifier that says what it is."""

    ai: str
    value: str


def gs1_check_digit(digits: str) -> str:
    """Return GS1's check digit: weights 3, 1, 3, … from the right."""
    return str(-(3 * sum(map(int, digits[-1::-2])) + sum(map(int, digits[-2::-2]))) % 10)


def gs1_elements(identity: EpcIdentity) -> list[Gs1Element]:
    """Return the identity as GS1 elements, its key first.

    Raises:
        NoGs1Key: where the scheme has none (gid, usdod, adi, bic, imovn).
    """
    layout = _layout(identity)
    company, reference, *more = identity.parts
    if layout.indicator_leads:
        company, reference = reference[0] + company, reference[1:]
    key = company + reference
    key = layout.padding + key + (gs1_check_digit(key) if layout.digits is not None else "")
    tails = len(layout.tail_widths)
    elements = [Gs1Element(layout.ai, key + "".join(more[:tails]))]
    if layout.second_ai is not None and identity.parts[-1] != layout.without_second:
        elements.append(Gs1Element(layout.second_ai, identity.parts[-1]))
    return elements


def gs1_key(identity: EpcIdentity) -> str:
    """Return the GS1 key (GTIN-14, SSCC, GLN, GRAI, GIAI, …) without its application identifier.

    Raises:
        NoGs1Key: where the scheme has none.
    """
    return gs1_elements(identity)[0].value.removeprefix(_layout(identity).padding)


def short_gtin(gtin: str, length: int) -> str:
    """Return a GTIN-14 as a GTIN of 8, 12 or 13 digits.

    Raises:
        Gs1ElementsInvalid: where its first digits are not zeros, so that the shorter one would name another article.
    """
    zeros = len(gtin) - length
    if length not in _GTIN_LENGTHS or gtin[:zeros] != "0" * zeros:
        raise Gs1ElementsInvalid(text=gtin, reason=f"it does not start with {zeros} zeros, so it is no GTIN-{length}")
    return gtin[zeros:]


def element_string(identity: EpcIdentity) -> str:
    """Return the element string as people read it: (01)80614141123458(21)6789. Raises NoGs1Key."""
    return "".join(f"({element.ai}){element.value}" for element in gs1_elements(identity))


def digital_link(identity: EpcIdentity, resolver: str = GS1_RESOLVER) -> str:
    """Return the GS1 Digital Link of the identity: https://id.gs1.org/01/80614141123458/21/6789. Raises NoGs1Key."""
    return resolver.rstrip("/") + "".join(f"/{element.ai}/{_quoted(element.value)}" for element in gs1_elements(identity))


def read_element_string(text: str, company_prefix_digits: int) -> EpcIdentity:
    """Read an element string with its application identifiers in brackets.

    Raises:
        Gs1ElementsInvalid: with the reason.
    """
    try:
        opening = _BRACKETED.match(text)
        if opening is None:
            raise FieldRefused("it must start with an application identifier in brackets, such as (01)")
        name, first, second = _split_elements(opening[1], text[opening.end() :])
        if _BRACKETED.search(second or first):
            raise FieldRefused("a further element, or a serial number like one, follows; leave it out, or use the Digital Link")
        return _identity_of_elements(SCHEMES[name], first, second, company_prefix_digits)
    except FieldRefused as refusal:
        raise Gs1ElementsInvalid(text=text, reason=str(refusal)) from refusal


def read_digital_link(text: str, company_prefix_digits: int) -> EpcIdentity:
    """Read a GS1 Digital Link of any resolver; what is no name (query, fragment) is passed over.

    Raises:
        Gs1ElementsInvalid: with the reason.
    """
    try:
        address = re.fullmatch(r"https?://[^/?#]+/([^?#]*)(?:[?#].*)?", text, re.IGNORECASE | re.DOTALL)
        if address is None:
            raise FieldRefused("it must be an http or https address with a path")
        path = [_unquoted(step) for step in address[1].rstrip("/").split("/")]
        name, values = _find_in_path(path)
        layout = _LAYOUTS[name]
        first = values[layout.ai]
        if name == "sgtin" and len(first) in _GTIN_LENGTHS:
            first = first.rjust(14, "0")
        return _identity_of_elements(SCHEMES[name], first, values.get(layout.second_ai or ""), company_prefix_digits)
    except FieldRefused as refusal:
        raise Gs1ElementsInvalid(text=text, reason=str(refusal)) from refusal


def _layout(identity: EpcIdentity) -> Gs1Layout:
    layout = _LAYOUTS.get(identity.scheme)
    if layout is None:
        raise NoGs1Key(text=identity.uri, reason=f"{identity.scheme} is no GS1 key, so it has neither element string nor Digital Link")
    return layout


def _split_elements(ai: str, rest: str) -> tuple[str, str, str | None]:
    """Tell scheme, first and second value. Single brackets may stand inside values."""
    names = [name for name, layout in _LAYOUTS.items() if layout.ai == ai]
    if not names:
        raise FieldRefused(f"({ai}) is not the key of a scheme that has EPCs")
    for name in names:
        second_ai = _LAYOUTS[name].second_ai
        if second_ai is not None:
            first, found, second = rest.partition(f"({second_ai})")
            if found and (_LAYOUTS[name].digits is None or are_digits(first)):
                return name, first, second
    return names[0], rest, None


def _find_in_path(path: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Find where the path's steps become pairs of application identifier and value, and the scheme that they name."""
    for start in range(len(path) - 1):
        steps = path[start:]
        names = [name for name, layout in _LAYOUTS.items() if layout.ai == steps[0]]
        if names and len(steps) % 2 == 0 and all(re.fullmatch("[0-9]{2,4}", ai) for ai in steps[::2]):
            values = dict(zip(steps[::2], steps[1::2], strict=True))
            return next((name for name in names if _LAYOUTS[name].second_ai in values), names[0]), values
    raise FieldRefused("no GS1 key is in its path, such as /01/80614141123458")


def _identity_of_elements(scheme: Scheme, first: str, second: str | None, company_digits: int) -> EpcIdentity:
    layout = _LAYOUTS[scheme.name]
    if not COMPANY_DIGITS_MIN <= company_digits <= COMPANY_DIGITS_MAX:
        raise FieldRefused(f"a company prefix has {COMPANY_DIGITS_MIN} to {COMPANY_DIGITS_MAX} digits, not {company_digits}")
    if not first.startswith(layout.padding):
        raise FieldRefused(f"behind ({layout.ai}) a {layout.padding} must stand")
    first = first.removeprefix(layout.padding)
    if layout.digits is None:
        parts = [first[:company_digits], first[company_digits:]]
    else:
        digits, first = first[: layout.digits + 1], first[layout.digits + 1 :]
        parts = [*_checked_key(digits, layout, company_digits), *_tail(first, layout)]
    if layout.second_ai is not None:
        second = layout.without_second if second is None else second
        if second is None:
            raise FieldRefused(f"({layout.second_ai}) is missing: without it, a class of things is named, not one thing")
        parts.append(second)
    return checked_identity(scheme, parts)


def _checked_key(digits: str, layout: Gs1Layout, company_digits: int) -> tuple[str, str]:
    if not are_digits(digits) or len(digits) != (layout.digits or 0) + 1:
        raise FieldRefused(f"behind ({layout.ai}) {(layout.digits or 0) + 1} digits must stand, the last a check digit, not {digits!r}")
    key, told = digits[:-1], digits[-1]
    due = gs1_check_digit(key)
    if told != due:
        raise FieldRefused(f"the check digit of {digits} must be {due}, not {told}")
    if layout.indicator_leads:
        return key[1 : 1 + company_digits], key[0] + key[1 + company_digits :]
    return key[:company_digits], key[company_digits:]


def _tail(rest: str, layout: Gs1Layout) -> list[str]:
    parts: list[str] = []
    for width in layout.tail_widths:
        parts.append(rest[:width])
        rest = "" if width is None else rest[width:]
    if rest:
        raise FieldRefused(f"{rest!r} is too much behind ({layout.ai})")
    return parts


def _quoted(text: str) -> str:
    return "".join(letter if letter in _UNRESERVED else f"%{ord(letter):02X}" for letter in text)


def _unquoted(text: str) -> str:
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise FieldRefused(f"in {text!r} a % is not followed by two hex digits")
    return re.sub(r"%([0-9A-Fa-f]{2})", lambda found: chr(int(found[1], 16)), text)
