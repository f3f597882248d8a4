"""The forms of the page Figures: a target for a shop or the chain, and a risk to write down."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui

from cloud_api.adapters.store_records import StoreRecord
from cloud_api.dashboard.acting import press
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.figure_words import figure_kept, figure_name, figure_unit
from cloud_api.dashboard.frame import button, html
from cloud_api.dashboard.reader import Reader
from cloud_api.rules.chain_figures import FIGURES, Risk


def show_figure_forms(desk: Desk, reader: Reader, stores: list[StoreRecord]) -> None:
    """Lay both forms out."""
    currency = stores[0].currency
    options = {name: f"{figure_name(reader, name)}, {figure_unit(reader, name, currency)}" for name in FIGURES}
    with ui.element("section").classes("card no-print"):
        html(f"<h2>{reader.t('Set a target')}</h2>")
        with ui.element("div").classes("form"):
            shops = {"*": reader.t("All shops"), **{store.store_id: store.name for store in stores}}
            shop = ui.select(shops, value="*", label=reader.t("Shop"))
            figure = ui.select(options, value="conversion", label=reader.t("Figure"))
            value = ui.number(label=reader.t("Target, in the figure's unit"))

            def set_target(by: str) -> None:
                kept = None if value.value is None else figure_kept(figure.value, float(value.value), currency)
                desk.figures.set_target(shop.value, figure.value, kept, by=by)

            button(reader.t("Set target"), lambda: _write(desk, "target", set_target), is_main=True)
    _show_risk_form(desk, reader, options, currency)


def _show_risk_form(desk: Desk, reader: Reader, options: dict[str, str], currency: str) -> None:
    with ui.element("section").classes("card no-print"):
        html(f"<h2>{reader.t('Write a risk down')}</h2>")
        with ui.element("div").classes("form"):
            name, owner = ui.input(label=reader.t("What may go wrong")), ui.input(label=reader.t("Who follows it"))
            plan = ui.input(label=reader.t("What is done then"))
            sign = ui.select(options, value="empty_share", label=reader.t("Figure that tells of it"))
            ways = {"above": reader.t("goes above"), "below": reader.t("falls below")}
            way = ui.select(ways, value="above", label=reader.t("When it"))
            limit = ui.number(label=reader.t("Value, in the figure's unit"), value=5)

            def written(by: str) -> str:
                kept = figure_kept(sign.value, float(limit.value or 0.0), currency)
                risk = Risk(name=name.value, figure=sign.value, way=way.value, value=kept, owner=owner.value, plan=plan.value)
                return desk.figures.write_risk(risk, by=by)

            button(reader.t("Write it down"), lambda: _write(desk, "risk", written))


async def _write(desk: Desk, words: str, act: Callable[[str], object]) -> None:
    if await press(desk, "written", words, act):
        ui.navigate.reload()


async def strike(desk: Desk, risk_id: str) -> None:
    """Strike a risk off."""
    await _write(desk, f"strike risk {risk_id}", lambda by: desk.figures.strike_risk(risk_id, by=by))
