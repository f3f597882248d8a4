"""Spreads the news of what was booked, on a thread of its own, so that no listener ever holds up the bookkeeper."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

_log = structlog.get_logger("booked_news")

Listener = Callable[[frozenset[str]], None]


class BookedNews:
    """Tables that changed since listeners were last told; at most one set waits, so it can never grow."""

    def __init__(self) -> None:
        self._listeners: tuple[Listener, ...] = ()
        self._changed: set[str] = set()
        self._wake = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="booked-news", daemon=True)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Add a listener; returns what removes it."""
        with self._wake:
            self._listeners = (*self._listeners, listener)

        def unsubscribe() -> None:
            with self._wake:
                self._listeners = tuple(known for known in self._listeners if known is not listener)

        return unsubscribe

    def spread(self, tables: set[str]) -> None:
        """Tell listeners soon."""
        with self._wake:
            self._changed |= tables
            self._wake.notify()

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def stop(self) -> None:
        """Tell nothing more; waits at most a second for a listener at work."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._changed and not self._stopping:
                    self._wake.wait(1.0)
                if self._stopping:
                    return
                changed, self._changed = frozenset(self._changed), set()
                listeners = self._listeners
            for listener in listeners:
                try:
                    listener(changed)
                except Exception:  # noqa: BLE001  # A page that breaks must not keep the news from the others.
                    _log.exception("a listener failed; the others are told all the same")
