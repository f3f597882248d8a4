"""The commands for the software of the shop's devices: make a key, pack a release, put it on the hub."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[Path | None, typer.Option("--config", metavar="HUB.toml", help="The hub's TOML file.", dir_okay=False)]
release = typer.Typer(help="Signed software for the shop's devices.", no_args_is_help=True)


@release.command(epilog="Example: store-hub release key /media/vault")
def key(folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to put it: not on a hub.", file_okay=False)]) -> None:
    """Make the key that signs releases. Its public half goes onto hubs and devices, the other never leaves your vault."""
    from deployment.release import make_key
    from store_hub.errors import HubError

    try:
        secret, public = make_key(folder)
    except OSError as error:
        raise HubError(f"{folder}: no key was made ({error.strerror}); name a folder without one") from None
    typer.echo(f"{secret}: signs releases; keep it where nobody else can read it")
    typer.echo(f"{public}: put it into /etc/aislewise/release_keys of each device, and into the folder keys of each hub's releases")


@release.command(epilog="Example: store-hub release pack wheels/ --version 0.2.0 --key /media/vault/release.key --out 0.2.0.tar")
def pack(
    wheels: Annotated[Path, typer.Argument(metavar="FOLDER", help="All wheels a device needs.", file_okay=False)],
    version: Annotated[str, typer.Option("--version", help="The version of aislewise among them.")],
    key_file: Annotated[Path, typer.Option("--key", metavar="FILE", help="The private key.", dir_okay=False)],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The bundle to write.", dir_okay=False)],
) -> None:
    """Pack wheels (pip download -r requirements/edge.lock, and our own) into one signed bundle. Each device takes those for its machine."""
    from deployment.release import ReleaseInvalid
    from deployment.release import pack as pack_release
    from store_hub.adapters.release_shelf import ReleaseRefused

    files = sorted(wheels.glob("*.whl"))
    pins = sorted({_pin(path) for path in files})
    if f"aislewise=={version}" not in pins:
        raise ReleaseRefused(f"{wheels}: holds no wheel of aislewise {version}; build it with pip wheel --no-deps .")
    try:
        made = pack_release(files, version=version, packages=pins, key_file=key_file, out=out)
    except (ReleaseInvalid, OSError) as error:
        raise ReleaseRefused(str(error)) from None
    typer.echo(f"{out}: release {made.version}, {len(files)} wheels; put it on a hub with store-hub release add {out}")


@release.command(epilog="Example: store-hub release add 0.2.0.tar --config hub.toml")
def add(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE.tar", help="What release pack made.", dir_okay=False)],
    config: ConfigOption = None,
) -> None:
    """Put a release on this hub, if one of its keys has signed it; then roll it out from the page Devices."""
    from store_hub.adapters.release_shelf import ReleaseShelf
    from store_hub.config import load_config

    added = ReleaseShelf(Path(load_config(config).fleet.releases)).add(bundle)
    typer.echo(f"release {added.version} is here, {added.size_bytes / 1e6:.1f} MB; roll it out from the page Devices")


def _pin(wheel: Path) -> str:
    """name==version, from a wheel's file name (PEP 427)."""
    name, version, *_ = wheel.name.split("-")
    return f"{re.sub(r'[-_.]+', '-', name).lower()}=={version}"
