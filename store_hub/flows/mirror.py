"""Copies the store's numbers to a time series database, for people who like to draw their own charts. Rebuildable; nothing reads it here.

The journal itself is the queue: the mirror remembers the number of the entry it has come to and goes on from there whenever the server
answers, so nothing is held in memory and nothing is dropped but what the server will never take, which is counted.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from threading import Event

import structlog

from store_hub.adapters.influx import InfluxMirror, MirrorRefused
from store_hub.adapters.ledger_history import LedgerHistory
from store_hub.errors import HubError
from store_hub.rows.mirror import JournalEntry, MirrorPoint
from store_hub.rules.back_off import BackOff
from store_hub.rules.journal_words import read_entry
from store_hub.rules.mirror_points import device_point, entry_points, stock_point

_log = structlog.get_logger(__name__)

CHUNK_ENTRIES = 2000
WRITTEN_MAX = 5000


class Mirror:
    """The flow that copies.

    Args:
        back_s: after a start, entries received this long before are copied (again): points written twice are the same points.
        every_s: how often to look for new entries.
        people_min: counts of fewer people are withheld.
    """

    name = "mirror"

    def __init__(
        self,
        *,
        history: LedgerHistory,
        mirror: InfluxMirror,
        store_id: str,
        now_ms: Callable[[], int],
        back_s: float = 86_400.0,
        every_s: float = 10.0,
        back_off: BackOff | None = None,
        people_min: int = 1,
    ) -> None:
        self._history = history
        self._mirror = mirror
        self._store_id = store_id
        self._now_ms = now_ms
        self._back_ms = int(back_s * 1000)
        self._every_s = every_s
        self._people_min = people_min
        self._back_off = back_off or BackOff(first_s=2.0, most_s=300.0, chance=random.Random())
        self._after: int | None = None
        self._heard_ms = 0
        self.written = 0
        self.dropped = 0

    def run(self, stop: Event) -> None:
        """Copy until told to stop."""
        try:
            while not stop.is_set():
                stop.wait(self._turn(stop))
        finally:
            self._mirror.close()

    def mirror_once(self, stop: Event | None = None) -> int:
        """Copy all that is new, and return how many points were written.

        Raises:
            MirrorUnreachable: the mirror goes on from the same place later. LedgerUnusable.
        """
        before = self.written
        if self._after is None:
            self._after = self._history.last_entry_before(self._now_ms() - self._back_ms)
        while stop is None or not stop.is_set():
            entries = self._history.entries(self._after, limit=CHUNK_ENTRIES)
            if not entries:
                break
            points = [point for entry in entries for point in self._points(entry)]
            points += [stock_point(stock, self._store_id) for stock in self._history.stock_changed(self._after)]
            self._write(points)
            self._after = entries[-1].journal_id
        devices = self._history.devices_heard(self._heard_ms)
        if devices:
            self._write([device_point(device, self._store_id) for device in devices])
            self._heard_ms = max(device.last_seen_at_ms for device in devices)
        return self.written - before

    def _turn(self, stop: Event) -> float:
        try:
            self.mirror_once(stop)
        except HubError as error:
            wait_s = self._back_off.failed()
            _log.warning("mirror_delayed", reason=str(error), again_in_s=round(wait_s, 1))
            return wait_s
        except Exception:  # noqa: BLE001  # Our own mistake must not end the mirror for good: it goes on from the same place.
            _log.exception("mirror_failed")
            return self._back_off.failed()
        self._back_off.succeeded()
        return self._every_s

    def _points(self, entry: JournalEntry) -> list[MirrorPoint]:
        said = read_entry(entry.source, entry.payload, topic=entry.topic)
        return entry_points(entry, said, self._store_id, people_min=self._people_min)

    def _write(self, points: Sequence[MirrorPoint]) -> None:
        for start in range(0, len(points), WRITTEN_MAX):
            chunk = points[start : start + WRITTEN_MAX]
            try:
                self._mirror.write(chunk)
            except MirrorRefused as error:
                self.dropped += len(chunk)
                _log.error("mirror_dropped", points=len(chunk), reason=str(error))
            else:
                self.written += len(chunk)
