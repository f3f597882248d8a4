"""The commands that open a page on the device itself: aim a camera, audit its counts."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from edge_agent.flows.audit import Audit, AuditReport
    from edge_agent.readings import PictureSource

CoverChoice = Literal["heads", "people", "everything"]

ListenOption = Annotated[
    str, typer.Option("--listen", metavar="HOST:PORT", help="Where the page is. Beyond this machine, it is not encrypted: prefer ssh -L.")
]
IdleOption = Annotated[float, typer.Option("--idle-minutes", min=0.05, max=240.0, help="End after so long without anybody doing anything.")]
CoverOption = Annotated[
    CoverChoice, typer.Option("--cover", help="What is made unrecognisable, at least: heads, whole people, or the whole picture coarsened.")
]
CameraOption = Annotated[str | None, typer.Option("--camera", metavar="NAME", help="Which camera of the device's file.")]

_REASONS = {
    "finished": "done",
    "idle": "ended: nobody has done anything for a while",
    "nobody_came": "ended: nobody typed the code in time; start it again for a new one",
    "guessed": "ended: too many wrong codes; somebody may be guessing. Start it again for a new code",
    "stopped": "stopped",
}


def aim(
    config: Annotated[
        Path, typer.Option("--config", metavar="CAMERA.toml", help="The camera's keys, or a device's file; written when you save.")
    ],
    camera: CameraOption = None,
    listen: ListenOption = "127.0.0.1:0",
    idle_minutes: IdleOption = 15.0,
    cover: CoverOption = "heads",
    simulated: Annotated[
        Path | None,
        typer.Option("--simulated", metavar="PLANOGRAM.json", help="Show a simulated shop instead of the camera, to try it out."),
    ] = None,
) -> None:
    """Open a page to aim a camera: its live picture with people covered, door lines and floor points drawn over it, written to its file.

    The page exists while this command runs, only for who types the code it prints. A USB camera serves one program: stop the agent first.
    """
    from edge_agent.adapters.clock import AgentClock
    from edge_agent.flows.aim import aim as serve
    from edge_agent.flows.aim import camera_source
    from edge_agent.flows.camera_file import CameraFile
    from edge_agent.stopping import stop_on_signals

    file = CameraFile(config, camera)
    open_source = _simulated_source(simulated) if simulated is not None else camera_source(file.config, AgentClock())
    stop = stop_on_signals()
    why = serve(file, open_source, listen=_host_and_port(listen), idle_s=60.0 * idle_minutes, least_cover=cover, stop=stop, say=_say_where)
    _tell_why(why)
    stop.exit_if_interrupted()


def _simulated_source(path: Path) -> Callable[[], PictureSource]:
    from edge_agent.adapters.simulated_pictures import SimulatedPictures
    from edge_agent.flows.simulate import read_planogram

    planogram = read_planogram(path)
    return lambda: SimulatedPictures(planogram)


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise typer.BadParameter(f"{text!r} is not HOST:PORT, for example 127.0.0.1:8765", param_hint="--listen")
    return host.strip("[]"), int(port)


def _say_where(address: str, code: str) -> None:
    print(f"Open   {address}\nCode   {code}   (once, within ten minutes)\nCtrl-C ends the page.", file=sys.stderr, flush=True)


def _tell_why(why: str) -> None:
    print(f"edge-agent: {_REASONS.get(why, why)}", file=sys.stderr)
    if why in ("nobody_came", "guessed"):
        raise typer.Exit(4)


def audit(
    video: Annotated[Path, typer.Argument(metavar="VIDEO", help="A film of this camera, half an hour or more of a busy time.")],
    config: Annotated[
        Path, typer.Option("--config", metavar="EDGE.toml", help="The camera's keys, or its device's file: then the hub hears of it.")
    ],
    camera: CameraOption = None,
    detections: Annotated[
        Path | None, typer.Option("--detections", metavar="DET.txt", help="Boxes in MOT format, instead of the detector's.")
    ] = None,
    verdicts: Annotated[
        Path | None, typer.Option("--verdicts", metavar="AUDIT.json", help="Take the verdicts from a file; no page, no pictures.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON; with --verdicts it can be given back.")] = False,
    quiet: Annotated[int, typer.Option("--quiet", metavar="N", min=0, max=1000, help="Quiet stretches to look at, of each door.")] = 40,
    events: Annotated[int, typer.Option("--events", metavar="N", min=1, max=2000, help="Counted crossings to judge, of each door.")] = 200,
    seed: Annotated[int, typer.Option("--seed", help="Of the sample.")] = 1,
    listen: ListenOption = "127.0.0.1:0",
    idle_minutes: IdleOption = 30.0,
    cover: CoverOption = "heads",
    send: Annotated[bool, typer.Option("--send/--no-send", help="Let the hub hear of it.")] = True,
) -> None:
    """Judge a camera's counts on a film: strips of each crossing, and of quiet stretches, on a page; then its accuracy with an interval.

    The film is yours and stays where it is; strips are held in memory, with people covered, until the page ends.
    """
    from edge_agent.config import CameraConfig, load_part
    from edge_agent.flows.audit import Audit, judge_on_page
    from edge_agent.flows.audit_film import AuditFilm
    from edge_agent.rules.audit_sample import AuditRule
    from edge_agent.stopping import stop_on_signals

    settings = load_part(config, CameraConfig, name=camera, source=str(video))
    shows = sys.stderr.isatty()
    film = AuditFilm(video, settings, AuditRule(quiet_max=quiet, events_max=events), detections=detections, seed=seed, progress=shows)
    result = Audit(film, area_id=settings.area_id, seed=seed)
    if verdicts is not None:
        result.read(verdicts)
    elif film.items:
        where = _host_and_port(listen)
        strips, stop = film.strips(cover, progress=shows), stop_on_signals()
        _tell_why(judge_on_page(result, strips, listen=where, idle_s=60.0 * idle_minutes, stop=stop, say=_say_where))
        stop.exit_if_interrupted()
    left_in = _leave_for_hub(config, result) if send else None
    _print_report(result.report(left_in=left_in), as_json=as_json)


def _leave_for_hub(config: Path, result: Audit) -> str | None:
    """Only a device's whole file says where its outbox is."""
    from edge_agent.adapters.clock import AgentClock
    from edge_agent.config import is_device_file, load_config
    from edge_agent.flows.audit_letters import leave_letters

    if not is_device_file(config):
        return None
    device = load_config(config)
    letters = result.letters(AgentClock(), device_id=device.device_id)
    return str(leave_letters(Path(device.outbox.path), letters)) if letters else None


def _print_report(report: AuditReport, *, as_json: bool) -> None:
    import msgspec

    if as_json:
        typer.echo(msgspec.json.encode(report).decode())
        return
    for door in report.doors:
        typer.echo(f"{door.door_id}: {door.counted} counted, {door.judged} judged, {door.right} right; {door.missed} missed were seen")
        for name in ("count_accuracy", "precision", "recall"):
            share = getattr(door, name)
            told = "too little judged" if share is None else f"{share.value:.1%} ({share.low:.1%} to {share.high:.1%})"
            typer.echo(f"  {name.replace('_', ' ')}: {told}")
    if report.left_for_the_hub_in is not None:
        typer.echo(f"left for the hub in {report.left_for_the_hub_in}; the agent sends it, running now or started later")
    elif any(door.judged for door in report.doors):
        typer.echo("not sent to the hub: give --config the device's whole file for that", err=True)
