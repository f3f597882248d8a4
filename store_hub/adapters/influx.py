"""Writes points to InfluxDB 2 or VictoriaMetrics (line protocol, version 2 of the API)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import urllib3
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write.point import Point
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException

from store_hub.errors import HubError
from store_hub.rows.mirror import MirrorPoint

_REFUSED = (400, 413, 422)
"""It is the points' fault; any other answer is about the server, the bucket or the token, which somebody can mend."""

_new_point: Any = Point  # Untyped in the library.


class MirrorUnreachable(HubError, ConnectionError):
    """The mirror does not answer, or cannot write now. Trying again later is right; the ledger holds everything."""

    def __init__(self, *, url: str, problem: str) -> None:
        super().__init__(f"mirror {url}: {problem}; the ledger keeps everything and the mirror catches up later")
        self.url = url
        self.problem = problem


class MirrorRefused(HubError):
    """The mirror will not take these points, now or later."""

    def __init__(self, *, url: str, problem: str, status_code: int) -> None:
        super().__init__(f"mirror {url}: refused points ({status_code}: {problem}); look at the server's log")
        self.url = url
        self.problem = problem
        self.status_code = status_code


class InfluxMirror:
    """One connection to the mirror.

    Args:
        url: of the server.
        timeout_s: for a write.
    """

    def __init__(self, *, url: str, token: str | None, org: str, bucket: str, timeout_s: float = 10.0) -> None:
        self.url = url
        self._bucket = bucket
        self._client: Any = InfluxDBClient(
            url=url, token=token or "", org=org, timeout=int(timeout_s * 1000), retries=urllib3.Retry(0), enable_gzip=True
        )
        self._write: Any = self._client.write_api(write_options=SYNCHRONOUS)

    def write(self, points: Sequence[MirrorPoint]) -> None:
        """Write points; those written before are written over, so that writing twice does no harm.

        Raises:
            MirrorUnreachable, MirrorRefused
        """
        try:
            self._write.write(bucket=self._bucket, record=[_point(point) for point in points])
        except ApiException as error:
            problem = str(error.message or error.reason or "").strip().split("\n")[0][:200]
            status = int(error.status or 0)
            if status in _REFUSED:
                raise MirrorRefused(url=self.url, problem=problem, status_code=status) from None
            raise MirrorUnreachable(url=self.url, problem=f"answered {status}: {problem} (see mirror.org, .bucket, .token_file)") from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise MirrorUnreachable(url=self.url, problem=_first_cause(error)) from None

    def close(self) -> None:
        """Let go of the connection."""
        self._write.close()
        self._client.close()


def _point(point: MirrorPoint) -> Any:
    made = _new_point(point.measurement).time(point.at_ms, WritePrecision.MS)
    for name, tag in point.tags.items():
        made = made.tag(name, tag)
    for name, value in point.fields.items():
        made = made.field(name, value)
    return made


def _first_cause(error: Exception) -> str:
    """urllib3 wraps what the system said in its own words; the innermost reason is the one for people."""
    reason = getattr(error, "reason", None)
    return str(reason if reason is not None else error)[:200]
