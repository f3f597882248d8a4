"""What is worth acting on, dearest first: each with its evidence, since when, what it costs and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from store_hub.adapters.ledger_views import LedgerReading
from store_hub.adapters.ledger_views_records import FoundRow, UnmatchedLine
from store_hub.dashboard.misplaced import strays
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.tables import link, table
from store_hub.dashboard.wording import facing_link, mark, place_of, place_words
from store_hub.rules.discrepancies import BEHIND, PHANTOM
from store_hub.rules.till_doubts import TillDoubt, Unpaid, Untaken, till_doubts

LOOKED_BACK_MS = 7 * 24 * 3_600_000
DAY_MS = 24 * 3_600_000
WEEK_H = 168.0
SHOWN_MAX = 60
HOURS_SHOWN = 4
RECEIPTS_SHOWN = 5


class Item(NamedTuple):
    """A line of the list. `cost_minor` None: nobody can say. `to_count`: (SKU, units to propose) where a count puts it right."""

    name: str
    link: str
    what: str
    evidence: str
    to_do: str
    since_ms: int | None
    cost_minor: float | None
    is_red: bool
    to_count: tuple[str, int] | None


class HeldAgainst(NamedTuple):
    """What was read for the list."""

    found: list[FoundRow]
    unmatched: list[UnmatchedLine]
    doubts: list[TillDoubt]
    at_stake_minor: float

    @classmethod
    def read(cls, reading: LedgerReading, now_ms: int) -> HeldAgainst:
        """Read findings, and the week's unmatched picks and sales."""
        found, unmatched = reading.discrepancies(now_ms), reading.unmatched(now_ms - LOOKED_BACK_MS)
        categories = {line.sku: line.category for line in reading.record_lines()}
        untaken = [Untaken(u.sku, u.journal_id, u.happened_at_ms, -u.units, u.line_units) for u in unmatched if u.units < 0]
        unpaid = [Unpaid(u.sku, u.happened_at_ms, u.units) for u in unmatched if u.units > 0]
        at_stake = sum(cost_minor(row, now_ms) or 0.0 for row in found)
        return cls(found, unmatched, till_doubts(untaken, unpaid, categories), at_stake)


def cost_minor(found: FoundRow, now_ms: int) -> float | None:
    """What a finding costs so far: sales lost at the week's mean pace where shoppers find nothing, else what the units are worth."""
    if found.row.kind in (PHANTOM, BEHIND):
        hours = (now_ms - found.row.since_ms) / 3_600_000
        return None if found.price_minor is None else found.price_minor * found.week_sold / WEEK_H * max(0.0, hours)
    return None if found.row.worth_minor is None else float(found.row.worth_minor)


def worth_acting_on(reader: Reader, reading: LedgerReading, held: HeldAgainst, now_ms: int) -> list[Item]:
    """Return everything that a person should look into, what costs most first, what nobody can price last."""
    items = [_of_discrepancy(reader, found, now_ms) for found in held.found]
    items += _of_strays(reader, reading) + _of_weights(reader, reading, now_ms)
    recent = [doubt for doubt in held.doubts if doubt.sold_at_ms >= now_ms - DAY_MS]
    names = {line.sku: line.name for line in reading.record_lines()}
    items += _of_doubts(reader, recent, names, now_ms)
    return sorted(items, key=lambda item: (not item.is_red, item.cost_minor is None, -(item.cost_minor or 0.0), item.name))


def findings_list(reader: Reader, items: Sequence[Item], now_ms: int) -> Markup:
    """Draw the list; without items, say what would be here."""
    title = Markup("<h2>{}</h2>").format(reader.t("To act on first"))
    if not items:
        return title + Markup('<div class="empty"><strong>{}</strong>{}</div>').format(
            reader.t("Nothing is known to be wrong."),
            reader.t("Stock that only the books have, theft, goods on wrong shelves and errors of the till appear here once they last."),
        )
    rows = Markup().join(_drawn(reader, item, number, now_ms) for number, item in enumerate(items[:SHOWN_MAX]))
    more = Markup()
    if len(items) > SHOWN_MAX:
        more = Markup('<p class="small soft">{}</p>').format(
            reader.t("And {count} more: take the CSV file.", count=reader.number(len(items) - SHOWN_MAX))
        )
    return title + Markup('<ul class="alerts found" aria-label="{}">{}</ul>').format(reader.t("To act on first"), rows) + more


def shrink_table(reader: Reader, unmatched: Sequence[UnmatchedLine]) -> Markup:
    """What left the shelves in a week and was neither paid for nor put back, by article, with the hours in which it went."""
    title = Markup('<h2>{}</h2><p class="small soft">{}</p>').format(
        reader.t("Shrink, last seven days"), reader.t("Left a weighed shelf, and an hour later neither paid for nor put back.")
    )
    lost = [line for line in unmatched if line.units > 0]
    if not lost:
        return title + Markup('<p class="empty">{}</p>').format(reader.t("Nothing has been lost this way."))
    by_sku: dict[str, list[UnmatchedLine]] = {}
    for line in lost:
        by_sku.setdefault(line.sku, []).append(line)
    rows = []
    for lines in sorted(by_sku.values(), key=lambda lines: (-sum(_worth(line) for line in lines), lines[0].name)):
        hours: Counter[int] = Counter()
        for line in lines:
            hours[reader.local(line.happened_at_ms).hour] += line.units
        words = reader.t(", ").join(
            reader.t("{hour}:00 ({units})", hour=hour, units=units) for hour, units in sorted(hours.most_common(HOURS_SHOWN))
        )
        rows.append(
            (lines[0].name, reader.number(sum(line.units for line in lines)), reader.money(sum(_worth(line) for line in lines)), words)
        )
    heads = [reader.t("Article"), reader.t("Units"), reader.t("Worth"), reader.t("Most of it after")]
    return title + table(heads, rows, figures=(1, 2))


