"""The command that calibrates a scale."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from edge_agent.errors import ConfigurationInvalid


def calibrate(
    config: Annotated[
        Path | None, typer.Option("--config", metavar="EDGE.toml", help="The device's file, or one scale's keys.", dir_okay=False)
    ] = None,
    shelf: Annotated[str | None, typer.Option("--shelf", metavar="NAME", help="Which scale of the device's file.")] = None,
    readings_file: Annotated[
        Path | None, typer.Option("--from", metavar="READINGS.csv", help="Known weights and readings: known_g,raw or known_g,r1,r2,…")
    ] = None,
    readings: Annotated[int, typer.Option("--readings", min=3, max=1000, help="How many are taken of each weight.")] = 20,
    interval_g: Annotated[
        float | None, typer.Option("--interval-g", min=0.001, help="Judge by class III at this verification interval; else the finest met.")
    ] = None,
    write: Annotated[
        Path | None, typer.Option("--write", metavar="EDGE.toml", help="Put the figures into this file; comments stay.", dir_okay=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Calibrate a scale: empty, then one or more known weights, step by step or from a file. Nonsense is refused with its reason.

    Stop a running agent first: a converter serves one program at a time.
    """
    import msgspec

    from edge_agent.adapters.clock import AgentClock
    from edge_agent.flows import calibrate as flow
    from edge_agent.flows.load_cells import load_cell_opener

    source = config if config is not None else write
    found = flow.configured_scale(source, shelf) if source is not None else None
    target = flow.configured_scale(write, found.scale.shelf_id if found is not None else shelf) if write is not None else None
    rule = flow.rule_for(found.scale if found is not None else None)
    if readings_file is not None:
        fit = flow.calibrate_from_file(readings_file, rule)
    elif found is not None:
        open_cell = load_cell_opener(found.scale, AgentClock(), device=found.device)
        fit = flow.calibrate_by_hand(open_cell, flow.Dialogue(_asked, _told), rule, readings=readings)
    else:
        problem = "say which scale with --config EDGE.toml (and --shelf NAME), or give a file of readings with --from"
        raise ConfigurationInvalid(path="edge-agent calibrate", field="--config", problem=problem)
    if write is not None and target is not None:
        flow.write_calibration(fit, write, target.table)
    result = flow.report(fit, shelf_id=found.scale.shelf_id if found is not None else shelf, interval_g=interval_g, written_to=write)
    typer.echo(msgspec.json.encode(result).decode() if as_json else flow.printed(result))


def _asked(question: str) -> str:
    answer: str = typer.prompt(question, default="", show_default=False, err=True)
    return answer


def _told(text: str) -> None:
    print(text, file=sys.stderr)
