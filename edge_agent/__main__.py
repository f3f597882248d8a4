"""The command line of the edge agent. Each command loads what it needs itself, so that --help is quick."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from deployment.keeper import START_AGAIN
from edge_agent.calibrate_command import calibrate
from edge_agent.errors import ConfigurationInvalid, EdgeError
from edge_agent.join_command import join
from edge_agent.page_commands import aim, audit
from edge_agent.stopping import INTERRUPTED, stop_on_signals

if TYPE_CHECKING:
    from edge_agent.config import BrokerConfig, LineConfig, ScaleConfig

app = typer.Typer(
    name="edge-agent",
    help="Reads scales, tag readers and cameras on a small computer and reports what they sense to the store hub.",
    epilog="Example: edge-agent check --config /etc/aislewise/edge.toml",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
replay = typer.Typer(help="Runs the code of the live path on a recording, faster than real time.", no_args_is_help=True)
app.add_typer(replay, name="replay", epilog="Example: edge-agent replay scale trace.csv --plan plan.json --shelf S1")

ConfigOption = Annotated[Path, typer.Option("--config", help="The device's TOML file.", dir_okay=False)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@app.callback()
def _settings(
    debug: Annotated[bool, typer.Option("--debug", help="Log every detail, and show a traceback when something is wrong inside.")] = False,
) -> None:
    import structlog

    from edge_agent.log_memory import LOG_MEMORY

    level = logging.DEBUG if debug else logging.INFO
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
            LOG_MEMORY,
        ],
    )


@app.command(epilog="Example: edge-agent run --config /etc/aislewise/edge.toml")
def run(
    config: ConfigOption,
    until_booked: Annotated[
        bool, typer.Option("--until-booked", help="End when all recordings have ended and the hub has booked them.")
    ] = False,
    recorded_ago: Annotated[
        float | None,
        typer.Option(
            "--recorded-ago", metavar="SECONDS", min=0.0, help="Recorded scales and tags began so long ago; read them as fast as possible."
        ),
    ] = None,
) -> None:
    """Sense and report until stopped with Ctrl-C or SIGTERM."""
    from edge_agent.assemble import EdgeAgent
    from edge_agent.config import load_config

    settings = load_config(config)
    adapters = [*(scale.adapter for scale in settings.scales), *(reader.adapter for reader in settings.readers)]
    if recorded_ago is not None and any(adapter != "recording" for adapter in adapters):
        raise ConfigurationInvalid(
            path=str(config), field="adapter", problem="--recorded-ago is for recordings, but a live sensor is listed"
        )
    stop = stop_on_signals()
    agent = EdgeAgent(settings, config_file=None if recorded_ago is not None else config, recorded_s_ago=recorded_ago)
    agent.run(stop, until_booked=until_booked)
    stop.exit_if_interrupted()
    if agent.is_to_start_again:
        raise typer.Exit(START_AGAIN)


@app.command(epilog="Example: edge-agent check --config /etc/aislewise/edge.toml --json")
def check(config: ConfigOption, as_json: JsonOption = False) -> None:
    """Look at every configured part: is it there, does it answer, and what to do if not. Exit code 0 only if all is well."""
    from edge_agent.config import load_config
    from edge_agent.flows.check import check_device, printed

    findings = check_device(load_config(config))
    typer.echo(printed(findings, as_json=as_json))
    raise typer.Exit(0 if all(finding.is_ok for finding in findings) else 4)


app.command(epilog="Example: edge-agent calibrate --config /etc/aislewise/edge.toml --shelf bay1-top --write /etc/aislewise/edge.toml")(
    calibrate
)
app.command(epilog="Example: edge-agent join ABCD-EFGH-… --config /etc/aislewise/edge.toml")(join)
app.command(epilog="Example: edge-agent aim --config /etc/aislewise/edge.toml --camera entrance")(aim)
app.command(epilog="Example: edge-agent audit noon.avi --config /etc/aislewise/edge.toml --camera entrance")(audit)


@replay.command("scale", epilog="Example: edge-agent replay scale trace.csv --plan plan.json --shelf S1 > settled.jsonl")
def replay_scale_command(
    trace: Annotated[Path, typer.Argument(metavar="TRACE.csv", help="Columns t_s, raw and, if known, temperature_c.")],
    config: Annotated[Path | None, typer.Option("--config", metavar="SCALE.toml", help="The scale's keys, or a device's file.")] = None,
    plan: Annotated[Path | None, typer.Option("--plan", metavar="PLAN.json", help="A recording's plan, instead of --config.")] = None,
    shelf: Annotated[str | None, typer.Option("--shelf", metavar="NAME", help="Which scale of the plan or of the device's file.")] = None,
) -> None:
    """Weigh a recording: settled weights as JSON lines on stdout, a summary on stderr."""
    from edge_agent.flows.replay_scale import replay_scale

    _tell_summary(replay_scale(trace, _scale_of(trace, config, plan, shelf), typer.echo))


def _scale_of(trace: Path, config: Path | None, plan: Path | None, shelf: str | None) -> ScaleConfig:
    from edge_agent.config import ScaleConfig, load_part
    from edge_agent.flows.replay_scale import scale_from_plan

    if plan is not None and config is None:
        if shelf is None:
            raise typer.BadParameter("say which shelf of the plan", param_hint="--shelf")
        return scale_from_plan(plan, shelf)
    if config is None or plan is not None:
        raise typer.BadParameter("give either --config SCALE.toml or --plan PLAN.json with --shelf NAME", param_hint="--config")
    return load_part(config, ScaleConfig, name=shelf, adapter="recording", recording=str(trace))


@replay.command("tags", epilog="Example: edge-agent replay tags reads.csv --config reader.toml > presence.jsonl")
def replay_tags_command(
    reads: Annotated[Path, typer.Argument(metavar="READS.csv", help="Reads of a UHF reader.")],
    config: Annotated[Path | None, typer.Option("--config", metavar="READER.toml", help="The reader's keys, or a device's file.")] = None,
    reader: Annotated[str | None, typer.Option("--reader", metavar="NAME", help="Which reader of the device's file.")] = None,
) -> None:
    """Follow the tags of a recording: arrivals and departures as JSON lines on stdout, a summary on stderr."""
    from edge_agent.config import ReaderConfig, load_part
    from edge_agent.flows.replay_tags import replay_tags

    settings = load_part(config, ReaderConfig, name=reader, adapter="recording", recording=str(reads)) if config is not None else None
    _tell_summary(replay_tags(reads, settings, typer.echo))


@replay.command("camera", epilog="Example: edge-agent replay camera film.avi --line door:384,0,384,576 --tracks out.txt --counts out.csv")
def replay_camera_command(
    video: Annotated[Path, typer.Argument(metavar="VIDEO", help="A film that OpenCV can read.")],
    config: Annotated[Path | None, typer.Option("--config", metavar="CAMERA.toml", help="The camera's keys, or a device's file.")] = None,
    camera: Annotated[str | None, typer.Option("--camera", metavar="NAME", help="Which camera of the device's file.")] = None,
    detections: Annotated[
        Path | None, typer.Option("--detections", metavar="DET.txt", help="Boxes in MOT format, instead of the detector's.")
    ] = None,
    line: Annotated[
        list[str] | None, typer.Option("--line", metavar="NAME:X1,Y1,X2,Y2", help="One more door line, in pixels; repeatable.")
    ] = None,
    tracks: Annotated[Path | None, typer.Option("--tracks", metavar="OUT.txt", help="Where to write tracks, in MOT format.")] = None,
    counts: Annotated[Path | None, typer.Option("--counts", metavar="OUT.csv", help="Where to write line,frame,direction.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Count the people of a film: tracks and door crossings to files, a summary on stdout."""
    from edge_agent.config import CameraConfig, load_part
    from edge_agent.flows.replay_camera import replay_camera

    settings = load_part(config, CameraConfig, name=camera, source=str(video)) if config is not None else None
    lines = [_line(text) for text in line or []]
    summary = replay_camera(
        video, config=settings, lines=lines, detections=detections, tracks_out=tracks, counts_out=counts, progress=sys.stderr.isatty()
    )
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(summary).decode())
        return
    typer.echo(f"{summary.frames} frames, {summary.people} people followed, {summary.frames_per_s:.1f} frames a second")
    for name, total in summary.lines.items():
        typer.echo(f"{name}: {total.people_in} in, {total.people_out} out")
    for name, zone in summary.zones.items():
        waits = f", {zone.waits} waits of {zone.waited_s / zone.waits:.0f} s" if zone.waits else ""
        typer.echo(f"zone {name}: {zone.visits} visits, {zone.stopped} stopped, {zone.person_s:.0f} person-seconds{waits}")
    for spell in summary.useless_pictures:
        typer.echo(f"frames {spell.first_frame} to {spell.last_frame}: {spell.message}; {spell.advice}", err=True)


