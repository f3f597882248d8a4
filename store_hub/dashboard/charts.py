"""ECharts options of the pages. Colours are read from the page's own variables in the browser, so that light and dark both hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from store_hub.dashboard.reader import Reader

Options = dict[str, Any]
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'PingFang SC', 'Noto Sans CJK SC', sans-serif"


def colour(variable: str) -> str:
    return f"getComputedStyle(document.documentElement).getPropertyValue('--{variable}').trim()"


def axis(**more: Any) -> Options:
    return {
        "axisLine": {"lineStyle": {":color": colour("line")}},
        "axisTick": {"show": False},
        "axisLabel": {":color": colour("soft"), "fontSize": 13},
        "nameTextStyle": {":color": colour("soft"), "fontSize": 13, "align": "left"},
        "splitLine": {"lineStyle": {":color": colour("line")}},
        **more,
    }


def base(**more: Any) -> Options:
    return {
        "animation": False,
        "textStyle": {"fontFamily": _FONT, ":color": colour("ink")},
        "grid": {"left": 8, "right": 16, "top": 52, "bottom": 4, "containLabel": True},  # The legend above the axis' name.
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
            "itemStyle": {":color": colour("bar"), "borderRadius": [2, 2, 0, 0]},
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
                "lineStyle": {":color": colour("fill"), "width": 2},
                "itemStyle": {":color": colour("fill")},
            }
        )
    return base(
        legend={"right": 8, "top": 0, "itemWidth": 16, "itemHeight": 8, "textStyle": {":color": colour("soft"), "fontSize": 13}},
        tooltip={"trigger": "axis", "confine": True},
        xAxis=axis(
            type="category",
            data=[reader.clock(at_ms) for at_ms in starts_ms],
            splitLine={"show": False},
            axisLabel={":color": colour("soft"), "fontSize": 13, "interval": 3, "hideOverlap": True},
        ),
        yAxis=axis(type="value", minInterval=1, name=reader.t("people a quarter hour")),
        series=series,
    )


def sales_chart(reader: Reader, hours: Sequence[int], today: Sequence[float | None], before: Sequence[float], before_day: str) -> Options:
    """Sales by hour, in the currency: today as bars, the comparable day as a grey line. Hours to come stay open."""
    series: list[Options] = [
        {
            "name": reader.t("today"), "type": "bar", "data": list(today), "barCategoryGap": "20%",
            "itemStyle": {":color": colour("bar"), "borderRadius": [2, 2, 0, 0]},
        }
    ]  # fmt: skip
    if any(before):
        series.append(
            {
                "name": before_day, "type": "line", "step": "middle", "data": list(before), "symbol": "none",
                "lineStyle": {":color": colour("fill"), "width": 2}, "itemStyle": {":color": colour("fill")},
            }
        )  # fmt: skip
    return base(
        legend={"right": 8, "top": 0, "itemWidth": 16, "itemHeight": 8, "textStyle": {":color": colour("soft"), "fontSize": 13}},
        tooltip={"trigger": "axis", "confine": True},
        xAxis=axis(type="category", data=[f"{hour:02d}:00" for hour in hours], splitLine={"show": False}),
        yAxis=axis(type="value", name=reader.t("{currency} an hour", currency=reader.currency)),
        series=series,
    )
