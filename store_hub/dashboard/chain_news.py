"""What the chain says on Today: shelves that should be filled before the coming hours, and promotions that run."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from store_hub.adapters.ledger_views import LedgerReading
from store_hub.adapters.ledger_views_rows import StockRow
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.wording import facing_link, place_of, place_words
from store_hub.entries import BACK_ROOM
from store_hub.rules.refills import Refill, refills
from wire_format.plans import Planogram

_SHOWN = 6


def chain_markup(reader: Reader, reading: LedgerReading, stock: Mapping[tuple[str, str], StockRow], now_ms: int) -> Markup:
    """Both lists; nothing where the chain said nothing that concerns anybody now."""
    plan = reading.planogram
    if plan is None:
        return Markup()
    return _refills(reader, reading, plan, stock, now_ms) + _promotions(reader, reading, plan, now_ms)


def _refills(reader: Reader, reading: LedgerReading, plan: Planogram, stock: Mapping[tuple[str, str], StockRow], now_ms: int) -> Markup:
    advice = reading.refill_advice(now_ms)
    if advice is None:
        return Markup()
    units = {key: row.units for key, row in stock.items()}
    called = {(alert.shelf_id, alert.sku) for alert in reading.open_alerts()}
    found = [each for each in refills(advice, plan, units, back_room=BACK_ROOM) if (each.shelf_id, each.sku) not in called]
    if not found:
        return Markup()
    names = {product.sku: product.name for product in plan.products}
    items = Markup().join(_refill(reader, plan, names, each) for each in found[:_SHOWN])
    title = reader.t("Fill before {time}", time=reader.clock(advice.valid_until_ms))
    return Markup('<h2>{}</h2><ul class="plain" aria-label="{}">{}</ul>').format(title, title, items)


def _refill(reader: Reader, plan: Planogram, names: Mapping[str, str], refill: Refill) -> Markup:
    told = reader.t(
        "{there} on the shelf, up to {asked} asked for until {time}: fetch {fetch} of {room} from the back room",
        there=reader.number(round(refill.on_shelf)),
        asked=reader.number(refill.asked),
        time=reader.clock(refill.by_ms),
        fetch=reader.number(refill.fetch),
        room=reader.number(round(refill.in_back_room)),
    )
    return Markup('<li><a href="{}">{}</a> <span class="small soft">{}</span><br><span class="small">{}</span></li>').format(
        facing_link(refill.shelf_id, refill.sku),
        names.get(refill.sku, refill.sku),
        place_words(reader, place_of(plan, refill.shelf_id)),
        told,
    )


def _promotions(reader: Reader, reading: LedgerReading, plan: Planogram, now_ms: int) -> Markup:
    running = reading.promotions(now_ms)
    if not running:
        return Markup()
    names = {product.sku: product.name for product in plan.products}
    items = Markup()
    for each in running[:_SHOWN]:
        done = [reader.money(each.price_minor)] if each.price_minor is not None else []
        done += [word for word in (each.display, each.mailer) if word]
        until = reader.t("until {day}", day=reader.day(each.ends_at_ms - 1))
        items += Markup('<li>{} <span class="small soft">{}, {}</span></li>').format(names.get(each.sku, each.sku), ", ".join(done), until)
    title = reader.t("Promotions today")
    return Markup('<h2>{}</h2><ul class="plain" aria-label="{}">{}</ul>').format(title, title, items)
