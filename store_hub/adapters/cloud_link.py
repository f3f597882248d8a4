"""Speaks to the chain's cloud over HTTPS: says who the store is, hands in reports, fetches plans. One thread at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
import msgspec

from access_control.addresses import is_loopback
from store_hub.errors import HubError
from wire_format import codec
from wire_format.errors import WireError
from wire_format.plans import Planogram
from wire_format.reports import ReportBatch, ReportsBooked, StoreProfile

ANSWER_BYTES_MAX = 16 * 1024 * 1024
_ADVICE = {
    401: "write the store's token of the cloud's token file into cloud.token_file",
    403: "this token is another store's; write this store's own into cloud.token_file",
    404: "check cloud.url: this address has no such door",
    413: "raise ingest.body_max_bytes at the cloud",
    422: "update the older of hub and cloud",
}


class CloudUnreachable(HubError, ConnectionError):
    """The cloud does not answer, or says that it cannot now. Trying again later is right."""

    def __init__(self, *, url: str, problem: str, retry_after_s: float | None = None) -> None:
        super().__init__(f"cloud {url}: {problem}; the hub keeps everything and tries again")
        self.url = url
        self.problem = problem
        self.retry_after_s = retry_after_s


class CloudRefused(HubError):
    """The cloud answers, but not as we need it: trying the same again will not help before somebody has acted."""

    def __init__(self, *, url: str, problem: str, advice: str, status_code: int | None = None) -> None:
        super().__init__(f"cloud {url}: {problem}; {advice}")
        self.url = url
        self.problem = problem
        self.advice = advice
        self.status_code = status_code


class NumberedPlan(NamedTuple):
    """A plan as it came, with the cloud's number."""

    number: int
    payload: bytes


class ReportAnswer(NamedTuple):
    """What the cloud has booked. `gap`: it refused the batch because something before it is missing there."""

    booked_through: int
    gap: bool


class _NumberedPlan(msgspec.Struct):
    number: int
    plan: msgspec.Raw


class _PlansPage(msgspec.Struct):
    plans: list[_NumberedPlan]
    last_plan: int | None = None
    booked_through: int | None = None


class PlansAnswer(NamedTuple):
    """The next plans in order, the cloud's newest number and what it has booked of our ledger; None from a cloud that does not say."""

    plans: list[NumberedPlan]
    last_plan: int | None = None
    booked_through: int | None = None


