"""A UHF reader that speaks LLRP, through `llrpkit`. A thread of its own keeps the connection; reads wait in a bounded queue."""

from __future__ import annotations

import asyncio
import contextlib
import math
import queue
import threading
import time
from collections.abc import Callable, Sequence

from llrpkit import LLRPError, Reader, TagReport
from llrpkit.protocol import enums, messages, params

from edge_agent.adapters.reader_clock import ReaderClock
from edge_agent.adapters.reader_notes import ReaderNotes
from edge_agent.errors import SensorUnavailable
from edge_agent.readings import ReaderNote, TagRead

QUEUE_MAX = 20_000
KEEPALIVE_MS = 5_000
CONNECT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 5.0
_CLOSE_TIMEOUT_S = 5.0
_RSSI_UNKNOWN_DBM = -80.0
_WANTED_EVENTS = (
    enums.NotificationEventType.Antenna_Event,
    enums.NotificationEventType.Reader_Exception_Event,
    enums.NotificationEventType.Report_Buffer_Fill_Warning,
)


class LlrpTagReader:
    """One reader. The connection is made in the background at once; the first `read` says when it failed.

    A reader that sends nothing is asked for its antennas every `probe_s`, and counts as gone when it does not answer: a connection whose
    other end lost its power looks open for hours.

    Args:
        reader_id: what the reader is called.
        host, port: where it listens.
        antennas: which antennas to use; empty: all.
        power_dbm: transmit power of all of them; None: as the reader is set.
        monotonic_ms: the agent's clock. The reader's own clock only orders its reads.
        probe_s: how long it may be silent before it is asked.
        answer_timeout_s: how long it may take to answer.
    """

    def __init__(
        self,
        *,
        reader_id: str,
        host: str,
        port: int,
        antennas: Sequence[int],
        power_dbm: float | None,
        monotonic_ms: Callable[[], int],
        probe_s: float = KEEPALIVE_MS / 1000.0,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        self.reader_id = reader_id
        self.dropped = 0
        self._host, self._port = host, port
        self._antennas = tuple(antennas)
        self._power_dbm = power_dbm
        self._probe_s, self._answer_timeout_s = probe_s, answer_timeout_s
        self._clock = ReaderClock(monotonic_ms)
        self._notes = ReaderNotes(monotonic_ms)
        self._heard_s = time.monotonic()
        self._reads: queue.Queue[TagRead] = queue.Queue(QUEUE_MAX)
        self._failure: SensorUnavailable | None = None
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"llrp {reader_id}", daemon=True)
        self._thread.start()

    def read(self, timeout_ms: int) -> list[TagRead] | None:
        """Wait at most `timeout_ms` for reads, oldest first. An empty list: none came.

        Raises:
            SensorUnavailable: the reader cannot be reached, refused, cannot do what is configured, or went away.
        """
        deadline_s = time.monotonic() + timeout_ms / 1000.0
        reads: list[TagRead] = []
        while not reads:
            try:
                reads.append(self._reads.get(timeout=max(0.0, min(0.2, deadline_s - time.monotonic()))))
            except queue.Empty:
                if self._failure is not None:
                    raise self._failure from None
                if time.monotonic() >= deadline_s:
                    return []
        while len(reads) < QUEUE_MAX:
            try:
                reads.append(self._reads.get_nowait())
            except queue.Empty:
                break
        reads.sort(key=lambda read: read.read_at_ms)
        return reads

    def notes(self) -> list[ReaderNote]:
        """What became unwell, or well again, since last asked."""
        return self._notes.take()

    def close(self) -> None:
        """Stop the inventory and disconnect."""
        self._ready.wait(_CLOSE_TIMEOUT_S)
        self._cancel()
        self._thread.join(_CLOSE_TIMEOUT_S)

    def _cancel(self) -> None:
        if self._task is not None and not self._loop.is_closed():
            with contextlib.suppress(RuntimeError):  # It ended by itself meanwhile.
                self._loop.call_soon_threadsafe(self._task.cancel)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._task = self._loop.create_task(self._inventory())
        self._ready.set()
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass  # Closed by us.
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    async def _inventory(self) -> None:
        try:
            async with Reader(self._host, self._port, connect_timeout=CONNECT_TIMEOUT_S, response_timeout=self._answer_timeout_s) as reader:
                self._failure = self._refusal(reader)
                if self._failure is None:
                    await self._prepare(reader)
                    self._notes.connected()
                    await self._listen(reader)
                    self._failure = self._unavailable("the reader ended the inventory", "check that no other client took it over")
        except (LLRPError, OSError, TimeoutError) as error:
            self._lose(str(error) or type(error).__name__)

    def _refusal(self, reader: Reader) -> SensorUnavailable | None:
        """Why this reader cannot do what is configured."""
        has = reader.max_antennas
        for antenna in self._antennas:
            if has and antenna > has:
                return self._unavailable(
                    f"there is no antenna {antenna}; this reader has 1 to {has}", "correct the antennas in the configuration"
                )
        powers = reader.capabilities.transmit_powers.values()
        if self._power_dbm is not None and powers and not min(powers) <= self._power_dbm <= max(powers):
            problem = f"cannot send with {self._power_dbm:g} dBm; this reader can {min(powers):g} to {max(powers):g} dBm"
            return self._unavailable(problem, "correct power_dbm in the configuration")
        return None

    async def _prepare(self, reader: Reader) -> None:
        await reader.set_keepalive(KEEPALIVE_MS)
        wanted = [params.EventNotificationState(event_type=event, notification_state=True) for event in _WANTED_EVENTS]
        spec = params.ReaderEventNotificationSpec(event_notification_states=wanted)
        await reader.client.transact(messages.SET_READER_CONFIG(reset_to_factory_default=False, reader_event_notification_spec=spec))

    async def _listen(self, reader: Reader) -> None:
        watchers = [asyncio.create_task(self._watch_events(reader)), asyncio.create_task(self._watch_life(reader))]
        try:
            stream = reader.inventory(antennas=self._antennas, tx_power_dbm=self._power_dbm, include_phase=reader.impinj_extensions_enabled)
            async for report in stream:
                self._heard_s = time.monotonic()
                self._offer(report)
        finally:
            for watcher in watchers:
                watcher.cancel()
            await asyncio.gather(*watchers, return_exceptions=True)

    async def _watch_events(self, reader: Reader) -> None:
        async for message in reader.events():
            self._heard_s = time.monotonic()
            if isinstance(message, messages.READER_EVENT_NOTIFICATION):
                self._notes.hear(message.reader_event_notification_data)

    async def _watch_life(self, reader: Reader) -> None:
        """Ask a silent reader for its antennas. `llrpkit` answers keep-alives but does not miss them."""
        first = True
        while True:
            if first or time.monotonic() - self._heard_s >= self._probe_s:
                try:
                    answer = await reader.get_config(enums.GetReaderConfigRequestedData.AntennaProperties)
                except (LLRPError, OSError, TimeoutError) as error:
                    self._lose(f"it does not answer any more ({str(error) or type(error).__name__})")
                    self._cancel()
                    return
                self._heard_s, first = time.monotonic(), False
                self._notes.know_antennas({each.antenna_id: bool(each.antenna_connected) for each in answer.antenna_properties})
            if reader.client.dropped_reports + self.dropped:
                self._notes.dropped(reader.client.dropped_reports + self.dropped)
            await asyncio.sleep(self._probe_s / 2.0)

    def _offer(self, report: TagReport) -> None:
        phase_rad = None if report.phase_deg is None else math.radians(report.phase_deg)
        rssi_dbm = _RSSI_UNKNOWN_DBM if report.rssi_dbm is None else report.rssi_dbm
        at_ms = self._clock.read_at_ms(report.last_seen_us)
        read = TagRead(at_ms, report.epc_hex.upper(), report.antenna or 0, rssi_dbm, phase_rad, report.channel_index)
        try:
            self._reads.put_nowait(read)
        except queue.Full:
            self.dropped += 1

    def _lose(self, problem: str) -> None:
        self._failure = self._unavailable(problem, f"check its power, its network and that {self._host}:{self._port} is right")

    def _unavailable(self, problem: str, advice: str) -> SensorUnavailable:
        return SensorUnavailable(part=f"reader {self.reader_id}", problem=problem, advice=advice)
