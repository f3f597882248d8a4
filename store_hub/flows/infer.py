"""Runs settled weights of a recording through the very belief that the hub keeps of a live shelf."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from store_hub.errors import HubError
from store_hub.rules.picks import Article, PickRule, ShelfBelief, UnitsEstimate
from store_hub.rules.picks_changes import Habits
from store_hub.rules.picks_smoothing import estimate_of, smoothed
from store_hub.rules.picks_story import UnitSold, WeighedTouch

HISTORY_LENGTH = 1_000_000


class InferenceInputInvalid(HubError, ValueError):
    """A plan, the till's list or the settled weights cannot be used."""

    exit_code = 3

    def __init__(self, *, path: str, problem: str, line: int | None = None) -> None:
        place = f"{path}:{line}" if line is not None else path
        super().__init__(f"{place}: {problem}")
        self.path = path
        self.problem = problem
        self.line = line


class _Sku(msgspec.Struct):
    unit_weight_g: float
    start_units: int = 0
    capacity_units: int = 60
    unit_weight_sd_g: float | None = None


class _Shelf(msgspec.Struct):
    skus: dict[str, _Sku]
    elsewhere_in_store: dict[str, _Sku] = {}


class _Plan(msgspec.Struct):
    shelves: dict[str, _Shelf]


class _Settled(msgspec.Struct):
    t_s: float
    weight_g: float
    spread_g: float = 0.0
    moved_at_s: float | None = None
    shelf_id: str | None = None


class _Sold(NamedTuple):
    at_ms: int
    sku: str
    units: int


def articles_of(plan: Path, shelf: str) -> list[Article]:
    """The articles of a plan's shelf, and the strangers worth naming.

    Raises:
        InferenceInputInvalid: no such file, not a plan, no such shelf, or an article that weighs nothing.
    """
    path = str(plan)
    try:
        read = msgspec.json.decode(plan.read_bytes(), type=_Plan)
    except OSError as error:
        raise InferenceInputInvalid(path=path, problem=f"cannot be read ({error.strerror}); give the path of a plan.json") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InferenceInputInvalid(path=path, problem=f"not a plan: {error}") from None
    found = read.shelves.get(shelf)
    if found is None:
        raise InferenceInputInvalid(
            path=path, problem=f"no shelf called {shelf}; the plan has: {', '.join(sorted(read.shelves)) or 'none'}"
        )
    articles = [_article(sku, facts, path, stranger=False) for sku, facts in found.skus.items()]
    return articles + [
        _article(sku, facts, path, stranger=True) for sku, facts in found.elsewhere_in_store.items() if sku not in found.skus
    ]


class Inferred(NamedTuple):
    """What a recording told: the touches, oldest first, and what is on the shelf at the end. `skus`: the order of a touch's units."""

    skus: list[str]
    touches: list[WeighedTouch]
    closing: dict[str, UnitsEstimate]


def infer(plan: Path, shelf: str, settled: Iterable[str], till: Path | None, final: bool, write: Callable[[str], None]) -> None:
    """Write what was taken from a shelf and put back, as CSV.

    Args:
        plan, shelf, settled, till: as in `inferred`.
        final: write the closing units (`sku,units,low,high`, nine times in ten within) instead of the events (`t_s,sku,units`).
        write: takes one line of CSV, without a line end.

    Raises:
        InferenceInputInvalid: an input cannot be read, with its line.
    """
    told = inferred(plan, shelf, settled, till)
    for line in closing_lines(told) if final else event_lines(told):
        write(line)


