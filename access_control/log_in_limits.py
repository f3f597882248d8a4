"""How many wrong log-ins are looked at: so few that guessing is hopeless, so many that a stranger's do not lock the owner out."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

NAMES_MAX = 10_000
"""Remembered at once; whoever tries more names than that is stopped by their address."""


class LimitRule(NamedTuple):
    """Wrong ones within `within_s`: of one name from one address, of one address, and of one name from anywhere."""

    within_s: float = 900.0
    pair_max: int = 5
    address_max: int = 20
    name_max: int = 50


class LogInLimits:
    """Times are seconds of any clock that never jumps. Not thread-safe."""

    def __init__(self, rule: LimitRule | None = None) -> None:
        self._rule = rule if rule is not None else LimitRule()
        self._wrong: dict[tuple[str, ...], deque[float]] = {}

    def may_try(self, name: str, address: str, now_s: float) -> bool:
        """Whether a password may be looked at."""
        rule = self._rule
        limits = ((("pair", name, address), rule.pair_max), (("address", address), rule.address_max), (("name", name), rule.name_max))
        return all(self._count(key, now_s) < most for key, most in limits)

    def was_wrong(self, name: str, address: str, now_s: float) -> None:
        """Note a wrong one."""
        for key in (("pair", name, address), ("address", address), ("name", name)):
            if key not in self._wrong and len(self._wrong) >= NAMES_MAX:
                self._wrong.pop(next(iter(self._wrong)))
            self._wrong.setdefault(key, deque(maxlen=self._rule.name_max)).append(now_s)

    def was_right(self, name: str, address: str) -> None:
        """Forget what this person mistyped here, and take back what was noted before the password was looked at."""
        self._wrong.pop(("pair", name, address), None)
        for key in (("address", address), ("name", name)):
            if times := self._wrong.get(key):
                times.pop()

    def _count(self, key: tuple[str, ...], now_s: float) -> int:
        times = self._wrong.get(key)
        if times is None:
            return 0
        while times and times[0] <= now_s - self._rule.within_s:
            times.popleft()
        if not times:
            del self._wrong[key]
        return len(times)
