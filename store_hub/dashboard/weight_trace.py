"""A shelf's weight over an hour with its events marked, and what is said of each: how sure it is, and what else it may have been."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from store_hub.adapters.ledger_views_rows import EventRow, WeightRow
from store_hub.dashboard.charts import Options, axis, base, colour
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.tables import table
from store_hub.dashboard.wording import signed

SILENT_GAP_MS = 11 * 60_000
"""A scale confirms its weight every five minutes: one that misses two of them and a minute has said nothing."""
SURE = 0.95
CERTAIN = 0.995
CORRECTED = "corrected"
MISWEIGHED = "misweighed"
"""The planogram's unit weight is not what the scale finds: moves no units."""


def silent_stretches(weights: Sequence[WeightRow], from_ms: int, to_ms: int) -> list[tuple[int, int]]:
    """Return the spans in which nothing is known of the weight, milliseconds.

    Args:
        weights: oldest first; one before `from_ms` says what the span began with.
    """
    times = [point.at_ms for point in weights]
    spans = [(before, after) for before, after in zip([from_ms - SILENT_GAP_MS - 1, *times], [*times, to_ms], strict=True)]
    return [(max(before, from_ms), after) for before, after in spans if after - before > SILENT_GAP_MS and after > from_ms]


def weight_chart(
    reader: Reader, weights: Sequence[WeightRow], events: Sequence[EventRow], sku: str, from_ms: int, to_ms: int, offset_ms: int
) -> Options:
    """A shelf's settled weight, its events marked. A stretch without a word from the scale stays open, and is shaded.

    `offset_ms` is the shop's distance to UTC: ECharts is told to write UTC, so that the axis shows the shop's own time.
    """
    silent = silent_stretches(weights, from_ms, to_ms)
    return base(
        useUTC=True,
        tooltip={"trigger": "item", "confine": True},
        xAxis=axis(type="time", min=from_ms + offset_ms, max=to_ms + offset_ms, splitLine={"show": False}, splitNumber=4),
        yAxis=axis(type="value", name=reader.t("kg on the whole shelf"), scale=True, splitNumber=4),
        series=[
            {
                "type": "line",
                "step": "end",
                "data": _line(weights, silent, from_ms, to_ms, offset_ms),
                "symbol": "none",
                "lineStyle": {":color": colour("ink"), "width": 2},
                "tooltip": {"show": False},
                "markArea": {
                    "silent": True,
                    "itemStyle": {":color": colour("pale"), ":borderColor": colour("soft"), "borderType": "dashed", "borderWidth": 1},
                    "data": [[{"xAxis": begun + offset_ms}, {"xAxis": ended + offset_ms}] for begun, ended in silent],
                },
            },
            {"type": "scatter", "data": _marks(reader, events, weights, sku, offset_ms), "tooltip": {"formatter": "{b}"}},
        ],
    )


def _line(weights: Sequence[WeightRow], silent: Sequence[tuple[int, int]], from_ms: int, to_ms: int, offset_ms: int) -> list[list[Any]]:
    if not weights:
        return []
    line: list[list[Any]] = [[max(point.at_ms, from_ms) + offset_ms, round(point.weight_g / 1000, 3)] for point in weights]
    line.append([to_ms + offset_ms, line[-1][1]])
    gaps = [[begun + offset_ms + 1, None] for begun, _ in silent]
    in_gap = {to_ms + offset_ms for _, ended in silent if ended == to_ms}
    if any(begun == from_ms for begun, _ in silent) and weights[0].at_ms < from_ms:
        line = line[1:]
    return sorted([*(point for point in line if point[0] not in in_gap), *gaps], key=lambda point: point[0])


