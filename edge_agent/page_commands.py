"""The commands that open a page on the device itself: aim a camera, audit its counts."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
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
