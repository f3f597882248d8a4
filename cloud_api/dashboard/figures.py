"""Figures: how the chain does against its targets and against itself, the register of risks, and the month on a sheet to print."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from html import escape

from fastapi import Request
from nicegui import ui

from cloud_api.adapters.store_records import StoreRecord
from cloud_api.dashboard.acting import pressed
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.figure_words import figure_cell, figure_told, trend
from cloud_api.dashboard.frame import PATIENCE_S, button, html, page, read, read_stores, title
from cloud_api.dashboard.words import counted, span
from cloud_api.errors import CloudError
from cloud_api.flows.key_figures import FiguresReview
from cloud_api.rules.chain_figures import FIGURES, Risk, ShopFigures

_SHOWN_MAX = 200


def show_figures(desk: Desk) -> None:
    """Register the pages."""

    @ui.page("/figures", title="Figures · Aislewise", response_timeout=PATIENCE_S)
    async def figures(request: Request, month: str = "") -> None:
        with page(request, "/figures"):
            stores = await read_stores(desk)
            if not stores:
                return
            span_of = _month(month)
            review = await read(lambda: desk.figures.review(first=span_of[0], last=span_of[1]))
            if review is None:
                return
            names = {store.store_id: store for store in stores}
            title(_sentence(review), f"{span(review.first, review.last)}, beside as many days before")
            _show_choice(desk, month)
            _show_chain(review.shops[0], stores[0].currency)
            _show_shops(review.shops[1:], names)
            _show_risks(desk, review, names)
            if not month:
                _show_forms(desk, stores)


def _month(month: str) -> tuple[date | None, date | None]:
    """`2026-10` as its first and last day; anything else is the last 28 days."""
    try:
        year, number = (int(part) for part in month.split("-"))
        return date(year, number, 1), date(year, number, calendar.monthrange(year, number)[1])
    except (ValueError, calendar.IllegalMonthError):
        return None, None


def _sentence(review: FiguresReview) -> str:
    up = [state for state in review.risks if state.shops]
    if up:
        return f"Come up: {up[0].risk.name}, in {counted(len(up[0].shops), 'shop', 'shops')}"
    missed = [name for name, figure in review.shops[0].figures.items() if figure.state == "missed"]
    if missed:
        return f"{FIGURES[missed[0]][0]} under target" if len(missed) == 1 else f"{len(missed)} of the chain's figures miss their targets"
    if any(figure.target is not None for figure in review.shops[0].figures.values()):
        return "The chain's figures reach their targets"
    return "No targets yet: set one below, and it is looked after every day"


def _show_choice(desk: Desk, month: str) -> None:
    today = desk.now().date()
    first = today.replace(day=1)
    months = []
    for _ in range(3):
        first = (first - timedelta(days=1)).replace(day=1)
        months.append(first)
    links = f'<a href="/figures"{" aria-current=true" if not month else ""}>28 days</a>' + "".join(
        f'<a href="/figures?month={each:%Y-%m}"{" aria-current=true" if month == f"{each:%Y-%m}" else ""}>{each:%B %Y}</a>'
        for each in months
    )
    with ui.element("div").classes("ask no-print"):
        html(links).classes("ask")
        button("Print, or save as PDF", lambda: ui.run_javascript("window.print()"))


def _show_chain(chain: ShopFigures, currency: str) -> None:
    cards = "".join(
        f'<div class="tile"><span class="quiet">{escape(FIGURES[name][0])}</span>'
        f'<span class="big">{figure_told(name, figure.value, currency)}</span>'
        f'<span class="quiet">{trend(figure)}</span>'
        f'<span class="quiet">{_target_words(name, figure.target, figure.state, currency)}</span></div>'
        for name, figure in chain.figures.items()
    )
    html(f'<div class="tiles">{cards}</div>')


def _target_words(name: str, target: float | None, state: str, currency: str) -> str:
    if target is None:
        return "no target"
    told = f"target {figure_told(name, target, currency)}"
    return f'<span class="state soon">◐ {told} missed</span>' if state == "missed" else f"{told} {'reached' if state == 'well' else ''}"


def _show_shops(shops: list[ShopFigures], names: dict[str, StoreRecord]) -> None:
    ranked = sorted(shops, key=lambda shop: (-sum(figure.state == "missed" for figure in shop.figures.values()), shop.store_id))
    rows = "".join(
        f"<tr><td>{escape(names[shop.store_id].name)}</td>"
        + "".join(figure_cell(name, figure, names[shop.store_id].currency) for name, figure in shop.figures.items())
        + "</tr>"
        for shop in ranked[:_SHOWN_MAX]
        if shop.store_id in names
    )
    head = "".join(f'<th class="num">{escape(words)}</th>' for words, _ in FIGURES.values())
    html(
        '<div class="card"><h2>Shops, most targets missed first</h2><div class="scroll"><table class="figures"><thead><tr><th>Shop</th>'
        f"{head}</tr></thead><tbody>{rows}</tbody></table></div></div>"
    )


def _show_risks(desk: Desk, review: FiguresReview, names: dict[str, StoreRecord]) -> None:
    with ui.element("section").classes("card"):
        html("<h2>Risks</h2>")
        if not review.risks:
            html('<p class="quiet">None is written down. A risk has a figure that tells of it, somebody who follows it, and a plan.</p>')
        for state in review.risks:
            risk = state.risk
            where = ", ".join(escape(names[shop].name) for shop in state.shops[:8] if shop in names)
            mark = f'<span class="state soon">◐ come up in {where}</span>' if state.shops else '<span class="quiet">has not come up</span>'
            with ui.element("div").classes("line"):
                html(
                    f'<div class="row-line"><h3>{escape(risk.name)}</h3>{mark}</div><p>{escape(risk.plan)}</p><p class="quiet">'
                    f"{escape(FIGURES[risk.figure][0])} {risk.way} {risk.value:g}; followed by {escape(risk.owner) or 'nobody'}</p>"
                )
                with ui.element("div").classes("buttons no-print"):
                    button("Strike it off", partial(_strike, desk, state.risk_id))


def _show_forms(desk: Desk, stores: list[StoreRecord]) -> None:
    options = {name: words for name, (words, _) in FIGURES.items()}
    with ui.element("section").classes("card no-print"):
        html("<h2>Set a target</h2>")
        with ui.element("div").classes("form"):
            shop = ui.select({"*": "All shops", **{store.store_id: store.name for store in stores}}, value="*", label="Shop")
            figure = ui.select(options, value="conversion", label="Figure")
            value = ui.number(label="Target (0.3 is 30 %; money in cents)")
            button(
                "Set target",
                lambda: _write(desk, "target", lambda by: desk.figures.set_target(shop.value, figure.value, value.value, by=by)),
                is_main=True,
            )
    with ui.element("section").classes("card no-print"):
        html("<h2>Write a risk down</h2>")
        with ui.element("div").classes("form"):
            name, owner = ui.input(label="What may go wrong"), ui.input(label="Who follows it")
            plan = ui.input(label="What is done then")
            sign = ui.select(options, value="empty_share", label="Figure that tells of it")
            way = ui.select({"above": "goes above", "below": "falls below"}, value="above", label="When it")
            limit = ui.number(label="Value", value=0.05)

            def written(by: str) -> str:
                risk = Risk(
                    name=name.value, figure=sign.value, way=way.value, value=float(limit.value or 0.0), owner=owner.value, plan=plan.value
                )
                return desk.figures.write_risk(risk, by=by)

            button("Write it down", lambda: _write(desk, "risk", written))


async def _write(desk: Desk, words: str, act: Callable[[str], object]) -> None:
    try:
        await pressed(desk, "written", words, act)
    except CloudError as error:
        ui.notify(str(error), type="negative", timeout=8000)
        return
    ui.navigate.reload()


async def _strike(desk: Desk, risk_id: str) -> None:
    await _write(desk, f"strike risk {risk_id}", lambda by: desk.figures.strike_risk(risk_id, by=by))
