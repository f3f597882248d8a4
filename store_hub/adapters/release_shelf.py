"""The folder of signed software that this hub hands to its devices: the shared one, with the hub's own error."""

from __future__ import annotations

from pathlib import Path

from deployment import shelf
from deployment.shelf import Bundle
from store_hub.errors import HubError

__all__ = ["Bundle", "ReleaseRefused", "ReleaseShelf"]


class ReleaseRefused(HubError, shelf.ReleaseRefused, ValueError):
    """A bundle that no device would install, or that is here already."""

    exit_code = 3


class ReleaseShelf(shelf.ReleaseShelf):
    """Callable from any thread.

    Args:
        folder: where bundles lie; made when the first one comes. Keys that may sign are `*.pub` in its folder `keys`.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, ReleaseRefused)
