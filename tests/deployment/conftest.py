"""A device that is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kept_device import KeptDevice, running


@pytest.fixture
def device(tmp_path: Path, mosquitto: Any, free_port: int) -> Iterator[KeptDevice]:
    with running(tmp_path, broker_port=mosquitto.port, hub_port=free_port) as kept:
        yield kept
