"""Runs work on a Dask cluster: processes of this machine, or workers that wait at a scheduler's address. Needs the extra `cluster`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from cloud_api.errors import ClusterUnusable

Item = TypeVar("Item")
Result = TypeVar("Result")
_CONNECT_S = 15


def on_cluster(work: Callable[[Item], Result], items: Sequence[Item], *, workers: int = 0, scheduler: str | None = None) -> list[Result]:
    """`work` of each item, in the items' order. What one raises is raised here, and the rest is given up.

    Args:
        work: a function of a module that the workers can import too; items and results are pickled.
        workers: processes to start on this machine, where no scheduler is named.
        scheduler: such as `tcp://planner.example:8786`; its workers run the same version of this program.

    Raises:
        ClusterUnusable: Dask is not installed, or the scheduler does not answer.
    """
    distributed = _distributed()
    if scheduler is None:
        with distributed.LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
            return _run(distributed, cluster, work, items)
    return _run(distributed, scheduler, work, items)


def _run(distributed: Any, where: Any, work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    try:
        client = distributed.Client(where, timeout=_CONNECT_S, set_as_default=False)
    except OSError as error:  # TimeoutError is one of them.
        problem = f"the scheduler at {where} does not answer ({str(error).splitlines()[0] or type(error).__name__})"
        raise ClusterUnusable(problem=problem, advice="start it with: dask scheduler; and workers with: dask worker ADDRESS") from None
    with client:
        results: list[Result] = client.gather(client.map(work, items, pure=False, retries=1))
        return results


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        raise ClusterUnusable(problem="Dask is not installed", advice="install aislewise[cluster]") from None
    return distributed
