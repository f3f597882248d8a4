"""Work that takes longer than a page may wait: it runs on a named thread, says how far it is, and stops when asked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import structlog

from cloud_api.errors import CloudError

log = structlog.get_logger()
JOBS_MAX = 32
"""Finished jobs are forgotten beyond this many."""
Progress = Callable[[float], None]


class JobCancelled(Exception):
    """Somebody asked the job to stop; raised out of its own report of progress."""


class Job(msgspec.Struct):
    """One piece of work. `share` is how much is done, 0 to 1; `problem` says why there is no answer."""

    name: str
    share: float = 0.0
    is_done: bool = False
    is_cancelled: bool = False
    problem: str = ""
    answer: Any = None

    def cancel(self) -> None:
        """Ask it to stop at its next report of progress."""
        self.is_cancelled = True


class Jobs:
    """Runs jobs, two at a time; a job that is already running under the same name is joined, not repeated."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="job")
        self._lock = threading.Lock()
        self._known: dict[str, Job] = {}

    def start(self, name: str, work: Callable[[Progress], Any]) -> Job:
        """Begin the work, or join it. `work` is given a function to report its share with, which raises `JobCancelled`."""
        with self._lock:
            held = self._known.get(name)
            if held is not None and not held.is_done and not held.is_cancelled:
                return held
            for old in [key for key, job in self._known.items() if job.is_done][: max(0, len(self._known) - JOBS_MAX)]:
                del self._known[old]
            job = self._known[name] = Job(name=name)
        self._pool.submit(self._run, job, work)
        return job

    def close(self) -> None:
        """Ask all to stop; what waits never begins."""
        with self._lock:
            for job in self._known.values():
                job.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, job: Job, work: Callable[[Progress], Any]) -> None:
        def report(share: float) -> None:
            if job.is_cancelled:
                raise JobCancelled
            job.share = share

        try:
            report(0.0)
            job.answer = work(report)
            job.share = 1.0
        except JobCancelled:
            job.problem = "Stopped, as you asked"
        except CloudError as error:
            job.problem = str(error)
        except Exception as error:
            log.exception("job_failed", job=job.name)
            job.problem = f"It failed: {type(error).__name__}. The log of the cloud says more"
        finally:
            job.is_done = True
