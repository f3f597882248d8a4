"""ECharts options of the pages. Colours are read from the page's own variables in the browser, so that light and dark both hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from store_hub.adapters.ledger_views_rows import EventRow, WeightRow
from store_hub.dashboard.reader import Reader

Options = dict[str, Any]
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'PingFang SC', 'Noto Sans CJK SC', sans-serif"


def _colour(variable: str) -> str:
    return f"getComputedStyle(document.documentElement).getPropertyValue('--{variable}').trim()"


def _axis(**more: Any) -> Options:
    return {
        "axisLine": {"lineStyle": {":color": _colour("line")}},
        "axisTick": {"show": False},
        "axisLabel": {":color": _colour("soft"), "fontSize": 13},
        "nameTextStyle": {":color": _colour("soft"), "fontSize": 13, "align": "left"},
        "splitLine": {"lineStyle": {":color": _colour("line")}},
        **more,
    }


def _base(**more: Any) -> Options:
    return {
        "animation": False,
        "textStyle": {"fontFamily": _FONT, ":color": _colour("ink")},
        "grid": {"left": 8, "right": 16, "top": 36, "bottom": 4, "containLabel": True},
        **more,
    }


def visitors_chart(
    reader: Reader, starts_ms: Sequence[int], today: Sequence[int | None], before: Sequence[int | None], before_day: str
) -> Options:
    """People who came in, by quarter hour: today as bars, the comparable day as a grey line. Unobserved quarters stay open."""
    series: list[Options] = [
        {
            "name": reader.t("today"),
            "type": "bar",
            "data": list(today),
            "barCategoryGap": "20%",
            "itemStyle": {":color": _colour("bar"), "borderRadius": [2, 2, 0, 0]},
        }
    ]
    if any(people is not None for people in before):
        series.append(
            {
                "name": before_day,
                "type": "line",
                "step": "middle",
                "data": list(before),
                "symbol": "none",
                "lineStyle": {":color": _colour("fill"), "width": 2},
                "itemStyle": {":color": _colour("fill")},
            }
        )
    return _base(
        legend={"right": 8, "top": 0, "itemWidth": 16, "itemHeight": 8, "textStyle": {":color": _colour("soft"), "fontSize": 13}},
        tooltip={"trigger": "axis", "confine": True},
        xAxis=_axis(
            type="category",
            data=[reader.clock(at_ms) for at_ms in starts_ms],
            splitLine={"show": False},
            axisLabel={":color": _colour("soft"), "fontSize": 13, "interval": 3, "hideOverlap": True},
        ),
        yAxis=_axis(type="value", minInterval=1, name=reader.t("people a quarter hour")),
        series=series,
    )


def weight_chart(
    reader: Reader, weights: Sequence[WeightRow], events: Sequence[EventRow], sku: str, from_ms: int, to_ms: int, offset_ms: int
) -> Options:
    """A shelf's settled weight over an hour, its events marked: ▲ put, ▼ taken; those of other articles in grey.

    `offset_ms` is the shop's distance to UTC: ECharts is told to write UTC, so that the axis shows the shop's own time.
    """
    line = [[point.at_ms + offset_ms, round(point.weight_g)] for point in weights]
    if line:
        line.append([to_ms + offset_ms, line[-1][1]])
    return _base(
        useUTC=True,
        tooltip={"trigger": "item", "confine": True},
        xAxis=_axis(type="time", min=from_ms + offset_ms, max=to_ms + offset_ms, splitLine={"show": False}, splitNumber=4),
        yAxis=_axis(type="value", name=reader.t("grams on the whole shelf"), scale=False, min=0),
        series=[
            {
                "type": "line",
                "step": "end",
                "data": line,
                "symbol": "none",
                "lineStyle": {":color": _colour("ink"), "width": 2},
                "tooltip": {"show": False},
            },
            _event_marks(reader, events, weights, sku, offset_ms),
        ],
    )


def _event_marks(reader: Reader, events: Sequence[EventRow], weights: Sequence[WeightRow], sku: str, offset_ms: int) -> Options:
    marks = []
    for event in reversed(events):
        height = next((point.weight_g for point in reversed(weights) if point.at_ms <= event.at_ms), weights[0].weight_g if weights else 0)
        sign = "+" if event.units > 0 else "−"
        marks.append(
            {
                "value": [event.at_ms + offset_ms, round(height)],
                "name": f"{reader.clock(event.at_ms)} {sign}{abs(event.units)} {event.name}",
                "symbol": "triangle",
                "symbolRotate": 0 if event.units > 0 else 180,
                "symbolSize": 11,
                "itemStyle": {":color": _colour("blue" if event.sku == sku else "fill")},
            }
        )
    return {"type": "scatter", "data": marks, "tooltip": {"formatter": "{b}"}}