def inferred(plan: Path, shelf: str, settled: Iterable[str], till: Path | None) -> Inferred:
    """Tell what was taken from a shelf and put back, from its settled weights.

    Args:
        plan: the shelf's articles, their weights and starting units.
        shelf: which of the plan's shelves.
        settled: JSON lines as `edge-agent replay scale` writes them.
        till: what the till sold of these articles, `t_s,sku,units`, or None.

    What the till says later also settles what was taken before: with its list, the whole recording is read once more from end to end
    (`picks_smoothing`). A live shelf has no end; there the belief alone speaks, and corrects itself by new events.

    Raises:
        InferenceInputInvalid: an input cannot be read, with its line.
    """
    belief = ShelfBelief(articles_of(plan, shelf), PickRule(history_length=HISTORY_LENGTH, habits=Habits(stranger_again=1.0)))
    sales = list(read_sales(till)) if till is not None else []
    end_ms = _hear(belief, _weights(settled, shelf), sales)
    skus = [article.sku for article in belief.articles]
    touches, estimates = belief.likeliest_touches(), belief.units()
    if sales and sum(not article.stranger for article in belief.articles) > 1:
        sold = [UnitSold(s.at_ms / 1000.0, skus.index(s.sku)) for s in sales if s.sku in skus for _ in range(s.units)]
        read = smoothed(belief.articles, touches, sold, end_ms / 1000.0, belief.sweep_from)
        touches = [touch._replace(units=units) for touch, units in zip(touches, read.units, strict=True)]
        estimates |= {
            sku: estimate_of(column, belief.chances_of(sku)) for sku, column in zip(skus, zip(*read.closing, strict=True), strict=False)
        }
    return Inferred(skus, touches, estimates)


def event_lines(told: Inferred) -> Iterator[str]:
    """The events as CSV; units are negative when taken."""
    yield "t_s,sku,units"
    for touch in told.touches:
        for sku, units in zip(told.skus, touch.units, strict=True):
            if units:
                yield f"{touch.at_s:.1f},{sku},{units}"


def closing_lines(told: Inferred) -> Iterator[str]:
    """The closing units as CSV, with the interval that holds the truth nine times in ten."""
    yield "sku,units,low,high"
    for sku, estimate in told.closing.items():
        yield f"{sku},{estimate.mean:.2f},{estimate.low},{estimate.high}"


def _hear(belief: ShelfBelief, weights: Iterable[_Settled], sales: Sequence[_Sold]) -> int:
    """Tell the belief everything in the order of time; returns when the last thing was heard, milliseconds."""
    at_ms, heard = 0, 0
    for weight in weights:
        at_ms = round(weight.t_s * 1000.0)
        while heard < len(sales) and sales[heard].at_ms <= at_ms:
            belief.sold(sales[heard].sku, sales[heard].units, sales[heard].at_ms)
            heard += 1
        moved_at_ms = None if weight.moved_at_s is None else round(weight.moved_at_s * 1000.0)
        belief.take(weight.weight_g, weight.spread_g, at_ms, moved_at_ms)
    for sale in sales[heard:]:
        belief.sold(sale.sku, sale.units, sale.at_ms)
    return max(at_ms, sales[-1].at_ms if sales else 0)


def _article(sku: str, facts: _Sku, path: str, *, stranger: bool) -> Article:
    if not (math.isfinite(facts.unit_weight_g) and facts.unit_weight_g > 0.0):
        raise InferenceInputInvalid(path=path, problem=f"article {sku}: unit_weight_g must be above zero; weigh one and say what it weighs")
    return Article(
        sku=sku,
        unit_weight_g=facts.unit_weight_g,
        unit_weight_sd_g=facts.unit_weight_sd_g,
        start_units=0 if stranger else facts.start_units,
        capacity_units=facts.capacity_units,
        stranger=stranger,
    )


def _weights(lines: Iterable[str], shelf: str) -> Iterator[_Settled]:
    decoder = msgspec.json.Decoder(_Settled)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            weight = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InferenceInputInvalid(path="settled weights", problem=f"not a settled weight: {error}", line=number) from None
        if weight.shelf_id is None or weight.shelf_id == shelf:
            yield weight


def read_sales(till: Path) -> Iterator[_Sold]:
    """The till's lines, oldest first. Articles of other shelves may be among them."""
    path = str(till)
    rows: list[_Sold] = []
    try:
        with till.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in ("t_s", "sku", "units") if name not in (reader.fieldnames or [])]
            if missing:
                raise InferenceInputInvalid(
                    path=path, problem=f"column {missing[0]} is missing; the first line must read t_s,sku,units", line=1
                )
            for row in reader:
                try:
                    rows.append(_Sold(round(float(row["t_s"]) * 1000.0), row["sku"], int(row["units"])))
                except (TypeError, ValueError, OverflowError):
                    raise InferenceInputInvalid(path=path, problem=f"not a sale: {list(row.values())}", line=reader.line_num) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InferenceInputInvalid(path=path, problem=f"cannot be read: {error}") from None
    yield from sorted(rows, key=lambda sold: sold.at_ms)
