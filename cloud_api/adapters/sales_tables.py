"""Reads sales, promotions and articles from Parquet files, and says of a file that does not fit which column is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from cloud_api.errors import SalesFileInvalid

Floats = NDArray[np.float64]
SHOP = ("store_id",)
ARTICLE = ("product_id", "StockCode")
UNITS = ("quantity", "Quantity")
SOLD_AT = ("transaction_timestamp", "InvoiceDate")
DAYS_MAX = 3660
UNITS_A_LINE_MAX = 1000


class SalesTable(msgspec.Struct, frozen=True, kw_only=True):
    """Units a day of each article in each shop, whole weeks only; `week_numbers` are the file's own (empty where it has none).

    `lines` counts the day's receipts that hold the article, `line_roots` adds the square roots of their units.
    """

    units: Floats
    lines: Floats
    line_roots: Floats
    shops: list[str]
    articles: list[str]
    week_numbers: list[int]
    measured_left_out: int


def read_sales(path: Path, *, keep_bulk: bool = False) -> SalesTable:
    """Read `store_id` (optional), `product_id`, `quantity`, `transaction_timestamp`, `week` (optional), or UCI Online Retail's columns.

    Days are netted, so that a return cancels its sale of the same day, and never below zero. Articles that are sold by measure (a line of
    a thousand units or more: fuel by the millilitre) are left out and counted, unless `keep_bulk`.

    Raises:
        SalesFileInvalid: the file cannot be read, lacks a column or holds something else in it.
    """
    table = _table(path)
    shop = _names(path, table, SHOP) if "store_id" in table.column_names else np.full(table.num_rows, "all")
    article, units = _names(path, table, ARTICLE), _numbers(path, table, UNITS)
    days = _days(path, table, SOLD_AT)
    day = (days - days.min()).astype(np.int64)
    count = int(day.max()) + 1
    if count > DAYS_MAX:
        raise SalesFileInvalid(path=str(path), column=_found(path, table, SOLD_AT), problem=f"spans {count} days", advice="check its dates")
    week = _numbers(path, table, ("week",)) if "week" in table.column_names else None
    shops, shop_at = np.unique(shop, return_inverse=True)
    articles, article_at = np.unique(article, return_inverse=True)
    codes, series = np.unique(shop_at * len(articles) + article_at, return_inverse=True)
    sold = np.maximum(units, 0.0)
    matrix, lines, roots = (_spread(what, series, day, (len(codes), count)) for what in (units, (sold > 0).astype(float), np.sqrt(sold)))
    largest = np.zeros(len(codes))
    np.maximum.at(largest, series, units)
    kept = np.ones(len(codes), dtype=bool) if keep_bulk or "week" not in table.column_names else largest < UNITS_A_LINE_MAX
    first, numbers = _whole_weeks(day, week, count)
    span = (count - first) // 7 * 7
    if span == 0:
        raise SalesFileInvalid(
            path=str(path), column=_found(path, table, SOLD_AT), problem="holds no whole week", advice="give a year of sales"
        )
    return SalesTable(
        units=np.maximum(matrix[kept, first : first + span], 0),
        lines=lines[kept, first : first + span],
        line_roots=roots[kept, first : first + span],
        shops=[str(shops[c // len(articles)]) for c in codes[kept]],
        articles=[str(articles[c % len(articles)]) for c in codes[kept]],
        week_numbers=numbers[: span // 7],
        measured_left_out=int((~kept).sum()),
    )


def _spread(values: Floats, series: NDArray[np.int64], day: NDArray[np.int64], shape: tuple[int, int]) -> Floats:
    matrix = np.zeros(shape)
    np.add.at(matrix, (series, day), values)
    return matrix


def _whole_weeks(day: NDArray[np.int64], week: Floats | None, count: int) -> tuple[int, list[int]]:
    """The first day of the first whole week and the weeks' numbers; without numbers, weeks end with the last day."""
    if week is None:
        return count % 7, []
    number = np.zeros(count, dtype=np.int64)
    number[day] = week.astype(np.int64)
    changes = np.flatnonzero((np.diff(number) == 1) & (number[:-1] > 0)) + 1
    first = int(np.bincount(changes % 7).argmax()) if len(changes) else count % 7
    return first, [int(number[d : d + 7].max()) for d in range(first, count - 6, 7)]


