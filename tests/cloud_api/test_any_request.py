"""Whatever a hub, a planner's program or a stranger sends to the cloud, it says what is wrong with it: no fault of its own."""

from __future__ import annotations

from any_request import AnyRequest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TOKENS = ("planner-token-of-mei", "store-token-of-shop-1")


def test_no_request_that_the_document_allows_nor_one_a_little_beyond_it_is_a_fault_of_the_cloud(client: TestClient) -> None:
    asked = AnyRequest(client.get("/openapi.json").json())
    assert asked.operations > 40
    answers: set[int] = set()

    @settings(max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        method, address, body, headers = asked.draw(data)
        token = data.draw(st.sampled_from(TOKENS))
        answer = client.request(method, address, content=body, headers={**headers, "authorization": f"Bearer {token}"})
        answers.add(answer.status_code)
        assert answer.status_code < 500, f"{method} {address} {body!r}: {answer.text[:300]}"

    ask()
    assert {200, 422} <= answers, "most requests did not get past the door"
