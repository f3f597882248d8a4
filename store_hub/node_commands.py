"""The command that lets an ESP32 shelf node in: it cannot join by a code, so it is flashed with a key of its own."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from store_hub.errors import ConfigurationInvalid
from store_hub.trust_commands import ConfigOption, open_trust


def enrol_node(
    node: Annotated[str, typer.Argument(metavar="NODE", help="The node's name, such as bay1-top: small letters, digits and hyphens.")],
    read_by: Annotated[str, typer.Option("--read-by", metavar="DEVICE", help="The device whose file names the node's topic.")],
    config: ConfigOption = None,
    address: Annotated[str | None, typer.Option("--address", help="This hub, as the node reaches it; found by itself otherwise.")] = None,
    days: Annotated[float, typer.Option("--days", min=1.0, max=3650.0, help="How long the node may speak; then flash it anew.")] = 730.0,
) -> None:
    """Print the ESPHome file of an ESP32 shelf node, with a key and certificate of its own. Throw it out with: store-hub revoke NODE."""
    from store_hub.adapters.own_addresses import own_addresses
    from store_hub.rules.node_file import node_file

    if not re.fullmatch("[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?", node):
        raise typer.BadParameter(f"{node!r} is no name of a node: 1 to 24 small letters, digits and '-'", param_hint="NODE")
    trust, settings = open_trust(config)
    port = None if settings.trust is None else settings.trust.node_port
    if port is None:
        problem = "is missing: shelf nodes need a port of their own; set it to 8884, then run store-hub trust and restart mosquitto"
        raise ConfigurationInvalid(path=str(config or "the defaults"), field="trust.node_port", problem=problem)
    papers = trust.enrol_node(node, read_by=read_by, days=days)
    reached = address or next(iter(own_addresses()), "127.0.0.1")
    typer.echo(
        node_file(node, address=reached, port=port, authority=papers.authority, certificate=papers.certificate, key=papers.key), nl=False
    )
    until = datetime.fromtimestamp(papers.not_after_ms / 1000, UTC)
    print(f'{node} may speak until {until:%Y-%m-%d}; {read_by} reads it: topic = "shelf-nodes/{node}/sensor/raw/state"', file=sys.stderr)
