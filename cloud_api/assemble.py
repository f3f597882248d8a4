"""Wires the cloud: records, planning, doors and pages, on a database that `serving` opens. Nothing else connects its parts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import structlog
from fastapi import FastAPI
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from cloud_api.adapters.article_records import ArticleBook
from cloud_api.adapters.basket_records import BasketBook
from cloud_api.adapters.clock import wall_clock
from cloud_api.adapters.database import migrate, newest_revision, present_revision
from cloud_api.adapters.fleet_records import FleetBook
from cloud_api.adapters.footfall_records import FootfallBook
from cloud_api.adapters.forecast_records import ForecastBook
from cloud_api.adapters.order_records import OrderBook
from cloud_api.adapters.partitions import Months
from cloud_api.adapters.passing_records import PassingBook
from cloud_api.adapters.promotion_records import PromotionBook
from cloud_api.adapters.release_shelf import ReleaseShelf
from cloud_api.adapters.reports_booking import ReportBook
from cloud_api.adapters.sales_records import SalesBook
from cloud_api.adapters.space_records import SpaceBook
from cloud_api.adapters.store_days import StoreDayBook
from cloud_api.adapters.store_records import StoreBook
from cloud_api.adapters.terms_records import TermsBook
from cloud_api.adapters.tokens import Tokens
from cloud_api.adapters.trial_records import TrialBook
from cloud_api.adapters.written_records import WrittenBook
from cloud_api.config import CloudConfig
from cloud_api.errors import DatabaseUnreachable
from cloud_api.flows.audit_telling import AuditTelling
from cloud_api.flows.day_reviewing import DayReviewing
from cloud_api.flows.fleet_rollouts import FleetRollouts
from cloud_api.flows.forecast_totals import ForecastTotals
from cloud_api.flows.housekeeping import Housekeeping
from cloud_api.flows.jobs import Jobs
from cloud_api.flows.key_figures import KeyFigures
from cloud_api.flows.layout_planning import LayoutPlanning
from cloud_api.flows.order_decisions import OrderDecisions
from cloud_api.flows.order_webhooks import OrderWebhooks, make_posts
from cloud_api.flows.planning import Planning
from cloud_api.flows.promotions import Promotions
from cloud_api.flows.refill_advising import RefillAdvising
from cloud_api.flows.reviewing import Reviewing
from cloud_api.flows.shop_inputs import ShopReading
from cloud_api.flows.space_planning import SpacePlanning
from cloud_api.flows.trials import Trials
from cloud_api.flows.what_if import WhatIfs
from cloud_api.guarding import Guards
from cloud_api.routes.bodies import describe
from cloud_api.routes.days import day_routes
from cloud_api.routes.figures import figure_routes
from cloud_api.routes.fleet import fleet_routes
from cloud_api.routes.health import Gauges, health_routes
from cloud_api.routes.orders import order_routes
from cloud_api.routes.promotions import promotion_routes
from cloud_api.routes.refusals import refuse_in_words
from cloud_api.routes.reports import hub_routes
from cloud_api.routes.trials import trial_routes

if TYPE_CHECKING:
    from cloud_api.dashboard.desk import Keeper

log = structlog.get_logger()


class Flow(Protocol):
    """What works in the background."""

    name: str

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop."""


