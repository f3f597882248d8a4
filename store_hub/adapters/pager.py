"""Calls staff through apprise: ntfy, WeCom, DingTalk, Slack, mail and a hundred more, each by an address."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import apprise

from store_hub.errors import ConfigurationInvalid


class Pager:
    """Everywhere that staff are called. Addresses hold passwords, so only their safe names are ever told.

    Args:
        urls: apprise addresses.

    Raises:
        ConfigurationInvalid: an address that apprise does not know.
    """

    def __init__(self, urls: list[str], *, config_path: str = "the configuration") -> None:
        self._targets: dict[str, Any] = {}
        for number, url in enumerate(urls, start=1):
            service: Any = apprise.Apprise.instantiate(url, suppress_exceptions=True)
            if service is None:
                scheme = urlsplit(url).scheme or "none"
                problem = f"address {number} (scheme {scheme}) is none that apprise knows; see its list of services"
                raise ConfigurationInvalid(path=config_path, field="pager.urls", problem=problem)
            self._targets[f"{number} ({service.url(privacy=True).split('?')[0]})"] = service

    @property
    def targets(self) -> list[str]:
        """The safe names of all targets, in order."""
        return list(self._targets)

    def send(self, target: str, *, title: str, body: str) -> bool:
        """Send a message to one target; False when it could not be handed over. Waits a few seconds at most."""
        service = self._targets[target]
        try:
            return bool(service.notify(title=title, body=body, notify_type=apprise.NotifyType.WARNING))
        except (OSError, TypeError, ValueError):  # Its plugins meet the network each in a way of their own.
            return False
