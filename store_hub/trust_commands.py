"""The commands of the shop's trust: let a device in, throw it out, see who is in, prove the audit log."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from access_control.telling import noted_row, tell, tell_json, tell_rows, tell_verdict
from store_hub.errors import ConfigurationInvalid, HubError
from store_hub.people_commands import keys, people, privacy
from store_hub.release_commands import release

if TYPE_CHECKING:
    from store_hub.config import HubConfig
    from store_hub.flows.trust import Trust

ConfigOption = Annotated[Path | None, typer.Option("--config", metavar="HUB.toml", help="The hub's TOML file.", dir_okay=False)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
DeviceArgument = Annotated[str, typer.Argument(metavar="DEVICE", help="The device's name in this shop, such as shelves-1.")]

audit = typer.Typer(help="Looks at the audit log.", no_args_is_help=True)


def enrol(
    device: DeviceArgument,
    config: ConfigOption = None,
    minutes: Annotated[float, typer.Option("--minutes", min=0.01, max=10_080.0, help="How long the code can be used.")] = 30.0,
    qr: Annotated[bool, typer.Option("--qr/--no-qr", help="Show the command as a QR code as well.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Make a one-time code with which a device joins the shop: edge-agent join CODE. Its older certificates end when it does."""
    from wire_format.identifiers import IDENTIFIER_PATTERN

    if not re.match(IDENTIFIER_PATTERN, device):
        raise typer.BadParameter(f"{device!r} is no name: letters, digits, '.', '_' and '-', 1 to 64", param_hint="DEVICE")
    trust, settings = open_trust(config)
    code = trust.enrol(device, valid_minutes=minutes)
    command = f"edge-agent join {code}"
    if as_json:
        tell_json({"code": str(code), "device_id": device, "minutes": minutes, "fingerprint": code.fingerprint})
        return
    port = settings.trust.port if settings.trust is not None else 0
    typer.echo(f"On {device}, within {minutes:g} minutes, once:\n\n    {command} --config /etc/aislewise/edge.toml\n")
    typer.echo(f"It finds this hub by itself; where the network does not let it: --hub ADDRESS:{port}")
    if qr and sys.stdout.isatty():
        import segno

        segno.make(command, error="m").terminal(compact=True)