def read_promotions(path: Path, table: SalesTable) -> tuple[Floats, Floats]:
    """Display and mailer, 0 or 1 for each series and week, from `product_id`, `store_id`, `week`, `display_location`, `mailer_location`."""
    given = _table(path)
    if not table.week_numbers:
        raise SalesFileInvalid(
            path=str(path),
            column="week",
            problem="cannot be matched",
            advice="give transactions with a column `week` of the same numbering",
        )
    shop, article = _names(path, given, SHOP), _names(path, given, ARTICLE)
    week = _numbers(path, given, ("week",)).astype(int).tolist()
    shown = [_names(path, given, (name,)) != "0" for name in ("display_location", "mailer_location")]
    row = {key: i for i, key in enumerate(zip(table.shops, table.articles, strict=True))}
    column = {number: i for i, number in enumerate(table.week_numbers)}
    result = np.zeros((2, len(row), len(column)))
    for at, (key, number) in enumerate(zip(zip(shop.tolist(), article.tolist(), strict=True), week, strict=True)):
        if key in row and number in column:
            result[:, row[key], column[number]] = np.maximum(result[:, row[key], column[number]], [shown[0][at], shown[1][at]])
    return result[0], result[1]


def read_categories(path: Path) -> dict[str, str]:
    """Each article's category, from `product_id` and `product_category`."""
    given = _table(path)
    return dict(zip(_names(path, given, ARTICLE).tolist(), _names(path, given, ("product_category",), empty="").tolist(), strict=True))


def _table(path: Path) -> pa.Table:
    try:
        table = pq.read_table(path)
    except FileNotFoundError:
        raise SalesFileInvalid(path=str(path), column=None, problem="there is no such file", advice="check the path") from None
    except (pa.ArrowException, OSError) as error:
        problem = f"cannot be read as Parquet ({' '.join(str(error).split())[:120]})"
        raise SalesFileInvalid(path=str(path), column=None, problem=problem, advice="give a Parquet file") from None
    if table.num_rows == 0:
        raise SalesFileInvalid(path=str(path), column=None, problem="has no rows", advice="give a file with data")
    return table


def _found(path: Path, table: pa.Table, wanted: tuple[str, ...]) -> str:
    for name in wanted:
        if name in table.column_names:
            return name
    has = ", ".join(table.column_names[:12])
    raise SalesFileInvalid(path=str(path), column=wanted[0], problem="is missing", advice=f"the file has {has}; rename or add the column")


def _names(path: Path, table: pa.Table, wanted: tuple[str, ...], *, empty: str | None = None) -> NDArray[Any]:
    name = _found(path, table, wanted)
    texts = pc.cast(table[name], pa.string())
    if texts.null_count and empty is None:
        _refuse_empty(path, name, texts.null_count)
    return np.asarray(pc.fill_null(texts, empty or "").to_pylist(), dtype=str)


def _numbers(path: Path, table: pa.Table, wanted: tuple[str, ...]) -> Floats:
    name = _found(path, table, wanted)
    column = table[name]
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type)):
        raise SalesFileInvalid(path=str(path), column=name, problem=f"holds {column.type}, not numbers", advice="save it as numbers")
    values = np.asarray(pc.cast(column, pa.float64()).to_numpy(), dtype=np.float64)
    if not np.isfinite(values).all():
        _refuse_empty(path, name, int((~np.isfinite(values)).sum()))
    return values


def _days(path: Path, table: pa.Table, wanted: tuple[str, ...]) -> NDArray[np.datetime64]:
    name = _found(path, table, wanted)
    column = table[name]
    if not (pa.types.is_timestamp(column.type) or pa.types.is_date(column.type)):
        raise SalesFileInvalid(path=str(path), column=name, problem=f"holds {column.type}, not times", advice="save it as a timestamp")
    if column.null_count:
        _refuse_empty(path, name, column.null_count)
    return np.asarray(column.to_numpy()).astype("datetime64[D]")


def _refuse_empty(path: Path, name: str, count: int) -> None:
    raise SalesFileInvalid(
        path=str(path), column=name, problem=f"is empty or no number in {count} rows", advice="fill or remove these rows"
    )
