"""Runs the hub's pages with its real bookkeeping on a ledger, as a program of its own: the pages are one to a process.

Usage: hub_pages_server.py LEDGER PORT
"""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from hub_ledger_seed import FixedClock

from store_hub.adapters.ledger import Ledger
from store_hub.adapters.ledger_views import LedgerViews
from store_hub.config import BookkeepingConfig
from store_hub.dashboard.pages import mount_pages
from store_hub.flows.bookkeep import Bookkeeper
from wire_format.reports import StoreProfile


def main(path: str, port: str) -> None:
    """Serve until stopped."""
    clock = FixedClock()
    ledger = Ledger.open(Path(path))
    keeper = Bookkeeper(ledger, clock=clock, config=BookkeepingConfig())
    keeper.start()
    app = FastAPI()
    mount_pages(
        app,
        views=LedgerViews(Path(path)),
        submit=keeper.submit,
        on_booked=keeper.on_booked,
        store_profile=StoreProfile(store_id="corner-shop", name="Corner shop", time_zone="Europe/Berlin", currency="EUR"),
        now_ms=clock.now_ms,
    )
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning")
    keeper.stop()
    ledger.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
