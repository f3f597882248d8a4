"""The card of the Footfall page with a shop's single days: what stands out and why, notes, and the file to take away."""

from __future__ import annotations

from datetime import date
from html import escape

from nicegui import ui

from cloud_api.dashboard.acting import entered, press
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.frame import button, html, read
from cloud_api.dashboard.reader import Reader
from cloud_api.dashboard.table import Column, figures, table
from cloud_api.flows.day_reviewing import NOTE_KINDS, DaysReview, DayView, as_csv, as_parquet, note


def show_days(desk: Desk, reader: Reader, review: DaysReview, name: str, *, first: date, last: date) -> None:
    """Lay the card out."""
    marks = {
        "sensor": ("soon", f"◐ {reader.t('counter')}"), "holiday": ("look", f"● {reader.t('holiday')}"),
        "noted": ("look", f"● {reader.t('noted')}"), "unknown": ("look", f"● {reader.t('unknown')}"),
    }  # fmt: skip
    with ui.element("section").classes("card"):
        html(f"<h2>{reader.t('{shop}, what stood out', shop=escape(name))}</h2>")
        if not review.findings:
            html(f'<p class="quiet">{reader.t("No day of these was out of the ordinary.")}</p>')
        rows = "".join(
            f"<tr><td>{reader.weekday(finding.day)}</td>"
            f'<td><span class="state {marks[finding.reason][0]}">{marks[finding.reason][1]}</span></td>'
            f"<td>{escape(reader.told(finding.sentence))}</td></tr>"
            for finding in review.findings
        )
        if rows:
            html(f'<div class="scroll" tabindex="0"><table class="figures"><tbody>{rows}</tbody></table></div>')
        with ui.element("details"):
            html(reader.t("Every day in figures"), tag="summary")
            html(_table(reader, review.days))
        _show_note_form(desk, reader, review.store_id, last)
        keep = reader.t("All shops' days as a file.")
        html(f'<p class="quiet">{keep}</p>')
        with ui.element("div").classes("buttons"):
            button("CSV", lambda: _hand_out(desk, first, last, "csv"))
            button("Parquet", lambda: _hand_out(desk, first, last, "parquet"))


async def _hand_out(desk: Desk, first: date, last: date, form: str) -> None:
    rows = await read(lambda: desk.days.table(None, first=first, last=last))
    if rows is None:
        return
    ui.download.content(as_csv(rows) if form == "csv" else as_parquet(rows), f"visitors-{first}-{last}.{form}")


def _table(reader: Reader, days: list[DayView]) -> str:
    columns = (
        Column(reader.t("Day")), figures(reader.t("Visitors")), figures(reader.t("With the missing hours"), reader.t("estimated")),
        figures(reader.t("Against usual")), figures(reader.t("Passed by")), figures(reader.t("Came in")), figures(reader.t("Conversion")),
        figures(reader.t("Stay a visitor"), reader.t("minutes")), figures(reader.t("Inside on average")), figures(reader.t("Most inside")),
        Column(reader.t("Noted")),
    )  # fmt: skip
    return table(columns, [_row(reader, day) for day in reversed(days)])


def _row(reader: Reader, day: DayView) -> tuple[str, ...]:
    notes = [*([reader.t("public holiday")] if day.is_holiday else []), *day.notes]
    return (
        reader.weekday(day.day),
        reader.t("not watched") if day.visitors is None else reader.number(day.visitors),
        "–" if day.estimated_visitors is None else f"≈ {reader.number(day.estimated_visitors)}",
        reader.change(day.change_share),
        "–" if day.passed_by is None else reader.number(day.passed_by),
        "–" if day.capture_share is None else reader.percent(day.capture_share),
        "–" if day.conversion is None else reader.percent(day.conversion),
        "–" if day.stay_s is None else reader.number(day.stay_s / 60.0, decimals=1),
        "–" if day.mean_occupancy is None else reader.number(day.mean_occupancy, decimals=1),
        "–" if day.peak_occupancy is None else reader.number(day.peak_occupancy),
        escape("; ".join(notes)),
    )


def _show_note_form(desk: Desk, reader: Reader, store_id: str, last: date) -> None:
    words = {"weather": reader.t("Weather"), "event": reader.t("Event"), "other": reader.t("Something else")}
    kinds = {kind: words.get(kind, kind) for kind in NOTE_KINDS}
    with ui.element("details"):
        html(reader.t("Note weather or an event"), tag="summary")
        with ui.element("div").classes("form"):
            day = ui.input(label=reader.t("Day"), value=last.isoformat()).props("type=date stack-label")
            kind = ui.select(kinds, value="event", label=reader.t("Kind"))
            told = ui.input(label=reader.t("What was it? Empty takes it away")).props("maxlength=200")
            shops = {store_id: reader.t("This shop"), "*": reader.t("All shops")}
            where = ui.select(shops, value=store_id, label=reader.t("Where"))

            async def keep() -> None:
                written = entered(lambda: note(where.value, day.value, kind.value, told.value or ""))
                if written is None:
                    return
                what = f"note on {written.day} of {written.store_id}"
                if await press(desk, "written", what, lambda by: desk.written.write_notes([written], by=by)):
                    ui.navigate.reload()

            button(reader.t("Keep the note"), keep)
