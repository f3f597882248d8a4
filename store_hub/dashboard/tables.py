"""Tables of the pages: figures to the right, wide ones scroll by themselves on a phone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from markupsafe import Markup


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], *, figures: Collection[int] = ()) -> Markup:
    """Draw a table; `figures` are the columns of numbers, from 0. Without heads, only the body. Nothing at all without rows."""

    def cells(kind: str, row: Sequence[object]) -> Markup:
        drawn = Markup()
        for column, cell in enumerate(row):
            head = Markup(' data-head="{}"').format(heads[column]) if kind == "td" and column < len(heads) else ""
            classes = " ".join(name for name, holds in (("figure", column in figures), ("none", kind == "td" and cell == "—")) if holds)
            drawn += Markup("<{}{}{}>{}</{}>").format(kind, Markup(' class="{}"').format(classes) if classes else "", head, cell, kind)
        return Markup("<tr>{}</tr>").format(drawn)

    body = Markup().join(cells("td", row) for row in rows)
    if not body:
        return Markup()
    head = Markup("<thead>{}</thead>").format(cells("th", heads)) if heads else Markup()
    return Markup('<div class="wide" tabindex="0"><table>{}<tbody>{}</tbody></table></div>').format(head, body)


def link(to: str, words: str) -> Markup:
    """Draw a link."""
    return Markup('<a href="{}">{}</a>').format(to, words)
