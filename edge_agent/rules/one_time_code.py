"""Who may open a page: the one person who reads the code in the terminal, once, and nobody who guesses.

A code has 40 random bits. At most `tries_max` guesses are ever compared with it, so that a guesser's chance is below 1 in 50 thousand
millions however fast they ask; after that the code is dead and the command must be started again.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Literal

ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ023456789"
"""Without I, L, O and 1, which are taken for one another: 32 characters, 5 bits each."""
CODE_CHARACTERS = 8

Verdict = Literal["right", "wrong", "wait", "used", "dead", "expired"]


@dataclass(frozen=True, slots=True)
class CodeRule:
    """`tries_max`: guesses compared at all. `tries_free`: of these, without a pause; each further one must wait `pause_s`."""

    tries_max: int = 20
    tries_free: int = 5
    pause_s: float = 3.0
    valid_s: float = 600.0


class OneTimeCode:
    """Times are seconds of any clock that never jumps. Not thread-safe."""

    def __init__(self, code: str, *, now_s: float, rule: CodeRule | None = None) -> None:
        assert len(code) == CODE_CHARACTERS
        assert set(code) <= set(ALPHABET)
        self._code = code
        self._rule = rule if rule is not None else CodeRule()
        self._made_at_s = now_s
        self._asked_at_s = now_s
        self.compared = 0
        self.is_used = False

    @property
    def is_dead(self) -> bool:
        """Whether so many guesses were wrong that none is compared any more."""
        return not self.is_used and self.compared >= self._rule.tries_max

    def is_expired(self, now_s: float) -> bool:
        """Whether nobody came in time."""
        return not self.is_used and now_s - self._made_at_s > self._rule.valid_s

    def wait_s(self, now_s: float) -> float:
        """How long until the next guess may be compared."""
        if self.compared < self._rule.tries_free:
            return 0.0
        return max(0.0, self._asked_at_s + self._rule.pause_s - now_s)

    def judge(self, said: str, now_s: float) -> Verdict:
        """Judge what somebody typed; spaces, hyphens and case do not matter. It is right at most once."""
        if self.is_used:
            return "used"
        if self.is_dead:
            return "dead"
        if self.is_expired(now_s):
            return "expired"
        if self.wait_s(now_s) > 0.0:
            return "wait"
        self.compared += 1
        self._asked_at_s = now_s
        typed = "".join(character for character in said.upper() if character not in " -")
        if not hmac.compare_digest(typed.encode(errors="replace"), self._code.encode()):
            return "wrong"
        self.is_used = True
        return "right"


def spelled(code: str) -> str:
    """The code as it is printed: two groups of four."""
    return f"{code[:4]}-{code[4:]}"