class CloudLink:
    """The hub's end of the link. Certificates are always checked.

    Args:
        url: of the cloud API.
        token: this store's, or how to read it anew, so that a rotated one counts at the next request; None: the cloud asks for none.
        timeout_s: for connecting, and for each wait within an answer.
    """

    def __init__(self, *, url: str, store_id: str, token: str | Callable[[], str | None] | None, timeout_s: float) -> None:
        self.url = url.rstrip("/")
        self._store_id = store_id
        self._token = token if callable(token) else lambda: token
        headers = {"user-agent": "aislewise-store-hub"}
        self._client = httpx.Client(base_url=self.url, headers=headers, timeout=timeout_s, limits=httpx.Limits(max_connections=2))

    @property
    def speaks_in_clear(self) -> bool:
        """Whether the token would travel unencrypted beyond this machine."""
        address = urlsplit(self.url)
        return address.scheme != "https" and not is_loopback(address.hostname or "")

    def put_profile(self, profile: StoreProfile) -> None:
        """Say who the store is.

        Raises:
            CloudUnreachable, CloudRefused
        """
        self._ask("PUT", "profile", body=codec.encode(profile))

    def put_planogram(self, planogram: Planogram) -> None:
        """Hand in the planogram in force.

        Raises:
            CloudUnreachable, CloudRefused
        """
        self._ask("PUT", "planogram", body=codec.encode(planogram))

    def post_reports(self, batch: ReportBatch) -> ReportAnswer:
        """Hand in a batch of facts; the cloud answers after its commit.

        Raises:
            CloudUnreachable, CloudRefused
        """
        status, body = self._ask("POST", "reports", body=codec.encode(batch), also=409)
        try:
            answer: ReportsBooked = codec.reports_booked.decode(body)
        except WireError as error:
            raise self._not_ours(str(error)) from None
        if (answer.store_id, answer.ledger_id) != (batch.store_id, batch.ledger_id):
            raise self._not_ours(f"it speaks of ledger {answer.ledger_id} of store {answer.store_id}")
        return ReportAnswer(answer.booked_through, gap=status == 409)

    def plans_after(self, number: int, *, ledger_id: str) -> PlansAnswer:
        """Fetch the next plans, none when there are none, and hear how far the cloud is.

        Raises:
            CloudUnreachable, CloudRefused
        """
        _, body = self._ask("GET", f"plans?after={number}&ledger_id={ledger_id}")
        try:
            page = msgspec.json.decode(body, type=_PlansPage)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._not_ours(str(error)) from None
        plans = sorted(NumberedPlan(plan.number, bytes(plan.plan)) for plan in page.plans if plan.number > number)
        return PlansAnswer(plans, page.last_plan, page.booked_through)

    def fetch_release(self, sha256: str, part: Path, *, size_bytes: int) -> None:
        """Fetch a release into `part`, where a download that was cut off goes on; returns once all of it is there.

        Raises:
            CloudUnreachable, CloudRefused
        """
        have = part.stat().st_size if part.exists() else 0
        if have > size_bytes:
            part.unlink()
            have = 0
        if have == size_bytes:
            return
        headers = {"range": f"bytes={have}-"} if have else {}
        if token := self._token():
            headers["authorization"] = f"Bearer {token}"
        door = f"/v1/stores/{self._store_id}/releases/{sha256}.tar"
        try:
            with self._client.stream("GET", door, headers=headers) as answer:
                if answer.status_code not in (200, 206):
                    self._judge(answer, self._read(answer), 200)
                with part.open("ab" if answer.status_code == 206 else "wb") as file:
                    for chunk in answer.iter_bytes():
                        file.write(chunk)
                        if file.tell() > size_bytes:
                            raise self._not_ours(f"the release is larger than the {size_bytes} bytes it was said to have")
        except httpx.HTTPError as error:
            raise CloudUnreachable(url=self.url, problem=str(error) or type(error).__name__) from None
        if part.stat().st_size != size_bytes:
            raise CloudUnreachable(url=self.url, problem=f"the release ended after {part.stat().st_size} of {size_bytes} bytes")

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def __enter__(self) -> CloudLink:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _ask(self, method: str, door: str, *, body: bytes | None = None, also: int = 200) -> tuple[int, bytes]:
        headers = {"content-type": "application/json"} if body is not None else {}
        if token := self._token():
            headers["authorization"] = f"Bearer {token}"
        try:
            with self._client.stream(method, f"/v1/stores/{self._store_id}/{door}", content=body, headers=headers) as answer:
                payload = self._read(answer)
                self._judge(answer, payload, also)
                return answer.status_code, payload
        except httpx.HTTPError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                advice = "set the clock, correct cloud.url, or name your own authority's certificates in the environment as SSL_CERT_FILE"
                raise CloudRefused(url=self.url, problem="its certificate cannot be trusted", advice=advice) from None
            raise CloudUnreachable(url=self.url, problem=str(error) or type(error).__name__) from None
        except httpx.InvalidURL as error:
            raise CloudRefused(url=self.url, problem=str(error), advice="check cloud.url") from None

    def _read(self, answer: httpx.Response) -> bytes:
        payload = bytearray()
        for chunk in answer.iter_bytes():
            payload += chunk
            if len(payload) > ANSWER_BYTES_MAX:
                raise self._not_ours(f"its answer is above {ANSWER_BYTES_MAX} bytes")
        return bytes(payload)

    def _judge(self, answer: httpx.Response, payload: bytes, also: int) -> None:
        status = answer.status_code
        if status in (200, also):
            return
        problem = f"answered {status}: {_error_text(payload)}".rstrip(": ")
        if status >= 500 or status in (408, 425, 429):
            raise CloudUnreachable(url=self.url, problem=problem, retry_after_s=_seconds(answer.headers.get("retry-after")))
        advice = _ADVICE.get(status, "check that cloud.url is the address of a cloud API")
        raise CloudRefused(url=self.url, problem=problem, advice=advice, status_code=status)

    def _not_ours(self, problem: str) -> CloudRefused:
        advice = "check that cloud.url is the address of a cloud API, and that no proxy answers for it"
        return CloudRefused(url=self.url, problem=f"its answer cannot be read ({problem[:200]})", advice=advice)


def _error_text(payload: bytes) -> str:
    """The line that says what is wrong, where the answer has one."""
    try:
        answer = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    if not isinstance(answer, dict):
        return ""
    return str(answer.get("error") or answer.get("problem") or answer.get("detail") or "")[:300]


def _seconds(retry_after: str | None) -> float | None:
    return min(3600.0, float(retry_after)) if retry_after is not None and retry_after.isdigit() else None
