"""Figures in words: money, ages, changes, as planners read them."""

from __future__ import annotations

from datetime import date, datetime

from babel.numbers import format_currency, get_currency_precision

_LOCALE = "en_GB"


def money(minor: float, currency: str) -> str:
    """`€1,234.50`, `JP¥500`: as the hub's pages write it; yen and the like have no hundredths."""
    amount = minor / 10 ** get_currency_precision(currency)
    return str(format_currency(amount, currency, locale=_LOCALE)).replace("-", "−")


def major(minor: float, currency: str) -> str:
    """The amount alone, for a column whose head names the currency."""
    decimals = get_currency_precision(currency)
    return f"{minor / 10**decimals:,.{decimals}f}"


def change(share: float | None) -> str:
    """`−12 %` against the usual, or that nothing can be compared."""
    if share is None:
        return "no past to compare"
    whole = round(100 * abs(share))
    return f"{'' if whole == 0 else '−' if share < 0 else '+'}{whole} %"


def age(moment: datetime | None, now: datetime) -> str:
    """How long ago something was."""
    if moment is None:
        return "never"
    minutes = int((now - moment).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 120:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 2880 else f"{minutes // 1440} days ago"


def span(first: date, last: date) -> str:
    """`10 to 23 November`, with the year where it is not the same."""
    if first == last:
        return f"{first.day} {first:%B}"
    start = f"{first.day}" if (first.year, first.month) == (last.year, last.month) else f"{first.day} {first:%B}"
    start += f" {first.year}" if first.year != last.year else ""
    return f"{start} to {last.day} {last:%B}" + (f" {last.year}" if first.year != last.year else "")


def counted(number: int, one: str, many: str) -> str:
    """`1 order`, `3 orders`, `no order`."""
    return f"no {one}" if number == 0 else f"{number} {one if number == 1 else many}"


def capital(sentence: str) -> str:
    """The sentence with its first letter large."""
    return sentence[:1].upper() + sentence[1:]
