"""What the pages may ask for and decide: one object, so that a page needs to know no wiring."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import msgspec

from cloud_api.adapters.audit_records import AuditRecords
from cloud_api.adapters.order_records import OrderBook
from cloud_api.adapters.store_records import StoreBook
from cloud_api.adapters.written_records import WrittenBook
from cloud_api.flows.day_reviewing import DayReviewing
from cloud_api.flows.fleet_rollouts import FleetRollouts
from cloud_api.flows.jobs import Jobs
from cloud_api.flows.key_figures import KeyFigures
from cloud_api.flows.layout_planning import LayoutPlanning
from cloud_api.flows.order_decisions import OrderDecisions
from cloud_api.flows.planning import Planning
from cloud_api.flows.promotions import Promotions
from cloud_api.flows.reviewing import Reviewing
from cloud_api.flows.space_planning import SpacePlanning
from cloud_api.flows.trials import Trials
from cloud_api.flows.what_if import WhatIfs


class Keeper(Protocol):
    """Notes what people do and try on the pages."""

    def refuse(self, actor: str, action: str, detail: str) -> None:
        """Somebody was turned away."""

    def note(self, actor: str, action: str, detail: str) -> None:
        """Somebody did something."""


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """The planner's desk. `now` is the wall clock, aware; `keeper` is None where nobody logs in."""

    stores: StoreBook
    orders: OrderBook
    reviewing: Reviewing
    planning: Planning
    decisions: OrderDecisions
    what_ifs: WhatIfs
    promotions: Promotions
    layouts: LayoutPlanning
    spaces: SpacePlanning
    trials: Trials
    days: DayReviewing
    figures: KeyFigures
    written: WrittenBook
    jobs: Jobs
    audit: AuditRecords
    rollouts: FleetRollouts
    keeper: Keeper | None
    now: Callable[[], datetime]
    address: str
