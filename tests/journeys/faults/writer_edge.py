"""An edge whose sensors see a seeded sequence: the product's own outbox and uplink in a process that can be killed."""

from __future__ import annotations

import argparse
import signal
import threading
import time
from pathlib import Path

import msgspec
from seen_by_sensors import CLOSING_TIME, GROUP_MAX, WEIGHTS, TruthFile, group_size, is_in_1970, observation

from edge_agent.adapters import broker_link
from edge_agent.adapters.clock import AgentClock
from edge_agent.adapters.outbox import Outbox
from edge_agent.assemble import open_device
from edge_agent.config import BrokerConfig, EdgeConfig, OutboxConfig
from edge_agent.errors import OutboxUnusable
from edge_agent.flows.uplink_talk import UplinkPace
from wire_format.observations import AnyObservation

broker_link.KEEPALIVE_S = 2
"""So that a line half open is noticed within the test."""

PUT_AGAIN_S = 0.1
PACE = UplinkPace(booked_wait_s=0.3, resend_first_s=0.7, resend_max_s=4.0, backoff_first_s=0.1, backoff_max_s=0.6, clock_every_s=2.0)
SINCE_1970_MS = 3_600_000


class JumpingClock(AgentClock):
    """A clock whose wall time may wake up in 1970 while the monotonic one goes on."""

    in_1970 = False

    def wall_ms(self) -> int:
        """Unix time as the device believes it."""
        return SINCE_1970_MS + self.monotonic_ms() if self.in_1970 else super().wall_ms()


def arguments() -> argparse.Namespace:
    """What the scenario says."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--seed", "--device", "--port", "--observations"):
        parser.add_argument(name, type=int, required=True)
    parser.add_argument("--rate", type=float, required=True, help="observations a second")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--resend-s", type=float, default=PACE.resend_first_s, help="how long the hub may be silent")
    parser.add_argument("--gates", default="", help="observations at which to wait for a file gate-1, gate-2, …, with commas")
    parser.add_argument("--group-max", type=int, default=GROUP_MAX, help="observations put together")
    parser.add_argument("--weights", type=float, default=WEIGHTS, help="the share of observations that are weights")
    parser.add_argument("--store", required=True)
    return parser.parse_args()


def main() -> None:
    """Observe and put until all is observed, and stay until it is closing time and the hub has booked it; or stop when told."""
    told = arguments()
    config = EdgeConfig(
        store_id=told.store,
        device_id=f"pi-{told.device}",
        broker=BrokerConfig(port=told.port),
        outbox=OutboxConfig(path=str(told.folder / f"card-{told.device}" / "outbox.sqlite")),
    )
    clock, stop = JumpingClock(), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    link = open_device(config, clock, pace=PACE._replace(resend_first_s=told.resend_s))
    uplink = threading.Thread(target=link.uplink.run, args=(stop,), name="uplink")
    truth = TruthFile(told.folder / f"truth-{told.device}.txt")
    clock.in_1970 = is_in_1970(told.seed, told.device, truth.observed)
    uplink.start()
    began, first, monotonic_ms = time.monotonic(), truth.observed, 0
    while truth.observed < told.observations and not stop.is_set():
        seen = []
        wait_at_gates(told, truth.observed, stop)
        size = group_size(told.seed, told.device, truth.observed, told.group_max)
        ends = [gate for gate in (*gates(told), told.observations) if gate > truth.observed]
        for number in range(truth.observed, min(*ends[:1], truth.observed + size)):
            clock.in_1970 = is_in_1970(told.seed, told.device, number)
            monotonic_ms = max(monotonic_ms + 1, clock.monotonic_ms())
            stamp = {"boot_id": clock.boot_id, "monotonic_ms": monotonic_ms, "wall_ms": clock.wall_ms()}
            seen.append(observation(told.seed, told.device, number, weights=told.weights, **stamp))
        stop.wait(max(0, monotonic_ms - clock.monotonic_ms()) / 1000)  # One a millisecond at most: no device sees what is still to come.
        truth.will_put(seen)
        if put(link.outbox, msgspec.convert(seen, list[AnyObservation]), stop):
            truth.was_put()
        stop.wait(max(0.0, (truth.observed - first) / told.rate - (time.monotonic() - began)))
    while (link.outbox.depth > 0 or not (told.folder / CLOSING_TIME).exists()) and not stop.wait(0.05):
        pass
    stop.set()
    uplink.join()
    link.outbox.close()


def gates(told: argparse.Namespace) -> list[int]:
    """The observations before which something must have happened."""
    return [int(gate) for gate in told.gates.split(",") if gate]


def wait_at_gates(told: argparse.Namespace, observed: int, stop: threading.Event) -> None:
    """Wait until every gate up to here is open."""
    for number, gate in enumerate(gates(told), start=1):
        while observed >= gate and not (told.folder / f"gate-{number}").exists() and not stop.wait(0.02):
            pass


def put(outbox: Outbox, seen: list[AnyObservation], stop: threading.Event) -> bool:
    """Put a group, again and again while the disk will not take it; False when it is time to stop."""
    while True:
        try:
            outbox.put_all(seen)
        except OutboxUnusable:
            if stop.wait(PUT_AGAIN_S):
                return False
        else:
            return True


if __name__ == "__main__":
    main()
