"""How long the API takes to review a chain over 90 days, beside the same from raw hours; and how it grows with the shops shown.

The chain's days are written straight into the roll-ups, as ingest keeps them: 118 days of each shop, the last 90 of them reviewed.
`python -m benchmarks.footfall_page`
"""

from __future__ import annotations

import os
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median

from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from cloud_api.adapters.database import migrate, open_database
from cloud_api.adapters.embedded_postgres import EmbeddedPostgres
from cloud_api.adapters.tokens import Tokens
from cloud_api.assemble import Cloud
from cloud_api.config import CloudConfig

SHOPS = 1000
SHOWN = (50, 100, 200, 400)
TRIES = 9
_FIRST, _LAST = date(2026, 8, 3), date(2026, 10, 31)
_NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
_DAYS = """
    INSERT INTO footfall_day
    SELECT 'shop-' || lpad(shop::text, 4, '0'), day::date, visitors, visitors, 720, 1, 12, visitors, visitors * (0.9 + 0.2 * random()), 12
    FROM generate_series(1, :shops) AS shop, generate_series(date '2026-07-06', date '2026-10-31', interval '1 day') AS day,
         LATERAL (SELECT 200 + ((shop * 37 + extract(doy FROM day)::int * 53) % 400) AS visitors) AS drawn
"""
_HOURS = """
    INSERT INTO footfall_hour
    SELECT store_id, day + make_interval(hours => hour), day, hour, people_in / 12, people_in / 12, 60, 1
    FROM footfall_day, generate_series(8, 19) AS hour WHERE store_id <= 'shop-0100'
"""


def fill(engine: Engine, shops: int) -> None:
    """A chain as ingest would have left it; hours only of the first hundred shops, for the peer."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO stores SELECT 'shop-' || lpad(n::text, 4, '0'), 'Shop ' || n, 'UTC', 'EUR', NULL, NULL, now(), now(), now()"
                " FROM generate_series(1, :shops) AS n"
            ),
            {"shops": shops},
        )
        connection.execute(text(_DAYS), {"shops": shops})
        connection.execute(text(_HOURS))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def answer_ms(client: TestClient, path: str, *, tries: int = TRIES) -> tuple[float, float]:
    """The shortest and the median time of an answer, milliseconds; the first is not counted."""
    times = []
    for _ in range(tries + 1):
        started = time.perf_counter()
        answer = client.get(path, headers={"Authorization": "Bearer planner-token-of-the-benchmark"})
        times.append(1000 * (time.perf_counter() - started))
        assert answer.status_code == 200, answer.text
    return min(times[1:]), median(times[1:])


def processor_ms(engine: Engine) -> float:
    """Processor time so far of this process, the server's sessions and the helpers they ended, milliseconds."""
    with engine.connect() as connection:
        sessions = list(connection.execute(text("SELECT pid FROM pg_stat_activity WHERE datname IS NOT NULL")).scalars())
    tick_ms = 1000 / os.sysconf("SC_CLK_TCK")
    stats = [Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split() for pid in sessions]
    server = Path(f"/proc/{stats[0][1]}/stat").read_text().rsplit(")", 1)[1].split()
    ticks = sum(int(stat[11]) + int(stat[12]) for stat in stats) + int(server[13]) + int(server[14])
    return 1000 * time.process_time() + ticks * tick_ms


def measure() -> dict[str, float | int | str]:
    """Milliseconds of the chain's review by shops shown, and of the review from hours for a hundred shops."""
    with tempfile.TemporaryDirectory(prefix="aislewise-bench-") as folder:
        server = EmbeddedPostgres(Path(folder) / "records", durable=False)
        url = server.start()
        engine = open_database(url)
        try:
            migrate(engine)
            fill(engine, SHOPS)
            cloud = Cloud(engine, CloudConfig(), now=lambda: _NOW)
            tokens = Tokens(stores={}, planners={"bench": "planner-token-of-the-benchmark"})
            with TestClient(cloud.doors(tokens)) as client:
                return _measure(client, engine)
        finally:
            engine.dispose()
            server.stop()


def _measure(client: TestClient, engine: Engine) -> dict[str, float | int | str]:
    window = f"from={_FIRST}&to={_LAST}"
    figures: dict[str, float | int | str] = {"shops": SHOPS, "days": (_LAST - _FIRST).days + 1}
    for shown in SHOWN:
        before_ms = processor_ms(engine)
        best, usual = answer_ms(client, f"/v1/footfall/chain?{window}&limit={shown}")
        spent_ms = (processor_ms(engine) - before_ms) / (TRIES + 1)
        figures[f"ms, {shown} shown of {SHOPS}, best of {TRIES} (goal 200)"] = best
        figures[f"ms, {shown} shown of {SHOPS}, median"] = usual
        figures[f"ms of processor, {shown} shown of {SHOPS}"] = spent_ms
    hundred = "&".join(f"store=shop-{number:04d}" for number in range(1, 101))
    figures["ms, 100 shops from their hours"] = answer_ms(client, f"/v1/footfall?{window}&{hundred}", tries=1)[0]
    return figures


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name}: {value if isinstance(value, (int, str)) else round(value, 1)}")
