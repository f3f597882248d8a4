"""Who reads a page: language, number and date formats, the shop's time zone, light or dark.

Texts are looked up by their English wording in `locales/*.po`; an untranslated one shows in English.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_precision

LANGUAGES = {"en": "en_GB", "zh": "zh_Hans_CN"}
LANGUAGE_COOKIE = "aislewise_language"
THEME_COOKIE = "aislewise_theme"
NAME_COOKIE = "aislewise_name"
NAME_CHARACTERS_MAX = 40


@cache
def _catalogue(language: str) -> dict[str, tuple[str, ...]]:
    path = Path(__file__).parent / "locales" / f"{language}.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        messages = read_po(file, locale=LANGUAGES[language])
    texts: dict[str, tuple[str, ...]] = {}
    for message in messages:
        key = message.id if isinstance(message.id, str) else message.id[0]
        strings = (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))
        if key and all(strings):
            texts[key] = strings
    return texts


def time_zone(name: str) -> ZoneInfo:
    """Return the shop's time zone; a name this machine does not know is read as UTC."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


@dataclass(frozen=True)
class Reader:
    """One visitor of the pages. `theme` is light, dark or auto; `name` is what a taken task is signed with; `role` of who has logged in."""

    zone: ZoneInfo
    currency: str
    language: str = "en"
    theme: str = "auto"
    name: str = ""
    role: str = ""

    @classmethod
    def of(cls, cookies: Mapping[str, str], *, zone: ZoneInfo, currency: str) -> Reader:
        """Read the visitor's choices from the cookies; anything odd is the default."""
        language, theme = cookies.get(LANGUAGE_COOKIE, "en"), cookies.get(THEME_COOKIE, "auto")
        return cls(
            zone=zone,
            currency=currency,
            language=language if language in LANGUAGES else "en",
            theme=theme if theme in ("light", "dark") else "auto",
            name=" ".join(cookies.get(NAME_COOKIE, "").split())[:NAME_CHARACTERS_MAX],
        )

    @property
    def _locale(self) -> Locale:
        return Locale.parse(LANGUAGES[self.language])

    def t(self, text: str, **values: object) -> str:
        """Translate a text and fill it in."""
        found = _catalogue(self.language).get(text, (text,))[0] if self.language != "en" else text
        return found.format(**values) if values else found

    def n(self, one: str, many: str, count: int, **values: object) -> str:
        """Translate a text that depends on a count, `{count}`, and fill it in."""
        if self.language == "en":
            text = one if count == 1 else many
        else:
            text = _catalogue(self.language).get(one, (one if count == 1 else many,))[-1]
        return text.format(count=self.number(count), **values)

    def number(self, value: float | None, *, decimals: int = 0) -> str:
        """Write a number; `—` when it is not known."""
        if value is None:
            return "—"
        pattern = "#,##0." + "0" * decimals if decimals else "#,##0"
        rounded = round(value, decimals) + 0.0  # No "-0".
        return str(format_decimal(rounded, format=pattern, locale=self._locale)).replace("-", "−")

    def share(self, value: float | None, *, decimals: int = 1, signed: bool = False) -> str:
        """Write a share as per cent."""
        if value is None:
            return "—"
        text = str(
            format_percent(
                abs(value) if signed else value, format="#,##0." + "0" * decimals + "%" if decimals else "#,##0%", locale=self._locale
            )
        )
        return f"{'+' if value >= 0 else '−'}{text}" if signed else text

    def money(self, minor: float) -> str:
        """Write an amount given in the currency's minor unit."""
        amount = minor / 10 ** get_currency_precision(self.currency)
        return str(format_currency(amount, self.currency, locale=self._locale))

    @property
    def currency_decimals(self) -> int:
        """How many decimals an amount in the shop's currency has."""
        return int(get_currency_precision(self.currency))

    def clock(self, at_ms: int) -> str:
        """Write a time of day in the shop's zone: 14:05."""
        return str(format_time(self.local(at_ms), "HH:mm", locale=self._locale))

    def moment(self, at_ms: int, now_ms: int) -> str:
        """Write a time of day, with the date when it is not today's."""
        then, now = self.local(at_ms), self.local(now_ms)
        if then.date() == now.date():
            return self.clock(at_ms)
        return str(format_datetime(then, "d MMM HH:mm" if self.language == "en" else "M月d日 HH:mm", locale=self._locale))

    def day(self, at_ms: int) -> str:
        """Write a day: Sunday 22 November."""
        return str(format_date(self.local(at_ms), "EEEE d MMMM" if self.language == "en" else "M月d日 EEEE", locale=self._locale))

    def weekday(self, at_ms: int) -> str:
        """Write a weekday's name."""
        return str(format_date(self.local(at_ms), "EEEE", locale=self._locale))

    def local(self, at_ms: int) -> datetime:
        """Return the shop's wall clock."""
        return datetime.fromtimestamp(at_ms / 1000, self.zone)

    def span(self, length_ms: int) -> str:
        """Write a length of time as a person would say it: 12 min, 3 h 5 min, 2 days."""
        minutes = max(0, length_ms) // 60_000
        if minutes < 1:
            return self.t("less than a minute")
        if minutes < 60:
            return self.t("{minutes} min", minutes=minutes)
        hours = minutes // 60
        if hours < 48:
            return (
                self.t("{hours} h {minutes} min", hours=hours, minutes=minutes % 60) if minutes % 60 else self.t("{hours} h", hours=hours)
            )
        return self.n("{count} day", "{count} days", int(hours // 24))

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
