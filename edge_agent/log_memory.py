"""The last lines of this program's log, kept in memory so that they can be read from afar."""

from __future__ import annotations

from collections import deque
from collections.abc import MutableMapping
from threading import Lock
from typing import Any

LINES_MAX = 500
LINE_CHARACTERS_MAX = 500


class LogMemory:
    """A structlog processor that stands behind the renderer. Thread-safe."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=LINES_MAX)
        self._lock = Lock()

    def __call__(self, _logger: Any, _name: str, line: Any) -> MutableMapping[str, Any] | str:
        """Keep a line and hand it on."""
        with self._lock:
            self._lines.append(str(line)[:LINE_CHARACTERS_MAX])
        handed_on: str = line
        return handed_on

    def last(self, count: int) -> list[str]:
        """The newest lines, oldest of them first."""
        with self._lock:
            return list(self._lines)[-count:]


LOG_MEMORY = LogMemory()
"""This process's own."""
