"""What can be wrong with a message: each error says which message, which field and which side to update."""

from __future__ import annotations


class WireError(ValueError):
    """Base of everything that can be wrong with bytes or topics."""


class MessageUndecodable(WireError):
    """The bytes are no JSON, miss a field or hold a wrong type; `reason` names the field."""

    def __init__(self, *, expected: str, reason: str) -> None:
        super().__init__(f"not a valid {expected}: {reason}")
        self.expected = expected
        self.reason = reason


class VersionUnknown(WireError):
    """The message is written in a version of the protocol that this program is too old to read."""

    def __init__(self, *, version: object, known_through: int, sender: str, receiver: str) -> None:
        super().__init__(
            f"message of protocol version {version!r}, but this {receiver} reads versions 1 to {known_through}; "
            f"update the {receiver} (the {sender} is newer)"
        )
        self.version = version
        self.known_through = known_through
        self.sender = sender
        self.receiver = receiver


class TopicInvalid(WireError):
    """A topic that is not one of ours."""

    def __init__(self, *, topic: str, expected: str) -> None:
        super().__init__(f"topic {topic[:200]!r} is not {expected}")
        self.topic = topic
        self.expected = expected
