"""Lets a home automation on the same broker find the shop by itself: describes it, and tells each change once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from importlib.metadata import version
from zoneinfo import ZoneInfo

import structlog

from store_hub.adapters.broker_link import BrokerLink, Clock
from store_hub.adapters.ledger_views import LedgerReading, LedgerUnreadable, LedgerViews
from store_hub.config import HomeAssistantConfig
from store_hub.flows.bookkeep import BookkeepingDoor
from store_hub.rules.home_assistant import (
    ONLINE,
    PlaceState,
    ShopState,
    component_names,
    discovery,
    discovery_topic,
    states,
)
from store_hub.rules.key_figures import day_started_ms
from wire_format import topics
from wire_format.plans import Planogram

TELL_EVERY_S = 1.0
"""A burst of changes is one message a place."""

_log = structlog.get_logger("home_assistant")


class HomeAssistant:
    """A named thread. The last will of the hub's line says that the shop is unavailable (`broker_link`)."""

    name = "home-assistant"

    def __init__(
        self,
        config: HomeAssistantConfig,
        *,
        link: BrokerLink,
        views: LedgerViews,
        bookkeep: BookkeepingDoor,
        page_url: str | None,
        clock: Clock,
    ) -> None:
        self._prefix = config.prefix
        self._link = link
        self._views = views
        self._page_url = page_url
        self._clock = clock
        self._changed = threading.Event()
        self._unsubscribe: Callable[[], None] = bookkeep.on_booked(lambda _tables: self._changed.set())
        self._line = 0
        self._described: bytes | None = None
        self._components: set[str] = set()
        self._told: dict[str, bytes] = {}

    def run(self, stop: threading.Event) -> None:
        """Tell what changed, until told to stop."""
        while not stop.wait(TELL_EVERY_S):
            if self._changed.wait(0.0) or self._line != self._link.line:
                self._changed.clear()
                self.tell()
        self._unsubscribe()

    def tell(self) -> None:
        """Publish what is new since the last time, or everything on a new connection: the broker may have forgotten what it retained."""
        line = self._link.line
        if not self._link.connected:
            return
        try:
            with self._views.reading() as reading:
                plan = reading.planogram
                if plan is None:
                    return
                places, shop = self._places(reading, plan), self._shop(reading, plan)
        except LedgerUnreadable as error:
            _log.warning("the shop cannot be told", problem=str(error))
            return
        if line != self._line:
            self._line, self._described, self._told = line, None, {}
            self._link.publish(topics.home(plan.store_id, "availability"), ONLINE, retain=True)
        self._describe(plan)
        for topic, payload in states(plan.store_id, places, shop).items():
            if self._told.get(topic) != payload:
                self._told[topic] = payload
                self._link.publish(topic, payload, retain=True)

    def _describe(self, plan: Planogram) -> None:
        components = component_names(plan)
        gone = sorted(self._components - components)
        described = discovery(plan, version=version("aislewise"), page_url=self._page_url, gone=gone)
        if described != self._described:
            self._described, self._components = described, components
            self._link.publish(discovery_topic(self._prefix, plan.store_id), described, retain=True)

    @staticmethod
    def _places(reading: LedgerReading, plan: Planogram) -> list[PlaceState]:
        stock = reading.stock()
        alerts = {(alert.shelf_id, alert.sku): alert.kind for alert in reading.open_alerts()}
        places = []
        for shelf in (shelf for bay in plan.bays for shelf in bay.shelves):
            for facing in shelf.facings:
                row = stock.get((facing.sku, shelf.shelf_id))
                if row is not None:
                    alert = alerts.get((shelf.shelf_id, facing.sku))
                    places.append(PlaceState(shelf.shelf_id, facing.sku, row.units, row.low, row.high, alert))
        return places

    def _shop(self, reading: LedgerReading, plan: Planogram) -> ShopState:
        now_ms = self._clock.now_ms()
        minutes = reading.visitors_by_minute(day_started_ms(now_ms, ZoneInfo(plan.time_zone)), now_ms)
        occupancy = reading.occupancy()
        return ShopState(
            people_now=None if occupancy is None else occupancy.people,
            visitors_today=sum(minutes.values()) if minutes else None,
            open_alerts=reading.open_alert_count(),
        )
