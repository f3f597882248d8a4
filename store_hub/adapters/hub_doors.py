"""Sends a file to the doors of the hub that runs on this machine, as any other program would."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import httpx
import msgspec

from store_hub.adapters.door_tokens import read_token
from store_hub.config import HttpConfig
from store_hub.errors import HubError

TIMEOUT_S = 30.0


class DoorRefused(HubError):
    """The hub did not take the file; its own words say why."""

    exit_code = 3


def send_file(file: Path, *, door: str, fields: Mapping[str, str], http: HttpConfig) -> int:
    """Send a file; the same one sent again is booked once. Returns the number of its journal entry.

    Raises:
        DoorRefused: the file cannot be read, no hub answers, or it refuses. ConfigurationInvalid: its token file cannot be used.
    """
    token = None if http.token_file is None else read_token(Path(http.token_file), field="http.token_file")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise DoorRefused(f"{file}: cannot be read: {error.strerror}") from None
    address = f"http://{'127.0.0.1' if http.host in ('0.0.0.0', '::') else http.host}:{http.port}"
    key = hashlib.sha256(content + repr(sorted(fields.items())).encode()).hexdigest()
    headers = {"Idempotency-Key": key, "Content-Type": "text/csv"} | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        answer = httpx.post(f"{address}/v1/{door}", params=dict(fields), content=content, headers=headers, timeout=TIMEOUT_S)
    except httpx.HTTPError as error:
        raise DoorRefused(f"no hub answers at {address} ({error}); start it with store-hub run, or correct [http]") from None
    try:
        said = msgspec.json.decode(answer.content, type=dict[str, object])
    except msgspec.DecodeError:
        said = {}
    if answer.status_code != 200:
        raise DoorRefused(str(said.get("error", f"the hub answered {answer.status_code}")))
    return int(str(said["journal_id"]))
