"""The command that puts a release where hubs fetch it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cloud_api.telling import telling_errors

ConfigOption = Annotated[Path | None, typer.Option("--config", help="TOML file; without it everything has its default", show_default=False)]
release = typer.Typer(help="Signed software for the shops' devices.", no_args_is_help=True)


@release.callback()
def _group() -> None:
    """Keep `add` a command of its own, whatever comes beside it."""


@release.command("add", epilog="Example: cloud-api release add 0.2.0.tar --config cloud.toml")
def add(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE.tar", help="What store-hub release pack made", dir_okay=False)],
    config: ConfigOption = None,
) -> None:
    """Put a release here, if one of the keys in the folder keys of fleet.releases has signed it; then roll it out from the page Devices."""
    from cloud_api.adapters.release_shelf import ReleaseShelf
    from cloud_api.config import load_config

    with telling_errors():
        added = ReleaseShelf(Path(load_config(config).fleet.releases)).add(bundle)
    typer.echo(f"release {added.version} is here, {added.size_bytes / 1e6:.1f} MB; roll it out from the page Devices")