def _marks(reader: Reader, events: Sequence[EventRow], weights: Sequence[WeightRow], sku: str, offset_ms: int) -> list[Options]:
    """Solid where the reading is sure, hollow where it is not; a diamond where it corrects an earlier one."""
    marks = []
    for event in reversed(events):
        height_g = next(
            (point.weight_g for point in reversed(weights) if point.at_ms <= event.at_ms), weights[0].weight_g if weights else 0
        )
        paint = colour("blue" if event.sku == sku else "soft")
        is_sure = event.probability >= SURE
        marks.append(
            {
                "value": [event.at_ms + offset_ms, round(height_g / 1000, 3)],
                "name": " · ".join(filter(None, (reader.clock(event.at_ms), event_words(reader, event), doubt_words(reader, event)))),
                "symbol": {CORRECTED: "diamond", MISWEIGHED: "circle"}.get(event.meaning, "triangle"),
                "symbolRotate": 0 if event.units > 0 or event.meaning == CORRECTED else 180,
                "symbolSize": 13 if event.meaning == CORRECTED else 11,
                "itemStyle": {":color": paint if is_sure else colour("card"), ":borderColor": paint, "borderWidth": 1.5},
            }
        )
    return marks


def event_words(reader: Reader, event: EventRow) -> str:
    """Say what it was: `2 Cola 0.33 l taken`."""
    words = {
        "picked": reader.t("taken"),
        "put_back": reader.t("put back"),
        "refilled": reader.t("refilled"),
        "swept": reader.t("swept off the shelf"),
        "stranger": reader.t("does not belong here") if event.units > 0 else reader.t("that did not belong here taken away"),
        "unknown": reader.t("not explained by any article"),
        MISWEIGHED: reader.t("one does not weigh what the plan says: weigh one and correct the plan"),
        CORRECTED: reader.t("more than was thought") if event.units > 0 else reader.t("fewer than was thought"),
    }
    count = reader.number(abs(event.units)) if event.units else ""
    return " ".join(filter(None, (count, event.name, words.get(event.meaning, event.meaning))))


def doubt_words(reader: Reader, event: EventRow) -> str:
    """Say how sure it is, and what else it may have been; nothing where there is no doubt."""
    if event.probability >= CERTAIN or event.meaning == MISWEIGHED:
        return ""
    sure = reader.t("{share} sure", share=reader.share(event.probability, decimals=0))
    if not event.runner_up:
        return sure
    share = reader.share(event.runner_up_probability, decimals=0)
    return reader.t("{sure}; else {reading} ({share})", sure=sure, reading=event.runner_up, share=share)


def trace_legend(reader: Reader, weights: Sequence[WeightRow], events: Sequence[EventRow], from_ms: int, to_ms: int) -> Markup:
    """Say what the marks in the chart mean: only those that are in it."""
    items = []
    if any(event.units < 0 and event.meaning != CORRECTED for event in events):
        items.append(("▼", reader.t("taken")))
    if any(event.units > 0 and event.meaning != CORRECTED for event in events):
        items.append(("▲", reader.t("put")))
    if any(event.meaning == CORRECTED for event in events):
        items.append(("◆", reader.t("an earlier reading corrected")))
    if any(event.meaning == MISWEIGHED for event in events):
        items.append(("●", reader.t("a unit weight of the plan is wrong")))
    if events:
        items.append((Markup('<b class="blue">■</b>'), reader.t("this article")))
        items.append((Markup('<b class="soft">■</b>'), reader.t("others")))
    if any(event.probability < SURE for event in events):
        items.append(("△", reader.t("hollow: not sure")))
    if silent_stretches(weights, from_ms, to_ms):
        items.append((Markup('<i class="silent"></i>'), reader.t("no word from the scale: the weight is not known")))
    return Markup('<p class="legend">{}</p>').format(Markup().join(Markup("<span>{} {}</span>").format(*item) for item in items))


def events_table(reader: Reader, events: Sequence[EventRow]) -> Markup:
    """List the events, newest first: when, by how many, by how much, and what it is believed to have been."""
    heads = (reader.t("When"), reader.t("Units"), reader.t("Weight"), reader.t("Believed to be"))
    return table(heads, (_row(reader, event) for event in events), figures=(1, 2))


def _row(reader: Reader, event: EventRow) -> tuple[object, ...]:
    doubt = doubt_words(reader, event)
    below = Markup('<br><span class="soft">{}</span>').format(doubt) if doubt else Markup()
    mark = "◆ " if event.meaning == CORRECTED else ""
    change = "" if not event.weight_change_g else f"{signed(reader, event.weight_change_g)} g"
    return (
        reader.clock(event.at_ms),
        signed(reader, event.units) if event.units else "",
        change,
        Markup("{}{}{}").format(mark, event_words(reader, event), below),
    )
