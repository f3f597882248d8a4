"""The command line of the store hub. Each command loads what it needs itself, so that --help is quick."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from access_control.errors import AccessError
from store_hub.compact_command import compact
from store_hub.errors import HubError, PlanogramInvalid
from store_hub.trust_commands import add_commands, make_trust

if TYPE_CHECKING:
    from store_hub.config import HubConfig

INTERRUPTED = 130
app = typer.Typer(
    name="store-hub",
    help="Decides what the physics means for one shop: units, stock, alerts; books it, shows it and reports it.",
    epilog="Example: store-hub init --planogram demo/planogram.json && store-hub run",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

ConfigOption = Annotated[Path | None, typer.Option("--config", metavar="HUB.toml", help="The hub's TOML file.", dir_okay=False)]
LedgerOption = Annotated[Path | None, typer.Option("--ledger", metavar="FILE", help="The ledger, instead of the configuration's.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@app.callback()
def _settings(
    debug: Annotated[bool, typer.Option("--debug", help="Log every detail, and show a traceback when something is wrong inside.")] = False,
) -> None:
    import logging

    import structlog

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if debug else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
    )


@app.command(epilog="Example: store-hub run --config /etc/aislewise/hub.toml")
def run(
    config: ConfigOption = None,
    ledger: LedgerOption = None,
    port: Annotated[int | None, typer.Option("--port", min=1, max=65535, help="Where pages and doors listen.")] = None,
) -> None:
    """Book what the shop's devices, tills and people say, and show it, until stopped with Ctrl-C or SIGTERM."""
    settings = _configured(config, ledger, port)
    from store_hub.serving import run_hub  # After it, for all that a hub needs takes seconds to load.

    if run_hub(settings, config_path=str(config) if config else "HUB.toml"):
        raise typer.Exit(INTERRUPTED)


