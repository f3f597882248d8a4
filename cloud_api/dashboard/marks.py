"""Marks of a state: a shape and a word, so that none is told by colour alone."""

from __future__ import annotations

from cloud_api.dashboard.reader import Reader


def urgency_mark(reader: Reader, urgency: str) -> str:
    """`▲ now`, `◐ soon`, `● look`, as HTML."""
    words = {"now": f"▲ {reader.t('now')}", "soon": f"◐ {reader.t('soon')}", "look": f"● {reader.t('look')}"}
    return f'<span class="state {urgency}">{words[urgency]}</span>'
