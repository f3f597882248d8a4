"""Key figures in words: with their unit, and against the span before."""

from __future__ import annotations

from babel.numbers import get_currency_precision

from cloud_api.dashboard.reader import Reader
from cloud_api.rules.chain_figures import FIGURES, Figure


def figure_name(reader: Reader, name: str) -> str:
    """What a figure is called."""
    return reader.say(FIGURES[name][0])


def figure_told(reader: Reader, name: str, value: float | None, currency: str) -> str:
    """`412`, `31.2 %`, `€1,234.50`, or that it is not known."""
    if value is None:
        return reader.t("not known")
    match FIGURES[name][1]:
        case "share":
            return reader.percent(value, decimals=1)
        case "money":
            return reader.money(value, currency)
        case _:
            return reader.number(value, decimals=1 if value < 100 else 0)


def figure_unit(reader: Reader, name: str, currency: str) -> str:
    """What a planner writes a figure in: per cent, money, or what is counted."""
    match FIGURES[name][1]:
        case "share":
            return "%"
        case "money":
            return currency
        case "people":
            return reader.t("people")
        case _:
            return reader.t("units")


def figure_kept(name: str, written: float, currency: str) -> float:
    """What a planner wrote as it is kept: shares from per cent, minor units from money."""
    match FIGURES[name][1]:
        case "share":
            return written / 100.0
        case "money":
            return written * float(10 ** get_currency_precision(currency))
        case _:
            return written


def trend(reader: Reader, figure: Figure) -> str:
    """Against the span before."""
    if figure.value is None or not figure.before:
        return reader.t("nothing to compare")
    return reader.t("{change} on the days before", change=reader.change(figure.value / figure.before - 1.0))


def figure_cell(reader: Reader, name: str, figure: Figure, currency: str) -> str:
    """A cell of the table; what misses its target is marked with a word and a shape, not by colour alone."""
    told = figure_told(reader, name, figure.value, currency)
    if figure.state == "missed":
        return f'<span class="state soon" title="{reader.t("target missed")}">◐ {told}</span>'
    return told
