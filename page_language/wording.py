"""How a reader's language writes texts, counts, numbers, shares, money and lengths of time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from babel import Locale
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_precision

from page_language.catalogue import LANGUAGES, texts
from page_language.limits import Limit
from page_language.recognition import recognise

LANGUAGE_COOKIE = "aislewise_language"
_SHARED = Path(__file__).parent / "locales"


def chosen_language(cookies: Mapping[str, str]) -> str:
    """The language that the reader chose; English where the cookie is odd or not there."""
    language = cookies.get(LANGUAGE_COOKIE, "en")
    return language if language in LANGUAGES else "en"


class Wording:
    """Base of a program's reader, who has a `language`; `locales` is the folder with the program's catalogues."""

    locales: ClassVar[Path]
    language: str

    @property
    def locale(self) -> Locale:
        """Babel's locale of the language."""
        return Locale.parse(LANGUAGES[self.language])

    @property
    def html_language(self) -> str:
        """The language as a page's `lang` attribute names it."""
        return "en" if self.language == "en" else "zh-Hans"

    def t(self, text: str, **values: object) -> str:
        """Translate a text and fill it in."""
        found = self._texts().get(text, (text,))[0]
        return found.format(**values) if values else found

    def told(self, sentence: str) -> str:
        """A sentence of the rules as a line of its own: its first letter large, its end with the full stop of its own language."""
        said = capital(self.say(sentence))
        if said.endswith((".", "。", "?", "？", "!", "！")):
            return said
        return said + ("." if self.language == "en" or said.isascii() else "。")

    def n(self, one: str, many: str, count: int, **values: object) -> str:
        """Translate a text that depends on a count, `{count}`, and fill it in."""
        written = one if count == 1 else many
        text = self._texts().get(one, (written,))[-1]
        return text.format(count=self.number(count), **values)

    def say(self, sentence: str) -> str:
        """Translate a sentence that a program wrote in English, as it is kept or was told; one that no wording fits stays."""
        return sentence if self.language == "en" else recognise(sentence, self.language, self.locales)

    def limit(self, limit: Limit, *, field: str, scale: float = 1.0) -> str:
        """Say what a field may hold; `scale`: by what its number is multiplied as people write it."""
        value = limit.value * scale
        written = self.number(value, decimals=0 if value == round(value) else 2)
        match limit.sign:
            case "<=":
                return self.t("{field}: {limit} at most.", field=field, limit=written)
            case "<":
                return self.t("{field}: less than {limit}.", field=field, limit=written)
            case ">=":
                return self.t("{field}: {limit} at least.", field=field, limit=written)
            case _:
                return self.t("{field}: more than {limit}.", field=field, limit=written)

    def number(self, value: float | None, *, decimals: int = 0) -> str:
        """Write a number; `—` when it is not known."""
        if value is None:
            return "—"
        pattern = "#,##0." + "0" * decimals if decimals else "#,##0"
        rounded = round(value, decimals) + 0.0  # No "-0".
        return str(format_decimal(rounded, format=pattern, locale=self.locale)).replace("-", "−")

    def share(self, value: float | None, *, decimals: int = 1, signed: bool = False) -> str:
        """Write a share as per cent."""
        if value is None:
            return "—"
        pattern = "#,##0." + "0" * decimals + "%" if decimals else "#,##0%"
        value = round(value, decimals + 2) + 0.0  # No "−0%".
        text = str(format_percent(abs(value) if signed else value, format=pattern, locale=self.locale))
        return f"{'+' if value > 0 else '−' if value < 0 else '±'}{text}" if signed else text

    def amount(self, minor: float, currency: str) -> str:
        """Write an amount given in the currency's minor unit."""
        return str(format_currency(minor / 10 ** get_currency_precision(currency), currency, locale=self.locale)).replace("-", "−")

    def span(self, length_ms: int) -> str:
        """Write a length of time as a person would say it: 12 min, 3 h 5 min, 2 days."""
        minutes = max(0, length_ms) // 60_000
        if minutes < 1:
            return self.t("less than a minute")
        if minutes < 60:
            return self.t("{minutes} min", minutes=minutes)
        hours = minutes // 60
        if hours >= 48:
            return self.n("{count} day", "{count} days", int(hours // 24))
        if minutes % 60:
            return self.t("{hours} h {minutes} min", hours=hours, minutes=minutes % 60)
        return self.t("{hours} h", hours=hours)

    def _texts(self) -> dict[str, tuple[str, ...]]:
        return {} if self.language == "en" else texts(self.language, _SHARED, self.locales)


def capital(sentence: str) -> str:
    """The sentence with its first letter large."""
    return sentence[:1].upper() + sentence[1:]
