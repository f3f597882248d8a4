"""Plans shops in the processes of a Dask cluster: what goes to a worker, what it keeps open, what comes back."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from cloud_api.adapters.dask_cluster import on_cluster
from cloud_api.adapters.database import open_database
from cloud_api.assemble import Cloud
from cloud_api.config import CloudConfig
from cloud_api.flows.store_plan import StorePlan

_in_worker: dict[str, Cloud] = {}


def plan_in_worker(asked: tuple[bytes, str]) -> bytes:
    """Plan a shop in a process of a cluster: configuration and shop in, the plan out, both as MessagePack. The database stays open."""
    packed, store_id = asked
    config = msgspec.msgpack.decode(packed, type=CloudConfig)
    assert config.database.url is not None, "a worker finds the records by their address"
    if config.database.url not in _in_worker:
        engine = open_database(
            config.database.url, pool_size=1, connect_timeout_s=config.database.connect_timeout_s,
            statement_timeout_s=config.database.statement_timeout_s,
        )  # fmt: skip
        _in_worker[config.database.url] = Cloud(engine, config)
    return msgspec.msgpack.encode(_in_worker[config.database.url].planning.plan(store_id))


def plan_on_cluster(config: CloudConfig, store_ids: Sequence[str], *, workers: int = 0, scheduler: str | None = None) -> list[StorePlan]:
    """Plan shops on a Dask cluster; `config.database.url` is how its workers reach the records.

    Raises:
        ClusterUnusable: there is no cluster to be had.
        StoreUnknown, PlanogramMissing: a shop cannot be planned.
    """
    packed = msgspec.msgpack.encode(config)
    done = on_cluster(plan_in_worker, [(packed, store_id) for store_id in store_ids], workers=workers, scheduler=scheduler)
    return [msgspec.msgpack.decode(plan, type=StorePlan) for plan in done]
