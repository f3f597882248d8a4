"""Runs a simulated shop as three devices: its scales, its tag reader and its camera, each with its own outbox and uplink.

Everything behind the sensors is the live code: flows, rules, outbox, uplink. Only what the sensors feel comes from the simulated shop.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import structlog
from msgspec import Struct

from edge_agent.adapters.clock import AgentClock
from edge_agent.adapters.outbox import Outbox
from edge_agent.adapters.simulated_files import ShopStateFile, SimulationStateInvalid, TruthFile
from edge_agent.adapters.simulated_playhead import SimulatedPlayhead
from edge_agent.adapters.simulated_till import HubDoors
from edge_agent.config import BrokerConfig, EdgeConfig
from edge_agent.errors import EdgeError
from edge_agent.flows.fault_board import FaultBoard
from edge_agent.flows.recorder import Recorder
from edge_agent.flows.simulated_senses import SimulatedSense, senses_of
from edge_agent.flows.simulated_till import TillFlow
from edge_agent.flows.tending import TendedThread
from edge_agent.flows.uplink import Uplink
from edge_agent.simulated_store.habits import ROUND_THE_CLOCK_HOURS, ShopHabits
from edge_agent.simulated_store.shop import Shop
from edge_agent.simulated_store.truth import TruthLog
from wire_format import codec
from wire_format.errors import WireError
from wire_format.plans import Planogram

_KEEP_EVERY_S = 5.0
_KEEP_EVERY_CATCHING_UP_S = 0.5
_SKIPPED_AFTER_A_CRASH_MS = 120_000
_SENSORS_STOP_S, _DRAIN_S, _STOP_S = 2.0, 2.5, 4.5

log = structlog.get_logger("edge_agent.simulate")


class SimulationOptions(Struct, frozen=True, kw_only=True):
    """What `edge-agent simulate` was asked to do.

    `state` is the folder of outboxes and of the shop's snapshot; None of `truth` and `hub_url` is needed for the sensors.
    """

    planogram: Path
    broker: BrokerConfig = BrokerConfig()
    hub_url: str | None = None
    seed: int = 1
    catch_up_hours: float = 0.0
    state: Path = Path("var/simulated-shop")
    truth: Path | None = None
    until_caught_up: bool = False
    shoppers_per_hour: float = 40.0
    open_round_the_clock: bool = False


class DeviceLink(Protocol):
    """A device's way to the hub, as `assemble` builds it from an `EdgeConfig` and a clock."""

    @property
    def outbox(self) -> Outbox:
        """What the hub has not booked yet."""

    @property
    def faults(self) -> FaultBoard:
        """What is not well."""

    @property
    def record(self) -> Recorder:
        """Takes observations; its thread tries a refusing disk again."""

    @property
    def uplink(self) -> Uplink:
        """Brings the outbox to the hub."""


OpenDevice = Callable[[EdgeConfig, AgentClock], DeviceLink]


class PlanogramInvalid(EdgeError, ValueError):
    """The planogram file cannot be used."""

    exit_code = 3

    def __init__(self, *, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}; give a planogram file, for example demo/planogram.json")
        self.path = path
        self.problem = problem


class _OpenedShop(NamedTuple):
    shop: Shop
    state_file: ShopStateFile
    truth_file: TruthFile | None
    clock: AgentClock
    booted_at_ms: int


