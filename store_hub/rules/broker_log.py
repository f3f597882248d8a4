"""Reads in Mosquitto's log, kept with `-v`, who tried what is not theirs.

Mosquitto names a connection by the identifier that the client chose, which may hold anything but control characters, so a line is never
split where such a name might end: it is compared with the names that are known.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from store_hub.rules.broker_acl import Access

CONNECTIONS_MAX = 2000
CHATTER = ("Received ", "Sending ", "Denied PUBLISH", "No will message", "Will message specified", "\t")
"""How lines begin that tell of every single message."""

_STAMP = re.compile(r"^\d+: ")
_CONNECTED = re.compile(r"^New client connected from \S+ as (?P<client>.*) \(p\d, c\d, k\d+(?:, u'(?P<user>[^']*)')?\)\.$")
_DENIED = re.compile(r" \(d\d, q\d, r\d, m\d+, '(?P<topic>.*)', \.\.\. \(\d+ bytes\)\)$")
_SUBSCRIBED = re.compile(r"^ [012] (?P<filter>.+)$")


class Attempt(NamedTuple):
    """Somebody tried to say or hear what is not theirs. `actor`: `device:NAME`, or the connection's own name where nobody else is known."""

    actor: str
    action: str
    topic: str


class Heard(NamedTuple):
    """What a line says somebody tried in vain, if it does; and whether it tells of a single message: too much for a log that is kept."""

    attempt: Attempt | None
    is_chatter: bool


class BrokerLog:
    """Fed with each line in turn.

    Args:
        allows: whether a user of the broker may `read` or `write` a topic.
    """

    def __init__(self, allows: Callable[[str, Access, str], bool]) -> None:
        self._allows = allows
        self._users: dict[str, str] = {}
        self._newest = ""
        self._will_follows = False

    def hear(self, line: str) -> Heard:
        """What a line says."""
        text = _STAMP.sub("", line)
        will_follows, self._will_follows = self._will_follows, text.startswith("Will message specified")
        subscribed = self._subscription(text)
        return Heard(self._attempt(text, subscribed, will_follows=will_follows), text.startswith(CHATTER) or subscribed is not None)

    def _attempt(self, text: str, subscribed: tuple[str, str] | None, *, will_follows: bool) -> Attempt | None:
        if will_follows and text.startswith("\t"):
            return self._judged(self._newest, "write", "broker.will", text[1:])
        if found := _CONNECTED.match(text):
            self._note(found["client"], found["user"] or "")
            return None
        if subscribed is not None:
            return self._judged(subscribed[0], "read", "broker.subscribe", subscribed[1])
        if text.startswith("Denied PUBLISH from "):
            client, rest = self._split(text.removeprefix("Denied PUBLISH from "))
            told = _DENIED.search(rest)
            return Attempt(self._actor(client), "broker.publish", told["topic"] if told else rest[:200])
        return None

    def _judged(self, client: str, access: Access, action: str, topic: str) -> Attempt | None:
        is_allowed = self._allows(self._users.get(client, ""), access, topic)
        return None if is_allowed else Attempt(self._actor(client), action, topic)

    def _note(self, client: str, user: str) -> None:
        self._users.pop(client, None)
        self._users[client] = user
        self._newest = client
        if len(self._users) > CONNECTIONS_MAX:
            del self._users[next(iter(self._users))]

    def _subscription(self, text: str) -> tuple[str, str] | None:
        """Connection and filter of a line `CLIENT QOS FILTER`."""
        if not any(mark in text for mark in (" 0 ", " 1 ", " 2 ")):
            return None  # Nearly every line: no name need be looked for.
        client, rest = self._split(text)
        found = _SUBSCRIBED.match(rest) if client else None
        return None if found is None else (client, found["filter"])

    def _split(self, text: str) -> tuple[str, str]:
        """The longest known name that the text begins with, and what follows; no name when none is known."""
        name = max((name for name in self._users if text.startswith(f"{name} ")), key=len, default="")
        return name, text[len(name) :]

    def _actor(self, client: str) -> str:
        user = self._users.get(client, "")
        return f"device:{user}" if user else f"connection:{client or 'unknown'}"
