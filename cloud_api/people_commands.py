"""The commands of who may log in, which programs and hubs have keys, and of the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from access_control.telling import noted_row, tell, tell_keys, tell_persons, tell_rows, tell_verdict
from cloud_api.errors import CloudError
from cloud_api.telling import telling_errors

if TYPE_CHECKING:
    from cloud_api.config import CloudConfig
    from cloud_api.guarding import Guards

ConfigOption = Annotated[Path | None, typer.Option("--config", help="TOML file; without it everything has its default", show_default=False)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines")]
ACTOR = "command line"

people = typer.Typer(help="Say who may log in to the pages.", no_args_is_help=True)
keys = typer.Typer(help="Say which programs and hubs may use the doors, and which.", no_args_is_help=True)
audit = typer.Typer(help="Look at who did what.", no_args_is_help=True)


@people.command("invite", epilog="Example: cloud-api people invite 'Mei Lin' --role planner --config cloud.toml")
def invite(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the person is called here")],
    role: Annotated[str, typer.Option("--role", help="administrator, planner, installer or auditor")] = "planner",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a one-time link with which a person, new or known, chooses a password. It works for a day."""
    with telling_errors(), _guards(config) as (guards, settings):
        link = f"{page_address(settings)}/welcome/{guards.keeper.invite(name, role, actor=ACTOR)}"
    tell({"name": name, "role": role, "link": link}, link, as_json=as_json)


@people.command("list", epilog="Example: cloud-api people list --config cloud.toml")
def list_people(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List who may log in."""
    with telling_errors(), _guards(config) as (guards, _):
        found = guards.keeper.persons()
    tell_persons(found, as_json=as_json, nobody="nobody yet: cloud-api people invite NAME")


@people.command("remove", epilog="Example: cloud-api people remove 'Mei Lin' --config cloud.toml")
def remove(name: Annotated[str, typer.Argument(metavar="NAME")], config: ConfigOption = None) -> None:
    """Let somebody in no longer, at once: what they have open ends too."""
    with telling_errors(), _guards(config) as (guards, _):
        if not guards.keeper.remove(name, actor=ACTOR):
            raise CloudError(f"there is nobody called {name}; see cloud-api people list")
    typer.echo(f"{name} is out")


@keys.command("add", epilog="Example: cloud-api keys add shop-1 --scope store:shop-1 --config cloud.toml")
def add_key(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which program or hub it is for")],
    scope: Annotated[
        list[str], typer.Option("--scope", help="store:STORE_ID for a hub; read, orders, promotions, trials, written, fleet or all")
    ],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key, shown this once; an older one of the same name is worth nothing any more."""
    with telling_errors(), _guards(config) as (guards, _):
        secret = guards.keeper.make_key(name, scope, actor=ACTOR)
    tell({"name": name, "key": secret}, secret, as_json=as_json)


@keys.command("list", epilog="Example: cloud-api keys list --config cloud.toml")
def list_keys(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List keys, what they open and when they were last used."""
    with telling_errors(), _guards(config) as (guards, _):
        found = guards.keeper.keys()
    tell_keys(found, as_json=as_json)


@keys.command("remove", epilog="Example: cloud-api keys remove shop-1 --config cloud.toml")
def remove_key(name: Annotated[str, typer.Argument(metavar="NAME")], config: ConfigOption = None) -> None:
    """Let a program or hub in no longer, at once."""
    with telling_errors(), _guards(config) as (guards, _):
        if not guards.keeper.remove_key(name, actor=ACTOR):
            raise CloudError(f"there is no key called {name}; see cloud-api keys list")
    typer.echo(f"{name} is out")


@audit.command("verify", epilog="Example: cloud-api audit verify --config cloud.toml --expect 1042:9f86d081…")
def verify(
    config: ConfigOption = None,
    expect: Annotated[str | None, typer.Option("--expect", metavar="NUMBER:HASH", help="A row as it was noted earlier")] = None,
    as_json: JsonOption = False,
) -> None:
    """Compute the chain of the audit log anew. Exit code 1 if a row was changed, taken out or cut off."""
    try:
        expected = noted_row(expect)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--expect") from None
    with telling_errors(), _guards(config) as (guards, _):
        verdict = guards.audit.verify(expected=expected)
    raise typer.Exit(tell_verdict(verdict, as_json=as_json))


@audit.command("show", epilog="Example: cloud-api audit show --config cloud.toml --count 20")
def show(
    config: ConfigOption = None,
    count: Annotated[int, typer.Option("--count", min=1, max=100_000, help="How many rows")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Print the newest rows of the audit log, newest first."""
    with telling_errors(), _guards(config) as (guards, _):
        rows = guards.audit.newest(count)
    tell_rows(rows, as_json=as_json)


def page_address(settings: CloudConfig) -> str:
    """Where browsers find the pages, as well as the configuration tells."""
    if settings.people.page_url is not None:
        return settings.people.page_url.rstrip("/")
    host = "127.0.0.1" if settings.listen.host in ("0.0.0.0", "::") else settings.listen.host
    return f"http://{host}:{settings.listen.port}"


@contextmanager
def _guards(config: Path | None) -> Iterator[tuple[Guards, CloudConfig]]:
    from cloud_api.adapters.clock import wall_clock
    from cloud_api.adapters.database import migrate
    from cloud_api.adapters.opened_records import open_records
    from cloud_api.config import load_config
    from cloud_api.guarding import Guards

    settings = load_config(config)
    with open_records(settings.database) as engine:
        migrate(engine)
        yield Guards(engine, settings, now=wall_clock), settings
