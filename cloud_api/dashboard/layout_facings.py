"""The card of the Layout page that says which article should get a facing from its neighbour, with the doubt in it."""

from __future__ import annotations

from html import escape

from nicegui import ui

from cloud_api.dashboard.frame import html
from cloud_api.dashboard.reader import Reader
from cloud_api.flows.space_planning import FacingReview
from cloud_api.rules.space_elasticity import Elasticity, FacingMove


def show_facings(reader: Reader, review: FacingReview) -> None:
    """Lay the card out."""
    with ui.element("section").classes("card"):
        html(f"<h2>{reader.t('Facings')}</h2><p>{_finding(reader, review)}</p>")
        rows = "".join(_row(reader, move, review.currency) for move in review.moves)
        if rows:
            margin = reader.n("Margin in {count} day", "Margin in {count} days", review.days)
            html(
                f'<div class="scroll"><table class="figures"><thead><tr><th>{reader.t("Wider")}</th><th>{reader.t("Narrower")}</th>'
                f'<th class="num">{reader.t("By")}</th><th class="num">{margin}</th>'
                f'<th class="num">{reader.t("8 times in 10 between")}</th></tr></thead><tbody>{rows}</tbody></table></div>'
            )
        html(f'<p class="quiet">{_worth(reader, review.chain)}</p>')


def _finding(reader: Reader, review: FacingReview) -> str:
    if not review.moves:
        return reader.t("No facing earns more at its neighbour's place")
    best = review.moves[0]
    wider, narrower = escape(best.to_name), escape(best.from_name)
    return reader.t("{wider} would earn most with a facing of {narrower}", wider=wider, narrower=narrower)


def _row(reader: Reader, move: FacingMove, currency: str) -> str:
    low, high = reader.money(move.low_minor, currency), reader.money(move.high_minor, currency)
    return (
        f'<tr><td>{escape(move.to_name)}</td><td>{escape(move.from_name)}</td><td class="num">{100 * move.width_m:.0f} cm</td>'
        f'<td class="num">+{reader.money(move.margin_minor, currency)}</td><td class="num">{low} – {high}</td></tr>'
    )


def _worth(reader: Reader, chain: Elasticity) -> str:
    learnt = reader.t("the published mean, for no change of facings has shown more yet")
    if chain.changes:
        changes = reader.n("{count} change", "{count} changes", chain.changes)
        learnt = reader.t("the published mean drawn towards {changes} in this chain", changes=changes)
    more = reader.percent(2**chain.mean - 1)
    return reader.t("Twice the room sells {share} more: {learnt}. A model's figure: a trial has to show it.", share=more, learnt=learnt)
