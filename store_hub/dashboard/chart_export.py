"""A chart as a table for other programs: what is drawn, series by series."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup

from store_hub.dashboard.sales_export import csv_text


def chart_csv(options: Mapping[str, Any], *, withheld: Callable[[float], bool] = lambda value: False) -> str:
    """Return the series of an ECharts document as CSV: a column each, a row for each place on the x axis.

    Args:
        withheld: whether a value stays in the shop, as a count of too few people does; it is left out as one that is not known is.
    """
    axis = options.get("xAxis", {})
    places = axis.get("data") if isinstance(axis, Mapping) else None
    columns: list[tuple[str, dict[Any, Any]]] = []
    for number, series in enumerate(options.get("series", []), 1):
        values: dict[Any, Any] = {}
        for index, point in enumerate(series.get("data") or []):
            raw = point.get("value") if isinstance(point, Mapping) else point
            if isinstance(raw, list | tuple) and len(raw) >= 2:
                values[raw[0]] = raw[1]
            elif places is not None and index < len(places):
                values[places[index]] = raw
        if values:
            columns.append((str(series.get("name") or f"series {number}"), values))
    keys = list(places) if places is not None else sorted({key for _, values in columns for key in values})

    def cell(value: Any) -> object:
        return "" if value is None or (isinstance(value, int | float) and withheld(value)) else value

    return csv_text(("x", *(name for name, _ in columns)), ((key, *(cell(values.get(key)) for _, values in columns)) for key in keys))


def export_bar(label: str, name: str) -> Markup:
    """Draw the two buttons under a chart. The picture is made in the browser, from what it shows."""
    return Markup(
        '<div class="bar exports"><button type="button" data-act="csv" data-value="{name}" aria-label="CSV: {label}">CSV</button>'
        '<button type="button" data-png="{name}" aria-label="PNG: {label}">PNG</button></div>'
    ).format(name=name, label=label)
