"""Bytes ⇄ structs. A message is a JSON object `{"v": 1, "type": "…", …}`.

Unknown fields are ignored, so that an older reader survives a newer writer of the same version; a wrong type is refused with the
field's name; a newer version is refused with the side that must be updated.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from wire_format import PROTOCOL_VERSION
from wire_format.commands import AnyCommand
from wire_format.errors import MessageUndecodable, VersionUnknown
from wire_format.observations import AnyObservation, ClockReading, DeviceHealth
from wire_format.plans import AnyPlan
from wire_format.reports import ReportBatch, ReportsBooked, StoreProfile

T = TypeVar("T")

_encoder = msgspec.json.Encoder()
_VERSION_PREFIX = b'{"v":' + str(PROTOCOL_VERSION).encode() + b","
_PREFIX_BYTES = len(_VERSION_PREFIX)


class _Version(msgspec.Struct):
    v: Any = None


_version_decoder = msgspec.json.Decoder(_Version)


class MessageReader(Generic[T]):
    """Reads one family of messages, and knows who sends and who receives it.

    Args:
        message_type: a struct or a union of tagged structs.
        name: what to call it in errors.
        sender, receiver: the programs on both ends, for the advice which to update.
    """

    def __init__(self, message_type: Any, *, name: str, sender: str, receiver: str) -> None:
        self._decoder = msgspec.json.Decoder(message_type)
        self._name = name
        self._sender = sender
        self._receiver = receiver

    def decode(self, payload: bytes | bytearray | memoryview) -> T:
        """Turn bytes into a struct.

        Raises:
            VersionUnknown: the sender is newer than this program.
            MessageUndecodable: no JSON, no version, a missing field, a wrong type or a value out of bounds.
        """
        if payload[:_PREFIX_BYTES] != _VERSION_PREFIX:  # Our own writer's prefix needs no second parse.
            self._check_version(payload)
        try:
            message: T = self._decoder.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise MessageUndecodable(expected=self._name, reason=str(error)) from None
        return message

    def _check_version(self, payload: bytes | bytearray | memoryview) -> None:
        try:
            version = _version_decoder.decode(payload).v
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise MessageUndecodable(expected=self._name, reason=str(error)) from None
        if version is None:
            raise MessageUndecodable(expected=self._name, reason="Object missing required field `v`, the protocol version")
        if type(version) is not int or version < 1:
            raise MessageUndecodable(expected=self._name, reason=f"Expected a version of 1 or more, got {version!r} - at `$.v`")
        if version > PROTOCOL_VERSION:
            raise VersionUnknown(version=version, known_through=PROTOCOL_VERSION, sender=self._sender, receiver=self._receiver)


def encode(message: msgspec.Struct) -> bytes:
    """Turn a struct of this package into the bytes that go on the wire, with the version in front."""
    return _VERSION_PREFIX + _encoder.encode(message)[1:]


observations: MessageReader[AnyObservation] = MessageReader(AnyObservation, name="observation", sender="edge agent", receiver="store hub")
device_health: MessageReader[DeviceHealth] = MessageReader(DeviceHealth, name="device health", sender="edge agent", receiver="store hub")
clock_readings: MessageReader[ClockReading] = MessageReader(ClockReading, name="clock reading", sender="edge agent", receiver="store hub")
commands: MessageReader[AnyCommand] = MessageReader(AnyCommand, name="command", sender="store hub", receiver="edge agent")
report_batches: MessageReader[ReportBatch] = MessageReader(ReportBatch, name="report batch", sender="store hub", receiver="cloud API")
store_profiles: MessageReader[StoreProfile] = MessageReader(StoreProfile, name="store profile", sender="store hub", receiver="cloud API")
reports_booked: MessageReader[ReportsBooked] = MessageReader(
    ReportsBooked, name="answer to a report", sender="cloud API", receiver="store hub"
)
plans: MessageReader[AnyPlan] = MessageReader(AnyPlan, name="plan", sender="cloud API", receiver="store hub")
