"""The codec reads what it wrote, survives newer writers and refuses nonsense with the field's name."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wire_format import codec, topics
from wire_format.errors import MessageUndecodable, TopicInvalid, VersionUnknown
from wire_format.observations import ShelfWeight

WEIGHT = ShelfWeight(
    device_id="shelves-1",
    boot_id="0badcafe",
    monotonic_ms=81_000,
    observed_at_ms=1_795_000_000_000,
    shelf_id="bay-1.2",
    weight_g=512.5,
    spread_g=0.8,
)


def changed(**fields: object) -> bytes:
    return json.dumps(json.loads(codec.encode(WEIGHT)) | fields).encode()


def test_a_weight_comes_back_as_it_was_sent() -> None:
    assert codec.observations.decode(codec.encode(WEIGHT)) == WEIGHT


def test_a_field_from_a_newer_writer_is_ignored() -> None:
    assert codec.observations.decode(changed(humidity_percent=40)) == WEIGHT


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("weight_g", "heavy"),
        ("spread_g", -1),
        ("shelf_id", "bay 1/2"),
        ("device_id", 3),
        ("monotonic_ms", -5),
        ("weight_g", 1e9),
        ("boot_id", ""),
    ],
)
def test_a_wrong_value_is_refused_with_the_fields_name(field: str, value: object) -> None:
    with pytest.raises(MessageUndecodable) as refusal:
        codec.observations.decode(changed(**{field: value}))
    assert f"$.{field}" in str(refusal.value)


def test_a_missing_field_is_refused_with_its_name() -> None:
    message = json.loads(codec.encode(WEIGHT))
    del message["weight_g"]
    with pytest.raises(MessageUndecodable, match="weight_g"):
        codec.observations.decode(json.dumps(message).encode())


def test_a_newer_version_names_the_side_to_update() -> None:
    with pytest.raises(VersionUnknown, match="update the store hub"):
        codec.observations.decode(changed(v=2))
    with pytest.raises(VersionUnknown, match="update the edge agent"):
        codec.commands.decode(b'{"v": 7, "type": "booked_through"}')


@pytest.mark.parametrize("version", [None, 0, -1, True, "1", 1.5])
def test_a_message_without_a_usable_version_is_refused(version: object) -> None:
    with pytest.raises(MessageUndecodable, match="version"):
        codec.observations.decode(changed(v=version))


@settings(deadline=None)  # A busy machine is no fault of the codec.
@given(st.binary(max_size=300))
def test_arbitrary_bytes_raise_nothing_but_our_errors(payload: bytes) -> None:
    for reader in (codec.observations, codec.device_health, codec.commands, codec.report_batches, codec.plans):
        with pytest.raises((MessageUndecodable, VersionUnknown)):
            reader.decode(payload)


@pytest.mark.parametrize("payload", [b"[" * 100_000, b'{"v":1,"type":"nope"}', b"\xff\xfe", b"", b"null", b'{"v":1}'])
def test_hostile_payloads_are_refused(payload: bytes) -> None:
    with pytest.raises(MessageUndecodable):
        codec.observations.decode(payload)


@given(st.integers(min_value=1, max_value=2**53 - 1))
def test_an_address_survives_the_way_through_a_topic(sequence: int) -> None:
    address = topics.parse_seen(topics.seen("corner-shop", "ab" * 16, sequence))
    assert address == ("corner-shop", "ab" * 16, sequence)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "stores/s/v1/seen/" + "a" * 32,
        "stores/s/v2/seen/" + "a" * 32 + "/1",
        "stores/s/v1/seen/" + "A" * 32 + "/1",
        "stores/s/v1/seen/" + "a" * 32 + "/0",
        "stores/s/v1/seen/" + "a" * 32 + "/1/2",
        "stores/a b/v1/seen/" + "a" * 32 + "/1",
        "stores/s/v1/seen/" + "a" * 32 + "/99999999999999999",
    ],
)
def test_a_foreign_topic_is_refused(topic: str) -> None:
    with pytest.raises(TopicInvalid):
        topics.parse_seen(topic)
