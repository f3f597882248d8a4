"""The command with which a new device joins a shop."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def join(
    code: Annotated[str, typer.Argument(metavar="CODE", help="The one-time code that store-hub enrol printed.")],
    hub: Annotated[
        str | None, typer.Option("--hub", metavar="HOST[:PORT]", help="The hub's address, where it is not found by itself.")
    ] = None,
    config: Annotated[
        Path, typer.Option("--config", metavar="EDGE.toml", help="The device's file: who it is and its broker are written into it.")
    ] = Path("/etc/aislewise/edge.toml"),
    folder: Annotated[Path, typer.Option("--folder", help="Where the device's key and certificates are kept.")] = Path(
        "/var/lib/aislewise/identity"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Join a shop: find the hub, have it prove itself, and get a certificate for a key that never leaves this device."""
    from edge_agent.flows import join as joining

    parsed = joining.read_code(code)
    if hub is None:
        print("Looking for the hub …", file=sys.stderr)
        address = joining.find(parsed)
    else:
        address = hub if hub.rpartition(":")[2].isdigit() and ":" in hub else f"{hub}:8443"
    joined = joining.join(parsed, address=address, folder=folder, config=config)
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(joined._asdict()).decode())
    else:
        typer.echo(f"This device is {joined.device_id} of store {joined.store_id}, and speaks to {joined.broker}. Say what is connected in")
        typer.echo(f"{config}, look with edge-agent check, and start it (systemctl enable --now edge-agent).")
