"""Opens the database of a configuration, and starts it where it is the embedded one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

from cloud_api.adapters.database import open_database
from cloud_api.adapters.embedded_postgres import EmbeddedPostgres
from cloud_api.config import DatabaseConfig


@contextmanager
def open_records(config: DatabaseConfig) -> Iterator[Engine]:
    """The database of the configuration: the server at `url`, or the embedded one, started here and stopped at the end.

    Raises:
        DatabaseUnreachable, RecordsUnusable: there is none to be had.
    """
    server = None if config.url else EmbeddedPostgres(Path(config.data_dir), binaries=Path(config.binaries) if config.binaries else None)
    url = config.url or (server.start() if server else "")
    try:
        engine = open_database(
            url, pool_size=config.pool_size, connect_timeout_s=config.connect_timeout_s, statement_timeout_s=config.statement_timeout_s
        )
        try:
            yield engine
        finally:
            engine.dispose()
    finally:
        if server is not None:
            server.stop()
