"""What the chain's cloud told the shop, for the pages: shelves to fill beforehand, and promotions that run."""

from __future__ import annotations

import sqlite3
from typing import Any

from wire_format import codec
from wire_format.errors import WireError
from wire_format.plans import Promotion, RefillAdvice, SoftwareRollout

_PROMOTIONS_READ = 500


class ChainQueries:
    """Queries on one open transaction."""

    _connection: sqlite3.Connection

    def refill_advice(self, now_ms: int) -> RefillAdvice | None:
        """The newest advice, while it is valid."""
        found = self._plans("refill_advice", limit=1)
        return found[0] if found and isinstance(found[0], RefillAdvice) and found[0].valid_until_ms > now_ms else None

    def promotions(self, now_ms: int) -> list[Promotion]:
        """Promotions that run now, as they were told last, the one that ends first before the others."""
        newest: dict[str, Promotion] = {}
        for plan in self._plans("promotion", limit=_PROMOTIONS_READ):
            if isinstance(plan, Promotion):
                newest.setdefault(plan.promotion_id, plan)
        running = [plan for plan in newest.values() if plan.starts_at_ms <= now_ms < plan.ends_at_ms and not plan.is_cancelled]
        return sorted(running, key=lambda plan: (plan.ends_at_ms, plan.promotion_id))

    def rollout_wanted(self, since_ms: int) -> SoftwareRollout | None:
        """What the chain said last of software for this shop's devices; None where that came before `since_ms`."""
        row = self._connection.execute(
            "SELECT payload FROM plans WHERE kind = 'software_rollout' AND received_at_ms >= ? ORDER BY plan_no DESC LIMIT 1", (since_ms,)
        ).fetchone()
        try:
            plan = None if row is None else codec.plans.decode(row[0])
        except WireError:
            return None
        return plan if isinstance(plan, SoftwareRollout) else None

    def _plans(self, kind: str, *, limit: int) -> list[Any]:
        """The newest plans of a kind, newest first; one that cannot be read is passed over."""
        rows = self._connection.execute("SELECT payload FROM plans WHERE kind = ? ORDER BY plan_no DESC LIMIT ?", (kind, limit))
        found: list[Any] = []
        for (payload,) in rows:
            try:
                found.append(codec.plans.decode(payload))
            except WireError:
                continue
        return found
