"""Shops are planned on a real Dask cluster of several processes, with the same outcome as in one."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine

from cloud_api.adapters.dask_cluster import on_cluster
from cloud_api.adapters.reports_booking import ReportBook
from cloud_api.assemble import Cloud
from cloud_api.cluster_planning import plan_on_cluster
from cloud_api.config import CloudConfig, DatabaseConfig
from cloud_api.errors import ClusterUnusable
from wire_format.plans import Planogram
from wire_format.reports import AnyFact, ReportBatch, SkuDay, SkuQuarter

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
SHOPS = ("shop-1", "shop-2", "shop-3")
NONE = {"units_picked": 0, "units_put_back": 0, "units_received": 0, "units_lost": 0}


def test_three_shops_are_planned_by_two_processes_as_by_one(engine: Engine, repository: Path) -> None:
    config = CloudConfig(database=DatabaseConfig(url=engine.url.render_as_string(hide_password=False)))
    now = datetime.now(UTC)
    cloud = Cloud(engine, config)
    plan = msgspec.json.decode((repository / "demo/planogram.json").read_bytes(), type=Planogram)
    for number, store_id in enumerate(SHOPS):
        cloud.stores.save_planogram(msgspec.structs.replace(plan, store_id=store_id, time_zone="UTC"))
        facts = _trade(now, sold=3 + 3 * number)
        batch = ReportBatch(store_id=store_id, ledger_id="c" * 32, from_sequence=1, to_sequence=len(facts), facts=facts)
        ReportBook(engine, now=lambda: now).book(batch)
    alone = {store_id: cloud.planning.work_out(store_id) for store_id in SHOPS}
    done = plan_on_cluster(config, SHOPS, workers=2)
    assert [made.store_id for made in done] == list(SHOPS)
    for made in done:
        ordered = [(line.sku, line.units) for proposal in made.proposals for line in proposal.lines]
        assert ordered == [(line.sku, line.units) for proposal in alone[made.store_id].proposals for line in proposal.lines]
        assert ordered
    assert {order.store_id for order in cloud.orders.orders(state="proposed")} == set(SHOPS), "what workers plan is in the records"
    pids = on_cluster(_pid, range(8), workers=2)
    assert os.getpid() not in pids
    assert len(set(pids)) == 2


def test_a_scheduler_that_is_not_there_is_told_in_one_line() -> None:
    with pytest.raises(ClusterUnusable, match="does not answer"):
        on_cluster(_pid, [1], scheduler="tcp://127.0.0.1:9")


def _pid(_: int) -> int:
    import time

    time.sleep(0.2)  # Long enough that one worker cannot take all of them.
    return os.getpid()


def _trade(now: datetime, *, sold: int) -> list[AnyFact]:
    levels = dict.fromkeys(("opening_units", "closing_units", "closing_low_units", "closing_high_units"))
    facts: list[AnyFact] = []
    for back in range(28, 0, -1):
        day = (now - timedelta(days=back)).date().isoformat()
        told = {"day": day, "sku": "cola-033", "units_sold": sold, "out_of_stock_min": 0.0, "revenue_minor": 99 * sold}
        facts.append(SkuDay(sequence=len(facts) + 1, **told, **NONE, **levels))
    known = {"opening_units": 2.0, "closing_units": 2.0, "closing_low_units": 2.0, "closing_high_units": 2.0}
    at_ms = (int(now.timestamp() * 1000) - 900_000) // 900_000 * 900_000
    facts.append(
        SkuQuarter(
            sequence=len(facts) + 1, quarter_started_at_ms=at_ms, sku="cola-033", units_sold=0, **NONE, **known, out_of_stock_min=0.0,
            revenue_minor=0,
        )
    )  # fmt: skip
    return facts
