"""The simulated till's line to the hub: posts sales and deliveries, each under a key that never changes."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.parse
import urllib.request
from typing import Literal, NamedTuple

import msgspec

from edge_agent.simulated_store.stage import Posting


class PostingAnswer(NamedTuple):
    """`booked`: the hub has it. `refused`: it never will, and says why. `unreachable`: try again later."""

    outcome: Literal["booked", "refused", "unreachable"]
    reason: str = ""


class HubDoors:
    """The hub's HTTP doors.

    Args:
        hub_url: for example http://127.0.0.1:8080
        timeout_s: how long one answer may take.
    """

    def __init__(self, hub_url: str, *, timeout_s: float = 5.0) -> None:
        self._hub_url = hub_url.rstrip("/")
        self._timeout_s = timeout_s

    def post(self, posting: Posting) -> PostingAnswer:
        """Hand one posting in. Repeating it is harmless: the hub knows its key."""
        request = urllib.request.Request(  # The address is the user's own option.
            self._hub_url + posting.door,
            data=msgspec.json.encode(posting.body),
            headers={"Content-Type": "application/json", "Idempotency-Key": posting.key},
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_s) as response:  # As above.
                response.read()
            return PostingAnswer("booked")
        except urllib.error.HTTPError as error:
            reason = f"{error.code} {error.read(300).decode(errors='replace')}"
            outcome: Literal["refused", "unreachable"] = "unreachable" if error.code >= 500 or error.code in (408, 429) else "refused"
            return PostingAnswer(outcome, reason)
        except (OSError, http.client.HTTPException) as error:
            return PostingAnswer("unreachable", str(error))
