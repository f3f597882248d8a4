"""Key figures in words: with their unit, and against the span before."""

from __future__ import annotations

from cloud_api.dashboard.words import change, money
from cloud_api.rules.chain_figures import FIGURES, Figure


def figure_told(name: str, value: float | None, currency: str) -> str:
    """`412`, `31.2 %`, `1,234.50 EUR`, or that it is not known."""
    if value is None:
        return "not known"
    match FIGURES[name][1]:
        case "share":
            return f"{value:.1%}".replace("%", " %")
        case "money":
            return money(value, currency)
        case _:
            return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def trend(figure: Figure) -> str:
    """Against the span before."""
    if figure.value is None or not figure.before:
        return "nothing to compare"
    return f"{change(figure.value / figure.before - 1.0)} on the days before"


def figure_cell(name: str, figure: Figure, currency: str) -> str:
    """A cell of the table; what misses its target is marked with a word and a shape, not by colour alone."""
    told = figure_told(name, figure.value, currency)
    if figure.state == "missed":
        return f'<td class="num"><span class="state soon">◐ {told}</span></td>'
    return f'<td class="num">{told}</td>'
