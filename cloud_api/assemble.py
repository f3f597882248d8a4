"""Wires the cloud: database, records, planning, doors and pages. Nothing else connects anything."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import structlog
from fastapi import FastAPI
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from cloud_api.adapters.article_records import ArticleBook
from cloud_api.adapters.basket_records import BasketBook
from cloud_api.adapters.dask_cluster import on_cluster
from cloud_api.adapters.database import migrate, newest_revision, open_database, present_revision
from cloud_api.adapters.embedded_postgres import EmbeddedPostgres
from cloud_api.adapters.footfall_records import FootfallBook
from cloud_api.adapters.forecast_records import ForecastBook
from cloud_api.adapters.http_server import listening, serve_on
from cloud_api.adapters.order_records import OrderBook
from cloud_api.adapters.partitions import Months
from cloud_api.adapters.promotion_records import PromotionBook
from cloud_api.adapters.reports_booking import ReportBook
from cloud_api.adapters.sales_records import SalesBook
from cloud_api.adapters.space_records import SpaceBook
from cloud_api.adapters.store_days import StoreDayBook
from cloud_api.adapters.store_records import StoreBook
from cloud_api.adapters.terms_records import TermsBook
from cloud_api.adapters.tokens import Tokens, read_tokens
from cloud_api.adapters.trial_records import TrialBook
from cloud_api.adapters.written_records import WrittenBook
from cloud_api.config import CloudConfig, DatabaseConfig
from cloud_api.errors import DatabaseUnreachable
from cloud_api.flows.day_reviewing import DayReviewing
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
from cloud_api.flows.store_plan import StorePlan
from cloud_api.flows.trials import Trials
from cloud_api.flows.what_if import WhatIfs
from cloud_api.guarding import Guards, pages_are_open
from cloud_api.routes.bodies import describe
from cloud_api.routes.days import day_routes
from cloud_api.routes.figures import figure_routes
from cloud_api.routes.health import Gauges, health_routes
from cloud_api.routes.orders import order_routes
from cloud_api.routes.promotions import promotion_routes
from cloud_api.routes.refusals import refuse_in_words
from cloud_api.routes.reports import hub_routes
from cloud_api.routes.trials import trial_routes

if TYPE_CHECKING:
    from cloud_api.dashboard.desk import Keeper

log = structlog.get_logger()


def wall_clock() -> datetime:
    """The present, aware, UTC."""
    return datetime.now(UTC)


@contextmanager
def open_records(config: DatabaseConfig) -> Iterator[Engine]:
    """The database of the configuration: the server at `url`, or the embedded one, started here and stopped at the end.

    Raises:
        DatabaseUnreachable, RecordsUnusable: there is none to be had.
    """
    server = None if config.url else EmbeddedPostgres(Path(config.data_dir), binaries=Path(config.binaries) if config.binaries else None)
    url = config.url or (server.start() if server else "")
    try:
        engine = open_database(
            url, pool_size=config.pool_size, connect_timeout_s=config.connect_timeout_s, statement_timeout_s=config.statement_timeout_s
        )
        try:
            yield engine
        finally:
            engine.dispose()
    finally:
        if server is not None:
            server.stop()


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
        self.days = DayReviewing(reviewing=self.reviewing, stores=self.stores, footfall=FootfallBook(engine), written=self.written, now=now)
        self.figures = KeyFigures(stores=self.stores, days=StoreDayBook(engine), written=self.written, now=now)
        self.layouts = LayoutPlanning(reviewing=self.reviewing, baskets=BasketBook(engine))
        self.spaces = SpacePlanning(reviewing=self.reviewing, book=SpaceBook(engine), now=now)
        self.trials = Trials(stores=self.stores, days=StoreDayBook(engine), book=TrialBook(engine, now=now), layouts=self.layouts, now=now)
        self.jobs = Jobs()
        forecasts, terms, articles = ForecastBook(engine), TermsBook(engine, now=now), ArticleBook(engine, now=now)
        self.forecast_totals = ForecastTotals(articles)
        promotions = PromotionBook(engine, now=now)
        reading = ShopReading(
            stores=self.stores, sales=sales, orders=self.orders, forecasts=forecasts, terms=terms, promotions=promotions,
            config=config.planning, now=now,
        )  # fmt: skip
        self.planning = Planning(
            stores=self.stores,
            sales=sales,
            orders=self.orders,
            forecasts=forecasts,
            articles=articles,
            advising=RefillAdvising(sales=sales, orders=self.orders, now=now),
            reading=reading,
            config=config.planning,
            now=now,
            planned=self.gauges.plans.inc,
        )
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
            audit=self.guards.audit, keeper=keeper,
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
        flows: list[Planning | OrderWebhooks | Housekeeping] = [self.planning, webhooks, housekeeping]
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


_in_worker: dict[str, Cloud] = {}


def plan_in_worker(asked: tuple[bytes, str]) -> bytes:
    """Plan a shop in a process of a cluster: configuration and shop in, the plan out, both as MessagePack. The database stays open."""
    packed, store_id = asked
    config = msgspec.msgpack.decode(packed, type=CloudConfig)
    assert config.database.url is not None, "a worker finds the records by their address"
    if config.database.url not in _in_worker:
        engine = open_database(
            config.database.url, pool_size=1, connect_timeout_s=config.database.connect_timeout_s,
            statement_timeout_s=config.database.statement_timeout_s,
        )  # fmt: skip
        _in_worker[config.database.url] = Cloud(engine, config)
    return msgspec.msgpack.encode(_in_worker[config.database.url].planning.plan(store_id))


def plan_on_cluster(config: CloudConfig, store_ids: Sequence[str], *, workers: int = 0, scheduler: str | None = None) -> list[StorePlan]:
    """Plan shops on a Dask cluster; `config.database.url` is how its workers reach the records.

    Raises:
        ClusterUnusable: there is no cluster to be had.
        StoreUnknown, PlanogramMissing: a shop cannot be planned.
    """
    packed = msgspec.msgpack.encode(config)
    done = on_cluster(plan_in_worker, [(packed, store_id) for store_id in store_ids], workers=workers, scheduler=scheduler)
    return [msgspec.msgpack.decode(plan, type=StorePlan) for plan in done]


def serve(config: CloudConfig, *, config_path: Path | None, demo_token: str | None) -> None:
    """Run the cloud until a signal ends it: the port first, then the records, then planning, doors and pages.

    Raises:
        ConfigurationInvalid, PortTaken, DatabaseUnreachable, RecordsUnusable: it cannot start.
    """
    tokens = read_tokens(Path(config.tokens.file) if config.tokens.file else None, demo=demo_token)
    path = str(config_path or "the defaults")
    is_open = pages_are_open(config, demo_token=demo_token, path=path)
    if config.tokens.file:
        tokens.follow(Path(config.tokens.file), demo=demo_token)
    with listening(config.listen.host, config.listen.port) as door, open_records(config.database) as engine:
        cloud = Cloud(engine, config)
        cloud.migrate()
        app = cloud.doors(tokens)
        address = f"http://{config.listen.host}:{config.listen.port}"
        cloud.guards.guard(app, is_open=is_open, path=path)
        cloud.show_pages(app, address, keeper=None if is_open else cloud.guards.keeper)
        if not is_open:
            cloud.guards.greet()
        log.info("cloud_ready", address=address)
        with cloud.flows():
            serve_on(app, door)
