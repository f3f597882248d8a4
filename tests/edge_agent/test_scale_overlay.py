"""The kernel overlay compiles, where Debian's device-tree-compiler is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def test_the_hx711_overlay_compiles(repository: Path, tmp_path: Path) -> None:
    compiler = shutil.which("dtc")
    if compiler is None:
        pytest.skip("dtc is not installed: apt-get install device-tree-compiler")
    source = repository / "firmware_configs/overlays/hx711-scale.dts"
    compiled = tmp_path / "hx711-scale.dtbo"
    command = [compiler, "-@", "-I", "dts", "-O", "dtb", "-o", str(compiled), str(source)]
    ran = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr.decode(errors="replace")
    assert compiled.stat().st_size > 200
