"""Figures: how the chain does against its targets and against itself, the register of risks, and the month on a sheet to print."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from functools import partial
from html import escape

from fastapi import Request
from nicegui import ui

from cloud_api.adapters.store_records import StoreRecord
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.figure_forms import show_figure_forms, strike
from cloud_api.dashboard.figure_words import figure_cell, figure_name, figure_told, trend
from cloud_api.dashboard.frame import PATIENCE_S, button, html, page, read, read_stores, title
from cloud_api.dashboard.reader import Reader
from cloud_api.dashboard.table import Column, figures, table
from cloud_api.flows.key_figures import FiguresReview
from cloud_api.rules.chain_figures import FIGURES, Figure, Risk, ShopFigures

_SHOWN_MAX = 200


def show_figures(desk: Desk) -> None:
    """Register the pages."""

    @ui.page("/figures", response_timeout=PATIENCE_S)
    async def figures_page(request: Request, month: str = "") -> None:
        with page(request, "/figures") as reader:
            stores = await read_stores(desk)
            if not stores:
                return
            span_of = _month(month)
            review = await read(lambda: desk.figures.review(first=span_of[0], last=span_of[1]))
            if review is None:
                return
            names = {store.store_id: store for store in stores}
            title(_sentence(reader, review), reader.t("{days}, beside as many days before", days=reader.days(review.first, review.last)))
            _show_choice(desk, reader, month)
            _show_chain(reader, review.shops[0], stores[0].currency)
            _show_shops(reader, review.shops[1:], names)
            _show_risks(desk, reader, review, names)
            if not month:
                show_figure_forms(desk, reader, stores)


def _month(month: str) -> tuple[date | None, date | None]:
    """`2026-10` as its first and last day; anything else is the last 28 days."""
    try:
        year, number = (int(part) for part in month.split("-"))
        return date(year, number, 1), date(year, number, calendar.monthrange(year, number)[1])
    except (ValueError, calendar.IllegalMonthError):
        return None, None


def _sentence(reader: Reader, review: FiguresReview) -> str:
    up = [state for state in review.risks if state.shops]
    if up:
        shops = reader.n("{count} shop", "{count} shops", len(up[0].shops))
        return reader.t("Come up: {risk}, in {shops}", risk=up[0].risk.name, shops=shops)
    chain = review.shops[0].figures
    missed = [name for name, figure in chain.items() if figure.state == "missed"]
    if len(missed) == 1:
        return reader.t("{figure} misses its target", figure=figure_name(reader, missed[0]))
    if missed:
        return reader.t("{count} of the chain's figures miss their targets", count=len(missed))
    if any(figure.target is not None for figure in chain.values()):
        return reader.t("The chain's figures reach their targets")
    return reader.t("No targets yet: set one below, and it is looked after every day")


def _show_choice(desk: Desk, reader: Reader, month: str) -> None:
    first = desk.now().date().replace(day=1)
    months = []
    for _ in range(3):
        first = (first - timedelta(days=1)).replace(day=1)
        months.append(first)
    latest = reader.n("{count} day", "{count} days", 28)
    links = f'<a href="/figures"{" aria-current=true" if not month else ""}>{latest}</a>' + "".join(
        f'<a href="/figures?month={each:%Y-%m}"{" aria-current=true" if month == f"{each:%Y-%m}" else ""}>{reader.month(each)}</a>'
        for each in months
    )
    with ui.element("div").classes("ask no-print"):
        html(links).classes("ask")
        button(reader.t("Print, or save as PDF"), lambda: ui.run_javascript("window.print()"))


def _show_chain(reader: Reader, chain: ShopFigures, currency: str) -> None:
    cards = "".join(
        f'<div class="tile"><span class="quiet">{figure_name(reader, name)}</span>'
        f'<span class="big">{figure_told(reader, name, figure.value, currency)}</span>'
        f'<span class="quiet">{trend(reader, figure)}</span>'
        f'<span class="quiet">{_target_words(reader, name, figure, currency)}</span></div>'
        for name, figure in chain.figures.items()
    )
    html(f'<div class="tiles">{cards}</div>')


def _target_words(reader: Reader, name: str, figure: Figure, currency: str) -> str:
    if figure.target is None:
        return reader.t("no target")
    target = figure_told(reader, name, figure.target, currency)
    if figure.state == "missed":
        return f'<span class="state soon">◐ {reader.t("target {target} missed", target=target)}</span>'
    return reader.t("target {target} reached", target=target) if figure.state == "well" else reader.t("target {target}", target=target)


def _show_shops(reader: Reader, shops: list[ShopFigures], names: dict[str, StoreRecord]) -> None:
    ranked = sorted(shops, key=lambda shop: (-sum(figure.state == "missed" for figure in shop.figures.values()), shop.store_id))
    rows = [
        (
            escape(names[shop.store_id].name),
            *(figure_cell(reader, name, figure, names[shop.store_id].currency) for name, figure in shop.figures.items()),
        )
        for shop in ranked[:_SHOWN_MAX]
        if shop.store_id in names
    ]
    if not rows:
        words = reader.t("Each shop stands here once it has been open for a whole day of these.")
        html(f'<div class="card"><h2>{reader.t("Shops, most targets missed first")}</h2><p class="quiet">{words}</p></div>')
        return
    columns = (Column(reader.t("Shop")), *(figures(figure_name(reader, name)) for name in FIGURES))
    html(f'<div class="card"><h2>{reader.t("Shops, most targets missed first")}</h2>{table(columns, rows)}</div>')


def _show_risks(desk: Desk, reader: Reader, review: FiguresReview, names: dict[str, StoreRecord]) -> None:
    currency = next(iter(names.values())).currency
    with ui.element("section").classes("card"):
        html(f"<h2>{reader.t('Risks')}</h2>")
        if not review.risks:
            words = reader.t("None is written down. A risk has a figure that tells of it, somebody who follows it, and a plan.")
            html(f'<p class="quiet">{words}</p>')
        for state in review.risks:
            risk = state.risk
            where = reader.listed([escape(names[shop].name) for shop in state.shops[:8] if shop in names])
            mark = f'<span class="quiet">{reader.t("has not come up")}</span>'
            if state.shops:
                mark = f'<span class="state soon">◐ {reader.t("come up in {shops}", shops=where)}</span>'
            with ui.element("div").classes("line"):
                html(
                    f'<div class="row-line"><h3>{escape(risk.name)}</h3>{mark}</div><p>{escape(risk.plan)}</p>'
                    f'<p class="quiet">{_sign(reader, risk, currency)}</p>'
                )
                with ui.element("div").classes("buttons no-print"):
                    button(reader.t("Strike it off"), partial(strike, desk, state.risk_id))


def _sign(reader: Reader, risk: Risk, currency: str) -> str:
    figure, value = figure_name(reader, risk.figure), figure_told(reader, risk.figure, risk.value, currency)
    above, below = (
        reader.t("{figure} above {value}", figure=figure, value=value),
        reader.t("{figure} below {value}", figure=figure, value=value),
    )
    who = reader.t("followed by {name}", name=escape(risk.owner)) if risk.owner else reader.t("followed by nobody")
    return reader.listed([above if risk.way == "above" else below, who])