class Cloud:
    """Every part of the cloud, wired to one database.

    Args:
        now: the wall clock, aware; tests hold it still.
    """

    def __init__(self, engine: Engine, config: CloudConfig, *, now: Callable[[], datetime] = wall_clock) -> None:
        self.engine = engine
        self.config = config
        self.now = now
        self.gauges = Gauges()
        self.guards = Guards(engine, config, now=now)
        self.stores = StoreBook(engine, now=now)
        self.reports = ReportBook(engine, now=now, future_max=timedelta(days=config.ingest.future_max_days))
        self.orders = OrderBook(engine, now=now)
        sales = SalesBook(engine)
        self.reviewing = Reviewing(stores=self.stores, footfall=FootfallBook(engine), sales=sales, now=now)
        self.written = WrittenBook(engine, now=now)
        self.days = DayReviewing(
            reviewing=self.reviewing, stores=self.stores, footfall=FootfallBook(engine), passing=PassingBook(engine),
            written=self.written, now=now,
        )  # fmt: skip
        self.figures = KeyFigures(stores=self.stores, days=StoreDayBook(engine), written=self.written, now=now)
        self.layouts = LayoutPlanning(reviewing=self.reviewing, baskets=BasketBook(engine))
        self.spaces = SpacePlanning(reviewing=self.reviewing, book=SpaceBook(engine), now=now)
        self.trials = Trials(stores=self.stores, days=StoreDayBook(engine), book=TrialBook(engine, now=now), layouts=self.layouts, now=now)
        self.jobs = Jobs()
        self.shelf = ReleaseShelf(Path(config.fleet.releases))
        self.rollouts = FleetRollouts(
            book=FleetBook(engine, now=now), stores=self.stores, shelf=self.shelf, now=now, ring_wait_max_h=config.fleet.ring_wait_max_h
        )
        forecasts, terms, articles = ForecastBook(engine), TermsBook(engine, now=now), ArticleBook(engine, now=now)
        self.forecast_totals = ForecastTotals(articles)
        promotions = PromotionBook(engine, now=now)
        reading = ShopReading(
            stores=self.stores, sales=sales, orders=self.orders, forecasts=forecasts, terms=terms, promotions=promotions,
            config=config.planning, now=now,
        )  # fmt: skip
        self.planning = Planning(
            stores=self.stores, sales=sales, orders=self.orders, forecasts=forecasts, articles=articles, reading=reading,
            advising=RefillAdvising(sales=sales, orders=self.orders, now=now), config=config.planning, now=now,
            planned=self.gauges.plans.inc,
        )  # fmt: skip
        self.promotions = Promotions(book=promotions, stores=self.stores, sales=sales, reading=reading, now=now)
        self.decisions = OrderDecisions(self.orders, now=now)
        self.what_ifs = WhatIfs(reading=reading, terms=terms, config=config.planning)

    def migrate(self) -> str:
        """Bring the schema up to date."""
        return migrate(self.engine)

    def see_ready(self) -> None:
        """Raise DatabaseUnreachable while the cloud cannot book: no database, or not the schema this program knows."""
        place = self.engine.url.render_as_string(hide_password=True)
        try:
            with self.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
            present = present_revision(self.engine)
        except DBAPIError as error:
            problem = str(error.orig).strip().splitlines()[0]
            raise DatabaseUnreachable(place=place, problem=problem, advice="see that the server runs") from None
        if present != newest_revision():
            problem = f"its schema is {present}, this program needs {newest_revision()}"
            raise DatabaseUnreachable(place=place, problem=problem, advice="run cloud-api migrate")

    def doors(self, tokens: Tokens) -> FastAPI:
        """The HTTP application, without pages."""
        self.guards.admit_keys(tokens)
        app = FastAPI(
            title="Aislewise cloud",
            version="1",
            description="Reports of shops in; footfall, orders and layout out.",
            docs_url=None,  # Both fetch their looks from the internet; the document itself is at /openapi.json.
            redoc_url=None,
        )
        limit_bytes = self.config.ingest.body_max_bytes
        app.include_router(
            hub_routes(
                reports=self.reports, stores=self.stores, orders=self.orders, tokens=tokens, gauges=self.gauges, limit_bytes=limit_bytes
            )
        )
        app.include_router(
            figure_routes(stores=self.stores, reviewing=self.reviewing, layouts=self.layouts, spaces=self.spaces, tokens=tokens)
        )
        app.include_router(
            order_routes(
                stores=self.stores, orders=self.orders, planning=self.planning, decisions=self.decisions, what_ifs=self.what_ifs,
                totals=self.forecast_totals, tokens=tokens, limit_bytes=limit_bytes,
            )
        )  # fmt: skip
        app.include_router(promotion_routes(promotions=self.promotions, tokens=tokens, limit_bytes=limit_bytes))
        app.include_router(day_routes(days=self.days, figures=self.figures, written=self.written, tokens=tokens, limit_bytes=limit_bytes))
        app.include_router(trial_routes(trials=self.trials, tokens=tokens))
        app.include_router(fleet_routes(rollouts=self.rollouts, shelf=self.shelf, tokens=tokens, limit_bytes=limit_bytes))
        app.include_router(health_routes(gauges=self.gauges, see_ready=self.see_ready))
        refuse_in_words(app, self.gauges, self.guards.audit)
        describe(app)
        return app

    def show_pages(self, app: FastAPI, address: str, *, keeper: Keeper | None) -> None:
        """Put the pages on the application; `address` is what a hub is told to report to, `keeper` None where nobody logs in."""
        from cloud_api.dashboard.desk import Desk  # NiceGUI takes a second to import: only the program that shows pages waits for it.
        from cloud_api.dashboard.pages import show_pages

        desk = Desk(
            stores=self.stores, orders=self.orders, reviewing=self.reviewing, planning=self.planning, decisions=self.decisions,
            what_ifs=self.what_ifs, promotions=self.promotions, layouts=self.layouts, spaces=self.spaces, trials=self.trials,
            days=self.days, figures=self.figures, written=self.written, jobs=self.jobs, now=self.now, address=address,
            audit=self.guards.audit, keeper=keeper, rollouts=self.rollouts,
        )  # fmt: skip
        show_pages(app, desk)

    @contextmanager
    def flows(self) -> Iterator[None]:
        """Plan and tell suppliers in the background, on named threads, until the block ends.

        Raises:
            ConfigurationInvalid: a webhook's secret cannot be used.
        """
        stop = threading.Event()
        webhooks = OrderWebhooks(make_posts(self.config.planning.webhooks), orders=self.orders, stores=self.stores, now=self.now)
        housekeeping = Housekeeping(months=Months(self.engine), keep_months=self.config.retention.quarter_months, now=self.now)
        flows: list[Flow] = [self.planning, webhooks, housekeeping, self.rollouts, AuditTelling(self.guards.audit)]
        threads = [threading.Thread(target=flow.run, args=(stop,), name=flow.name, daemon=True) for flow in flows]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            self.jobs.close()
            for thread in threads:
                thread.join(timeout=3.0)
