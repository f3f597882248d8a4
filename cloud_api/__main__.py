"""The command line of the cloud. Each command loads what it needs itself, so that --help is quick."""

from __future__ import annotations

import signal
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import msgspec
import structlog
import typer
from rich.console import Console
from rich.table import Table

from cloud_api.config import CloudConfig, load_config
from cloud_api.people_commands import audit, keys, people
from cloud_api.release_command import release
from cloud_api.telling import telling_errors

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from cloud_api.assemble import Cloud
    from cloud_api.flows.backtesting import ForecastReport

ConfigOption = Annotated[Path | None, typer.Option("--config", help="TOML file; without it everything has its default", show_default=False)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines")]
app = typer.Typer(
    name="cloud-api",
    help="The chain's cloud: books what shops report, reviews footfall, proposes orders, shows layouts.",
    epilog="Example: cloud-api run --config cloud.toml",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


app.add_typer(people, name="people", epilog="Example: cloud-api people invite 'Mei Lin' --role planner")
app.add_typer(keys, name="keys", epilog="Example: cloud-api keys add shop-1 --scope store:shop-1")
app.add_typer(release, name="release", epilog="Example: cloud-api release add 0.2.0.tar --config cloud.toml")
app.add_typer(audit, name="audit", epilog="Example: cloud-api audit verify --config cloud.toml")


class _Terminated(BaseException):
    """A supervisor asked us to stop."""


@app.command(epilog="Example: cloud-api run --config cloud.toml --port 8090")
def run(
    config: ConfigOption = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Listen here instead of listen.port", show_default=False)] = None,
    demo_token: Annotated[
        str | None, typer.Option(help="A token that opens everything; only while listening on this machine alone", show_default=False)
    ] = None,
) -> None:
    """Book reports, plan orders and serve the planner's pages, until stopped."""
    with _stopping_on_signals(), telling_errors():
        settings = _with_port(load_config(config), port)
        from cloud_api.serving import serve  # After it, for all that a cloud needs takes seconds to load.

        serve(settings, config_path=config, demo_token=demo_token)


@app.command(epilog="Example: cloud-api migrate --config cloud.toml --to head")
def migrate(
    config: ConfigOption = None,
    to: Annotated[str, typer.Option(help="A revision, `head` for the newest, `base` for an empty database")] = "head",
    json: JsonOption = False,
) -> None:
    """Bring the records' schema to a revision, up or down."""
    with telling_errors():
        settings = load_config(config)
        from cloud_api.adapters.database import migrate as bring_to
        from cloud_api.adapters.opened_records import open_records

        with open_records(settings.database) as engine:
            revision = bring_to(engine, to=to)
        _print(json, {"revision": revision}, f"The records are at revision {revision}.")


@app.command(epilog="Example: cloud-api key shop-1")
def key(store: Annotated[str, typer.Argument(help="The shop, or the planner, that it is for")], json: JsonOption = False) -> None:
    """Make a key: it goes to its owner alone, the line below it into the token file. Two may count at once, so that one can be changed."""
    from cloud_api.adapters.tokens import new_key

    token, kept = new_key()
    _print(json, {"name": store, "key": token, "kept": kept}, f'{token}\n\n"{store}" = "{kept}"')


@app.command(epilog="Example: cloud-api plan --config cloud.toml --store shop-1 --json")
def plan(
    config: ConfigOption = None,
    store: Annotated[list[str] | None, typer.Option(help="A shop; repeat for several, leave out for all", show_default=False)] = None,
    workers: Annotated[int, typer.Option(min=0, help="Plan on so many processes of a Dask cluster on this machine")] = 0,
    scheduler: Annotated[str | None, typer.Option(help="Plan on the workers of this Dask scheduler", show_default=False)] = None,
    json: JsonOption = False,
) -> None:
    """Propose orders now, and put them on the planner's list."""
    settings = load_or_exit(config)
    with telling_errors(), _opened(settings) as (engine, cloud):
        names = store or [known.store_id for known in cloud.stores.stores()]
        if workers or scheduler:
            from cloud_api.cluster_planning import plan_on_cluster

            found = msgspec.structs.replace(settings.database, url=engine.url.render_as_string(hide_password=False))
            plans = plan_on_cluster(msgspec.structs.replace(settings, database=found), names, workers=workers, scheduler=scheduler)
        else:
            plans = [cloud.planning.plan(name) for name in names]
        table = Table("shop", "supplier", "article", "order", "why")
        for made in plans:
            for proposal in made.proposals:
                for line in proposal.lines:
                    table.add_row(made.store_id, proposal.supplier, line.name, str(line.units), line.reason)
        _print(json, {"plans": plans}, table)


@app.command(epilog="Example: cloud-api layout shop-1 --config cloud.toml --moves 6")
def layout(
    store: Annotated[str, typer.Argument(help="The shop")],
    config: ConfigOption = None,
    moves: Annotated[int, typer.Option(min=0, max=400, help="Also work out moves, of so many bays at most")] = 0,
    json: JsonOption = False,
) -> None:
    """Rank a shop's zones by dwell and by sales per metre, over the last 28 days; and say which bays are worth moving."""
    settings = load_or_exit(config)
    with telling_errors(), _opened(settings) as (_, cloud):
        if moves:
            work = cloud.layouts.propose(store, moves_max=max(2, moves))
            steps = Table("bays", "nearer", "margin in sight", "why", title=work.proposal.sentence)
            for step in work.proposal.steps:
                bays = ", ".join(f"{move.name} to {move.to_bay_id}" for move in step.moves)
                steps.add_row(bays, f"{step.nearer:.1%}", f"{step.seen:+.1%}", step.reason)
            _print(json, work.proposal, steps)
            return
        view = cloud.reviewing.layout(store)
        table = Table("zone", "person-seconds per m²", f"{view.planogram.currency} per m of shelf", "finding", title=view.review.sentence)
        for zone in view.review.zones:
            dwell = "not measured" if zone.dwell_person_s_per_m2 is None else f"{zone.dwell_person_s_per_m2:.0f}"
            revenue = "no shelf" if zone.revenue_minor_per_m is None else f"{zone.revenue_minor_per_m / 100:.2f}"
            table.add_row(zone.name, dwell, revenue, zone.finding)
        _print(json, view.review, table)


@app.command(epilog="Example: cloud-api backtest --transactions sales.parquet --promotions promotions.parquet --products products.parquet")
def backtest(
    transactions: Annotated[Path, typer.Option(help="Parquet: product_id, quantity, transaction_timestamp; store_id and week if any")],
    products: Annotated[Path | None, typer.Option(help="Parquet: product_id, product_category", show_default=False)] = None,
    promotions: Annotated[
        Path | None, typer.Option(help="Parquet: product_id, store_id, week, display_location, mailer_location", show_default=False)
    ] = None,
    origins: Annotated[int, typer.Option(min=1, max=12, help="How many forecasts are tried, four weeks apart")] = 3,
    days_sold: Annotated[int, typer.Option(min=10, help="Days an article sold before a forecast to be scored")] = 20,
    boosting: Annotated[bool, typer.Option(help="Teach gradient boosted trees too; takes longer")] = True,
    json: JsonOption = False,
) -> None:
    """Measure forecasts and order policies on past sales, beside their baselines."""
    with _stopping_on_signals(), telling_errors():
        from cloud_api.flows.backtesting import Options
        from cloud_api.flows.backtesting import backtest as measure

        options = Options(origins=origins, days_sold_min=days_sold, boosting=boosting)
        report = measure(transactions, products, promotions, options, lambda step: typer.echo(step, err=True))
        if json:
            _print(True, report, "")
            return
        forecasts = Table(
            "method", "weekly, all", "weekly, fastest", "daily, all", "daily, fastest", "bias", title="RMSSE (less is better)"
        )
        for name, score in report.forecast.methods.items():
            errors = (score.rmsse_weekly, score.rmsse_weekly_fastest, score.rmsse_daily, score.rmsse_daily_fastest)
            forecasts.add_row(name, *(f"{error:.3f}" for error in errors), f"{score.bias:+.1%}")
        orders = Table("shortage", "case", "policy", "cost of base stock's", "fill rate", title="Orders")
        for setting in report.orders:
            for name, outcome in setting.policies.items():
                row = (
                    f"{setting.shortage:g}",
                    str(setting.case_pack),
                    name,
                    f"{outcome.cost_over_base_stock:.3f}",
                    f"{outcome.fill_rate:.3f}",
                )
                orders.add_row(*row)
        for table in (forecasts, _bands(report.forecast), orders, "\n".join(report.notes)):
            _print(False, None, table)


def _bands(report: ForecastReport) -> Table:
    table = Table("class", "outcomes", "held", title="The planner's 80 % bands over two weeks")
    for name, band in report.bands.items():
        table.add_row(name, str(band.outcomes), f"{band.held:.3f}")
    return table


def load_or_exit(path: Path | None) -> CloudConfig:
    """Read the configuration; what is wrong with it is told in one line."""
    with telling_errors():
        return load_config(path)


@contextmanager
def _opened(settings: CloudConfig) -> Iterator[tuple[Engine, Cloud]]:
    from cloud_api.adapters.database import migrate as bring_to
    from cloud_api.adapters.opened_records import open_records
    from cloud_api.assemble import Cloud

    with open_records(settings.database) as engine:
        bring_to(engine)
        yield engine, Cloud(engine, settings)


def _with_port(config: CloudConfig, port: int | None) -> CloudConfig:
    return config if port is None else msgspec.structs.replace(config, listen=msgspec.structs.replace(config.listen, port=port))


def _print(as_json: bool, answer: Any, words: Any) -> None:
    if as_json:
        typer.echo(msgspec.json.encode(answer))
    else:
        Console().print(words)


@contextmanager
def _stopping_on_signals() -> Iterator[None]:
    def stopped(number: int, _: object) -> NoReturn:
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_IGN)  # The clean stop has begun; a second signal must not cut it short.
        raise KeyboardInterrupt if number == signal.SIGINT else _Terminated

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, stopped)
    try:
        yield
    except _Terminated:
        raise typer.Exit(0) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def main() -> None:
    """Run the command line: one line on stderr and an exit code for whatever goes wrong."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        app()
    except Exception as error:  # noqa: BLE001  # The last resort: a user sees one line, and where the rest is.
        with tempfile.NamedTemporaryFile("w", prefix="cloud-api-error-", suffix=".log", delete=False, encoding="utf-8") as details:
            traceback.print_exc(file=details)
        problem = " ".join(f"{type(error).__name__}: {error}".split())
        print(f"cloud-api: internal error: {problem}; please report it with {details.name}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
