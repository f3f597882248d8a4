"""The card of the Layout page that says which article should get a facing from its neighbour, with the doubt in it."""

from __future__ import annotations

from html import escape

from nicegui import ui

from cloud_api.dashboard.frame import html
from cloud_api.dashboard.words import counted, money
from cloud_api.flows.space_planning import FacingReview
from cloud_api.rules.space_elasticity import Elasticity, FacingMove


def show_facings(review: FacingReview) -> None:
    """Lay the card out."""
    with ui.element("section").classes("card"):
        html(f"<h2>Facings</h2><p>{_finding(review)}</p>")
        rows = "".join(_row(move, review.currency) for move in review.moves)
        if rows:
            html(
                '<div class="scroll"><table class="figures"><thead><tr><th>Wider</th><th>Narrower</th><th class="num">By</th>'
                f'<th class="num">Margin in {review.days} days</th><th class="num">8 times in 10 between</th>'
                f"</tr></thead><tbody>{rows}</tbody></table></div>"
            )
        html(f'<p class="quiet">{_worth(review.chain)} A model\'s figure: a trial has to show it.</p>')


def _finding(review: FacingReview) -> str:
    if not review.moves:
        return "No facing earns more at its neighbour's place"
    best = review.moves[0]
    return f"{escape(best.to_name)} would earn most with a facing of {escape(best.from_name)}"


def _row(move: FacingMove, currency: str) -> str:
    low, high = money(move.low_minor, currency), money(move.high_minor, currency)
    return (
        f'<tr><td>{escape(move.to_name)}</td><td>{escape(move.from_name)}</td><td class="num">{100 * move.width_m:.0f} cm</td>'
        f'<td class="num">+{money(move.margin_minor, currency)}</td><td class="num">{low} and {high}</td></tr>'
    )


def _worth(chain: Elasticity) -> str:
    learnt = "the published mean, for no change of facings has shown more yet"
    if chain.changes:
        learnt = f"the published mean drawn towards {counted(chain.changes, 'change', 'changes')} in this chain"
    return f"Twice the room sells {2**chain.mean - 1:.0%} more: {learnt}.".replace("%", " %")
