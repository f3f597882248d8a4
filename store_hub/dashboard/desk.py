"""What every page is given: the ledger to read, bookkeep to command, the shop's profile and a clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Literal, Protocol

from access_control.persons import Person
from store_hub.adapters.ledger_views import LedgerViews
from store_hub.adapters.release_shelf import Bundle
from store_hub.dashboard.news import News, OnBooked
from store_hub.entries import AlertAction, AnyTold, CalibrationAction, LightAction, StockCount
from store_hub.entries_fleet import AnyFleet
from store_hub.entries_goods import AnyGoods
from store_hub.entries_settings import SettingsChange
from store_hub.errors import HubError
from store_hub.flows.backup import BackupState
from store_hub.flows.commands import Answer, Book, Command
from store_hub.flows.device_configuration import load_schema
from store_hub.rules.roles import may_do
from wire_format.reports import StoreProfile

ANSWER_WITHIN_S = 10.0
TaskAct = Literal["take", "done", "not_there", "release", "assign", "counted"]
TASK_ACTS: tuple[TaskAct, ...] = ("take", "done", "not_there", "release", "assign", "counted")


class Keeper(Protocol):
    """Notes what people do and try on the pages."""

    def refuse(self, actor: str, action: str, detail: str) -> None:
        """Somebody was turned away."""

    def note(self, actor: str, action: str, detail: str) -> None:
        """Somebody did something."""


class NotYours(HubError):
    """A press that the visitor's role may not make."""

    def __init__(self) -> None:
        super().__init__("your role may look at this, but not change it; ask the manager")


@dataclass(frozen=True)
class Desk:
    """The pages' side of the hub. `person`: whose page it is; None where nobody logs in. `backup` None: none is configured."""

    views: LedgerViews
    submit: Callable[[Command], Future[Answer]]
    on_booked: OnBooked
    profile: StoreProfile
    now_ms: Callable[[], int]
    trouble: Callable[[], HubError | None] = lambda: None
    bundles: Callable[[], list[Bundle]] = list
    people_min: int = 1
    news: News = field(default_factory=News)
    keeper: Keeper | None = None
    backup: Callable[[], BackupState] | None = None
    person: Person | None = None

    async def act_on_alert(self, alert_id: int, action: TaskAct, by: str, to: str | None = None, units: int | None = None) -> None:
        """Book what a person does with a task; returns after commit.

        Raises:
            HubError: bookkeep refused, with its reason.
            TimeoutError: bookkeep did not answer in time; the action may still be booked.
        """
        told = AlertAction(alert_id=alert_id, action=action, by=by, to=to, units=units)
        await self._book(told, "alerts", f"{action} alert {alert_id}")

    async def calibrate(self, action: CalibrationAction) -> None:
        """Book what a person wants of a scale's calibration; returns after commit.

        Raises:
            HubError: it does not fit how the calibration stands, with the reason.
            TimeoutError: bookkeep did not answer in time; it may still be booked.
        """
        await self._book(action, "calibrations", f"{action.action} {action.shelf_id}")

    async def change_fleet(self, action: AnyFleet) -> None:
        """Book what a person wants of a device's file or of a rollout; returns after commit.

        Raises:
            HubError: it cannot be done now, with the reason.
            TimeoutError: bookkeep did not answer in time; it may still be booked.
        """
        await asyncio.to_thread(load_schema)
        await self._book(action, "fleet", type(action).__name__)

    async def blink(self, shelf_id: str, by: str) -> None:
        """Book that the light at a shelf should blink for a while; returns after commit.

        Raises:
            HubError: bookkeep refused, with its reason.
            TimeoutError: bookkeep did not answer in time.
        """
        await self._book(LightAction(shelf_id=shelf_id, by=by), "lights", shelf_id)

    async def ask(self, command: Command) -> Answer:
        """Have a command done; returns after commit.

        Raises:
            HubError: bookkeep refused, with its reason.
            TimeoutError: bookkeep did not answer in time; it may still be done.
        """
        self.check(self.person, "settings", type(command).__name__)
        return await asyncio.wait_for(asyncio.wrap_future(self.submit(command)), ANSWER_WITHIN_S)

    async def tell(self, told: AnyGoods | SettingsChange | StockCount, *, door: str) -> None:
        """Book what a person says of a stock-take, a delivery, a count or the settings; returns after commit.

        Raises:
            HubError: it does not fit how things stand, with the reason.
            TimeoutError: bookkeep did not answer in time; it may still be booked.
        """
        await self._book(told, door, type(told).__name__)

    def check(self, person: Person | None, door: str, words: str) -> None:
        """Note what a person is about to do.

        Raises:
            NotYours: the role may not.
        """
        if person is None or self.keeper is None:
            return
        if not may_do(person.role, door):
            self.keeper.refuse(person.name, f"page.{door}", f"{words} as {person.role}")
            raise NotYours
        self.keeper.note(person.name, f"page.{door}", words)

    async def _book(self, told: AnyTold | AnyGoods | SettingsChange | AnyFleet, door: str, words: str) -> None:
        self.check(self.person, door, words)
        future = self.submit(Book(told=told, door=door))
        await asyncio.wait_for(asyncio.wrap_future(future), ANSWER_WITHIN_S)
