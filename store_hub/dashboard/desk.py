"""What every page is given: the ledger to read, bookkeep to command, the shop's profile and a clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Literal

from store_hub.adapters.ledger_views import LedgerViews
from store_hub.adapters.release_shelf import Bundle
from store_hub.dashboard.news import News, OnBooked
from store_hub.entries import AlertAction, CalibrationAction, LightAction
from store_hub.entries_fleet import AnyFleet
from store_hub.entries_goods import AnyGoods
from store_hub.entries_settings import SettingsChange
from store_hub.errors import HubError
from store_hub.flows.commands import Answer, Book, Command
from wire_format.reports import StoreProfile

ANSWER_WITHIN_S = 10.0
TaskAct = Literal["take", "done", "not_there", "release", "assign"]
TASK_ACTS: tuple[TaskAct, ...] = ("take", "done", "not_there", "release", "assign")


@dataclass(frozen=True)
class Desk:
    """The pages' side of the hub."""

    views: LedgerViews
    submit: Callable[[Command], Future[Answer]]
    on_booked: OnBooked
    profile: StoreProfile
    now_ms: Callable[[], int]
    trouble: Callable[[], HubError | None] = lambda: None
    bundles: Callable[[], list[Bundle]] = list
    news: News = field(default_factory=News)

    async def act_on_alert(self, alert_id: int, action: TaskAct, by: str, to: str | None = None) -> None:
        """Book what a person does with a task; returns after commit.

        Raises:
            HubError: bookkeep refused, with its reason.
            TimeoutError: bookkeep did not answer in time; the action may still be booked.
        """
        told = AlertAction(alert_id=alert_id, action=action, by=by, to=to)
        future = self.submit(Book(told=told, door="alerts"))
        await asyncio.wait_for(asyncio.wrap_future(future), ANSWER_WITHIN_S)

    async def calibrate(self, action: CalibrationAction) -> None:
        """Book what a person wants of a scale's calibration; returns after commit.

        Raises:
            HubError: it does not fit how the calibration stands, with the reason.
            TimeoutError: bookkeep did not answer in time; it may still be booked.
        """
        future = self.submit(Book(told=action, door="calibrations"))
        await asyncio.wait_for(asyncio.wrap_future(future), ANSWER_WITHIN_S)

    async def change_fleet(self, action: AnyFleet) -> None:
        """Book what a person wants of a device's file or of a rollout; returns after commit.

        Raises:
            HubError: it cannot be done now, with the reason.
            TimeoutError: bookkeep did not answer in time; it may still be booked.
        """
        future = self.submit(Book(told=action, door="fleet"))
        await asyncio.wait_for(asyncio.wrap_future(future), ANSWER_WITHIN_S)

    async def blink(self, shelf_id: str, by: str) -> None:
        """Book that the light at a shelf should blink for a while; returns after commit.

        Raises:
            HubError: bookkeep refused, with its reason.
            TimeoutError: bookkeep did not answer in time.
        """
        future = self.submit(Book(told=LightAction(shelf_id=shelf_id, by=by), door="lights"))
        await asyncio.wait_for(asyncio.wrap_future(future), ANSWER_WITHIN_S)

    async def ask(self, command: Command) -> Answer:
        """Have a command done; returns after commit.

        Raises:
            HubError: bookkeep refused, with its reason.
            TimeoutError: bookkeep did not answer in time; it may still be done.
        """
        return await asyncio.wait_for(asyncio.wrap_future(self.submit(command)), ANSWER_WITHIN_S)

    async def tell(self, told: AnyGoods | SettingsChange, *, door: str) -> None:
        """Book what a person says of a stock-take, a delivery or the settings; returns after commit.

        Raises:
            HubError: it does not fit how things stand, with the reason.
            TimeoutError: bookkeep did not answer in time; it may still be booked.
        """
        future = self.submit(Book(told=told, door=door))
        await asyncio.wait_for(asyncio.wrap_future(future), ANSWER_WITHIN_S)
