"""Calls staff through apprise: ntfy, WeCom, DingTalk, Slack, mail and a hundred more, each by an address."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Literal
from urllib.parse import urlsplit

import apprise

from store_hub.errors import ConfigurationInvalid
from store_hub.rows import ChannelRow

Role = Literal["staff", "office", "both"]

# Apprise writes an address that it cannot read into its log, secrets and all. A filter stays when a server sets logging up anew.
logging.getLogger("apprise").addFilter(lambda record: False)


class Pager:
    """Everywhere that staff are called. Addresses hold passwords, so only their safe names are ever told.

    Args:
        urls: apprise addresses of the configuration; each is for everybody.

    Raises:
        ConfigurationInvalid: an address that apprise does not know.
    """

    def __init__(self, urls: list[str], *, config_path: str = "the configuration") -> None:
        self._configured: dict[str, tuple[Any, Role]] = {}
        self._channels: dict[str, tuple[Any, Role]] = {}
        self._known: dict[str, ChannelRow] = {}
        for number, url in enumerate(urls, start=1):
            service = service_of(url)
            if service is None:
                scheme = urlsplit(url).scheme or "none"
                problem = f"address {number} (scheme {scheme}) is none that apprise knows; see its list of services"
                raise ConfigurationInvalid(path=config_path, field="pager.urls", problem=problem)
            self._configured[f"{number} ({safe_name(url)})"] = (service, "both")

    def use(self, channels: Iterable[ChannelRow]) -> None:
        """Take over the addresses that were set on the page Settings, beside the configuration's own."""
        known = {row.name: row for row in channels}
        if known == self._known:
            return
        self._known = known
        made = {row.name: (service_of(row.url), _role(row.role)) for row in known.values()}
        self._channels = {name: (service, role) for name, (service, role) in made.items() if service is not None}

    @property
    def targets(self) -> list[str]:
        """The safe names of all targets, in order."""
        return [*self._configured, *self._channels]

    def role(self, target: str) -> Role:
        """Whom a target reaches."""
        return (self._configured.get(target) or self._channels[target])[1]

    def send(self, target: str, *, title: str, body: str) -> bool:
        """Send a message to one target; False when it could not be handed over. Waits a few seconds at most."""
        return send_to((self._configured.get(target) or self._channels[target])[0], title=title, body=body)


def service_of(url: str) -> Any:
    """Return apprise's service for an address; None for one that it does not know."""
    return apprise.Apprise.instantiate(url, suppress_exceptions=True)


def safe_name(url: str) -> str:
    """Return an address without what may be secret in it: `wecombot://…`, `ntfys://ntfy.example.com/…`; empty for one that is none.

    Apprise's own private form leaves topics, paths and the ends of tokens readable: whoever knows those may write to, or read, the channel.
    """
    service = service_of(url)
    if service is None:
        return ""
    host = str(getattr(service, "host", None) or "")
    is_host = any("{host}" in template for template in service.templates) and ("." in host or host == "localhost")
    return f"{urlsplit(url).scheme.lower()}://{host}/…" if is_host else f"{urlsplit(url).scheme.lower()}://…"


def send_to(service: Any, *, title: str, body: str) -> bool:
    """Send a message; False when it could not be handed over."""
    try:
        return bool(service.notify(title=title, body=body, notify_type=apprise.NotifyType.WARNING))
    except (OSError, TypeError, ValueError):  # Its plugins meet the network each in a way of their own.
        return False


def _role(role: str) -> Role:
    return "staff" if role == "staff" else "office" if role == "office" else "both"
