"""Who reads a page of the planner's: the language, and how it writes figures, days and what the rules say.

Texts are looked up by their English wording in `locales/zh/*.po`, one catalogue for each page; an untranslated one shows in English.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import ClassVar

from babel.dates import format_date
from babel.numbers import get_currency_precision

from page_language import Wording, capital, chosen_language

__all__ = ["Reader", "capital"]


@dataclass(frozen=True)
class Reader(Wording):
    """One visitor of the pages."""

    locales: ClassVar[Path] = Path(__file__).parent / "locales"
    language: str = "en"

    @classmethod
    def of(cls, cookies: Mapping[str, str]) -> Reader:
        """Read the visitor's choice; anything odd is the default."""
        return cls(language=chosen_language(cookies))

    def n(self, one: str, many: str, count: int, **values: object) -> str:
        """Translate a text that depends on a count; in English none is `no order`."""
        if self.language == "en" and count == 0:
            return one.format(count="no", **values)
        return super().n(one, many, count, **values)

    def money(self, minor: float, currency: str) -> str:
        """`€1,234.50`, `JP¥500`: as the hub's pages write it; yen and the like have no hundredths."""
        return self.amount(minor, currency)

    def major(self, minor: float, currency: str) -> str:
        """The amount alone, for a column whose head names the currency."""
        decimals = get_currency_precision(currency)
        return self.number(minor / 10**decimals, decimals=decimals)

    def percent(self, share: float, *, decimals: int = 0) -> str:
        """`12 %`, in Chinese `12%`: never a sign but the minus."""
        text = self.share(share, decimals=decimals).replace("-", "−")
        return text.replace("%", " %") if self.language == "en" else text

    def change(self, share: float | None) -> str:
        """`−12 %` against the usual, or that nothing can be compared."""
        if share is None:
            return self.t("no past to compare")
        whole = round(100 * abs(share))
        return f"{'' if whole == 0 else '−' if share < 0 else '+'}{self.percent(whole / 100)}"

    def age(self, moment: datetime | None, now: datetime) -> str:
        """How long ago something was."""
        if moment is None:
            return self.t("never")
        minutes = int((now - moment).total_seconds() // 60)
        if minutes < 1:
            return self.t("just now")
        if minutes < 120:
            return self.t("{count} min ago", count=minutes)
        if minutes < 2880:
            return self.t("{count} h ago", count=minutes // 60)
        return self.t("{count} days ago", count=minutes // 1440)

    def day(self, day: date) -> str:
        """`23 November`."""
        return str(format_date(day, "d MMMM" if self.language == "en" else "M月d日", locale=self.locale))

    def weekday(self, day: date) -> str:
        """`Mon 23 Nov`."""
        return str(format_date(day, "EEE d MMM" if self.language == "en" else "M月d日 EEE", locale=self.locale))

    def month(self, day: date) -> str:
        """`November 2026`."""
        return str(format_date(day, "MMMM y" if self.language == "en" else "y年M月", locale=self.locale))

    def days(self, first: date, last: date) -> str:
        """`10 to 23 November`, with the year where it is not the same."""
        if first == last:
            return self.day(first)
        year = first.year != last.year
        if self.language != "en":
            start, end = (f"{day.year}年{self.day(day)}" if year else self.day(day) for day in (first, last))
            return f"{start}至{end if (first.year, first.month) != (last.year, last.month) else f'{last.day}日'}"
        start = f"{first.day}" if (first.year, first.month) == (last.year, last.month) else self.day(first)
        start += f" {first.year}" if year else ""
        return f"{start} to {self.day(last)}" + (f" {last.year}" if year else "")

    def listed(self, parts: list[str]) -> str:
        """Several things one after another, with the language's comma."""
        return (", " if self.language == "en" else "，").join(parts)
