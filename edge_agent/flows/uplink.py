"""Brings the outbox to the hub: resends from what the hub has booked, and forgets only what it has booked.

The hub's word is the retained `booked_through` of this outbox. The broker's acknowledgement only says that there is room for more.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Literal

import structlog

from edge_agent.adapters.broker_link import Arrival, BrokerLink, Post
from edge_agent.adapters.clock import AgentClock
from edge_agent.adapters.outbox import Outbox
from edge_agent.errors import BrokerUnavailable, OutboxUnusable
from edge_agent.flows.fault_board import FaultBoard
from edge_agent.flows.health import HealthTeller
from edge_agent.flows.uplink_talk import Gap, Talk, UplinkPace
from wire_format import codec, topics
from wire_format.commands import AnyCommand, BookedThrough
from wire_format.errors import WireError
from wire_format.observations import Shed

CLOCK_REST_S = 1.0
"""The clocks are not told more often than this, however often the hub repeats its mark."""

BROKEN_SOON_MAX = 3
"""So many connections lost at once are no accident: most often a twin with the same name, which the broker lets in instead."""
HOLDS_S = 60.0

log = structlog.get_logger("edge_agent.uplink")


class Uplink:
    """One thread: it alone speaks to the broker.

    Args:
        outbox: what to bring.
        link: how to reach the broker.
        store_id, device_id: who speaks.
        teller: composes health and clock messages.
        clock: for what this flow must say by itself.
        faults: where trouble is told.
        pace: how fast, how patient.
        listen_to: further topics of the hub's commands.
        on_command: who does what they say; called on this flow's thread, so it only takes note.
        claim: has the hub know, before a connection, that the outbox is this device's.
    """

    name = "uplink"

    def __init__(
        self,
        *,
        outbox: Outbox,
        link: BrokerLink,
        store_id: str,
        device_id: str,
        teller: HealthTeller,
        clock: AgentClock,
        faults: FaultBoard,
        pace: UplinkPace | None = None,
        listen_to: Sequence[str] = (),
        on_command: Callable[[AnyCommand], None] | None = None,
        claim: Callable[[str], None] | None = None,
    ) -> None:
        self._outbox = outbox
        self._link = link
        self._store_id = store_id
        self._device_id = device_id
        self._teller = teller
        self._clock = clock
        self._faults = faults
        self._pace = pace if pace is not None else UplinkPace()
        self._listen_to = tuple(listen_to)
        self._on_command = on_command
        self._claim = claim
        self._faults_changed = threading.Event()
        self._connected_at: float | None = None
        self._broken_soon = 0
        self._gap: Gap | None = None
        outbox.on_put(link.wake)
        faults.on_change(self._on_faults)

    def run(self, stop: threading.Event) -> None:
        """Connect, and again whenever the connection is lost, until `stop` is set; then say goodbye."""
        delay_s = self._pace.backoff_first_s
        while not stop.is_set():
            self._connected_at = None
            try:
                if self._claim is not None:
                    self._claim(self._outbox.outbox_id)
                self._link.connect(self._health_post("death"))
                self._connected_at = time.monotonic()
                self._faults.clear("broker", "broker_unavailable")
                self._converse(stop)
            except BrokerUnavailable as error:
                self._faults.raise_fault("broker", "broker_unavailable", error.problem, error.advice)
                log.warning("broker unavailable", broker=error.broker, problem=error.problem, next_try_s=round(delay_s, 1))
                if self._is_steady(time.monotonic()):
                    delay_s = self._pace.backoff_first_s
                stop.wait(delay_s * random.uniform(0.5, 1.5))  # A whole shop's devices must not knock at the same moment.
                delay_s = min(2 * delay_s, self._pace.backoff_max_s)
        self._say_goodbye()

    def _is_steady(self, now: float) -> bool:
        """Whether the connection that was lost had lasted. One that is lost again and again at once has another reason than the network."""
        if self._connected_at is None:
            return False
        if now - self._connected_at > self._pace.steady_s:
            return True
        self._broken_soon += 1
        if self._broken_soon >= BROKEN_SOON_MAX:
            message = f"the broker accepts this device and drops it at once, {self._broken_soon} times now"
            self._faults.raise_fault("broker", "connection_keeps_breaking", message, "look for another device with the same device_id")
        return False

    def _say_goodbye(self) -> None:
        self._link.publish(self._health_post("death"))
        self._link.flush(self._pace.farewell_s)
        self._link.close()

    def _converse(self, stop: threading.Event) -> None:
        """One connection, until it is lost, the outbox gets a new identity or `stop` is set."""
        talk = Talk(outbox_id=self._outbox.outbox_id, cursor=self._outbox.oldest_sequence() - 1, pace=self._pace)
        for topic in (topics.booked(self._store_id, talk.outbox_id), *self._listen_to):
            self._link.subscribe(topic)
        self._link.publish(self._health_post("birth"))
        self._link.publish(self._clock_post())
        log.info("connected", broker=self._link.name, outbox_id=talk.outbox_id, depth=self._outbox.depth)
        while not stop.is_set() and talk.outbox_id == self._outbox.outbox_id:
            answers = [self._heard(arrival, talk) for arrival in self._link.turn(talk.patience_s(time.monotonic()))]
            now = time.monotonic()
            if newest := next((answer for answer in reversed(answers) if answer is not None), None):
                self._take_in(newest, talk, now)  # Each answer replaces those before it.
            self._tell_of_itself(talk, now)
            if self._gap is not None and self._gap.outbox_id == talk.outbox_id and now >= talk.gap_due:
                self._tell_gap(self._gap, talk, now)
            if now >= talk.sending_from:
                self._send(talk, now)
        if talk.outbox_id != self._outbox.outbox_id:
            log.warning(
                "the outbox has a new identity", old=talk.outbox_id, new=self._outbox.outbox_id, kept_as=str(self._outbox.set_aside)
            )

    def _send(self, talk: Talk, now: float) -> None:
        if is_again := talk.cursor > self._outbox.booked_through and now - talk.progress_at > talk.resend_after_s:
            log.info("the hub is silent: sending again", after=self._outbox.booked_through, sent_through=talk.cursor)
            talk.rewind(self._outbox.oldest_sequence() - 1, now)
        self._tell_of_listening(talk)
        try:
            while (room := min(self._link.room, self._window_left(talk), self._pace.batch_letters)) > 0:
                letters = self._outbox.take(talk.cursor, room)
                if not letters or talk.outbox_id != self._outbox.outbox_id:
                    break
                if talk.cursor <= self._outbox.booked_through:
                    talk.progress_at = now  # The hub's time to answer begins with the first letter it has not booked.
                if is_again:
                    self._tell_clock(talk, now)  # Right before, so that a hub that was away can place in time what it missed.
                    is_again = False
                for letter in letters:
                    self._link.publish(Post(topics.seen(self._store_id, talk.outbox_id, letter.sequence), letter.payload))
                talk.cursor = letters[-1].sequence
            self._faults.clear("outbox", "outbox_unreadable")
        except OutboxUnusable as error:
            self._faults.raise_fault("outbox", "outbox_unreadable", error.problem, error.advice)
            talk.sending_from = now + self._pace.outbox_pause_s

    def _window_left(self, talk: Talk) -> int:
        return self._pace.window_letters - (talk.cursor - max(self._outbox.booked_through, talk.opened_after))

    def _heard(self, arrival: Arrival, talk: Talk) -> BookedThrough | None:
        if not arrival.payload:
            return None  # A retained wish was taken back.
        try:
            message = codec.commands.decode(arrival.payload)
        except WireError as error:
            self._faults.raise_fault("hub", "answer_undecodable", f"{arrival.topic}: {error}", "update edge-agent or store-hub")
            return None
        if isinstance(message, BookedThrough) and message.outbox_id == talk.outbox_id:
            return message
        if self._on_command is not None and not isinstance(message, BookedThrough):
            self._on_command(message)
            return None
        self._faults.raise_fault("hub", "answer_misplaced", f"{arrival.topic} holds another answer", "check who else publishes there")
        return None

    def _take_in(self, answer: BookedThrough, talk: Talk, now: float) -> None:
        talk.sending_from = min(talk.sending_from, now)
        talk.resend_after_s = self._pace.resend_first_s  # The hub is there: do not keep it waiting.
        if answer.booked_through <= self._outbox.booked_through:
            talk.clock_due = max(now, talk.clock_told_at + CLOCK_REST_S)  # A hub that repeats its mark may just have come back.
        try:
            self._believe(answer, talk, now)
        except OutboxUnusable as error:
            self._faults.raise_fault("outbox", "outbox_unreadable", error.problem, error.advice)

    def _believe(self, answer: BookedThrough, talk: Talk, now: float) -> None:
        booked_through = answer.booked_through
        if self._gap is not None and booked_through >= self._gap.last:
            self._gap = None
        if (problem := self._another_writes(answer)) is not None:
            kept = self._outbox.begin_anew()
            advice = (
                f"a restored or copied SD card: a new outbox was begun, the old one kept as {kept.name}; look for a twin of this device"
            )
            self._faults.raise_fault("outbox", "outbox_of_another", problem, advice)
            return
        if booked_through > self._outbox.booked_through:
            self._outbox.forget_through(booked_through)
            talk.progress_at = now
            talk.cursor = max(talk.cursor, booked_through)
        elif booked_through + 1 < (oldest := self._outbox.oldest_sequence()):
            self._bridge(booked_through + 1, oldest - 1, talk, now)

    def _another_writes(self, answer: BookedThrough) -> str | None:
        """Why this outbox is not this device's alone: a copied or restored card. None while nothing tells of it."""
        if answer.booked_through > (wrote := self._outbox.last_sequence):
            return f"the hub has booked {answer.booked_through} letters of this outbox, which wrote only {wrote}"
        if answer.contested:
            return "the hub hears two devices that write this outbox"
        if answer.digest is not None and self._outbox.is_another(answer.booked_through, answer.digest):
            return f"the hub has booked another letter {answer.booked_through} of this outbox than this device wrote"
        return None

    def _bridge(self, first: int, last: int, talk: Talk, now: float) -> None:
        """A hub restored from an older copy asks for letters it once booked. They are gone: say so, or it waits at the gap for ever."""
        if self._gap is not None and self._gap[:3] == (talk.outbox_id, first, last):
            return  # It is told, and told again until it is booked, in the same words: other words would look like another device's.
        gone = Shed(
            device_id=self._device_id,
            boot_id=self._clock.boot_id,
            monotonic_ms=self._clock.monotonic_ms(),
            observed_at_ms=self._clock.wall_ms(),
            through_sequence=last,
            counts={"forgotten": last - first + 1},
        )
        self._gap = Gap(talk.outbox_id, first, last, Post(topics.seen(self._store_id, talk.outbox_id, first), codec.encode(gone)))
        self._tell_gap(self._gap, talk, now)
        self._faults.raise_fault(
            "hub",
            "hub_older_than_outbox",
            f"the hub lacks letters {first} to {last}, which it once booked and this device has forgotten",
            "the hub was restored from an older copy; recount the shelves it shows as uncertain",
        )

    def _tell_gap(self, gap: Gap, talk: Talk, now: float) -> None:
        """No letter follows it that would be sent again, so it is told by the clock until the hub's mark is past it."""
        talk.gap_due = now + self._pace.resend_first_s
        self._tell_clock(talk, now)
        self._link.publish(gap.post)

    def _tell_of_listening(self, talk: Talk) -> None:
        if self._link.refusal is not None:
            self._faults.raise_fault("broker", "broker_refuses", self._link.refusal, "let this device publish, in the broker's ACL file")
        else:
            self._faults.clear("broker", "broker_refuses")
        if self._link.is_heard:
            self._faults.clear("hub", "hub_absent")
        else:
            self._faults.raise_fault("hub", "hub_absent", "the broker answers, but no hub listens there", "start store-hub")

    def _tell_of_itself(self, talk: Talk, now: float) -> None:
        is_due = now >= talk.health_due or (self._faults_changed.is_set() and now >= talk.health_told_at + self._pace.health_pause_s)
        if is_due:
            self._faults_changed.clear()
            talk.health_told_at, talk.health_due = now, now + self._pace.health_every_s
            self._link.publish(self._health_post("alive"))
        if self._broken_soon and self._connected_at is not None and now - self._connected_at > HOLDS_S:
            self._broken_soon = 0
            self._faults.clear("broker", "connection_keeps_breaking")
        if now >= talk.clock_due:
            self._tell_clock(talk, now)

    def _tell_clock(self, talk: Talk, now: float) -> None:
        talk.clock_told_at, talk.clock_due = now, now + self._pace.clock_every_s
        self._link.publish(self._clock_post())

    def _health_post(self, state: Literal["birth", "alive", "death"]) -> Post:
        payload = codec.encode(self._teller.health(state))
        return Post(topics.health(self._store_id, self._device_id), payload, is_retained=True)

    def _clock_post(self) -> Post:
        return Post(topics.clock(self._store_id, self._outbox.outbox_id), codec.encode(self._teller.clocks()), qos=0)

    def _on_faults(self) -> None:
        self._faults_changed.set()
        self._link.wake()
