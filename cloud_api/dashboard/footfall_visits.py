"""The tiles of the Footfall page: who of those passing by came in, how long a visitor stayed, how full the shop was."""

from __future__ import annotations

from html import escape

from cloud_api.dashboard.frame import html
from cloud_api.dashboard.reader import Reader
from cloud_api.flows.day_reviewing import DaysReview


def show_visits(reader: Reader, review: DaysReview, name: str) -> None:
    """Lay the tiles out; what is not measured says what it would take."""
    visits = review.visits
    captured = reader.n("of {count} day", "of {count} days", visits.captured_days)
    if visits.capture_share is not None:
        captured = reader.listed([reader.t("{count} passed by", count=reader.number(visits.passed_by)), captured])
    elif not review.counts_passers_by:
        captured = reader.t("no line along the street: a door of kind street in the planogram counts who passes by")
    elif visits.passed_by is not None:
        captured = reader.t("more came in than passed: the line along the street misses people")
    stayed = reader.n("in the measured zones, of {count} day", "in the measured zones, of {count} days", visits.stay_days)
    fullest = "" if visits.most_inside_on is None else reader.weekday(visits.most_inside_on)
    stay = "–" if visits.stay_s is None else reader.t("{minutes} min", minutes=reader.number(visits.stay_s / 60.0, decimals=1))
    tiles = (
        (reader.t("Came in of who passed by"), _share(reader, visits.capture_share), captured),
        (reader.t("Stay a visitor"), stay, stayed),
        (reader.t("Inside on average"), _people(reader, visits.mean_inside, decimals=1), reader.t("at the ends of hours")),
        (reader.t("Most inside"), _people(reader, visits.most_inside), fullest),
    )
    cards = "".join(
        f'<div class="tile"><span class="quiet">{escape(words)}</span><span class="big">{value}</span>'
        f'<span class="quiet">{escape(below)}</span></div>'
        for words, value, below in tiles
    )
    html(f"<h2>{reader.t('{shop}, its visits', shop=escape(name))}</h2>")
    html(f'<div class="tiles">{cards}</div>')


def _share(reader: Reader, share: float | None) -> str:
    return "–" if share is None else reader.percent(share, decimals=1)


def _people(reader: Reader, people: float | None, *, decimals: int = 0) -> str:
    return "–" if people is None else f'{reader.number(people, decimals=decimals)} <span class="unit">{reader.t("people")}</span>'
