"""What the attacks need: a shop with certificates that stands for a whole file of tests, and another shop's."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from guarded_shop import GuardedShop


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedShop]:
    """A shop that runs."""
    a, b, c, d = _free_ports(4)
    made = GuardedShop(tmp_path_factory.mktemp("shop"), (a, b, c, d))
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def other_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedShop]:
    """Another shop's files; it does not run."""
    made = GuardedShop(tmp_path_factory.mktemp("other-shop"), (1, 2, 3, 4))
    yield made
    made.stop()
