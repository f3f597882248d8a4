"""Runs a wired hub behind its web server until it is told to stop."""

from __future__ import annotations

import structlog
import uvicorn

from service_manager.web_server import WatchedServer
from store_hub.adapters.garbage import look_for_garbage_seldom
from store_hub.adapters.listening_socket import listen
from store_hub.adapters.stopping import stop_on_signals
from store_hub.assemble import Hub
from store_hub.config import HubConfig
from store_hub.people_commands import page_address

GRACE_S = 1

_log = structlog.get_logger("hub")


def run_hub(config: HubConfig, *, config_path: str) -> bool:
    """Run a hub until it is told to stop; returns whether Ctrl-C said so.

    Raises:
        PortTaken, LedgerUnusable, ConfigurationInvalid
    """
    listener = listen(config.http.host, config.http.port, setting=f"[http] port in {config_path} (or --port)")
    try:
        hub = Hub(config, config_path=config_path)
    except BaseException:
        listener.close()
        raise
    try:
        pages = uvicorn.Config(
            hub.application(),
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=GRACE_S,
            ws_max_queue=32,
            server_header=False,
            **hub.guards.tls(),
        )
        hub.guards.renew_pages(pages)
        server = WatchedServer(pages)
        interrupted = stop_on_signals(server)
        hub.start()
        _log.info("the hub is open", pages=page_address(config) + "/", ledger=config.ledger.path)
        hub.guards.greet()
        look_for_garbage_seldom()
        server.run(sockets=[listener])
    finally:
        hub.stop()
        listener.close()
    return interrupted()
