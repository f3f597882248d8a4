"""What the hub counts, for Prometheus: read from the ledger at each scrape, or counted as it passes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

import structlog
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from store_hub.adapters.ledger_figures import LedgerFigures, LedgerGauge
from store_hub.errors import HubError

_log = structlog.get_logger(__name__)


class LedgerCollector(Collector):
    """Reads the ledger when asked."""

    def __init__(self, ledger: LedgerGauge) -> None:
        self._ledger = ledger

    def collect(self) -> Iterator[Metric]:
        """Yield what the ledger holds; nothing while it cannot be read, so that no figure is made up."""
        try:
            figures = self._ledger.read()
        except HubError as error:
            _log.warning("metrics_incomplete", reason=str(error))
            yield GaugeMetricFamily("aislewise_ledger_readable", "1 while the ledger can be read", value=0)
            return
        yield GaugeMetricFamily("aislewise_ledger_readable", "1 while the ledger can be read", value=1)
        yield from _counters(figures)
        yield from _gauges(figures)


Ask = tuple[str, Callable[[], float]]
"""What a figure is, and how to get it."""


class PartsCollector(Collector):
    """Asks live parts of the hub, by name: depths go up and down, counts only up."""

    def __init__(self, *, depths: Mapping[str, Ask], counts: Mapping[str, Ask]) -> None:
        self._depths = depths
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """Yield each figure."""
        for name, (help_text, depth) in self._depths.items():
            yield GaugeMetricFamily(f"aislewise_{name}", help_text, value=depth())
        for name, (help_text, count) in self._counts.items():
            yield CounterMetricFamily(f"aislewise_{name}", help_text, value=count())


def backup_age(age_s: Callable[[], float] | None) -> dict[str, Ask]:
    """Return the figure that tells how old the last backup is; None: no backup is configured."""
    return {"backup_age_seconds": ("Seconds since the last backup; infinite while there is none", age_s or (lambda: math.inf))}


def metrics_routes(registry: CollectorRegistry) -> APIRouter:
    """Return `/metrics`."""
    router = APIRouter(tags=["health"])

    @router.get("/metrics", summary="Counters for Prometheus", response_class=Response)
    def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router


def _counters(figures: LedgerFigures) -> Iterator[Metric]:
    yield CounterMetricFamily("aislewise_journal_entries", "Entries in the journal", value=figures.entries)
    yield CounterMetricFamily("aislewise_duplicates", "Observations that came again and were not booked again", value=figures.duplicates)
    yield CounterMetricFamily("aislewise_shed", "Observations that full outboxes at the edge had to let go", value=figures.shed)
    told = CounterMetricFamily("aislewise_told_entries", "Entries told by tills, people and other systems", labels=["source"])
    for source, count in sorted(figures.entries_by_source.items()):
        told.add_metric([source], count)
    yield told
    refused = CounterMetricFamily("aislewise_refused", "What was refused without an entry", labels=["name"])
    for name, count in sorted(figures.refused_by_name.items()):
        refused.add_metric([name], count)
    yield refused


def _gauges(figures: LedgerFigures) -> Iterator[Metric]:
    quarantined = GaugeMetricFamily("aislewise_quarantined", "Entries and lines without effect", labels=["reason"])
    for reason, count in sorted(figures.quarantined_by_reason.items()):
        quarantined.add_metric([reason], count)
    yield quarantined
    depth = GaugeMetricFamily("aislewise_outbox_depth", "Observations that wait at a device, as it last said", labels=["device_id"])
    for device_id, count in sorted(figures.outbox_depth_by_device.items()):
        depth.add_metric([device_id], count)
    yield depth
    yield GaugeMetricFamily("aislewise_open_alerts", "Alerts that are open", value=figures.open_alerts)
    yield GaugeMetricFamily("aislewise_calls_waiting", "Messages to staff not sent yet", value=figures.calls_waiting)
    yield GaugeMetricFamily("aislewise_facts_dirty", "Facts that changed and are not numbered yet", value=figures.facts_dirty)
    yield GaugeMetricFamily("aislewise_report_backlog", "Facts numbered for the cloud and not booked there", value=figures.facts_waiting)
    yield GaugeMetricFamily("aislewise_ledger_bytes", "Size of the ledger and its log", value=figures.bytes_on_disk)
    for name, help_text, at_ms in (
        ("aislewise_last_booked_timestamp_seconds", "When an entry was booked last", figures.last_booked_at_ms),
        ("aislewise_cloud_booked_timestamp_seconds", "When the cloud last booked facts of ours", figures.cloud_booked_at_ms),
    ):
        if at_ms is not None:
            yield GaugeMetricFamily(name, help_text, value=at_ms / 1000)
