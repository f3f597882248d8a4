"""Key figures of the chain over days, with targets and the register of risks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from uuid import uuid4

import msgspec

from cloud_api.adapters.store_days import StoreDayBook
from cloud_api.adapters.store_records import StoreBook
from cloud_api.adapters.written_records import CHAIN, WrittenBook
from cloud_api.errors import MessageInvalid, StoreUnknown
from cloud_api.rules.chain_figures import FIGURES, Day, Risk, RiskState, ShopFigures, chain_figures, risk_states


class FiguresReview(msgspec.Struct, frozen=True, kw_only=True):
    """The chain's figures (`*`) and each shop's, over a span beside as many days before; and the risks."""

    first: date
    last: date
    shops: list[ShopFigures]
    risks: list[RiskState]


class KeyFigures:
    """Answers how the chain does.

    Args:
        now: the wall clock, aware.
    """

    def __init__(self, *, stores: StoreBook, days: StoreDayBook, written: WrittenBook, now: Callable[[], datetime]) -> None:
        self._stores, self._days, self._written, self._now = stores, days, written, now

    def review(self, *, first: date | None = None, last: date | None = None) -> FiguresReview:
        """Review a span (the 28 days before today unless told).

        Raises:
            MessageInvalid: the span is empty or longer than a year.
        """
        last = last or self._now().date() - timedelta(days=1)
        first = first or last - timedelta(days=27)
        length = (last - first).days + 1
        if not 1 <= length <= 366:
            raise MessageInvalid(field="from", problem=f"{first} to {last}; ask for 1 to 366 days")
        records = self._days.days(first=first - timedelta(days=length), last=last)
        days = [Day(**{name: getattr(record, name) for name in Day.__struct_fields__}) for record in records]
        targets = {(target.store_id, target.figure): target.value for target in self._written.targets()}
        figures = chain_figures(days, first=first, last=last, targets=targets, chain=CHAIN)
        risks = [(record.risk_id, msgspec.convert(record.body, Risk)) for record in self._written.risks()]
        return FiguresReview(first=first, last=last, shops=figures, risks=risk_states(risks, figures, chain=CHAIN))

    def set_target(self, store_id: str, figure: str, value: float | None, *, by: str) -> None:
        """Keep a target of a shop or (`*`) of all, or take it away.

        Raises:
            MessageInvalid, StoreUnknown: no such figure or shop.
        """
        _see_figure(figure)
        if store_id != CHAIN and store_id not in {store.store_id for store in self._stores.stores()}:
            raise StoreUnknown(store_id=store_id)
        if value is not None and not 0.0 <= value <= (1.0 if FIGURES[figure][1] == "share" else 1e12):
            raise MessageInvalid(field="value", problem="a target is 0 or more, and a share 100 % at most")
        self._written.set_target(store_id, figure, value, by=by)

    def write_risk(self, risk: Risk, *, by: str) -> str:
        """Write a risk down and return its id.

        Raises:
            MessageInvalid: no such figure, or no name.
        """
        _see_figure(risk.figure)
        if not risk.name.strip():
            raise MessageInvalid(field="name", problem="it has no name; say what may go wrong")
        risk_id = f"risk-{uuid4().hex[:12]}"
        self._written.write_risk(risk_id, msgspec.to_builtins(risk), by=by)
        return risk_id

    def strike_risk(self, risk_id: str, *, by: str) -> None:
        """Take a risk off the register."""
        self._written.write_risk(risk_id, None, by=by)


def _see_figure(figure: str) -> None:
    if figure not in FIGURES:
        raise MessageInvalid(field="figure", problem=f"there is no figure {figure!r}; known: {', '.join(FIGURES)}")
