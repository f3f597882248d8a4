"""Who did what: the newest lines of the audit log, and whether its chain holds."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape

from fastapi import Request
from nicegui import ui

from access_control.audit_chain import AuditRow, AuditVerdict
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.frame import PATIENCE_S, button, html, page, read, title
from cloud_api.dashboard.reader import Reader
from cloud_api.dashboard.table import Column, figures, table

SHOWN = 200


def show_trail(desk: Desk) -> None:
    """Register the page."""

    @ui.page("/audit", response_timeout=PATIENCE_S)
    async def trail(request: Request) -> None:
        with page(request, "/audit") as reader:
            rows = await read(lambda: desk.audit.newest(SHOWN))
            if rows is None:
                return
            refused = sum(row.outcome == "refused" for row in rows)
            title(_finding(reader, len(rows), refused))
            if not rows:
                html(
                    f'<div class="card"><p class="quiet">{reader.t("Log-ins, refusals and every change by a person stand here.")}</p></div>'
                )
                return
            with ui.element("section").classes("card"):
                html(f"<p>{reader.t('Each line is chained to the one before, so that none can be changed or taken out unnoticed.')}</p>")
                told = ui.element("div")

                async def check() -> None:
                    verdict = await read(desk.audit.verify)
                    if verdict is not None:
                        told.clear()
                        with told:
                            html(_verdict(reader, verdict))

                button(reader.t("Check the whole log"), check)
            html(_table(reader, rows))


def _finding(reader: Reader, rows: int, refused: int) -> str:
    if not rows:
        return reader.t("Nobody has done anything yet")
    if not refused:
        return reader.t("Nothing was refused of late")
    return reader.n("{count} of the newest lines is a refusal", "{count} of the newest lines are refusals", refused)


def _verdict(reader: Reader, verdict: AuditVerdict) -> str:
    if verdict.broken_at is not None:
        words = reader.t("Line {number} does not fit: the log was changed or cut.", number=verdict.broken_at)
        return f'<p role="alert"><span class="state now">▲ {reader.t("now")}</span> {words}</p>'
    words = reader.t("{rows} lines, unbroken. Note this elsewhere, and check against it later:", rows=reader.number(verdict.rows))
    return f"<p>{words}</p><p><code>{verdict.rows}:{verdict.head}</code></p>"


def _table(reader: Reader, rows: list[AuditRow]) -> str:
    outcomes = {"done": reader.t("done"), "refused": reader.t("refused")}
    names = (reader.t("When"), reader.t("Who"), reader.t("What"), reader.t("Outcome"), reader.t("Detail"))
    columns = (figures(reader.t("Line")), *(Column(name) for name in names))
    lines = [
        (
            str(row.number), f'<span class="moment">{datetime.fromtimestamp(row.at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC</span>',
            escape(row.actor), escape(row.action), escape(outcomes.get(row.outcome, row.outcome)), escape(row.detail),
        )
        for row in rows
    ]  # fmt: skip
    return f'<div class="card">{table(columns, lines)}</div>'
