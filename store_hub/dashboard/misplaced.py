"""Articles that lie on a shelf where they do not belong: what, where, and where to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from markupsafe import Markup

from store_hub.adapters.ledger_views_rows import StockRow
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.wording import facing_link, mark, place_of, place_words
from wire_format.plans import Planogram

PROBABLY = 0.5


class Stray(NamedTuple):
    """Units of an article on a shelf of others. `home`: the first of its own shelves; None where it has none."""

    sku: str
    name: str
    shelf_id: str
    units: StockRow
    home: str | None


def strays(plan: Planogram, stock: Mapping[tuple[str, str], StockRow]) -> list[Stray]:
    """List what probably lies in the wrong place, by shelf and article."""
    names = {product.sku: product.name for product in plan.products}
    shelves = [shelf for bay in plan.bays for shelf in bay.shelves]
    belongs = {shelf.shelf_id: {facing.sku for facing in shelf.facings} for shelf in shelves}
    homes: dict[str, str] = {}
    for shelf in shelves:
        for facing in shelf.facings:
            homes.setdefault(facing.sku, shelf.shelf_id)
    return [
        Stray(sku, names.get(sku, sku), place, row, homes.get(sku))
        for (sku, place), row in sorted(stock.items())
        if place in belongs and sku not in belongs[place] and row.units >= PROBABLY
    ]


def strays_list(reader: Reader, plan: Planogram, found: Iterable[Stray]) -> Markup:
    """Say of each stray where it lies and where it belongs; nothing where nothing lies in the wrong place."""
    lines = Markup().join(
        Markup("<li>{}<span>{} {}</span></li>").format(mark("trouble"), _sentence(reader, plan, stray), _to_its_place(reader, stray))
        for stray in found
    )
    return Markup('<ul class="strays" aria-label="{}">{}</ul>').format(reader.t("In the wrong place"), lines) if lines else lines


def strays_tag(reader: Reader, found: Iterable[Stray]) -> Markup:
    """What stands under a board on which something lies that does not belong there."""
    words = [
        reader.t("{units} {name} does not belong here", units=reader.units(s.units.units, s.units.low, s.units.high), name=s.name)
        for s in found
    ]
    return Markup('<p class="stray">{}<span>{}</span></p>').format(mark("trouble"), " · ".join(words)) if words else Markup()


def strays_words(reader: Reader, plan: Planogram, found: Iterable[Stray], sku: str) -> str:
    """Where units of an article lie in the wrong place; empty where none do."""
    return "; ".join(
        reader.t(
            "{units} on {place}",
            units=reader.units(s.units.units, s.units.low, s.units.high),
            place=place_words(reader, place_of(plan, s.shelf_id)),
        )
        for s in found
        if s.sku == sku
    )


def _sentence(reader: Reader, plan: Planogram, stray: Stray) -> str:
    units = reader.units(stray.units.units, stray.units.low, stray.units.high)
    place = place_words(reader, place_of(plan, stray.shelf_id))
    if stray.home is None:
        return reader.t("{units} {name} lies on {place}; it has no place on the plan", units=units, name=stray.name, place=place)
    home = place_words(reader, place_of(plan, stray.home))
    return reader.t("{units} {name} lies on {place} and belongs to {home}", units=units, name=stray.name, place=place, home=home)


def _to_its_place(reader: Reader, stray: Stray) -> Markup:
    if stray.home is None:
        return Markup()
    return Markup('<a class="link" href="{}">{}</a>').format(facing_link(stray.home, stray.sku), reader.t("Show its place"))