@app.command(epilog="Example: store-hub init --planogram demo/planogram.json --config hub.toml")
def init(
    config: ConfigOption = None,
    ledger: LedgerOption = None,
    planogram: Annotated[Path | None, typer.Option("--planogram", metavar="FILE", help="What stands where in the shop.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a ledger for a shop and, where the file has a trust section, its authority. A planogram that contradicts itself is refused."""
    from store_hub.adapters.clock import HubClock
    from store_hub.flows.found import found_ledger

    settings = _configured(config, ledger)
    plan = planogram or (Path(settings.planogram) if settings.planogram else None)
    if plan is None:
        raise typer.BadParameter('name the planogram here, or as planogram = "FILE" in the configuration', param_hint="--planogram")
    identity = found_ledger(Path(settings.ledger.path), plan, store_id=settings.store_id, clock=HubClock())
    make_trust(settings, identity.store_id)
    said = {"ledger": settings.ledger.path, "ledger_id": identity.ledger_id, "store_id": identity.store_id}
    _say(said, f"ledger {settings.ledger.path} made for store {identity.store_id}", as_json=as_json)


@app.command(epilog="Example: store-hub rebuild --config hub.toml")
def rebuild(
    config: ConfigOption = None,
    ledger: LedgerOption = None,
    replace: Annotated[bool, typer.Option("--replace", help="Put the rebuilt ledger in place; the hub must be stopped.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Replay the journal into a ledger beside this one and compare stock, alerts and tiles with it. Exit code 1 if they differ."""
    from store_hub.flows.rebuild import rebuild as rebuild_ledger

    settings = _configured(config, ledger)
    with _progress("Replaying the journal") as progress:
        rebuilt = rebuild_ledger(Path(settings.ledger.path), replace=replace, progress=progress)
    kept_as = None if rebuilt.kept_as is None else str(rebuilt.kept_as)
    said = {"entries": rebuilt.entries, "differences": {table.table: table.rows for table in rebuilt.differences}, "kept_as": kept_as}
    lines = [f"{rebuilt.entries} entries replayed; " + ("every table is equal" if not rebuilt.differences else "rows that differ:")]
    lines += [
        f"  {each.table}: {each.rows}; first: {_short(each.first_before)} is now {_short(each.first_after)}" for each in rebuilt.differences
    ]
    if kept_as is not None:
        lines.append(f"the rebuilt ledger is in place; the old one is kept as {kept_as}")
    _say(said, "\n".join(lines), as_json=as_json)
    if rebuilt.differences and not replace:
        raise typer.Exit(1)


@app.command(epilog="Example: store-hub verify --config hub.toml --json")
def verify(config: ConfigOption = None, ledger: LedgerOption = None, as_json: JsonOption = False) -> None:
    """Ask the ledger whether it can be trusted: the file, the journal, each outbox, the books, all tables. Exit code 1 if not."""
    from store_hub.flows.verify import verify as verify_ledger

    settings = _configured(config, ledger)
    with _progress("Replaying the journal") as progress:
        verdicts = verify_ledger(Path(settings.ledger.path), progress=progress)
    text = "\n".join(f"{'ok   ' if verdict.is_well else 'WRONG'} {verdict.question}: {verdict.answer}" for verdict in verdicts)
    _say([verdict._asdict() for verdict in verdicts], text, as_json=as_json)
    if not all(verdict.is_well for verdict in verdicts):
        raise typer.Exit(1)


@app.command(epilog="Example: store-hub backup --new-key backup.key && store-hub backup --config hub.toml --to /mnt/nas")
def backup(
    config: ConfigOption = None,
    ledger: LedgerOption = None,
    to: Annotated[Path | None, typer.Option("--to", metavar="FOLDER", help="Where to, instead of the configuration's folder.")] = None,
    recipient: Annotated[list[str] | None, typer.Option("--recipient", metavar="AGE1…", help="Whose key opens it; repeatable.")] = None,
    new_key: Annotated[Path | None, typer.Option("--new-key", metavar="FILE", help="Only make a key; prints its recipient.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Back the ledger up, encrypted, while the hub goes on. The key that opens it should not lie on the hub."""
    from store_hub.adapters import backup_file
    from store_hub.flows.backup import back_up

    if new_key is not None:
        made = backup_file.new_key(new_key)
        _say({"recipient": made, "key": str(new_key)}, f'{new_key} opens backups made for\nrecipients = ["{made}"]', as_json=as_json)
        return
    settings = _configured(config, ledger)
    with _progress("Copying the ledger") as progress:
        path, manifest = back_up(settings, to=to, recipients=recipient or [], progress=progress)
    said = {"backup": str(path), "entries": manifest.last_journal_id, "bytes": path.stat().st_size}
    _say(said, f"{path}: {manifest.last_journal_id} entries of store {manifest.store_id}", as_json=as_json)


@app.command(epilog="Example: store-hub restore --verify ledger-corner-20261125T031000Z.tar.gz.age --key backup.key --config hub.toml")
def restore(
    backup: Annotated[Path, typer.Argument(metavar="BACKUP", help="The backup's file.")],
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="The key that opens it.")],
    config: ConfigOption = None,
    ledger: LedgerOption = None,
    only_verify: Annotated[bool, typer.Option("--verify", help="Prove that it could be restored; change nothing.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Take the place of a ledger; its hub must be stopped.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Put a backup back, after every page and every table of it was checked. Exit code 1 if --verify finds it wanting."""
    from store_hub.adapters.clock import HubClock
    from store_hub.flows import restore as restoring

    path = Path(_configured(config, ledger).ledger.path)
    with _progress("Checking the backup") as progress:
        if only_verify:
            restored = restoring.prove(backup, key, path, now_ms=HubClock().now_ms(), progress=progress)
        else:
            restored = restoring.restore(backup, key, path, replace=replace, progress=progress)
    lines = [f"{'ok   ' if verdict.is_well else 'WRONG'} {verdict.question}: {verdict.answer}" for verdict in restored.verdicts]
    if restored.ledger_id is not None:
        kept = f"; the old one is kept as {restored.kept_as}" if restored.kept_as else ""
        lines.append(
            f"{path} holds {restored.manifest.last_journal_id} entries{kept}. Start the hub: devices and cloud are told by themselves"
        )
    _say([verdict._asdict() for verdict in restored.verdicts], "\n".join(lines), as_json=as_json)
    if not restored.is_well:
        raise typer.Exit(1)


@app.command(epilog="Example: edge-agent replay scale T.csv --plan P.json --shelf S1 | store-hub infer --planogram P.json --shelf S1")
def infer(
    planogram: Annotated[Path, typer.Option("--planogram", metavar="PLAN.json", help="Articles, their weights and starting units.")],
    shelf: Annotated[str, typer.Option("--shelf", metavar="NAME", help="Which shelf of the plan.")],
    till: Annotated[Path | None, typer.Option("--till", metavar="TILL.csv", help="What the till sold: t_s,sku,units.")] = None,
    final: Annotated[bool, typer.Option("--final", help="Closing units with a 90 % interval instead of events.")] = False,
) -> None:
    """Say who took what: settled weights (JSON lines) on stdin, t_s,sku,units as CSV out, negative when taken."""
    from store_hub.flows.infer import infer as infer_shelf

    infer_shelf(planogram, shelf, sys.stdin, till, final, typer.echo)


@app.command("stock-take", epilog="Example: store-hub stock-take reads.csv --id inventory-nov --by Ana --config hub.toml")
def stock_take(
    reads: Annotated[Path, typer.Argument(metavar="READS", help="CSV with a column epc, a bare list, or JSON lines.", dir_okay=False)],
    stock_take_id: Annotated[str, typer.Option("--id", help="Which stock-take; the same one may come in parts.")],
    place: Annotated[str | None, typer.Option("--place", help="back_room or a shelf; without it the whole store.")] = None,
    by: Annotated[str, typer.Option("--by", help="Who read.")] = "",
    config: ConfigOption = None,
) -> None:
    """Send a handheld's reads to the running hub; its page Stock-take then shows each difference."""
    fields = {"stock_take_id": stock_take_id, "read_by": by} | ({"place": place} if place else {})
    _send(reads, "stock-take-reads", fields, config)


@app.command(epilog="Example: store-hub announce notice.csv --delivery D-2041 --supplier 'Dairy fresh' --config hub.toml")
def announce(
    notice: Annotated[Path, typer.Argument(metavar="NOTICE", help="CSV: units, sku or gtin, sscc.", dir_okay=False)],
    delivery: Annotated[str, typer.Option("--delivery", help="The delivery's number.")],
    supplier: Annotated[str, typer.Option("--supplier", help="Who sends it.")] = "",
    config: ConfigOption = None,
) -> None:
    """Announce a delivery to the running hub; its page Receiving then waits for it."""
    _send(notice, "delivery-notices", {"delivery_id": delivery, "supplier": supplier}, config)


app.command(epilog="Example: store-hub compact --config hub.toml --keep-days 90")(compact)
add_commands(app)


def _send(file: Path, door: str, fields: dict[str, str], config: Path | None) -> None:
    from store_hub.adapters.hub_doors import send_file

    booked = send_file(file, door=door, fields=fields, http=_configured(config, None).http)
    typer.echo(f"{file} is booked as entry {booked}")


def _configured(config: Path | None, ledger: Path | None, port: int | None = None) -> HubConfig:
    import msgspec

    from store_hub.config import load_config

    settings = load_config(config)
    if ledger is not None:
        settings = msgspec.structs.replace(settings, ledger=msgspec.structs.replace(settings.ledger, path=str(ledger)))
    if port is not None:
        settings = msgspec.structs.replace(settings, http=msgspec.structs.replace(settings.http, port=port))
    return settings


@contextmanager
def _progress(title: str) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bars:
        bar = bars.add_task(title, total=None)
        yield lambda done, total: bars.update(bar, completed=done, total=total)


def _say(said: Any, text: str, *, as_json: bool) -> None:
    import msgspec

    typer.echo(msgspec.json.encode(said).decode() if as_json else text)


def _short(row: tuple[Any, ...] | None) -> str:
    return "nothing" if row is None else ", ".join(f"{len(cell)} bytes" if isinstance(cell, bytes) else str(cell) for cell in row)


def main() -> NoReturn:
    """Run the command line: one line on stderr and an exit code for whatever goes wrong."""
    try:
        app(standalone_mode=True)
    except PlanogramInvalid as error:
        for problem in error.problems:
            print(f"store-hub: planogram {error.source}: {problem}", file=sys.stderr)
        sys.exit(error.exit_code)
    except (HubError, AccessError) as error:
        _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Whoever read our output has had enough of it.
        sys.exit(0)
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        with tempfile.NamedTemporaryFile("w", prefix="store-hub-error-", suffix=".log", delete=False, encoding="utf-8") as details:
            traceback.print_exc(file=details)
        _fail(f"internal error: {type(error).__name__}: {error}; please report it with {details.name}", 1)
    sys.exit(0)


def _fail(text: str, exit_code: int) -> NoReturn:
    print(f"store-hub: {' '.join(text.split())}", file=sys.stderr)
    sys.exit(exit_code)


if __name__ == "__main__":
    main()
