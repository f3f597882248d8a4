"""Wires the hub: ledger, bookkeeper, broker, flows, and one web server for doors and pages."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from fastapi import FastAPI

from store_hub.adapters.clock import HubClock
from store_hub.adapters.door_tokens import read_token
from store_hub.adapters.gauges import HubGauges
from store_hub.adapters.ledger import Ledger
from store_hub.adapters.ledger_figures import LedgerGauge
from store_hub.adapters.ledger_file import ledger_trouble
from store_hub.adapters.ledger_history import LedgerHistory
from store_hub.adapters.ledger_reports import LedgerReports
from store_hub.adapters.ledger_views import LedgerViews
from store_hub.adapters.release_shelf import ReleaseShelf
from store_hub.config import HubConfig
from store_hub.errors import ConfigurationInvalid, HubError
from store_hub.flows.attend import make_attend
from store_hub.flows.backup import make_backups
from store_hub.flows.bookkeep import Bookkeeper
from store_hub.flows.chain_rollouts import make_chain_rollouts
from store_hub.flows.folder import make_folder
from store_hub.flows.forget import make_forgetting
from store_hub.flows.home_assistant import HomeAssistant
from store_hub.flows.ingest import make_link
from store_hub.flows.notify import make_notify
from store_hub.flows.parts import Parts
from store_hub.flows.report import Report
from store_hub.flows.self_compact import make_self_compaction
from store_hub.flows.sync import make_sync
from store_hub.flows.webhooks import make_webhooks
from store_hub.guarding import Flow, Guards
from store_hub.routes.all_doors import open_doors
from store_hub.routes.health import (
    Check,
    backup_check,
    booking_check,
    bookkeeper_check,
    broker_check,
    cloud_check,
    health_routes,
    journal_check,
    ledger_check,
)
from store_hub.routes.metrics import LedgerCollector, PartsCollector, backup_age, metrics_routes
from store_hub.routes.refusals import answer_refusals
from store_hub.routes.releases import release_routes
from store_hub.rules.home_assistant import OFFLINE
from wire_format import topics
from wire_format.plans import Planogram
from wire_format.reports import StoreProfile

if TYPE_CHECKING:
    from store_hub.flows.mirror import Mirror

STOP_FLOWS_S = 1.5


class Hub:
    """A shop's hub, wired. `start` begins to book and to listen to the broker; `application` is for the web server.

    Raises:
        HubError: the ledger, a token file or the configuration cannot be used.
    """

    def __init__(self, config: HubConfig, *, config_path: str = "the configuration") -> None:
        self._config = config
        self._clock = HubClock()
        self._stop = threading.Event()
        self._path = Path(config.ledger.path)
        self.ledger = Ledger.open(self._path)
        try:
            self._wire(config_path)
        except sqlite3.Error as error:  # The file opens, but a page of it cannot be read.
            self.ledger.close()
            raise ledger_trouble(self._path, error) from None
        except BaseException:
            self.ledger.close()
            raise

    def _wire(self, config_path: str) -> None:
        config, identity = self._config, self.ledger.identity
        if config.store_id is not None and config.store_id != identity.store_id:
            problem = f"the ledger {config.ledger.path} is of store {identity.store_id}; give it its own, or correct this"
            raise ConfigurationInvalid(path=config_path, field="store_id", problem=problem)
        self.gauges = HubGauges()
        self.guards = Guards(config, identity, clock=self._clock, config_path=config_path)
        self.bookkeeper = Bookkeeper(
            self.ledger, clock=self._clock, config=config.bookkeeping, gauges=self.gauges, guard=self.guards.senders
        )
        self.link = make_link(
            self.guards.broker,
            store_id=identity.store_id,
            ledger_id=identity.ledger_id,
            clock=self._clock,
            inbox=self.bookkeeper.inbox,
            last_word=(topics.home(identity.store_id, "availability"), OFFLINE) if config.home_assistant.enabled else None,
        )
        parts = Parts(ledger=self._path, bookkeep=self.bookkeeper, store_id=identity.store_id, zone=self._zone, now_ms=self._clock.now_ms)
        self._sync = make_sync(config.cloud, parts)
        self._notify = make_notify(config.pager, parts, config_path=config_path)
        self._backups = make_backups(config.backup, parts, config_path=config_path)
        self._compaction = make_self_compaction(config.ledger, parts)
        self._report, self._mirror = self._make_report(), self._make_mirror()
        flows: list[Flow | None] = [self._report, self._notify, self._sync, self._mirror, self._backups, self._make_home_assistant()]
        flows += [
            make_attend(parts),
            make_forgetting(parts),
            make_chain_rollouts(config.cloud, config.fleet, parts),
            self._compaction,
            make_folder(config.folder, parts, currency=lambda: self._planogram().currency),
        ]
        flows += self.guards.flows
        flows += make_webhooks(config.webhooks, parts, ledger_id=identity.ledger_id, config_path=config_path)
        self._threads = [
            threading.Thread(target=flow.run, args=(self._stop,), name=flow.name, daemon=True) for flow in flows if flow is not None
        ]

    def start(self) -> None:
        """Begin."""
        self.bookkeeper.start(self.link)
        self.link.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End within a few seconds: what is not acknowledged will be sent again."""
        self._stop.set()
        self.link.stop()
        self.bookkeeper.stop()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(STOP_FLOWS_S / max(1, len(self._threads)))
        self.guards.close()
        self.ledger.close()

    def profile(self) -> StoreProfile:
        """What the store says of itself."""
        plan = self._planogram()
        return StoreProfile(
            store_id=plan.store_id,
            name=plan.name,
            time_zone=plan.time_zone,
            currency=plan.currency,
            floor_width_m=plan.width_m,
            floor_depth_m=plan.depth_m,
        )

    def application(self) -> FastAPI:
        """Return doors, health, metrics and pages as one application."""
        from store_hub.dashboard.pages import mount_pages  # NiceGUI takes a second to import: commands without pages do not wait for it.

        app = FastAPI(
            title="Aislewise store hub",
            version="1",
            description="What a till, a delivery and a counting person tell a store's hub.",
            docs_url=None,  # Both fetch their looks from the internet; the document itself is at /openapi.json.
            redoc_url=None,
        )
        answer_refusals(app)
        open_doors(app, bookkeep=self.bookkeeper, tokens=self.guards.doors, now_ms=self._clock.now_ms, ledger=self._path)
        app.include_router(health_routes(self._checks()))
        shelf = ReleaseShelf(Path(self._config.fleet.releases))
        app.include_router(release_routes(shelf))
        self.gauges.registry.register(LedgerCollector(LedgerGauge(self._path)))
        self.gauges.registry.register(self._parts_collector())
        app.include_router(metrics_routes(self.gauges.registry))
        profile = self.profile()
        self.guards.guard(app, profile)
        mount_pages(
            app,
            views=LedgerViews(self._path),
            submit=self.bookkeeper.submit,
            store_profile=profile,
            on_booked=self.bookkeeper.on_booked,
            now_ms=self._clock.now_ms,
            trouble=lambda: self.bookkeeper.trouble,
            people_min=self._config.privacy.people_min,
            page_url=self._config.pager.page_url,
            bundles=shelf.bundles,
            hub_address=self._config.fleet.address,
            keeper=self.guards.keeper,
            backup=None if self._backups is None else self._backups.state,
        )
        return app

    # ---- parts

    def _planogram(self) -> Planogram:
        plan = self.bookkeeper.planogram()
        if plan is None:
            raise HubError(f"ledger {self._path}: it holds no planogram; make a new one with store-hub init --planogram FILE")
        return plan

    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._planogram().time_zone)

    def _parts_collector(self) -> PartsCollector:
        report, notify, mirror = self._report, self._notify, self._mirror
        counts: dict[str, tuple[str, Callable[[], float]]] = {
            "batches_failed": ("Transactions that failed", lambda: self.bookkeeper.figures().failed_batches),
            "facts_impossible": ("Facts that could not be told because no cloud would take them", lambda: report.refused),
            "calls_sent": ("Messages to staff that a service took", lambda: notify.sent),
            "calls_failed": ("Messages to staff that a service did not take", lambda: notify.failed),
        }
        if mirror is not None:
            counts["mirror_written"] = ("Points copied to the history mirror", lambda: mirror.written)
            counts["mirror_dropped"] = ("Points that the history mirror will never take", lambda: mirror.dropped)
        depths = {"inbox_waiting": ("Items that wait for the bookkeeper", lambda: float(self.bookkeeper.figures().waiting))}
        depths |= backup_age(None if self._backups is None else self._backups.age_s)
        return PartsCollector(depths=depths, counts=counts)

    def _make_report(self) -> Report:
        return Report(
            ledger=LedgerReports(self._path),
            bookkeep=self.bookkeeper,
            zone=self._zone,
            now_ms=self._clock.now_ms,
            every_s=self._config.cloud.report_every_s,
            people_min=self._config.privacy.people_min,
            category_of=lambda: {product.sku: product.category for product in self._planogram().products},
        )

    def _make_mirror(self) -> Mirror | None:
        mirror = self._config.mirror
        if mirror.url is None:
            return None
        from store_hub.adapters.influx import InfluxMirror  # Both import a library that takes a second: only a hub with a mirror waits.
        from store_hub.flows.mirror import Mirror

        token = None if mirror.token_file is None else read_token(Path(mirror.token_file), field="mirror.token_file")
        return Mirror(
            history=LedgerHistory(self._path),
            mirror=InfluxMirror(url=mirror.url, token=token, org=mirror.org, bucket=mirror.bucket),
            store_id=self.ledger.identity.store_id,
            now_ms=self._clock.now_ms,
            people_min=self._config.privacy.people_min,
        )

    def _make_home_assistant(self) -> HomeAssistant | None:
        if not self._config.home_assistant.enabled:
            return None
        return HomeAssistant(
            self._config.home_assistant,
            link=self.link,
            views=LedgerViews(self._path),
            bookkeep=self.bookkeeper,
            page_url=self._config.pager.page_url,
            clock=self._clock,
        )

    def _checks(self) -> dict[str, Check]:
        gauge, broker = LedgerGauge(self._path), self._config.broker
        return {
            "ledger": ledger_check(gauge),
            "bookkeeper": bookkeeper_check(self.bookkeeper.is_alive, lambda: self.bookkeeper.trouble),
            "broker": broker_check(lambda: self.link.connected, place=f"{broker.host}:{broker.port}"),
            "booking": booking_check(gauge, now_ms=self._clock.now_ms),
            "backup": backup_check(None if self._backups is None else self._backups.state, now_ms=self._clock.now_ms),
            "journal": journal_check(None if self._compaction is None else self._compaction.state, now_ms=self._clock.now_ms),
            "cloud": cloud_check(None if self._sync is None else self._sync.state, now_ms=self._clock.now_ms),
        }
