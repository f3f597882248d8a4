"""The command that makes a long journal shorter."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def compact(
    config: Annotated[Path | None, typer.Option("--config", metavar="HUB.toml", help="The hub's TOML file.", dir_okay=False)] = None,
    ledger: Annotated[Path | None, typer.Option("--ledger", metavar="FILE", help="The ledger, instead of the configuration's.")] = None,
    keep_days: Annotated[float, typer.Option("--keep-days", min=0.0, help="What devices told since then stays in the journal.")] = 90.0,
    prepare_only: Annotated[
        bool, typer.Option("--prepare-only", help="Only write the snapshot, beside the ledger, as a running hub has it done.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Let a snapshot stand in for what devices told long ago. The hub must be stopped; figures, history and rebuild stay the same.

    A running hub does it by itself, see compact_keep_days in [ledger].
    """
    import msgspec

    from store_hub.adapters.clock import HubClock
    from store_hub.config import load_config
    from store_hub.flows.compact import compact as compact_ledger
    from store_hub.flows.compact import prepare

    path = ledger if ledger is not None else Path(load_config(config).ledger.path)
    if prepare_only:
        ready = prepare(path, progress=lambda done, total: None)
        told = {**ready._asdict(), "pieces": str(ready.pieces)}
        text = f"{ready.pieces}: all through entry {ready.through}"
    else:
        done = compact_ledger(path, keep_days=keep_days, now_ms=HubClock().now_ms(), progress=lambda done, total: None)
        text = f"{path}: {done.removed} entries removed, {done.bytes_before / 1e6:.1f} MB before, {done.bytes_after / 1e6:.1f} MB now"
        told = done._asdict()
    typer.echo(msgspec.json.encode(told).decode() if as_json else text)
