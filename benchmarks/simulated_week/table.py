"""The figures of some weeks as one table, each beside its goal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.simulated_week.drive import Week
from benchmarks.simulated_week.plan import TAGGED, TILL_ONLY, WEIGHED, look_alikes
from benchmarks.simulated_week.score import KINDS, Found, low_shelf_alerts, messages, on_hand, phantoms, phantoms_by_till, together

SHELVES = (WEIGHED, TAGGED, TILL_ONLY)


class Figure(NamedTuple):
    """One line: what, its value, the goal in words, and on how many cases it stands."""

    name: str
    value: float
    goal: str
    cases: int


def figures_of(weeks: Sequence[Week]) -> list[Figure]:
    """Return every figure over all weeks together."""
    figures: list[Figure] = []
    for name, kinds in (("all shelves", SHELVES), *((kind, (kind,)) for kind in KINDS)):
        each = [on_hand(week, kinds) for week in weeks]
        cases = sum(one.samples for one in each)
        goals = ("≤ 0.3", "0.85–0.95") if name == "all shelves" else ("", "")
        figures.append(Figure(f"on-hand error, units: {name}", sum(one.error * one.samples for one in each) / cases, goals[0], cases))
        figures.append(Figure(f"90 % interval holds: {name}", sum(one.covered * one.samples for one in each) / cases, goals[1], cases))
    figures += _found(
        "low-shelf alerts", lambda week: together([low_shelf_alerts(week, kind) for kind in SHELVES]), weeks, "≥ 0.99", "≥ 0.97"
    )
    for kind in SHELVES:
        figures += _found(f"low-shelf alerts, {kind}", lambda week, kind=kind: low_shelf_alerts(week, kind), weeks, "", "")  # type: ignore[misc]
    kinds = (("with a look-alike beside it", True), ("without one", False)) if any(look_alikes(week.plan) for week in weeks) else ()
    for name, alike in kinds:
        figures += _found(f"weighed, {name}", lambda week, alike=alike: low_shelf_alerts(week, WEIGHED, alike=alike), weeks, "", "")  # type: ignore[misc]
    figures += _found(
        "till only, from the till's word", lambda week: low_shelf_alerts(week, TILL_ONLY, from_the_tills_word=True), weeks, "", ""
    )
    figures += _found("phantom stock in two hours", phantoms, weeks, "≥ 0.90", "≥ 0.95")
    figures += _found("the same where a sensor looks", lambda week: phantoms(week, (WEIGHED, TAGGED)), weeks, "", "")
    figures += _found("the same by the till alone", phantoms_by_till, weeks, "", "")
    figures.append(Figure("messages a person and ten minutes", median(messages(week) for week in weeks), "≤ 1", len(weeks)))
    return figures


def show(figures: Sequence[Figure], weeks: Sequence[Week]) -> None:
    """Print the table, and what the weeks held."""
    table = Table("figure", "value", "goal", "cases", title=f"{len(weeks)} simulated weeks")
    for figure in figures:
        table.add_row(figure.name, f"{figure.value:.3f}", figure.goal, f"{figure.cases:,}")
    Console().print(table)
    for week in weeks:
        kinds = ("pick", "put_back", "theft", "swept", "put_elsewhere", "till_error", "refill", "write_off", "brought_back")
        happened = ", ".join(f"{week.truth.count(kind):,} {kind}" for kind in kinds)
        staff = f"{week.staff.counts} counts of findings, {week.staff.shelf_counts} of shelves asked for"
        print(f"seed {week.shop.seed}: {happened}; scales dead {week.scales.outage_minutes():.0f} min; {staff}")


def _found(name: str, score: Callable[[Week], Found], weeks: Sequence[Week], recall: str, precision: str) -> list[Figure]:
    all_weeks = together([score(week) for week in weeks])
    return [
        Figure(f"{name}: found", all_weeks.found / max(1, all_weeks.true), recall, all_weeks.true),
        Figure(f"{name}: right", all_weeks.right / max(1, all_weeks.said), precision, all_weeks.said),
    ]
