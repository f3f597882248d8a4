"""The card of the Footfall page with a shop's single days: what stands out and why, notes, and the file to take away."""

from __future__ import annotations

from datetime import date
from html import escape

from nicegui import ui

from cloud_api.dashboard.acting import pressed
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.frame import button, html, read
from cloud_api.dashboard.words import change
from cloud_api.errors import CloudError
from cloud_api.flows.day_reviewing import NOTE_KINDS, DaysReview, DayView, as_csv, as_parquet, note

_MARKS = {"sensor": ("soon", "◐ counter"), "holiday": ("look", "● holiday"), "noted": ("look", "● noted"), "unknown": ("look", "● unknown")}


def show_days(desk: Desk, review: DaysReview, name: str, *, first: date, last: date) -> None:
    """Lay the card out."""
    with ui.element("section").classes("card"):
        html(f"<h2>{escape(name)}, what stood out</h2>")
        if not review.findings:
            html('<p class="quiet">No day of these was out of the ordinary.</p>')
        rows = "".join(
            f"<tr><td>{finding.day:%a} {finding.day.day} {finding.day:%b}</td>"
            f'<td><span class="state {_MARKS[finding.reason][0]}">{_MARKS[finding.reason][1]}</span></td>'
            f"<td>{escape(finding.sentence[:1].upper() + finding.sentence[1:]).replace('%', ' %')}</td></tr>"
            for finding in review.findings
        )
        if rows:
            html(f'<div class="scroll"><table class="figures"><tbody>{rows}</tbody></table></div>')
        with ui.element("details"):
            html("Every day in figures", tag="summary")
            html(_table(review.days))
        _show_note_form(desk, review.store_id, last)
        html("<p class=\"quiet\">All shops' days as a file. This view is this page's address: keep it as a bookmark.</p>")
        with ui.element("div").classes("buttons"):
            button("CSV", lambda: _hand_out(desk, first, last, "csv"))
            button("Parquet", lambda: _hand_out(desk, first, last, "parquet"))


async def _hand_out(desk: Desk, first: date, last: date, form: str) -> None:
    rows = await read(lambda: desk.days.table(None, first=first, last=last))
    if rows is None:
        return
    ui.download.content(as_csv(rows) if form == "csv" else as_parquet(rows), f"visitors-{first}-{last}.{form}")


def _table(days: list[DayView]) -> str:
    rows = "".join(_row(day) for day in reversed(days))
    head = (
        '<th>Day</th><th class="num">Visitors</th><th class="num">With the missing hours<br><span class="unit">estimated</span></th>'
        '<th class="num">Against usual</th><th class="num">Conversion</th><th class="num">Most inside</th><th>Noted</th>'
    )
    return f'<div class="scroll"><table class="figures"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _row(day: DayView) -> str:
    visitors = "not watched" if day.visitors is None else f"{day.visitors:,}"
    estimate = "" if day.estimated_visitors is None else f"≈ {day.estimated_visitors:,.0f}"
    conversion = "" if day.conversion is None else f"{day.conversion:.0%}".replace("%", " %")
    inside = "" if day.peak_occupancy is None else f"{day.peak_occupancy:,}"
    notes = [*(["public holiday"] if day.is_holiday else []), *day.notes]
    return (
        f'<tr><td>{day.day:%a} {day.day.day} {day.day:%b}</td><td class="num">{visitors}</td><td class="num">{estimate}</td>'
        f'<td class="num">{change(day.change_share)}</td><td class="num">{conversion}</td><td class="num">{inside}</td>'
        f"<td>{escape('; '.join(notes))}</td></tr>"
    )


def _show_note_form(desk: Desk, store_id: str, last: date) -> None:
    with ui.element("details"):
        html("Note weather or an event", tag="summary")
        with ui.element("div").classes("form"):
            day = ui.input(label="Day", value=last.isoformat()).props("type=date stack-label")
            kind = ui.select(list(NOTE_KINDS), value="event", label="Kind")
            words = ui.input(label="What was it? Empty takes it away").props("maxlength=200")
            where = ui.select({store_id: "This shop", "*": "All shops"}, value=store_id, label="Where")

            async def keep() -> None:
                try:
                    written = note(where.value, day.value, kind.value, words.value or "")
                    what = f"note on {written.day} of {written.store_id}"
                    await pressed(desk, "written", what, lambda by: desk.written.write_notes([written], by=by))
                except CloudError as error:
                    ui.notify(str(error), type="negative", timeout=8000)
                    return
                ui.navigate.reload()

            button("Keep the note", keep)
