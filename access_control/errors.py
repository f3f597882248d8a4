"""What can go wrong at the gate: each error says what, and what to do."""

from __future__ import annotations


class AccessError(Exception):
    """Base of all errors of this package. Its text is one line."""

    exit_code = 1


class LogInRefused(AccessError):
    """Name and password do not fit together, or too many did not."""


class PeopleInvalid(AccessError, ValueError):
    """A name, role, password or scope that cannot be."""

    exit_code = 2


class RegisterSilent(AccessError, ConnectionError):
    """Whoever keeps people and audit lines does not answer: nobody is let in, and nothing is done that could not be noted."""

    exit_code = 4