def revoke(device: DeviceArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Trust a device no longer: from this moment it can neither speak nor hear, also on a connection that stands."""
    trust, _ = open_trust(config)
    count = trust.revoke(device)
    if not count:
        raise HubError(f"{device} had no certificate that counts; see store-hub devices")
    tell({"device_id": device, "certificates": count}, f"{device} is out; let it in again with enrol", as_json=as_json)


def devices(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the devices that ever joined, and until when their certificates count."""
    from datetime import UTC, datetime

    trust, _ = open_trust(config)
    found = trust.devices()
    if as_json:
        tell_json([device._asdict() for device in found])
        return
    for device in found:
        until = datetime.fromtimestamp((device.not_after_ms or 0) / 1000, UTC)
        reader = f", a shelf node read by {device.read_by}" if device.read_by else ""
        state = f"trusted until {until:%Y-%m-%d %H:%M} UTC{reader}" if device.not_after_ms else "out"
        typer.echo(f"{device.device_id:<24} {state}")
    if not found:
        typer.echo("no device has joined yet: store-hub enrol DEVICE")


def watch_broker(config: ConfigOption = None) -> None:
    """Sieve the broker's log (mosquitto -v) on stdin: tries on others' topics go to the audit log, what is no single message to stdout."""
    from contextlib import closing

    from store_hub.adapters.audit_log import AuditLog, audit_path
    from store_hub.adapters.clock import HubClock
    from store_hub.config import load_config
    from store_hub.flows.watch_broker import PatientAudit
    from store_hub.flows.watch_broker import watch_broker as watch

    settings = load_config(config)
    if settings.trust is None:
        raise ConfigurationInvalid(
            path=str(config or "the defaults"), field="trust", problem="is missing: its broker folder has the access list"
        )
    now_ms = HubClock().now_ms
    acl = Path(settings.trust.broker_folder or Path(settings.trust.folder) / "broker") / "acl"
    with closing(PatientAudit(lambda: AuditLog(audit_path(Path(settings.ledger.path)), now_ms=now_ms))) as log:
        watch(sys.stdin.buffer, sys.stdout, audit=log, acl=acl, now_ms=now_ms)


def trust(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Make the authority of a shop whose ledger is there already; again: write the broker's files anew, for instance after a change."""
    from contextlib import closing

    from store_hub.adapters.ledger import Ledger
    from store_hub.config import load_config

    settings = load_config(config)
    with closing(Ledger.open(Path(settings.ledger.path))) as ledger:
        store_id = ledger.identity.store_id
    make_trust(settings, store_id)
    opened, _ = open_trust(config)
    said = {"fingerprint": opened.authority.fingerprint, "folder": str(opened.folder)}
    tell(said, f"fingerprint of the shop's authority: {opened.authority.fingerprint}", as_json=as_json)


@audit.command("verify", epilog="Example: store-hub audit verify --config hub.toml --expect 1042:9f86d081…")
def audit_verify(
    config: ConfigOption = None,
    expect: Annotated[str | None, typer.Option("--expect", metavar="NUMBER:HASH", help="A row as it was noted earlier.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Compute the chain of the audit log anew. Exit code 1 if a row was changed, taken out or cut off."""
    from store_hub.adapters.audit_log import audit_path, verify_audit
    from store_hub.config import load_config

    try:
        expected = noted_row(expect)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--expect") from None
    verdict = verify_audit(audit_path(Path(load_config(config).ledger.path)), expected=expected)
    raise typer.Exit(tell_verdict(verdict, as_json=as_json))


@audit.command("show", epilog="Example: store-hub audit show --config hub.toml --count 20")
def audit_show(
    config: ConfigOption = None,
    count: Annotated[int, typer.Option("--count", min=1, max=100_000, help="How many rows.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Print the newest rows of the audit log, newest first."""
    from contextlib import closing

    from store_hub.adapters.audit_log import AuditLog, audit_path
    from store_hub.adapters.clock import HubClock
    from store_hub.config import load_config

    with closing(AuditLog(audit_path(Path(load_config(config).ledger.path)), now_ms=HubClock().now_ms)) as log:
        rows = log.newest(count)
    tell_rows(rows, as_json=as_json)


def add_commands(app: typer.Typer) -> None:
    """Put them on the hub's command line."""
    from store_hub.node_commands import enrol_node

    app.command(epilog="Example: store-hub enrol shelves-1 --config hub.toml")(enrol)
    app.command(epilog="Example: store-hub enrol-node bay1-top --read-by shelves-2 --config hub.toml > bay1-top.yaml")(enrol_node)
    app.command(epilog="Example: store-hub revoke shelves-1 --config hub.toml")(revoke)
    app.command(epilog="Example: store-hub devices --config hub.toml")(devices)
    app.command(epilog="Example: store-hub trust --config hub.toml")(trust)
    app.command("watch-broker", epilog="Example: mosquitto -v -c mosquitto.conf 2>&1 | store-hub watch-broker --config hub.toml")(
        watch_broker
    )
    app.command(epilog="Example: store-hub privacy")(privacy)
    app.add_typer(people, name="people", epilog="Example: store-hub people invite 'Ana Perez' --role staff")
    app.add_typer(keys, name="keys", epilog="Example: store-hub keys add till-1 --scope sales")
    app.add_typer(release, name="release", epilog="Example: store-hub release add 0.2.0.tar --config hub.toml")
    app.add_typer(audit, name="audit", epilog="Example: store-hub audit verify --config hub.toml")


def make_trust(settings: HubConfig, store_id: str) -> None:
    """Make the shop's authority beside a new ledger, where the configuration has `[trust]`."""
    if settings.trust is None:
        return
    from contextlib import closing

    from store_hub.adapters.audit_log import AuditLog, audit_path
    from store_hub.adapters.clock import HubClock
    from store_hub.flows.trust import found_trust

    now_ms = HubClock().now_ms
    with closing(AuditLog(audit_path(Path(settings.ledger.path)), now_ms=now_ms)) as log:
        made = found_trust(settings, store_id=store_id, audit=log, now_ms=now_ms)
    if made is not None:
        typer.echo(f"authority made in {made.folder}; Mosquitto reads {made.files.folder / 'mosquitto.conf'}", err=True)


def open_trust(config: Path | None) -> tuple[Trust, HubConfig]:
    """The shop's trust and the hub's settings.

    Raises:
        ConfigurationInvalid: the file has no `[trust]`. TrustUnusable: there is no authority yet.
    """
    from store_hub.adapters.audit_log import AuditLog, audit_path
    from store_hub.adapters.clock import HubClock
    from store_hub.config import load_config
    from store_hub.flows.trust import Trust

    settings = load_config(config)
    if settings.trust is None:
        problem = "is missing: without it the shop has no certificates; add it, and run store-hub trust"
        raise ConfigurationInvalid(path=str(config or "the defaults"), field="[trust]", problem=problem)
    now_ms = HubClock().now_ms
    return Trust(
        settings.trust, settings.broker, audit=AuditLog(audit_path(Path(settings.ledger.path)), now_ms=now_ms), now_ms=now_ms
    ), settings
