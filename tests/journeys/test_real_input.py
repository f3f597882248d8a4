"""The main job on real input: a film, a scale's recording and a tag's pass, through edge, broker, hub and cloud, to the right figures.

Nobody here made the inputs. Every program runs as a process of its own; the broker is Mosquitto and the records are PostgreSQL.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import real_input_shop as shop
import running_programs as programs
from sqlalchemy import create_engine, text

from cloud_api.adapters.embedded_postgres import EmbeddedPostgres

RECORDED_S_AGO = 2_000
TOKEN = "the-journey-needs-a-long-token"

pytestmark = [pytest.mark.broker, pytest.mark.timeout(400)]


class Told(NamedTuple):
    """What hub and cloud hold when all is told."""

    hub: sqlite3.Connection
    cloud: dict[str, list[dict[str, Any]]]
    first_weight_at_ms: int


CLOUD_TABLES = ("sku_quarter", "sku_day", "door_quarter", "zone_quarter", "tile_quarter", "alert", "device")


@pytest.fixture(scope="module")
def told(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Run the whole chain once: the tests look at what came of it."""
    conftest = sys.modules.get("conftest") or sys.modules["tests.conftest"]
    folder = tmp_path_factory.mktemp("journey")
    broker = conftest.start_mosquitto(folder)
    records = tempfile.TemporaryDirectory(prefix="aislewise-records-")  # Not in pytest's own folder: PostgreSQL may run as another user.
    database = EmbeddedPostgres(Path(records.name) / "records", durable=False)
    running: list[Any] = []
    try:
        url = database.start()
        run_the_chain(shared_data, folder, broker.port, url, conftest.find_free_port, running)
        hub = sqlite3.connect(f"file:{folder}/ledger.sqlite?mode=ro", uri=True)
        hub.row_factory = sqlite3.Row
        engine = create_engine(url)
        with engine.connect() as connection:
            cloud = {table: [dict(row) for row in connection.execute(text(f"SELECT * FROM {table}")).mappings()] for table in CLOUD_TABLES}
        engine.dispose()
        yield Told(hub, cloud, hub.execute("SELECT min(at_ms) FROM shelf_weights").fetchone()[0])
        hub.close()
    finally:
        for program in reversed(running):
            program.kill()
        database.stop()
        records.cleanup()
        broker.stop()


def run_the_chain(data: Path, folder: Path, broker_port: int, records_url: str, find_port: Any, running: list[Any]) -> None:
    """Cloud and hub come up, the device plays its recordings, and everybody has booked everything."""
    hub_port, cloud_port = find_port(), find_port()
    write_files(data, folder, broker_port, hub_port, cloud_port, records_url)
    cloud = programs.Program("cloud-api", ["run", "--config", "cloud.toml", "--demo-token", TOKEN], folder)
    running.append(cloud)
    init = programs.Program("store-hub", ["init", "--config", "hub.toml", "--planogram", "planogram.json"], folder)
    assert init.wait_end() == 0, init.log
    cloud.wait_ready(f"http://127.0.0.1:{cloud_port}/health/ready")
    hub = programs.Program("store-hub", ["run", "--config", "hub.toml"], folder)
    running.append(hub)
    hub.wait_ready(f"http://127.0.0.1:{hub_port}/health/ready")
    arguments = ["run", "--config", "edge.toml", "--until-booked", "--recorded-ago", str(RECORDED_S_AGO)]
    edge = programs.Program("edge-agent", arguments, folder)
    running.append(edge)
    assert edge.wait_end(within_s=240) == 0, edge.log[-3000:]
    programs.wait_until(lambda: is_reported(folder / "ledger.sqlite"), what=f"the cloud has it all: {hub.log[-2000:]}")
    assert hub.stop() == 0, hub.log[-3000:]
    assert cloud.stop() == 0, cloud.log[-3000:]


