"""A trial is stated beforehand, read as its weeks end, and feeds the next proposal; a chain too small begins none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import Engine, text

from benchmarks.layout_trials import draw_weeks
from cloud_api.adapters.database import migrate, open_database
from cloud_api.assemble import Cloud
from cloud_api.config import CloudConfig
from cloud_api.errors import MessageInvalid
from cloud_api.flows.jobs import Jobs
from wire_format.plans import Bay, Facing, Planogram, Product, Rectangle, Shelf, Zone
from wire_format.reports import BasketDay, CategoryPair, ReportBatch

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SHOPS = 14


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = MONDAY

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def chain(make_database: Callable[[], str], clock: Clock) -> Iterator[Cloud]:
    engine = open_database(make_database())
    migrate(engine)
    cloud = Cloud(engine, CloudConfig(), now=clock)
    for number in range(SHOPS):
        cloud.stores.save_planogram(plan(f"shop-{number:02d}"))
    yield cloud
    cloud.jobs.close()
    engine.dispose()


def plan(store_id: str) -> Planogram:
    names = ("beer", "soap", "rice", "crisps")
    shelves = [
        Shelf(shelf_id=f"s{n}", level=1, width_m=1.0, facings=[Facing(sku=name, width_m=1.0, capacity_units=9, low_units=2)])
        for n, name in enumerate(names)
    ]
    bays = [
        Bay(bay_id=f"b{n}", name=name, place=Rectangle(x_m=n * 3.0, y_m=0.0, width_m=1.0, depth_m=0.5), shelves=[shelves[n]])
        for n, name in enumerate(names)
    ]
    zones = [Zone(zone_id="all", name="Shop", kind="aisle", place=Rectangle(x_m=0.0, y_m=0.0, width_m=12.0, depth_m=4.0))]
    products = [Product(sku=name, name=name, category=name, price_minor=100) for name in names]
    return Planogram(store_id=store_id, name=store_id, width_m=12.0, depth_m=4.0, bays=bays, zones=zones, products=products)


def sell(engine: Engine, *, weeks: int, lift: dict[str, float] | None = None, after_week: int = 0) -> None:
    """Whole weeks of sales from a year before the Monday on."""
    weekly = draw_weeks(SHOPS, weeks, np.random.default_rng(8))
    first = MONDAY.date() - timedelta(weeks=52)
    rows = [
        {"store": shop, "day": first + timedelta(days=7 * week + day),
         "revenue": round((value or 0.0) / 7 * (1 + ((lift or {}).get(shop, 0.0) if week >= after_week else 0.0)))}
        for shop, row in weekly.items() for week, value in enumerate(row) for day in range(7) if value is not None
    ]  # fmt: skip
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM store_day"))
        connection.execute(text("INSERT INTO store_day VALUES (:store, :day, 1, :revenue, 0, 0, 1, 0, 0)"), rows)


def tell_baskets(cloud: Cloud) -> None:
    for number in range(SHOPS):
        pairs = [CategoryPair(first="beer", second="crisps", baskets=30)]
        fact = BasketDay(sequence=1, day="2026-11-20", baskets=90, categories={"beer": 40, "crisps": 50}, pairs=pairs)
        cloud.reports.book(ReportBatch(store_id=f"shop-{number:02d}", ledger_id="f" * 32, from_sequence=1, to_sequence=1, facts=[fact]))


def test_a_trial_from_its_promise_to_what_it_is_worth(chain: Cloud, clock: Clock) -> None:
    tell_baskets(chain)
    sell(chain.engine, weeks=52)
    design = chain.trials.design(weeks=4)
    assert design.can_begin
    assert len(design.pairs) == SHOPS // 2
    assert design.size is not None
    assert f"{design.size.detectable:.1%}" in design.sentence
    trial_id = chain.trials.begin(weeks=4, moves_max=2)
    begun = chain.trials.trials()
    assert begun.worth is None
    assert begun.trials[0].reading is None
    assert begun.trials[0].gain > 0
    assert chain.trials.waiting() == []
    assert set(begun.trials[0].moves) == {changed for changed, _ in design.pairs}
    clock.now = MONDAY + timedelta(weeks=5)
    sell(chain.engine, weeks=57, lift={changed: 0.3 for changed, _ in design.pairs}, after_week=53)
    ended = chain.trials.trials()
    view = ended.trials[0]
    assert (view.trial_id, view.state, view.weeks_done) == (trial_id, "ended", 4)
    assert view.reading is not None
    assert view.reading.claim == "more"
    assert view.reading.low < 0.3 < view.reading.high
    assert ended.worth is not None
    assert ended.worth.low > 0
    assert [waits.trial_id for waits in chain.trials.waiting()] == [trial_id], "its end waits on the morning list"
    chain.trials.settle(trial_id)
    assert chain.trials.waiting() == []
    assert chain.trials.trials().worth == ended.worth, "and stays what it showed"
    with pytest.raises(MessageInvalid, match="no end"):
        chain.trials.settle(trial_id)


def test_a_stopped_trial_claims_nothing_for_the_next(chain: Cloud, clock: Clock) -> None:
    tell_baskets(chain)
    sell(chain.engine, weeks=52)
    trial_id = chain.trials.begin(weeks=4, moves_max=2)
    assert not chain.trials.design(weeks=4).can_begin, "every shop is in a trial already"
    clock.now = MONDAY + timedelta(weeks=4)
    sell(chain.engine, weeks=56, lift={changed: 2.0 for changed, _ in chain.trials.trials().trials[0].pairs}, after_week=53)
    assert [waits.state for waits in chain.trials.waiting()] == ["running"], "beyond doubt before its end: to be decided"
    chain.trials.stop(trial_id)
    assert chain.trials.waiting() == []
    clock.now = MONDAY + timedelta(weeks=6)
    sell(chain.engine, weeks=57)
    assert chain.trials.trials().trials[0].state == "stopped"
    assert chain.trials.trials().worth is None
    with pytest.raises(MessageInvalid, match="not running"):
        chain.trials.stop(trial_id)


def test_a_chain_without_a_past_is_told_what_is_missing(chain: Cloud) -> None:
    sell(chain.engine, weeks=52)
    with chain.engine.begin() as connection:
        connection.execute(text("DELETE FROM store_day WHERE day < :first"), {"first": MONDAY.date() - timedelta(weeks=13)})
    design = chain.trials.design()
    assert not design.can_begin
    assert "too short" in design.sentence
    with pytest.raises(MessageInvalid, match="too short"):
        chain.trials.begin(moves_max=2)


def test_a_job_reports_stops_when_asked_and_tells_its_failure() -> None:
    jobs = Jobs()

    def endless(progress: Callable[[float], None]) -> None:
        while True:
            progress(0.5)

    job = jobs.start("endless", endless)
    assert jobs.start("endless", endless) is job
    job.cancel()
    failing = jobs.start("failing", lambda progress: 1 // 0)
    answering = jobs.start("answering", lambda progress: 42)
    jobs._pool.shutdown(wait=True)
    assert (job.is_done, job.problem) == (True, "Stopped, as you asked")
    assert "ZeroDivisionError" in failing.problem
    assert (answering.answer, answering.share, answering.problem) == (42, 1.0, "")
