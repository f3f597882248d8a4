"""The language of the pages that the hub and the cloud show: catalogues, numbers and dates as their reader writes them."""

from page_language.catalogue import LANGUAGES
from page_language.wording import LANGUAGE_COOKIE, Wording, capital, chosen_language

__all__ = ["LANGUAGES", "LANGUAGE_COOKIE", "Wording", "capital", "chosen_language"]
