"""A table of figures: columns on a desktop; on a phone each row a block, its cells named by their column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple


class Column(NamedTuple):
    """A column's name, its unit in small, and whether it holds figures (they stand to the right)."""

    name: str
    unit: str = ""
    is_figure: bool = False


def figures(name: str, unit: str = "") -> Column:
    """A column of figures."""
    return Column(name, unit, is_figure=True)


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]], *, picked: int | None = None) -> str:
    """The table as HTML.

    Args:
        columns: what stands above; their words are escaped here.
        rows: a cell of HTML for each column; the first names the row. A row of fewer cells has its last one stretched to the end.
        picked: the row that is opened below.
    """
    head = "".join(
        f"<th{_kind(column)}>{escape(column.name)}{f'<br><span class=unit>{escape(column.unit)}</span>' if column.unit else ''}</th>"
        for column in columns
    )
    body = "".join(f"<tr{' class=picked' if number == picked else ''}>{_cells(columns, row)}</tr>" for number, row in enumerate(rows))
    return f'<div class="scroll" tabindex="0"><table class="figures"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cells(columns: Sequence[Column], row: Sequence[str]) -> str:
    spare = len(columns) - len(row)
    cells = []
    for place, (column, cell) in enumerate(zip(columns, row, strict=False)):
        stretched = f' colspan="{spare + 1}"' if spare and place == len(row) - 1 else ""
        named = " · ".join(filter(None, (column.name, column.unit))) if not stretched else ""
        cells.append(f'<td{_kind(column) if not stretched else ""}{stretched} data-column="{escape(named)}">{cell}</td>')
    return "".join(cells)


def _kind(column: Column) -> str:
    return ' class="num"' if column.is_figure else ""