def _worth(line: UnmatchedLine) -> int:
    return line.units * (line.worth_minor or 0)


def _drawn(reader: Reader, item: Item, number: int, now_ms: int) -> Markup:
    cost = "" if not item.cost_minor else reader.t("about {money}", money=reader.money(item.cost_minor))
    since = "" if item.since_ms is None else reader.t("since {time}", time=reader.moment(item.since_ms, now_ms))
    return Markup(
        '<li data-key="found-{number}-{name}">{mark}<div class="what">{link}<span class="small soft">{since}</span></div>'
        '<div class="how"><strong class="{colour}">{what}</strong><span class="small soft">{evidence}</span></div>'
        '<div class="room small">{cost}</div><div class="who small soft">{to_do}</div><div class="acts">{acts}</div></li>'
    ).format(
        number=number, name=item.name, mark=mark("empty" if item.is_red else "trouble"), link=link(item.link, item.name), since=since,
        colour="red" if item.is_red else "amber", what=item.what, evidence=item.evidence, cost=cost, to_do=item.to_do,
        acts=_count_form(reader, item, number),
    )  # fmt: skip


def _count_form(reader: Reader, item: Item, number: int) -> Markup:
    if item.to_count is None:
        return Markup()
    sku, units = item.to_count
    return Markup(
        '<span class="give"><input id="counted-{number}" inputmode="numeric" maxlength="7" value="{units}" aria-label="{label}">'
        '<button type="button" data-act="count" data-value="{sku}" data-value-of="counted-{number}" aria-label="{words}: {name}">{words}'
        "</button></span>"
    ).format(
        number=number, units=units, sku=sku, name=item.name, words=reader.t("Book the count"),
        label=reader.t("Units of {name} counted in the whole store", name=item.name),
    )  # fmt: skip


def _of_discrepancy(reader: Reader, found: FoundRow, now_ms: int) -> Item:
    row = found.row
    believed = max(0, round(row.believed_units))
    books = reader.t(
        "books {book}, believed {believed}", book=reader.number(row.book_units), believed=reader.number(max(0.0, row.believed_units))
    )
    words = {
        PHANTOM: (reader.t("only in the books"), reader.t("Count it, and correct the books: nobody orders what the books have.")),
        BEHIND: (reader.t("shelf empty, stock behind it"), reader.t("Fetch it. If it is not there, count it.")),
        "book_too_high": (
            reader.t("books {units} too high", units=reader.number(abs(row.units))), reader.t("Look for loss, then count it.")
        ),
        "book_too_low": (
            reader.t("books {units} too low", units=reader.number(abs(row.units))), reader.t("Look for goods not booked in, then count it.")
        ),
    }  # fmt: skip
    what, to_do = words[row.kind]
    cost = cost_minor(found, now_ms)
    is_red = row.kind in (PHANTOM, BEHIND)
    return Item(found.name, facing_link(found.shelf_id, row.sku), what, books, to_do, row.since_ms, cost, is_red, (row.sku, believed))


def _of_strays(reader: Reader, reading: LedgerReading) -> list[Item]:
    plan = reading.planogram
    if plan is None:
        return []
    items = []
    for stray in strays(plan, reading.stock()):
        where = place_words(reader, place_of(plan, stray.shelf_id))
        what = reader.t("on a wrong shelf: {place}", place=where)
        evidence = reader.t("{units} there, by its scale", units=reader.units(stray.units.units, stray.units.low, stray.units.high))
        target = facing_link(stray.home or stray.shelf_id, stray.sku)
        items.append(Item(stray.name, target, what, evidence, reader.t("Put it back."), stray.units.updated_at_ms, None, False, None))
    return items


def _of_weights(reader: Reader, reading: LedgerReading, now_ms: int) -> list[Item]:
    return [
        Item(
            name, facing_link(shelf_id, sku), reader.t("its unit weight is wrong"),
            reader.t("the scale finds {grams} g a unit", grams=reader.number(grams, decimals=1)),
            reader.t("Weigh one, and correct the planogram."), None, None, False, None,
        )
        for sku, name, shelf_id, grams, _ in reading.misweighed(now_ms - LOOKED_BACK_MS)
    ]  # fmt: skip


def _of_doubts(reader: Reader, doubts: Sequence[TillDoubt], names: dict[str, str], now_ms: int) -> list[Item]:
    """One line for each article and kind of doubt, with the receipts to look at."""
    alike: dict[tuple[str, str, str | None], list[TillDoubt]] = {}
    for doubt in doubts:
        alike.setdefault((doubt.sku, doubt.kind, doubt.instead), []).append(doubt)
    items = []
    for (sku, kind, instead), some in alike.items():
        what = {
            "double_sale": reader.t("scanned twice?"),
            "wrong_article": reader.t("scanned for {name}?", name=names.get(instead or "", instead or "")),
            "never_taken": reader.t("paid, but never taken"),
        }[kind]
        units = sum(doubt.units for doubt in some)
        evidence = reader.n("{count} unit more than left the shelf", "{count} units more than left the shelf", units)
        newest = sorted(some, key=lambda doubt: -doubt.sold_at_ms)[:RECEIPTS_SHOWN]
        times = reader.t(", ").join(dict.fromkeys(reader.moment(doubt.sold_at_ms, now_ms) for doubt in newest))
        to_do = reader.t("Look at the till's receipts of {times}.", times=times)
        since_ms = min(doubt.sold_at_ms for doubt in some)
        items.append(Item(names.get(sku, sku), facing_link(None, sku), what, evidence, to_do, since_ms, None, False, None))
    return items
