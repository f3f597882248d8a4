"""The article on a tag: SGTIN-96 to GTIN-14, as GS1's EPC Tag Data Standard lays out its bits."""

from __future__ import annotations

from functools import lru_cache

SGTIN_96_HEADER = 0x30
# Partition value → bits and digits of the company prefix; item reference and indicator take the rest of 44 bits and 13 digits.
_COMPANY_BITS_AND_DIGITS = {0: (40, 12), 1: (37, 11), 2: (34, 10), 3: (30, 9), 4: (27, 8), 5: (24, 7), 6: (20, 6)}


@lru_cache(maxsize=100_000)
def gtin_of_epc(epc: str) -> str | None:
    """Return the 14 digits of the GTIN that an EPC (upper-case hex) carries, or None if it is no valid SGTIN-96."""
    if len(epc) != 24:
        return None
    bits = int(epc, 16)
    if bits >> 88 != SGTIN_96_HEADER:
        return None
    layout = _COMPANY_BITS_AND_DIGITS.get((bits >> 82) & 0b111)
    if layout is None:
        return None
    company_bits, company_digits = layout
    item_bits, item_digits = 44 - company_bits, 13 - company_digits
    company = (bits >> (38 + item_bits)) & ((1 << company_bits) - 1)
    item = (bits >> 38) & ((1 << item_bits) - 1)
    if company >= 10**company_digits or item >= 10**item_digits:
        return None
    item_text = f"{item:0{item_digits}d}"
    digits = f"{item_text[0]}{company:0{company_digits}d}{item_text[1:]}"
    return digits + gs1_check_digit(digits)


def gtin_14(gtin: str) -> str:
    """Return a GTIN of 8, 12, 13 or 14 digits as the same one in 14 digits."""
    return gtin.rjust(14, "0")


def gs1_check_digit(digits: str) -> str:
    """Return GS1's check digit: weights 3, 1, 3, … from the right."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)
