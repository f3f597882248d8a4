"""Whatever a till, a handheld or a stranger sends to the hub's doors, the hub says what is wrong with it: no fault of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from any_request import AnyRequest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def test_no_request_that_the_document_allows_nor_one_a_little_beyond_it_is_a_fault_of_the_hub(
    shop: Any, make_doors: Callable[..., Any]
) -> None:
    with TestClient(make_doors(shop), raise_server_exceptions=False, client=("127.0.0.1", 1)) as doors:
        asked = AnyRequest(doors.get("/openapi.json").json())
        assert asked.operations > 20
        answers: set[int] = set()

        @settings(max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
        @given(st.data())
        def ask(data: st.DataObject) -> None:
            method, address, body, headers = asked.draw(data)
            answer = doors.request(method, address, content=body, headers=headers)
            answers.add(answer.status_code)
            assert answer.status_code < 500, f"{method} {address} {body!r}: {answer.text[:300]}"

        ask()
        assert {200, 422} <= answers, "most requests did not get past the door"
        assert doors.get("/health/ready").status_code == 200
