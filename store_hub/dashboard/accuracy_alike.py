"""Which articles a scale cannot tell apart, and what should change places with what."""

from __future__ import annotations

from markupsafe import Markup

from store_hub.dashboard.reader import Reader
from store_hub.dashboard.tables import link, table
from store_hub.dashboard.wording import facing_link, place_of, place_words
from store_hub.rules.look_alikes import Advice, Alike, advised
from wire_format.plans import Planogram

SHOWN_MAX, SENTENCES_MAX = 30, 5


def alike_table(reader: Reader, plan: Planogram) -> Markup:
    """Draw the look-alikes of a planogram, each with the exchange that parts them; nothing where no shelf stands on a scale."""
    if not any(shelf.weighed for bay in plan.bays for shelf in bay.shelves):
        return Markup()
    title = Markup("<h2>{}</h2>").format(reader.t("What a scale cannot tell apart"))
    found = advised(plan)
    if not found:
        return title + Markup('<p class="empty">{}</p>').format(reader.t("Every scale can tell its articles apart."))
    why = reader.t(
        "Which of two that weigh alike was taken, only the till says, minutes later: staff are called to such places late, or wrongly."
    )
    names = {product.sku: product.name for product in plan.products}
    heads = [reader.t("Place"), reader.t("Weigh alike"), reader.t("What helps")]
    rows = [
        (
            link(facing_link(one.alike.shelf_id, one.alike.sku), place_words(reader, place_of(plan, one.alike.shelf_id))),
            _alike_words(reader, one.alike, names),
            _help_words(reader, one, names, plan),
        )
        for one in found[:SHOWN_MAX]
    ]
    more = len(found) - SHOWN_MAX
    rest = Markup('<p class="small soft">{}</p>').format(reader.t("And {count} more.", count=reader.number(more))) if more > 0 else Markup()
    edit = Markup('<div class="bar wrap"><a class="button" href="/plan">{}</a><span class="small soft">{}</span></div>').format(
        reader.t("Edit the planogram"), reader.t("once they have changed places on the shelves")
    )
    return title + Markup('<p class="small soft">{}</p>').format(why) + table(heads, rows) + rest + edit


def alike_sentences(reader: Reader, plan: Planogram) -> list[str]:
    """The same in a sentence each, for who is drawing a planogram."""
    names = {product.sku: product.name for product in plan.products}
    return [
        reader.t(
            "{place}: a scale cannot tell {alike} apart. {help}",
            place=place_words(reader, place_of(plan, one.alike.shelf_id)),
            alike=_alike_words(reader, one.alike, names),
            help=_help_words(reader, one, names, plan),
        )
        for one in advised(plan)[:SENTENCES_MAX]
    ]


def _alike_words(reader: Reader, alike: Alike, names: dict[str, str]) -> str:
    one, other = (names.get(sku, sku) for sku in alike.skus)
    if alike.units == alike.other_units == 1:
        return reader.t("{one} and {other}", one=one, other=other)
    return reader.t("{units} × {one} and {others} × {other}", units=alike.units, one=one, others=alike.other_units, other=other)


def _help_words(reader: Reader, advice: Advice, names: dict[str, str], plan: Planogram) -> str:
    exchange = advice.exchange
    if exchange is None:
        return reader.t("Put one of them on another shelf, or give one RFID tags.")
    one, other = names.get(exchange.sku, exchange.sku), names.get(exchange.with_sku, exchange.with_sku)
    place = place_words(reader, place_of(plan, exchange.with_shelf_id))
    return reader.t("Exchange {one} with {other} ({place}).", one=one, other=other, place=place)
