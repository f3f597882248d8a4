"""A real PostgreSQL for the cloud's tests: one server a session, one database a module."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, create_engine, make_url, text

from cloud_api.adapters.database import migrate, open_database
from cloud_api.adapters.embedded_postgres import EmbeddedPostgres
from cloud_api.adapters.tokens import Tokens
from cloud_api.assemble import Cloud
from cloud_api.config import CloudConfig

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_NUMBERS = itertools.count(1)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for records. Not pytest's own: as root, PostgreSQL runs under another account, which pytest locks out of its folders."""
    with tempfile.TemporaryDirectory(prefix="aislewise-cloud-") as name:
        yield Path(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server that runs while the tests do."""
    with tempfile.TemporaryDirectory(prefix="aislewise-records-") as name:
        server = EmbeddedPostgres(Path(name) / "records", durable=False)
        url = server.start()
        yield url
        server.stop()


@pytest.fixture(scope="session")
def make_database(postgres: str) -> Callable[[], str]:
    """Makes an empty database and returns its URL."""

    def make() -> str:
        name = f"chain_{next(_NUMBERS)}"
        admin = create_engine(postgres, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        admin.dispose()
        return make_url(postgres).set(database=name).render_as_string(hide_password=False)

    return make


@pytest.fixture(scope="module")
def engine(make_database: Callable[[], str]) -> Iterator[Engine]:
    """A database of the module's own, at the newest revision."""
    engine = open_database(make_database())
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def cloud(engine: Engine) -> Cloud:
    """The cloud on that database, on a Sunday noon in November."""
    return Cloud(engine, CloudConfig(), now=lambda: NOW)


@pytest.fixture(scope="module")
def client(cloud: Cloud) -> Iterator[TestClient]:
    """Speaks to the cloud's doors; tokens `store-token-…` and `planner-token-…` are valid."""
    tokens = Tokens(stores={"shop-1": "store-token-of-shop-1", "shop-2": "store-token-of-shop-2"}, planners={"Mei": "planner-token-of-mei"})
    with TestClient(cloud.doors(tokens), raise_server_exceptions=False) as client:
        yield client
