"""What passes by in the bookkeeper, counted for Prometheus; one set per hub, so that several can live in one process."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram


class HubGauges:
    """Counts since the start of this hub."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._booked = Counter("aislewise_booked_observations", "Observations booked, by type", ["type"], registry=self.registry)
        self._duplicates = Counter("aislewise_seen_again", "Messages that came again since the start", registry=self.registry)
        self._quarantined = Counter("aislewise_set_aside", "Entries and lines set aside since the start", registry=self.registry)
        self._batch = Histogram(
            "aislewise_batch_entries", "Entries in one transaction", registry=self.registry, buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500)
        )
        self._seconds = Histogram(
            "aislewise_booking_seconds", "Seconds a transaction took, with its way to the disk", registry=self.registry,
            buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0),
        )  # fmt: skip

    def page_booked(self, *, by_type: Mapping[str, int], entries: int, duplicates: int, quarantined: int, seconds: float) -> None:
        """Count a transaction that is on the disk."""
        for kind, count in by_type.items():
            self._booked.labels(kind).inc(count)
        self._duplicates.inc(duplicates)
        self._quarantined.inc(quarantined)
        self._batch.observe(entries)
        self._seconds.observe(seconds)
