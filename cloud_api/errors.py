"""What can go wrong in the cloud: each error says what, where and what to do, and keeps the facts as attributes."""

from __future__ import annotations


class CloudError(Exception):
    """Base of all errors the cloud tells its user. Its text is one line."""

    exit_code = 1
