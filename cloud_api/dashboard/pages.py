"""Puts the planner's pages on the application that serves the doors."""

from __future__ import annotations

from fastapi import FastAPI
from nicegui import app as pages_app
from nicegui import ui

from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.devices import show_devices
from cloud_api.dashboard.figures import show_figures
from cloud_api.dashboard.footfall import show_footfall
from cloud_api.dashboard.frame import FAVICON, show_lost
from cloud_api.dashboard.layout import show_layout
from cloud_api.dashboard.morning import show_morning
from cloud_api.dashboard.order_terms import show_order_terms
from cloud_api.dashboard.orders import show_orders
from cloud_api.dashboard.promotions import show_promotions
from cloud_api.dashboard.shops import show_shops
from cloud_api.dashboard.trail import show_trail
from service_manager.web_server import GoneVisitors


def show_pages(app: FastAPI, desk: Desk) -> None:
    """Register every page. Once per process: NiceGUI keeps one set of pages."""
    show_morning(desk)
    show_footfall(desk)
    show_orders(desk)
    show_order_terms(desk)
    show_promotions(desk)
    show_layout(desk)
    show_shops(desk)
    show_devices(desk)
    show_figures(desk)
    show_trail(desk)
    ui.run_with(app, root=show_lost, title="Aislewise", favicon=FAVICON, dark=None, language="en-GB", show_welcome_message=False)
    pages_app.add_middleware(GoneVisitors)  # Around those that `run_with` has just added.
