"""The schema goes up and down between every revision and the newest with facts in it, on the embedded server and on Debian's."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text

from cloud_api.adapters.database import migrate, newest_revision, open_database
from cloud_api.adapters.embedded_postgres import EmbeddedPostgres
from cloud_api.adapters.reports_booking import ReportBook
from cloud_api.adapters.tables import metadata
from wire_format.reports import AnyFact, DoorQuarter, ReportBatch, SkuDay

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DEBIAN = Path("/usr/lib/postgresql/15/bin")
COUNTS = {"units_sold": 2, "units_picked": 3, "units_put_back": 1, "units_received": 0, "units_lost": 0, "revenue_minor": 398}
LEVELS = {"opening_units": 9.0, "closing_units": 7.0, "closing_low_units": 6.0, "closing_high_units": 8.0, "out_of_stock_min": 3.5}


@pytest.fixture(params=["embedded", "debian"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "debian" and not (DEBIAN / "initdb").exists():
        pytest.skip("no Debian PostgreSQL 15 here: apt-get install postgresql-15")
    with tempfile.TemporaryDirectory(prefix="aislewise-revisions-") as folder:
        server = EmbeddedPostgres(Path(folder) / "records", binaries=DEBIAN if request.param == "debian" else None, durable=False)
        engine = open_database(server.start())
        yield engine
        engine.dispose()
        server.stop()


def book(engine: Engine) -> None:
    quarter_ms = int(NOW.timestamp() * 1000)
    facts: list[AnyFact] = [
        DoorQuarter(sequence=1, quarter_started_at_ms=quarter_ms, door_id="main", people_in=5, people_out=4, observed_min=15.0),
        SkuDay(sequence=2, day="2026-11-22", sku="cola", **COUNTS, **LEVELS),
    ]
    ReportBook(engine, now=lambda: NOW).book(
        ReportBatch(store_id="shop-1", ledger_id="a" * 32, from_sequence=1, to_sequence=2, facts=facts)
    )


def told(engine: Engine) -> list[object]:
    queries = (
        "SELECT people_in, observed_min FROM door_quarter",
        "SELECT people_in, hours FROM footfall_day",
        "SELECT units_sold FROM sku_day",
    )
    with engine.connect() as connection:
        return [tuple(row) for query in queries for row in connection.execute(text(query))]


def is_of_a_month(change: tuple[object, ...]) -> bool:
    """Months are made as facts arrive, so no model names them."""
    return change[0] == "remove_table" and str(getattr(change[1], "name", "")).endswith(f"{NOW:%Y_%m}")


def test_facts_survive_every_way_down_and_up_again(engine: Engine) -> None:
    newest = int(newest_revision())
    migrate(engine)
    book(engine)
    kept = told(engine)
    for revision in range(newest - 1, 0, -1):
        assert migrate(engine, to=f"{revision:04d}") == f"{revision:04d}"
        assert told(engine) == kept
        assert migrate(engine) == newest_revision()
        assert told(engine) == kept
        with engine.connect() as connection:
            found = compare_metadata(MigrationContext.configure(connection), metadata)
        assert [change for change in found if not is_of_a_month(change)] == []
    book(engine)
    assert migrate(engine, to="base") == "base"
