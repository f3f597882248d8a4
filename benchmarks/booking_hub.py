"""The hub's booking path as a process of its own, so that its memory can be looked at: `python -m benchmarks.booking_hub PORT LEDGER`.

It prints the store's name when it listens, and stops when its standard input ends.
"""

from __future__ import annotations

import sys
from pathlib import Path

import structlog

from benchmarks.booking import hub
from store_hub.config import BrokerConfig


def main() -> None:
    """Book."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))  # Standard output is for the name.
    with hub(BrokerConfig(port=int(sys.argv[1])), Path(sys.argv[2])) as store_id:
        print(store_id, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