def simulate(options: SimulationOptions, *, open_device: OpenDevice, stop: threading.Event) -> None:
    """Run the simulated shop until `stop` is set, or (`until_caught_up`) until the hub has booked all that was seen.

    Raises:
        PlanogramInvalid, SimulationStateInvalid, SimulationFileUnusable, OutboxUnusable: before anything runs.
    """
    opened = _open_shop(options)
    booted_at_ms, clock = opened.booted_at_ms, opened.clock
    playhead = SimulatedPlayhead(
        opened.shop,
        now_ms=lambda: booted_at_ms + clock.monotonic_ms(),
        booted_at_ms=booted_at_ms,
        end_ms=booted_at_ms + clock.monotonic_ms() if options.until_caught_up else None,
    )
    senses = senses_of(opened.shop, playhead, broker=options.broker, folder=options.state, seed=options.seed)
    devices = [_Device(sense, open_device(sense.config, clock), clock) for sense in senses]
    till = TillFlow(playhead, HubDoors(options.hub_url), faults=devices[0].link.faults) if options.hub_url is not None else None
    keeper = _Keeper(playhead, opened.state_file, opened.truth_file)
    try:
        _run(devices, till, keeper, playhead, stop)
        keeper.keep(clean=True)
    finally:
        playhead.close()
        if opened.truth_file is not None:
            opened.truth_file.close()
        for device in devices:
            device.link.outbox.close()


def _open_shop(options: SimulationOptions) -> _OpenedShop:
    """Begin a story `catch_up_hours` ago, or go on with the one that was kept."""
    planogram = read_planogram(options.planogram)
    state_file = ShopStateFile(options.state / "shop.json", planogram=planogram, seed=options.seed)
    kept = state_file.load()
    now_ms = time.time_ns() // 1_000_000
    earliest_ms = now_ms - round(options.catch_up_hours * 3_600_000)
    truth_file = TruthFile(options.truth) if options.truth is not None else None
    shop = Shop(
        planogram,
        seed=options.seed,
        start_ms=earliest_ms,
        habits=_habits(options),
        truth=TruthLog(keep_events=10_000, listener=truth_file.add if truth_file is not None else None),
        state=kept.state if kept is not None else None,
    )
    if shop.known_through_ms > now_ms + 60_000:
        raise SimulationStateInvalid(path=str(state_file.path), problem="the state of a time that is yet to come; is the clock right?")
    # After a crash some of the story may have been told already; counts must not be told twice, so the sensors sleep through that much.
    skipped_ms = _SKIPPED_AFTER_A_CRASH_MS if kept is not None and not kept.clean else 0
    booted_at_ms = min(max(shop.known_through_ms + skipped_ms, earliest_ms), now_ms)
    shop.advance(booted_at_ms)
    log.info("simulated shop opened", resumed=kept is not None, behind_min=round((now_ms - booted_at_ms) / 60_000, 1), seed=options.seed)
    return _OpenedShop(shop, state_file, truth_file, AgentClock(started_ms_ago=now_ms - booted_at_ms), booted_at_ms)


def read_planogram(path: Path) -> Planogram:
    try:
        plan = codec.plans.decode(path.read_bytes())
    except OSError as error:
        raise PlanogramInvalid(path=str(path), problem=f"cannot be read ({error.strerror})") from error
    except WireError as error:
        raise PlanogramInvalid(path=str(path), problem=str(error)) from error
    if not isinstance(plan, Planogram):
        raise PlanogramInvalid(path=str(path), problem="a plan of another kind")
    known = {product.sku for product in plan.products}
    for bay in plan.bays:
        for shelf in bay.shelves:
            for facing in shelf.facings:
                if facing.sku not in known:
                    raise PlanogramInvalid(
                        path=str(path), problem=f"shelf {shelf.shelf_id}: article {facing.sku!r} is not among its products"
                    )
    if not any(shelf.facings for bay in plan.bays for shelf in bay.shelves):
        raise PlanogramInvalid(path=str(path), problem="no shelf has an article")
    return plan


def _habits(options: SimulationOptions) -> ShopHabits:
    if options.open_round_the_clock:
        return ShopHabits(
            shoppers_per_hour=options.shoppers_per_hour, arrivals_by_hour=ROUND_THE_CLOCK_HOURS, opens_hour=0.0, closes_hour=25.0
        )
    return ShopHabits(shoppers_per_hour=options.shoppers_per_hour)


