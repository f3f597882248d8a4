"""Which articles a scale cannot tell apart, and what should change places with what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from markupsafe import Markup

from store_hub.dashboard.reader import Reader
from store_hub.dashboard.tables import link, table
from store_hub.dashboard.wording import facing_link, place_of, place_words
from store_hub.rules.look_alikes import Advice, Alike, advised
from wire_format.plans import Planogram

SHOWN_MAX, SENTENCES_MAX = 30, 5


class AlikeTable:
    """The look-alikes of a planogram, each with the exchange that parts them; worked out once for a planogram, not with each news."""

    def __init__(self) -> None:
        self._known: tuple[Planogram, list[Advice]] | None = None

    def drawn(self, reader: Reader, plan: Planogram) -> Markup:
        """Draw them; nothing where no shelf stands on a scale."""
        if self._known is None or self._known[0] is not plan:
            self._known = (plan, list(islice(advised(plan), SHOWN_MAX + 1)))
        return _table(reader, plan, self._known[1])


def alike_sentences(reader: Reader, plan: Planogram) -> list[str]:
    """The same in a sentence each, for who is drawing a planogram."""
    found = list(islice(advised(plan), SENTENCES_MAX))
    return [
        reader.t("{place}: a scale cannot tell {alike} apart. {help}", place=place, alike=alike, help=help_words)
        for place, alike, help_words in _words(reader, plan, found)
    ]


def _table(reader: Reader, plan: Planogram, found: Sequence[Advice]) -> Markup:
    if not any(shelf.weighed for bay in plan.bays for shelf in bay.shelves):
        return Markup()
    title = Markup("<h2>{}</h2>").format(reader.t("What a scale cannot tell apart"))
    if not found:
        return title + Markup('<p class="empty">{}</p>').format(reader.t("Every scale can tell its articles apart."))
    why = reader.t(
        "Which of two that weigh alike was taken, only the till says, minutes later: staff are called to such places late, or wrongly."
    )
    shown = found[:SHOWN_MAX]
    rows = [
        (link(facing_link(one.alike.shelf_id, one.alike.sku), place), alike, help_words)
        for one, (place, alike, help_words) in zip(shown, _words(reader, plan, shown), strict=True)
    ]
    soft = Markup('<p class="small soft">{}</p>')
    rest = soft.format(reader.t("There are more; they follow once these are parted.")) if len(found) > SHOWN_MAX else Markup()
    edit = Markup('<div class="bar wrap"><a class="button" href="/plan">{}</a><span class="small soft">{}</span></div>').format(
        reader.t("Edit the planogram"), reader.t("once they have changed places on the shelves")
    )
    return title + soft.format(why) + table([reader.t("Place"), reader.t("Weigh alike"), reader.t("What helps")], rows) + rest + edit


def _words(reader: Reader, plan: Planogram, found: Sequence[Advice]) -> Iterator[tuple[str, str, str]]:
    """Of each: where, what weighs alike, and what helps."""
    names = {product.sku: product.name for product in plan.products}
    for one in found:
        place = place_words(reader, place_of(plan, one.alike.shelf_id))
        yield place, _alike_words(reader, one.alike, names), _help_words(reader, one, names, plan)


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
