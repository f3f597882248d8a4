"""A folder of signed software, as hub and cloud hand it on: one bundle a file, named by its version."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from deployment.release import ReleaseInvalid, read_release


class ReleaseRefused(Exception):
    """A bundle that no device would install, or that is here already."""


class Bundle(NamedTuple):
    """A release as devices are told of it."""

    version: str
    sha256: str
    size_bytes: int
    path: Path


class ReleaseShelf:
    """Callable from any thread.

    Args:
        folder: where bundles lie; made when the first one comes. Keys that may sign are `*.pub` in its folder `keys`.
        refusal: the program's own error of a bundle that is not taken.
    """

    def __init__(self, folder: Path, refusal: type[ReleaseRefused] = ReleaseRefused) -> None:
        self._folder, self._refusal = folder, refusal
        self._sums: dict[Path, tuple[float, Bundle]] = {}
        self._lock = Lock()

    @property
    def keys(self) -> list[Path]:
        """The public keys that this hub trusts."""
        return sorted((self._folder / "keys").glob("*.pub"))

    def bundles(self) -> list[Bundle]:
        """What is here, newest file first."""
        files = sorted(self._folder.glob("*.tar"), key=lambda path: path.stat().st_mtime, reverse=True)
        return [self._bundle(path) for path in files]

    def by_sum(self, sha256: str) -> Path | None:
        """The bundle with this sum."""
        return next((bundle.path for bundle in self.bundles() if bundle.sha256 == sha256), None)

    def room_for(self, sha256: str) -> Path:
        """Where a release that is being fetched grows; what else was half fetched is let go."""
        self._folder.mkdir(parents=True, exist_ok=True)
        part = self._folder / f"fetched-{sha256}.part"
        for other in self._folder.glob("fetched-*.part"):
            if other != part:
                other.unlink()
        return part

    def add_fetched(self, part: Path, *, version: str, sha256: str) -> Bundle:
        """Take a fetched release in, once it is seen to be the one that was announced and signed by one of our keys; `part` is gone then.

        Raises:
            ReleaseRefused (or `refusal`): it is another, not signed by one of our keys, or another bundle of this version is here.
        """
        try:
            with part.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest != sha256:
                raise self._refusal(f"what was fetched has the SHA-256 {digest}, not {sha256} as was announced")
            try:
                release = read_release(part, self.keys)
            except ReleaseInvalid as error:
                raise self._refusal(f"release {version} {error.problem}; the keys that may sign are {self._folder / 'keys'}") from None
            if release.version != version:
                raise self._refusal(f"what was announced as {version} is release {release.version}")
            return self.add(part)
        finally:
            part.unlink(missing_ok=True)

    def add(self, source: Path) -> Bundle:
        """Take a bundle in, once its signature is seen to be of a key in `keys`.

        Raises:
            ReleaseRefused (or `refusal`): no such file, not signed by one of our keys, or another bundle of this version is here.
        """
        try:
            release = read_release(source, self.keys)
        except ReleaseInvalid as error:
            raise self._refusal(f"{error}; the keys that may sign lie in {self._folder / 'keys'}") from None
        self._folder.mkdir(parents=True, exist_ok=True)
        target = self._folder / f"{release.version}.tar"
        if target.exists():
            raise self._refusal(f"{target}: release {release.version} is here already; a changed release needs a version of its own")
        part = target.with_suffix(".part")
        shutil.copyfile(source, part)
        part.rename(target)
        return self._bundle(target)

    def _bundle(self, path: Path) -> Bundle:
        changed = path.stat().st_mtime
        with self._lock:
            known = self._sums.get(path)
            if known is None or known[0] != changed:
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
                known = (changed, Bundle(path.stem, digest, path.stat().st_size, path))
                self._sums[path] = known
        return known[1]