def write_files(data: Path, folder: Path, broker_port: int, hub_port: int, cloud_port: int, records_url: str) -> None:
    shop.write_planogram(data, folder / "planogram.json")
    shop.write_film(data, folder / "film.avi")
    shop.write_device(data, folder, broker_port=broker_port)
    (folder / "cloud.token").write_text(TOKEN, encoding="utf-8")
    (folder / "cloud.toml").write_text(f'[listen]\nport = {cloud_port}\n[database]\nurl = "{records_url}"\n', encoding="utf-8")
    (folder / "hub.toml").write_text(
        f'store_id = "{shop.STORE_ID}"\n[broker]\nport = {broker_port}\n[ledger]\npath = "ledger.sqlite"\n[http]\nport = {hub_port}\n'
        f'[cloud]\nurl = "http://127.0.0.1:{cloud_port}"\ntoken_file = "cloud.token"\nreport_every_s = 0.5\n',
        encoding="utf-8",
    )


def is_reported(ledger: Path) -> bool:
    """Nothing is left that the cloud has not booked."""
    with sqlite3.connect(f"file:{ledger}?mode=ro", uri=True) as connection:
        left = [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("dirty", "report_outbox")]
    return left == [0, 0]


def test_people_are_counted_over_the_line(told: Told, shared_data: Path) -> None:
    truth = shop.people_truth(shared_data)
    row = told.hub.execute("SELECT sum(people_in), sum(people_out) FROM door_minutes").fetchone()
    errors = (row[0] - truth.people_in, row[1] - truth.people_out)
    print(f"\nline x={shop.LINE_X_PX}: in {row[0]} (truth {truth.people_in}), out {row[1]} (truth {truth.people_out}); error {errors}")
    assert truth.people_in + truth.people_out >= 10
    assert max(abs(error) for error in errors) <= 1


def test_heat_lies_where_people_really_walked(told: Told, shared_data: Path) -> None:
    truth = shop.people_truth(shared_data).dwell_person_s
    seen = np.zeros_like(truth)
    for tile in told.hub.execute("SELECT column_no, row_no, sum(dwell_person_ms) AS ms FROM floor_tiles GROUP BY column_no, row_no"):
        seen[tile["row_no"], tile["column_no"]] = tile["ms"] / 1000
    rows, columns = np.nonzero(truth + seen)
    box = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    correlation = float(np.corrcoef(truth[box].ravel(), seen[box].ravel())[0, 1])
    print(f"\nheat on {shop.CELL_M} m cells: correlation {correlation:.3f}; {seen.sum():.0f} person-seconds (truth {truth.sum():.0f})")
    assert correlation >= 0.85
    assert seen.sum() == pytest.approx(truth.sum(), rel=0.15)


def test_the_shelf_holds_what_it_holds(told: Told, shared_data: Path) -> None:
    truth = shop.shelf_truth(shared_data).closing_units
    stock = {row["sku"]: row for row in told.hub.execute("SELECT * FROM stock WHERE place = ?", (shop.SHELF_ID,))}
    print("\n" + ", ".join(f"{sku}: {stock[sku]['units']:.2f} (truth {units})" for sku, units in truth.items()))
    for sku, units in truth.items():
        assert abs(stock[sku]["units"] - units) <= 0.5
        assert stock[sku]["low"] <= units <= stock[sku]["high"]


def test_the_alert_is_raised_when_the_shelf_runs_low_and_not_before(told: Told, shared_data: Path) -> None:
    truth = shop.shelf_truth(shared_data).alerts
    alerts = told.hub.execute("SELECT * FROM alerts WHERE kind IN ('low_shelf', 'empty_shelf') ORDER BY raised_at_ms").fetchall()
    began_at_ms = told.hub.execute("SELECT min(at_ms) FROM shelf_weights").fetchone()[0]
    raised = [(alert["sku"], (alert["raised_at_ms"] - began_at_ms) / 1000) for alert in alerts]
    print(f"\nraised {raised}; truth {truth}")
    assert [sku for sku, _ in raised] == [sku for sku, _, _ in truth]
    for (_, seen_s), (_, true_s, _) in zip(raised, truth, strict=True):
        assert true_s - 2.0 <= seen_s <= true_s + 5.0
    assert [alert["cleared_at_ms"] is not None for alert in alerts] == [cleared_s is not None for _, _, cleared_s in truth]