class _Device:
    """One simulated device: a tended thread for each of its senses, one for its recorder and one for its uplink."""

    def __init__(self, sense: SimulatedSense, link: DeviceLink, clock: AgentClock) -> None:
        self.link = link
        self._sensing, self._sending = threading.Event(), threading.Event()
        works = sense.works(link.record, clock, link.faults)
        self._sensors = [TendedThread(part, work, stop=self._sensing, faults=link.faults) for part, work in works]
        self._senders = [TendedThread(flow.name, flow.run, stop=self._sending, faults=link.faults) for flow in (link.record, link.uplink)]

    def start(self) -> None:
        """Begin."""
        for thread in [*self._sensors, *self._senders]:
            thread.start()

    def look(self) -> None:
        """Clear the faults of parts that run steadily again."""
        for thread in [*self._sensors, *self._senders]:
            thread.look()

    @property
    def is_done(self) -> bool:
        """Whether its sensors have heard the whole story and the hub has booked all of it."""
        return all(sensor.is_over for sensor in self._sensors) and self.link.record.held == 0 and self.link.outbox.depth == 0

    def stop_sensing(self, deadline_s: float) -> None:
        """Let the sensors come to the story's end, so that a second start repeats nothing and misses nothing; stop who does not."""
        for sensor in self._sensors:
            sensor.join(max(0.0, deadline_s - time.monotonic()))
        self._sensing.set()
        _join(self._sensors, deadline_s + 0.5)

    def stop_sending(self, deadline_s: float) -> None:
        """Stop recorder and uplink. What was not booked stays in the outbox."""
        self._sending.set()
        _join(self._senders, deadline_s)


class _Keeper:
    """Writes the snapshot and the truth to disk every now and then."""

    def __init__(self, playhead: SimulatedPlayhead, state_file: ShopStateFile, truth_file: TruthFile | None) -> None:
        self._playhead = playhead
        self._state_file = state_file
        self._truth_file = truth_file

    def keep(self, *, clean: bool) -> None:
        """Write them now. `clean`: all that the snapshot holds was told, and no more."""
        with self._playhead.story():
            if self._truth_file is not None:
                self._truth_file.flush()
        self._state_file.save(self._playhead.snapshot(), clean=clean)

    def wait(self, stop: threading.Event) -> bool:
        """Wait until it is time again; True when it is time to stop."""
        return stop.wait(_KEEP_EVERY_S if self._playhead.caught_up() else _KEEP_EVERY_CATCHING_UP_S)


def _run(devices: Sequence[_Device], till: TillFlow | None, keeper: _Keeper, playhead: SimulatedPlayhead, stop: threading.Event) -> None:
    """Run until told to stop, or until all is told. Sensors stop first and uplinks last, so that what was seen is still sent."""
    posting = threading.Event()
    tills = [TendedThread(till.name, till.run, stop=posting, faults=devices[0].link.faults)] if till is not None else []
    for device in devices:
        device.start()
    for thread in tills:
        thread.start()
    started_s, told = time.monotonic(), False
    while not keeper.wait(stop):
        if not told and playhead.caught_up():
            told = True
            log.info("caught up with the present", took_s=round(time.monotonic() - started_s, 1))
        keeper.keep(clean=False)
        for device in devices:
            device.look()
        posted = till is None or not playhead.due_postings()
        if playhead.end_ms is not None and posted and all(device.is_done for device in devices):
            break
    playhead.close()
    posting.set()
    began_s = time.monotonic()
    for device in devices:
        device.stop_sensing(began_s + _SENSORS_STOP_S)
    while any(device.link.outbox.depth for device in devices) and time.monotonic() < began_s + _DRAIN_S:
        time.sleep(0.05)
    for device in devices:
        device.stop_sending(began_s + _STOP_S)
    _join(tills, began_s + _STOP_S)


def _join(threads: Sequence[TendedThread], deadline_s: float) -> None:
    for thread in threads:
        if not thread.join(max(0.0, deadline_s - time.monotonic())):
            log.warning("did not stop in time", part=thread.part)
