"""The statements that put rows of each kind into the ledger, or take them out."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Any, NamedTuple

from store_hub.rows import Effect, Table


def upsert_sql(kind: type[tuple[Any, ...]], table: Table) -> str:
    """Return the statement that puts a row of this kind in place, or adds it to what is there."""
    fields: tuple[str, ...] = kind._fields  # type: ignore[attr-defined]  # Every row is a NamedTuple.
    sets = []
    for field in fields:
        if field in table.key:
            continue
        if field in table.added:
            sets.append(f'"{field}" = {table.name}."{field}" + excluded."{field}"')
        elif field in table.first:
            sets.append(f'"{field}" = coalesce({table.name}."{field}", excluded."{field}")')
        else:
            sets.append(f'"{field}" = excluded."{field}"')
    action = f"DO UPDATE SET {', '.join(sets)}" if sets else "DO NOTHING"
    columns = ", ".join(f'"{field}"' for field in fields)
    return f"INSERT INTO {table.name} ({columns}) VALUES ({', '.join('?' * len(fields))}) ON CONFLICT ({', '.join(table.key)}) {action}"


class Writing(NamedTuple):
    """How rows of one kind are written.

    `merge`: only the last row of a key needs writing. `sum_from`: from this column on all are added up, before it is the key; or None.
    """

    upsert: str
    delete: str
    key_of: itemgetter[Any]
    merge: bool
    sum_from: int | None


def writing(kind: type[tuple[Any, ...]], table: Table) -> Writing:
    """Return how rows of a kind are written."""
    fields: tuple[str, ...] = kind._fields  # type: ignore[attr-defined]  # Every row is a NamedTuple.
    places = [fields.index(column) for column in table.key]
    where = " AND ".join(f"{column} = ?" for column in table.key)
    return Writing(
        upsert_sql(kind, table),
        f"DELETE FROM {table.name} WHERE {where}",
        itemgetter(*places),
        not (table.added or table.first),
        len(table.key) if fields == (*table.key, *table.added) else None,
    )


def summed(rows: Iterable[Effect], sum_from: int) -> Iterable[tuple[Any, ...]]:
    """Add up the rows of each key; all sums are integers, so that it is the same whether here or in the table."""
    sums: dict[tuple[Any, ...], tuple[int | None, ...]] = {}
    for row in rows:
        key, added = row[:sum_from], row[sum_from:]
        known = sums.get(key)
        sums[key] = added if known is None else tuple(map(_plus, known, added))
    return [key + added for key, added in sums.items()]


def _plus(one: int | None, other: int | None) -> int | None:
    """As SQL adds: with what nobody knows, nothing is known."""
    return None if one is None or other is None else one + other
