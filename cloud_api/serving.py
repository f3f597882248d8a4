"""Runs the cloud until a signal ends it: the port, the records, planning, doors and pages."""

from __future__ import annotations

from pathlib import Path

import structlog

from cloud_api.adapters.http_server import listening, serve_on
from cloud_api.adapters.opened_records import open_records
from cloud_api.adapters.tokens import read_tokens
from cloud_api.assemble import Cloud
from cloud_api.config import CloudConfig
from cloud_api.guarding import pages_are_open

log = structlog.get_logger()


def serve(config: CloudConfig, *, config_path: Path | None, demo_token: str | None) -> None:
    """Run the cloud until a signal ends it: the port first, then the records, then planning, doors and pages.

    Raises:
        ConfigurationInvalid, PortTaken, DatabaseUnreachable, RecordsUnusable: it cannot start.
    """
    tokens = read_tokens(Path(config.tokens.file) if config.tokens.file else None, demo=demo_token)
    path = str(config_path or "the defaults")
    is_open = pages_are_open(config, demo_token=demo_token, path=path)
    if config.tokens.file:
        tokens.follow(Path(config.tokens.file), demo=demo_token)
    with listening(config.listen.host, config.listen.port) as door, open_records(config.database) as engine:
        cloud = Cloud(engine, config)
        cloud.migrate()
        app = cloud.doors(tokens)
        address = f"http://{config.listen.host}:{config.listen.port}"
        cloud.guards.guard(app, is_open=is_open, path=path)
        cloud.show_pages(app, address, keeper=None if is_open else cloud.guards.keeper)
        if not is_open:
            cloud.guards.greet()
        log.info("cloud_ready", address=address)
        with cloud.flows():
            serve_on(app, door)
