"""Fetches signed software and installs it beside the one that runs: two slots, each a Python environment of its own."""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from deployment.release import Release, ReleaseInvalid, read_release, unpack
from edge_agent.errors import EdgeError

CHUNK_BYTES = 256 * 1024
ANSWER_WITHIN_S = 30.0
INSTALL_WITHIN_S = 1800.0
CHECK_WITHIN_S = 120.0


class SoftwareUnusable(EdgeError):
    """Software that cannot be installed, and will not be better when tried again."""

    def __init__(self, *, version: str, problem: str) -> None:
        super().__init__(f"software {version}: {problem}")
        self.version = version
        self.problem = problem


class DownloadBroken(EdgeError):
    """It could not be fetched now; what came is kept, and the next try goes on from there."""

    def __init__(self, *, url: str, problem: str) -> None:
        super().__init__(f"{url}: {problem}; it is tried again")
        self.url = url
        self.problem = problem


def fetch(url: str, into: Path, *, sha256: str, size_bytes: int, ca_file: str | None = None) -> None:
    """Fetch a bundle, going on where an earlier try was cut off.

    Raises:
        DownloadBroken: the network or the server failed, or what came was not what was promised (it is thrown away).
        OSError: the disk is full.
    """
    part = into.with_name(f"{into.name}.part")
    have = part.stat().st_size if part.exists() else 0
    if have > size_bytes:
        part.unlink()
        have = 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    context = ssl.create_default_context(cafile=ca_file) if url.startswith("https:") else None
    if have < size_bytes:
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_WITHIN_S, context=context) as answer:
                _append(answer, part, is_rest=answer.status == 206, size_bytes=size_bytes)
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
            raise DownloadBroken(url=url, problem=str(error)) from None
    with part.open("rb") as file:
        is_right = part.stat().st_size == size_bytes and hashlib.file_digest(file, "sha256").hexdigest() == sha256
    if not is_right:
        is_whole = part.stat().st_size >= size_bytes
        if is_whole:
            part.unlink()
        raise DownloadBroken(url=url, problem="it is not what the hub promised" if is_whole else "it was cut off")
    part.replace(into)


def _append(answer: http.client.HTTPResponse, part: Path, *, is_rest: bool, size_bytes: int) -> None:
    with part.open("ab" if is_rest else "wb") as file:
        while file.tell() <= size_bytes and (chunk := answer.read(CHUNK_BYTES)):
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def install(bundle: Path, slot: Path, *, version: str, keys: list[Path], config: Path) -> Release:
    """Install a signed bundle into a slot, whatever was there before, and see that its agent starts and reads the device's file.

    Raises:
        SoftwareUnusable: not signed by a trusted key, for another machine, or it cannot read the file.
        OSError: the disk is full.
    """
    try:
        release = read_release(bundle, keys)
        if release.version != version:
            raise SoftwareUnusable(version=version, problem=f"the bundle holds {release.version}")
        shutil.rmtree(slot, ignore_errors=True)
        slot.parent.mkdir(parents=True, exist_ok=True)
        _run([sys.executable, "-m", "venv", str(slot)], INSTALL_WITHIN_S, version=version)
        with tempfile.TemporaryDirectory(dir=slot) as wheels:
            unpack(bundle, release, Path(wheels))
            pip = [str(slot / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "-q", "install", "--no-index", "--no-deps"]
            _run([*pip, "--no-cache-dir", "--find-links", wheels, *release.packages], INSTALL_WITHIN_S, version=version)
    except ReleaseInvalid as error:
        raise SoftwareUnusable(version=version, problem=error.problem) from None
    look = "import sys, pathlib; from edge_agent.config import load_config; load_config(pathlib.Path(sys.argv[1]))"
    _run([str(slot / "bin" / "python"), "-c", look, str(config)], CHECK_WITHIN_S, version=version)
    _run([str(slot / "bin" / "edge-agent"), "--help"], CHECK_WITHIN_S, version=version)
    return release


def _run(command: list[str], within_s: float, *, version: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_", "VIRTUAL_ENV"))}
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=within_s, check=False, env=environment)
    except subprocess.TimeoutExpired:
        raise SoftwareUnusable(version=version, problem=f"{Path(command[0]).name} did not end within {within_s:.0f} s") from None
    if run.returncode:
        last = (run.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise SoftwareUnusable(version=version, problem=f"{' '.join(Path(word).name for word in command[:4])} failed: {last}"[:300])
