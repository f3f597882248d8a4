"""Makes `edge-keeper.pyz`, the keeper as one file: `python -m deployment.make_keeper edge-keeper.pyz`."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

MODULES = ("__init__.py", "keeper.py", "state_file.py")
_START = "import sys\nfrom deployment.keeper import main\nsys.exit(main())\n"


def make_keeper(out: Path) -> None:
    """Write it; any Python from 3.11 on runs it, with nothing installed."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in MODULES:
            archive.write(Path(__file__).with_name(name), f"deployment/{name}")
        archive.writestr("__main__.py", _START)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m deployment.make_keeper edge-keeper.pyz")
    make_keeper(Path(sys.argv[1]))
