"""How accurate inventory records are, by every measure that retailers use: each tells another story, so all stand side by side.

The eight measures are those that Glock, Syntetos and Rekik found in the literature and in 25 retailers' practice ("On the measurement of
inventory record inaccuracies", The International Review of Retail, Distribution and Consumer Research, 2025; ECR Retail Loss report
"Defining and assessing inventory record inaccuracy", 2026), and the share of phantom records beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

UNITS_TOLERATED = 2
SHARE_TOLERATED = 0.05


class Record(NamedTuple):
    """What the books say of an article and what is there. `worth_minor`: one unit's, in the currency's minor unit; None = not known."""

    sku: str
    book_units: int
    true_units: int
    worth_minor: int | None = None

    @property
    def error(self) -> int:
        """Units found less units booked: below zero, goods are missing."""
        return self.true_units - self.book_units


class Accuracy(NamedTuple):
    """The measures of a set of records. Shares are from 0 to 1; None where nothing can be said.

    `exact`, `within_units`, `within_share`: records right to the unit, within ± 2 units, within ± 5 %. `signed_units`, `signed_minor`:
    errors added up with their signs. `shrink_units`, `shrink_minor`: only what is missing. `absolute_units`, `absolute_minor`: added up
    without signs. `mape`: mean of |error| over what is there, where something is; `smape`: over half the sum of both. `positive`,
    `negative`: records with more there than booked, and with less. `phantom`: booked, and none there; `hidden`: there, and none booked.
    """

    records: int
    exact: float | None
    within_units: float | None
    within_share: float | None
    positive: float | None
    negative: float | None
    phantom: float | None
    hidden: float | None
    signed_units: int
    signed_minor: int
    shrink_units: int
    shrink_minor: int
    absolute_units: int
    absolute_minor: int
    mape: float | None
    smape: float | None


def accuracy(records: Sequence[Record]) -> Accuracy:
    """Return all measures of a set of records."""
    errors = [record.error for record in records]
    worth = [error * (record.worth_minor or 0) for error, record in zip(errors, records, strict=True)]
    return Accuracy(
        records=len(records),
        exact=_share(records, lambda r: r.error == 0),
        within_units=_share(records, lambda r: abs(r.error) <= UNITS_TOLERATED),
        within_share=_share(records, lambda r: abs(r.error) <= SHARE_TOLERATED * max(r.true_units, r.book_units)),
        positive=_share(records, lambda r: r.error > 0),
        negative=_share(records, lambda r: r.error < 0),
        phantom=_share(records, lambda r: r.book_units > 0 and r.true_units == 0),
        hidden=_share(records, lambda r: r.book_units <= 0 and r.true_units > 0),
        signed_units=sum(errors),
        signed_minor=sum(worth),
        shrink_units=-sum(min(error, 0) for error in errors),
        shrink_minor=-sum(min(value, 0) for value in worth),
        absolute_units=sum(map(abs, errors)),
        absolute_minor=sum(map(abs, worth)),
        mape=_mean([abs(r.error) / r.true_units for r in records if r.true_units > 0]),
        smape=_mean([abs(r.error) / (0.5 * (abs(r.book_units) + r.true_units)) for r in records if abs(r.book_units) + r.true_units > 0]),
    )


def _share(records: Sequence[Record], holds: Callable[[Record], bool]) -> float | None:
    return _mean([float(holds(record)) for record in records])


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
