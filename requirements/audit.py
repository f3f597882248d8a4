"""Asks for known vulnerabilities of what is pinned, and says how much of it could be looked up. Exit code 1 only if one is known."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
TIMEOUT_S = 120.0


def audited(lock: Path) -> tuple[int, int, list[str]]:
    """How many packages a lock file pins, how many could be looked up, and what is known of them.

    Raises:
        OSError: the service of advisories did not answer.
    """
    command = [sys.executable, "-m", "pip_audit", "-r", str(lock), "--disable-pip", "--require-hashes", "-f", "json", "--timeout", "10"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    try:
        packages = json.loads(run.stdout)["dependencies"]
    except (ValueError, KeyError):
        raise OSError((run.stderr.strip().splitlines() or ["no answer"])[-1]) from None
    looked_up = [package for package in packages if "vulns" in package]
    known = [
        f"{package['name']} {package['version']}: {flaw['id']}, mended in {', '.join(flaw['fix_versions']) or 'no version yet'}"
        for package in looked_up
        for flaw in package["vulns"]
    ]
    return len(packages), len(looked_up), known


def main() -> int:
    """Audit each lock file that a user installs from."""
    is_safe = True
    for part in ("edge", "hub", "cloud"):
        try:
            pinned, looked_up, known = audited(FOLDER / f"{part}.lock")
        except (OSError, subprocess.TimeoutExpired) as error:
            print(f"audit {part}: NOT DONE, no advisories could be had ({error})")
            continue
        unknown = "" if looked_up == pinned else f"; NOT looked up, as no advisories could be had: {pinned - looked_up}"
        print(f"audit {part}: {pinned} packages, {looked_up} looked up, {len(known)} known vulnerabilities{unknown}")
        for line in known:
            print(f"  {line}")
        is_safe = is_safe and not known
    return 0 if is_safe else 1


if __name__ == "__main__":
    sys.exit(main())
