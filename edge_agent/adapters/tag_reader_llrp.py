"""A UHF reader that speaks LLRP, through `llrpkit`. A thread of its own keeps the connection; reads wait in a bounded queue."""

from __future__ import annotations

import asyncio
import math
import queue
import threading
import time
from collections.abc import Callable, Sequence

from llrpkit import LLRPError, Reader, TagReport

from edge_agent.errors import SensorUnavailable
from edge_agent.readings import TagRead

QUEUE_MAX = 20_000
KEEPALIVE_MS = 5_000
CONNECT_TIMEOUT_S = 5.0
_CLOSE_TIMEOUT_S = 5.0
_RSSI_UNKNOWN_DBM = -80.0


class LlrpTagReader:
    """One reader. The connection is made in the background at once; the first `read` says when it failed.

    Args:
        reader_id: what the reader is called.
        host, port: where it listens.
        antennas: which antennas to use; empty: all.
        power_dbm: transmit power of all of them; None: as the reader is set.
        monotonic_ms: the agent's clock. The reader's own clock only orders its reads: a reader may wake in 1970 too.
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
    ) -> None:
        self.reader_id = reader_id
        self.dropped = 0
        self._host, self._port = host, port
        self._antennas = tuple(antennas)
        self._power_dbm = power_dbm
        self._monotonic_ms = monotonic_ms
        self._clock_offset_ms: int | None = None
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
            SensorUnavailable: the reader cannot be reached, refused, or went away.
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

    def close(self) -> None:
        """Stop the inventory and disconnect."""
        self._ready.wait(_CLOSE_TIMEOUT_S)
        if self._task is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(_CLOSE_TIMEOUT_S)

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
            async with Reader(self._host, self._port, connect_timeout=CONNECT_TIMEOUT_S) as reader:
                await reader.set_keepalive(KEEPALIVE_MS)
                stream = reader.inventory(
                    antennas=self._antennas, tx_power_dbm=self._power_dbm, include_phase=reader.impinj_extensions_enabled
                )
                async for report in stream:
                    self._offer(report)
            self._failure = self._unavailable("the reader ended the inventory", "check that no other client took it over")
        except (LLRPError, OSError, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            self._failure = self._unavailable(reason, f"check its power, its network and that {self._host}:{self._port} is right")

    def _offer(self, report: TagReport) -> None:
        phase_rad = None if report.phase_deg is None else math.radians(report.phase_deg)
        rssi_dbm = _RSSI_UNKNOWN_DBM if report.rssi_dbm is None else report.rssi_dbm
        read = TagRead(self._read_at_ms(report.last_seen_us), report.epc_hex.upper(), report.antenna or 0, rssi_dbm, phase_rad)
        try:
            self._reads.put_nowait(read)
        except queue.Full:
            self.dropped += 1

    def _read_at_ms(self, seen_us: int | None) -> int:
        """The agent's time of a read. The smallest delay ever seen is the offset between the clocks; time never lies in the future."""
        now_ms = self._monotonic_ms()
        if seen_us is None:
            return now_ms
        offset_ms = now_ms - seen_us // 1000
        if self._clock_offset_ms is None or offset_ms < self._clock_offset_ms or offset_ms > self._clock_offset_ms + 60_000:
            self._clock_offset_ms = offset_ms
        return min(now_ms, seen_us // 1000 + self._clock_offset_ms)

    def _unavailable(self, problem: str, advice: str) -> SensorUnavailable:
        return SensorUnavailable(part=f"reader {self.reader_id}", problem=problem, advice=advice)
