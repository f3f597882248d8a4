"""A reader on a stage: llrpkit's emulator on a loop of its own, and a cable that can go dead without a word."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from llrpkit.emulator import LLRPEmulator
from llrpkit.emulator.core import EmulatedTag
from llrpkit.protocol import LLRPMessage, enums, messages, params

from edge_agent.adapters.clock import AgentClock
from edge_agent.adapters.tag_reader_llrp import LlrpTagReader

EPC = "303435FC8803D056D15B963F"


class ByTheBook(LLRPEmulator):
    """The emulator where it strays from LLRP 1.0.1: ENABLE_EVENTS_AND_REPORTS has no answer, ROSpec 0 is all of them, and one with an
    immediate start trigger runs from when it is enabled.
    """

    async def _handle_message(self, msg: LLRPMessage) -> None:
        if isinstance(msg, messages.ENABLE_EVENTS_AND_REPORTS):
            return
        if isinstance(msg, messages.DELETE_ROSPEC) and msg.ro_spec_id == 0:
            for number in list(self._rospecs):
                del self._rospecs[number]
            self._sync_reporting()
            await self._send(messages.DELETE_ROSPEC_RESPONSE(llrp_status=self._status_ok()), message_id=msg.message_id)
            return
        await super()._handle_message(msg)
        if isinstance(msg, messages.ENABLE_ROSPEC) and msg.ro_spec_id in self._rospecs:
            spec, _ = self._rospecs[msg.ro_spec_id]
            if int(spec.ro_boundary_spec.ro_spec_start_trigger.ro_spec_start_trigger_type) == int(enums.ROSpecStartTriggerType.Immediate):
                self._rospecs[msg.ro_spec_id] = (spec, "Active")
                self._sync_reporting()


class EmulatedReader:
    """llrpkit's reader: two antennas, one tag before both."""

    def __init__(self, port: int = 0, *, tags: int = 1) -> None:
        population = [EmulatedTag(epc=bytes.fromhex(EPC[:-2]) + bytes([number]), antennas=(1, 2)) for number in range(tags)]
        self._emulator = ByTheBook(tags=population, reads_per_sec=200.0, antenna_count=2, port=port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="llrp emulator", daemon=True)
        self._thread.start()
        self._call(self._emulator.start())
        self.port = self._emulator.port

    def stop(self) -> None:
        self._call(self._emulator.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def connect_antenna(self, antenna: int, connected: bool) -> None:
        self._call(self._emulator.set_antenna_connected(antenna, connected))

    def notify(self, **events: Any) -> None:
        """Send an event notification of the reader's own making."""
        timestamp = params.UTCTimestamp(microseconds=int(time.time() * 1e6))
        data = params.ReaderEventNotificationData(timestamp=timestamp, **events)
        self._call(self._emulator._send(messages.READER_EVENT_NOTIFICATION(reader_event_notification_data=data)))

    def _call(self, awaitable: Any) -> None:
        asyncio.run_coroutine_threadsafe(awaitable, self._loop).result(10)


class Cable:
    """Carries bytes between a client and a reader until it goes dead: both ends stay open and hear nothing."""

    def __init__(self, reader_port: int) -> None:
        self._reader_port = reader_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._ends: list[socket.socket] = []
        self._dead = threading.Event()
        threading.Thread(target=self._accept, name="cable", daemon=True).start()

    def die(self) -> None:
        self._dead.set()

    def close(self) -> None:
        for end in (self._listener, *self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                reader = socket.create_connection(("127.0.0.1", self._reader_port), timeout=5)
                reader.settimeout(None)
                self._ends += [client, reader]
                for source, sink in ((client, reader), (reader, client)):
                    threading.Thread(target=self._carry, args=(source, sink), name="cable", daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if not self._dead.is_set():
                    sink.sendall(data)


def llrp_reader(port: int, *, antennas: tuple[int, ...] = (1, 2), power_dbm: float | None = None, patience_s: float = 1.0) -> LlrpTagReader:
    """The product's own client."""
    return LlrpTagReader(
        reader_id="reader-1",
        host="127.0.0.1",
        port=port,
        antennas=antennas,
        power_dbm=power_dbm,
        monotonic_ms=AgentClock().monotonic_ms,
        probe_s=patience_s,
        answer_timeout_s=patience_s,
    )


def eventually(holds: Callable[[], bool], *, within_s: float = 120.0) -> bool:
    """Whether something comes true in time."""
    deadline_s = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline_s:
            return False
        threading.Event().wait(0.02)
    return True
