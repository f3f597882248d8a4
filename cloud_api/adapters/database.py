"""The way to PostgreSQL: one pooled engine, and the schema brought up to date by Alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from cloud_api.errors import ConfigurationInvalid, DatabaseUnreachable

_MIGRATIONS = Path(__file__).with_name("migrations")
_MIGRATION_LOCK = 7_162_001  # Any number of our own: two programs that start at once must not migrate at once.


def open_database(url: str, *, pool_size: int = 10, connect_timeout_s: int = 10, statement_timeout_s: int = 60) -> Engine:
    """Make an engine and see that the server answers.

    Raises:
        ConfigurationInvalid: `url` is no PostgreSQL address.
        DatabaseUnreachable: nobody answers there, or not to this user.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigurationInvalid(
            path="configuration", field="database.url", problem="not an address; write postgresql://user:password@host:5432/database"
        ) from None
    if parsed.get_backend_name() != "postgresql":
        raise ConfigurationInvalid(path="configuration", field="database.url", problem="only PostgreSQL: postgresql://…")
    engine = create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=connect_timeout_s,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": connect_timeout_s,
            "options": f"-c statement_timeout={statement_timeout_s * 1000} -c timezone=UTC -c client_min_messages=warning",
        },
    )
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except OperationalError as error:
        engine.dispose()
        place = parsed.render_as_string(hide_password=True)
        problem = " ".join(str(error.orig).split()) or "no answer"
        raise DatabaseUnreachable(
            place=place, problem=problem, advice="start the server, or correct database.url (without it the program runs its own)"
        ) from None
    return engine


def migrate(engine: Engine, *, to: str = "head") -> str:
    """Bring the schema to a revision (newest unless told), up or down, and return the revision it then has (`base` for none).

    Raises:
        ConfigurationInvalid: there is no such revision.
        DatabaseUnreachable: the server refuses, for example for want of rights or disk, or the schema is newer than this program.
    """
    config = _alembic_config()
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
            now = MigrationContext.configure(connection).get_current_revision()
            known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
            if now is not None and now not in known:
                raise _unusable(engine, f"its schema {now} is newer than this program", "update cloud-api")
            config.attributes["connection"] = connection
            rank = {revision: len(known) - index for index, revision in enumerate(known)} | {"base": 0, "head": len(known)}
            if to not in rank:
                raise ConfigurationInvalid(path="migrate", field="--to", problem=f"there is no revision {to!r}; known: {', '.join(rank)}")
            if rank[to] >= rank[now or "base"]:
                command.upgrade(config, to)
            else:
                command.downgrade(config, to)
            return MigrationContext.configure(connection).get_current_revision() or "base"
    except DBAPIError as error:
        raise _unusable(
            engine, str(error.orig).strip().splitlines()[0], "see that the user may create tables and the disk has room"
        ) from None


def newest_revision() -> str:
    """The revision this program's code is written for."""
    return ScriptDirectory.from_config(_alembic_config()).get_current_head() or "base"


def present_revision(engine: Engine) -> str:
    """The revision the database has now; `base` for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() or "base"


def _alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


def _unusable(engine: Engine, problem: str, advice: str) -> DatabaseUnreachable:
    return DatabaseUnreachable(place=engine.url.render_as_string(hide_password=True), problem=problem, advice=advice)
