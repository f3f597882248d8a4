"""Who reads a page: language, number and date formats, the shop's time zone, light or dark.

Texts are looked up by their English wording in `locales/*.po`; an untranslated one shows in English.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_date, format_datetime, format_time
from babel.numbers import get_currency_precision

from page_language import Wording, chosen_language

THEME_COOKIE = "aislewise_theme"
NAME_COOKIE = "aislewise_name"
NAME_CHARACTERS_MAX = 40


def time_zone(name: str) -> ZoneInfo:
    """Return the shop's time zone; a name this machine does not know is read as UTC."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


@dataclass(frozen=True)
class Reader(Wording):
    """One visitor of the pages. `theme` is light, dark or auto; `name` is what a taken task is signed with; `role` of who has logged in."""

    locales: ClassVar[Path] = Path(__file__).parent / "locales"
    zone: ZoneInfo
    currency: str
    language: str = "en"
    theme: str = "auto"
    name: str = ""
    role: str = ""

    @classmethod
    def of(cls, cookies: Mapping[str, str], *, zone: ZoneInfo, currency: str) -> Reader:
        """Read the visitor's choices from the cookies; anything odd is the default."""
        theme = cookies.get(THEME_COOKIE, "auto")
        return cls(
            zone=zone,
            currency=currency,
            language=chosen_language(cookies),
            theme=theme if theme in ("light", "dark") else "auto",
            name=" ".join(cookies.get(NAME_COOKIE, "").split())[:NAME_CHARACTERS_MAX],
        )

    def money(self, minor: float) -> str:
        """Write an amount given in the currency's minor unit."""
        return self.amount(minor, self.currency)

    @property
    def currency_decimals(self) -> int:
        """How many decimals an amount in the shop's currency has."""
        return int(get_currency_precision(self.currency))

    def clock(self, at_ms: int) -> str:
        """Write a time of day in the shop's zone: 14:05."""
        return str(format_time(self.local(at_ms), "HH:mm", locale=self.locale))

    def moment(self, at_ms: int, now_ms: int) -> str:
        """Write a time of day, with the date when it is not today's."""
        then, now = self.local(at_ms), self.local(now_ms)
        if then.date() == now.date():
            return self.clock(at_ms)
        return str(format_datetime(then, "d MMM HH:mm" if self.language == "en" else "M月d日 HH:mm", locale=self.locale))

    def day(self, at_ms: int) -> str:
        """Write a day: Sunday 22 November."""
        return str(format_date(self.local(at_ms), "EEEE d MMMM" if self.language == "en" else "M月d日 EEEE", locale=self.locale))

    def short_day(self, at_ms: int) -> str:
        """Write a day where room is scarce: Sun 22 Nov."""
        return str(format_date(self.local(at_ms), "EEE d MMM" if self.language == "en" else "M月d日 EEE", locale=self.locale))

    def weekday(self, at_ms: int) -> str:
        """Write a weekday's name."""
        return str(format_date(self.local(at_ms), "EEEE", locale=self.locale))

    def local(self, at_ms: int) -> datetime:
        """Return the shop's wall clock."""
        return datetime.fromtimestamp(at_ms / 1000, self.zone)

    def units(self, units: float | None, low: float | None = None, high: float | None = None) -> str:
        """Write a stock with its doubt: `14`, `14 ± 1`, `14 (12–19)`; `?` when nobody can say."""
        if units is None:
            return "?"
        middle = round(units)
        if low is None or high is None or not low - 0.5 <= middle <= high + 0.5:
            return f"≈ {self.number(middle)}"
        below, above = round(middle - low), round(high - middle)
        if below <= 0 and above <= 0:
            return self.number(middle)
        if below == above:
            return f"{self.number(middle)} ± {self.number(above)}"
        return f"{self.number(middle)} ({self.number(low)}–{self.number(high)})"
