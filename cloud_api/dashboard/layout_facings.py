"""The card of the Layout page that says which article should get a facing from its neighbour, with the doubt in it."""

from __future__ import annotations

from html import escape

from nicegui import ui

from cloud_api.dashboard.frame import html
from cloud_api.dashboard.reader import Reader
from cloud_api.dashboard.table import Column, figures, table
from cloud_api.flows.space_planning import FacingReview
from cloud_api.rules.space_elasticity import Elasticity, FacingMove


def show_facings(reader: Reader, review: FacingReview) -> None:
    """Lay the card out."""
    with ui.element("section").classes("card"):
        html(f"<h2>{reader.t('Facings')}</h2><p>{_finding(reader, review)}</p>")
        if review.moves:
            columns = (
                Column(reader.t("Wider")), Column(reader.t("Narrower")), figures(reader.t("By")),
                figures(reader.n("Margin in {count} day", "Margin in {count} days", review.days)),
                figures(reader.t("8 times in 10 between")),
            )  # fmt: skip
            html(table(columns, [_row(reader, move, review.currency) for move in review.moves]))
        html(f'<p class="quiet">{_worth(reader, review.chain)}</p>')


def _finding(reader: Reader, review: FacingReview) -> str:
    if not review.moves:
        return reader.t("No facing earns more at its neighbour's place")
    best = review.moves[0]
    wider, narrower = escape(best.to_name), escape(best.from_name)
    return reader.t("{wider} would earn most with a facing of {narrower}", wider=wider, narrower=narrower)


def _row(reader: Reader, move: FacingMove, currency: str) -> tuple[str, ...]:
    low, high = reader.money(move.low_minor, currency), reader.money(move.high_minor, currency)
    width, margin = f"{100 * move.width_m:.0f} cm", f"+{reader.money(move.margin_minor, currency)}"
    return escape(move.to_name), escape(move.from_name), width, margin, f"{low} – {high}"


def _worth(reader: Reader, chain: Elasticity) -> str:
    learnt = reader.t("the published mean, for no change of facings has shown more yet")
    if chain.changes:
        changes = reader.n("{count} change", "{count} changes", chain.changes)
        learnt = reader.t("the published mean drawn towards {changes} in this chain", changes=changes)
    more = reader.percent(2**chain.mean - 1)
    return reader.t("Twice the room sells {share} more: {learnt}. A model's figure: a trial has to show it.", share=more, learnt=learnt)
