"""The commands of who may log in and which systems may book."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from access_control.telling import tell, tell_json, tell_keys, tell_persons
from store_hub.adapters.own_addresses import own_addresses
from store_hub.errors import HubError

if TYPE_CHECKING:
    from store_hub.config import HubConfig
    from store_hub.flows.doorkeeper import Doorkeeper

ConfigOption = Annotated[Path | None, typer.Option("--config", metavar="HUB.toml", help="The hub's TOML file.", dir_okay=False)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
ACTOR = "command line"

people = typer.Typer(help="Says who may log in to the pages.", no_args_is_help=True)
keys = typer.Typer(help="Says which other systems may book, and what.", no_args_is_help=True)


@people.command("invite", epilog="Example: store-hub people invite 'Ana Perez' --role staff --config hub.toml")
def invite(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the person is called here.")],
    role: Annotated[str, typer.Option("--role", help="manager, staff, planner, installer or auditor.")] = "staff",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a one-time link with which a person, new or known, chooses a password. It works for a day."""
    keeper, settings = _doorkeeper(config)
    link = f"{page_address(settings)}/welcome/{keeper.invite(name, role, actor=ACTOR)}"
    tell({"name": name, "role": role, "link": link}, link, as_json=as_json)


@people.command("list", epilog="Example: store-hub people list --config hub.toml")
def list_people(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List who may log in."""
    keeper, _ = _doorkeeper(config)
    tell_persons(keeper.persons(), as_json=as_json, nobody="nobody yet: store-hub people invite NAME")


@people.command("remove", epilog="Example: store-hub people remove 'Ana Perez' --config hub.toml")
def remove(name: Annotated[str, typer.Argument(metavar="NAME")], config: ConfigOption = None) -> None:
    """Let somebody in no longer, at once: what they have open ends too."""
    if not _doorkeeper(config)[0].remove(name, actor=ACTOR):
        raise HubError(f"there is nobody called {name}; see store-hub people list")
    typer.echo(f"{name} is out")


@people.command("export", epilog="Example: store-hub people export 'Ana Perez' --config hub.toml > ana.json")
def export(name: Annotated[str, typer.Argument(metavar="NAME")], config: ConfigOption = None) -> None:
    """Print, as JSON, everything that is kept under a name: log-in, audit lines, and what the person signed in the journal."""
    from contextlib import closing

    from store_hub.adapters.clock import HubClock
    from store_hub.config import load_config
    from store_hub.flows.people_data import audit_of, export_person

    ledger = Path(load_config(config).ledger.path)
    with closing(audit_of(ledger, HubClock().now_ms)) as log:
        tell_json(export_person(ledger, name, audit=log))


@people.command("erase", epilog="Example: store-hub people erase 'Ana Perez' --config hub.toml")
def erase(name: Annotated[str, typer.Argument(metavar="NAME")], config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Forget a person's log-in, sessions and links, and say what stays: audit log and journal are never changed."""
    from contextlib import closing

    from store_hub.adapters.clock import HubClock
    from store_hub.config import load_config
    from store_hub.flows.people_data import audit_of, erase_person

    ledger = Path(load_config(config).ledger.path)
    with closing(audit_of(ledger, HubClock().now_ms)) as log:
        erased = erase_person(ledger, name, audit=log)
    gone = "log-in, sessions and links are gone" if erased.log_in else "there was no log-in of this name"
    stay = f"{erased.journal_entries_stay} entries of the journal and {erased.audit_lines_stay} lines of the audit log keep the name"
    tell(erased._asdict(), f"{gone}\n{stay}", as_json=as_json)


def privacy() -> None:
    """Print what is kept of people, where and how long, as the settings that decide it stand."""
    from store_hub.flows.people_data import kept_table

    typer.echo(kept_table())


@keys.command("add", epilog="Example: store-hub keys add till-1 --scope sales --config hub.toml")
def add_key(
    name: Annotated[str, typer.Argument(metavar="SYSTEM", help="Which system it is for.")],
    scope: Annotated[list[str], typer.Option("--scope", help="sales, deliveries, counts, alerts, goods, epcis or all; repeatable.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key, shown this once; an older one of the same system is worth nothing any more."""
    secret = _doorkeeper(config)[0].make_key(name, scope, actor=ACTOR)
    tell({"name": name, "key": secret}, secret, as_json=as_json)


@keys.command("list", epilog="Example: store-hub keys list --config hub.toml")
def list_keys(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List keys, what they open and when they were last used."""
    tell_keys(_doorkeeper(config)[0].keys(), as_json=as_json)


@keys.command("remove", epilog="Example: store-hub keys remove till-1 --config hub.toml")
def remove_key(name: Annotated[str, typer.Argument(metavar="SYSTEM")], config: ConfigOption = None) -> None:
    """Let a system in no longer, at once."""
    if not _doorkeeper(config)[0].remove_key(name, actor=ACTOR):
        raise HubError(f"there is no key of {name}; see store-hub keys list")
    typer.echo(f"{name} is out")


def page_address(settings: HubConfig) -> str:
    """Where the pages are, as well as the configuration and this machine's network tell."""
    if settings.pager.page_url is not None:
        return settings.pager.page_url.rstrip("/")
    host = settings.http.host
    if host in ("0.0.0.0", "::"):
        host = next(iter(own_addresses()), "127.0.0.1")
    return f"http{'s' if settings.http.certificate_file or settings.http.shop_certificate else ''}://{host}:{settings.http.port}"


def _doorkeeper(config: Path | None) -> tuple[Doorkeeper, HubConfig]:
    from store_hub.adapters.audit_log import AuditLog, audit_path
    from store_hub.adapters.clock import HubClock
    from store_hub.adapters.people_file import PeopleFile, people_path
    from store_hub.config import load_config
    from store_hub.flows.doorkeeper import Doorkeeper

    settings, now_ms = load_config(config), HubClock().now_ms
    ledger = Path(settings.ledger.path)
    return Doorkeeper(PeopleFile(people_path(ledger)), AuditLog(audit_path(ledger), now_ms=now_ms), now_ms=now_ms), settings
