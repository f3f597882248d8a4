"""How the command line says what went wrong: one line on stderr and an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

from access_control.errors import AccessError
from cloud_api.errors import CloudError


@contextmanager
def telling_errors() -> Iterator[None]:
    """Tell what the cloud itself raises inside the block."""
    try:
        yield
    except (CloudError, AccessError) as error:
        _fail(str(error), error.exit_code)


def _fail(problem: str, exit_code: int) -> NoReturn:
    typer.echo(f"cloud-api: {problem}", err=True)
    raise typer.Exit(exit_code)
