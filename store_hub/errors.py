"""What can go wrong at the hub: each error says what, where and what to do, and keeps the facts as attributes."""

from __future__ import annotations


class HubError(Exception):
    """Base of all errors a hub tells its user. Its text is one line."""

    exit_code = 1