def test_the_tag_was_seen_before_the_antennas(told: Told) -> None:
    epcs = {row["epc"] for row in told.hub.execute("SELECT epc FROM tags")}
    assert epcs == {"303435FC8803D056D15B963F"}


def test_every_observation_was_booked_once_and_nothing_was_set_aside(told: Told) -> None:
    booked, distinct, last = told.hub.execute(
        "SELECT count(*), count(DISTINCT sequence), max(sequence) FROM journal WHERE source = 'edge'"
    ).fetchone()
    assert booked == distinct == last > 50
    assert told.hub.execute("SELECT count(*) FROM quarantine").fetchone()[0] == 0


def milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def test_the_cloud_holds_each_article_quarter_that_the_hub_booked(told: Told) -> None:
    columns = (
        "units_sold",
        "units_picked",
        "units_put_back",
        "units_received",
        "units_lost",
        "opening_units",
        "closing_units",
        "revenue_minor",
    )
    cloud = {(milliseconds(row["quarter_at"]), row["sku"]): tuple(row[name] for name in columns) for row in told.cloud["sku_quarter"]}
    hub = {
        (row["quarter_started_at_ms"], row["sku"]): tuple(row[name] for name in columns)
        for row in told.hub.execute("SELECT * FROM sku_quarters")
    }
    assert hub
    assert {key: cloud.get(key) for key in hub} == hub
    for key in cloud.keys() - hub.keys():  # A quarter in which the shelf stood empty is told though nothing moved in it.
        assert cloud[key][:5] == (0, 0, 0, 0, 0)


def test_the_cloud_holds_each_door_quarter_that_the_hub_booked(told: Told) -> None:
    cloud = {(milliseconds(row["quarter_at"]), row["door_id"]): (row["people_in"], row["people_out"]) for row in told.cloud["door_quarter"]}
    query = (
        "SELECT minute_started_at_ms / 900000 * 900000 AS quarter_ms, door_id, sum(people_in) AS people_in, sum(people_out) AS people_out"
        " FROM door_minutes GROUP BY 1, 2"
    )
    hub = {(row["quarter_ms"], row["door_id"]): (row["people_in"], row["people_out"]) for row in told.hub.execute(query)}
    assert hub
    assert cloud == hub


def test_the_cloud_holds_each_tile_that_the_hub_booked(told: Told) -> None:
    cloud = {
        (milliseconds(row["quarter_at"]), row["area_id"], column, line): person_s
        for row in told.cloud["tile_quarter"]
        for column, line, person_s in (json.loads(row["cells"]) if isinstance(row["cells"], str) else row["cells"])
    }
    hub = {
        (row["quarter_started_at_ms"], row["area_id"], row["column_no"], row["row_no"]): row["dwell_person_ms"] / 1000
        for row in told.hub.execute("SELECT * FROM floor_tiles WHERE dwell_person_ms > 0")
    }
    assert hub
    assert cloud == pytest.approx(hub)


def test_the_cloud_holds_each_zone_quarter_and_each_alert_that_the_hub_booked(told: Told) -> None:
    zones = {(milliseconds(row["quarter_at"]), row["zone_id"]): row["dwell_person_s"] for row in told.cloud["zone_quarter"]}
    hub_zones = {
        (row["quarter_started_at_ms"], row["zone_id"]): row["dwell_person_ms"] / 1000
        for row in told.hub.execute("SELECT * FROM zone_quarters")
    }
    assert zones == pytest.approx(hub_zones)
    alerts = {row["alert_id"]: (row["kind"], row["sku"], milliseconds(row["raised_at"])) for row in told.cloud["alert"]}
    hub_alerts = {row["alert_id"]: (row["kind"], row["sku"], row["raised_at_ms"]) for row in told.hub.execute("SELECT * FROM alerts")}
    assert hub_alerts
    assert alerts == hub_alerts