def _line(text: str) -> LineConfig:
    from edge_agent.config import LineConfig

    name, _, numbers = text.rpartition(":")
    try:
        x1, y1, x2, y2 = (float(number) for number in numbers.split(","))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not NAME:X1,Y1,X2,Y2, for example door:384,0,384,576", param_hint="--line") from None
    if not name or (x1, y1) == (x2, y2):
        raise typer.BadParameter(f"{text!r} needs a name and two different points", param_hint="--line")
    return LineConfig(door_id=name, x1=x1, y1=y1, x2=x2, y2=y2)


def _tell_summary(summary: Any) -> None:
    import msgspec

    typer.echo(msgspec.json.encode(summary).decode(), err=True)


@app.command(epilog="Example: edge-agent simulate --planogram demo/planogram.json --broker 127.0.0.1:1883 --seed 7")
def simulate(
    planogram: Annotated[Path, typer.Option("--planogram", metavar="FILE", help="The shop to simulate.", dir_okay=False)],
    broker: Annotated[str, typer.Option("--broker", metavar="HOST:PORT", help="The hub's broker.")] = "127.0.0.1:1883",
    hub: Annotated[str | None, typer.Option("--hub", metavar="URL", help="The hub's door for till sales and deliveries.")] = None,
    state: Annotated[Path, typer.Option("--state", metavar="FOLDER", help="Outboxes and the shop's state.")] = Path("var/simulated-shop"),
    truth: Annotated[Path | None, typer.Option("--truth", metavar="FILE", help="Where to write what really happened, JSON lines.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same seed is the same shop.")] = 1,
    catch_up: Annotated[float, typer.Option("--catch-up", metavar="HOURS", min=0.0, help="Begin so long ago, and tell it fast.")] = 0.0,
    shoppers_per_hour: Annotated[float, typer.Option("--shoppers-per-hour", min=0.0, help="On average, in an ordinary hour.")] = 40.0,
    open_round_the_clock: Annotated[bool, typer.Option("--open-round-the-clock", help="The shop never closes.")] = False,
    until_caught_up: Annotated[bool, typer.Option("--until-caught-up", help="End when the present is reached and booked.")] = False,
) -> None:
    """Run a simulated shop: the live code behind simulated scales, tags and a camera."""
    from edge_agent.assemble import open_device
    from edge_agent.flows.simulate import SimulationOptions
    from edge_agent.flows.simulate import simulate as run_simulation

    stop = stop_on_signals()
    options = SimulationOptions(
        planogram=planogram,
        broker=_broker(broker),
        hub_url=hub,
        seed=seed,
        catch_up_hours=catch_up,
        state=state,
        truth=truth,
        until_caught_up=until_caught_up,
        shoppers_per_hour=shoppers_per_hour,
        open_round_the_clock=open_round_the_clock,
    )
    run_simulation(options, open_device=open_device, stop=stop)
    stop.exit_if_interrupted()


def _broker(text: str) -> BrokerConfig:
    from edge_agent.config import BrokerConfig

    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise typer.BadParameter(f"{text!r} is not HOST:PORT, for example 127.0.0.1:1883", param_hint="--broker")
    return BrokerConfig(host=host.strip("[]"), port=int(port))


def main() -> NoReturn:
    """Run the command line: one line on stderr and an exit code for whatever goes wrong."""
    os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")  # Its warnings repeat what our errors say.
    try:
        app(standalone_mode=True)
    except EdgeError as error:
        _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Whoever read our output has had enough of it.
        sys.exit(0)
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        with tempfile.NamedTemporaryFile("w", prefix="edge-agent-error-", suffix=".log", delete=False, encoding="utf-8") as details:
            traceback.print_exc(file=details)
        _fail(f"internal error: {type(error).__name__}: {error}; please report it with {details.name}", 1)
    sys.exit(0)


def _fail(text: str, exit_code: int) -> NoReturn:
    print(f"edge-agent: {' '.join(text.split())}", file=sys.stderr)
    sys.exit(exit_code)


if __name__ == "__main__":
    main()
