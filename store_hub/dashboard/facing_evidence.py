"""What a facing's figure comes from: the weight trace of its shelf with events, tags, sales, and the books beside it."""

from __future__ import annotations

from markupsafe import Markup

from store_hub.adapters.ledger_views import LedgerReading
from store_hub.adapters.ledger_views_rows import AlertRow, WeightRow
from store_hub.dashboard.alert_list import alerts_markup
from store_hub.dashboard.book_words import books_words
from store_hub.dashboard.charts import Options
from store_hub.dashboard.misplaced import strays, strays_words
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.tables import table
from store_hub.dashboard.weight_trace import events_table, trace_legend, weight_chart
from store_hub.dashboard.wording import place_of, place_words

HOUR_MS = 3_600_000
EVENTS_SHOWN_MAX = 12
SALES_SHOWN_MAX = 8

Chosen = tuple[str, str]


def evidence_head(
    reader: Reader, reading: LedgerReading, chosen: Chosen, alert: AlertRow | None, now_ms: int, *, is_blinking: bool = False
) -> Markup:
    """Say what is believed to be here, in the back room and in the books, and what to do about it."""
    shelf_id, sku = chosen
    plan = reading.planogram
    name = next((product.name for product in plan.products if product.sku == sku), sku) if plan else sku
    place = place_of(reading.planogram, shelf_id)
    here = reading.stock().get((sku, shelf_id))
    close = Markup('<button type="button" data-act="close" data-escape aria-label="{}">{}</button>').format(
        reader.t("Close the evidence"), reader.t("Close")
    )
    has_light = any(f"light {shelf_id}" in device.parts for device in reading.devices())
    blink = _blink(reader, shelf_id, is_blinking=is_blinking) if has_light else Markup()
    since = Markup()
    if here:
        words = reader.t(
            "last moved by {evidence} at {time}",
            evidence=_evidence_word(reader, here.evidence),
            time=reader.moment(here.updated_at_ms, now_ms),
        )
        since = Markup('<p class="small soft">{}</p>').format(words)
    return Markup('<div class="panel-head"><div aria-live="polite"><h2>{}</h2><p class="small soft">{}</p></div>{}</div>{}{}{}{}').format(
        name,
        place_words(reader, place),
        close,
        alerts_markup(reader, [alert], now_ms) if alert else "",
        table((), _facts(reader, reading, chosen), figures=(1,)),
        since,
        blink,
    )


def _facts(reader: Reader, reading: LedgerReading, chosen: Chosen) -> list[tuple[str, str]]:
    """How many there are, and where."""
    (shelf_id, sku), plan, stock = chosen, reading.planogram, reading.stock()
    here, room = stock.get((sku, shelf_id)), stock.get((sku, "back_room"))
    elsewhere = strays_words(reader, plan, strays(plan, stock), sku) if plan else ""
    total = next((total for total in reading.totals() if total.sku == sku), None)
    record = next(iter(reading.record_lines(sku)), None)
    return [
        (reader.t("On this shelf"), reader.units(here.units, here.low, here.high) if here else reader.t("not known")),
        *([(reader.t("In the wrong place"), elsewhere)] if elsewhere else []),
        (reader.t("Back room"), reader.units(room.units, room.low, room.high) if room else reader.t("not known")),
        (reader.t("In baskets, not paid yet"), reader.number(total.basket_units if total else None)),
        *([(reader.t("On the way"), reader.number(record.on_way_units))] if record is not None and record.on_way_units else []),
        (reader.t("Books say, whole shop"), reader.number(total.book_units if total else None)),
        (reader.t("Seen, whole shop"), reader.units(total.units, total.low, total.high) if total else "—"),
        *([(reader.t("How the books came about"), books_words(reader, record))] if record is not None else []),
    ]


def _blink(reader: Reader, shelf_id: str, *, is_blinking: bool) -> Markup:
    if is_blinking:
        return Markup('<span class="small soft" role="status">{}</span>').format(reader.t("Its light blinks"))
    return Markup('<button type="button" data-act="blink" data-value="{}">{}</button>').format(shelf_id, reader.t("Let its light blink"))


def _evidence_word(reader: Reader, evidence: str) -> str:
    words = {
        "weight": reader.t("the scale"),
        "till": reader.t("the till"),
        "delivery": reader.t("a delivery"),
        "count": reader.t("a count by hand"),
        "refill": reader.t("a refill"),
        "tags": reader.t("its tags"),
        "move": reader.t("a move that staff booked"),
        "write_off": reader.t("a write-off"),
        "silence": reader.t("receipts without it"),
        "not_there": reader.t("somebody who looked"),
        "planogram": reader.t("the planogram's start"),
    }
    return words.get(evidence, evidence)


def evidence_chart(reader: Reader, reading: LedgerReading, chosen: Chosen, now_ms: int) -> Options:
    """Draw the shelf's last hour; the line begins with the weight the hour began with."""
    shelf_id, sku = chosen
    from_ms = now_ms - HOUR_MS
    weights = _weights(reading, shelf_id, now_ms)
    offset = reader.local(now_ms).utcoffset()
    offset_ms = int(offset.total_seconds() * 1000) if offset else 0
    return weight_chart(reader, weights, reading.events(shelf_id, from_ms, now_ms + 1), sku, from_ms, now_ms, offset_ms)


def evidence_legend(reader: Reader, reading: LedgerReading, chosen: Chosen, now_ms: int) -> Markup:
    """Say what the chart shows: the finding above, what the marks mean below."""
    shelf_id, from_ms = chosen[0], now_ms - HOUR_MS
    events = reading.events(shelf_id, from_ms, now_ms + 1)
    return trace_legend(reader, _weights(reading, shelf_id, now_ms), events, from_ms, now_ms)


def _weights(reading: LedgerReading, shelf_id: str, now_ms: int) -> list[WeightRow]:
    """The last hour's weights, and the one that the hour began with."""
    before = reading.last_weight_before(shelf_id, now_ms - HOUR_MS)
    return [*([before] if before is not None else []), *reading.weights(shelf_id, now_ms - HOUR_MS, now_ms + 1)]


def evidence_tables(reader: Reader, reading: LedgerReading, chosen: Chosen, now_ms: int) -> Markup:
    """List what happened on the shelf, what the tills sold, and which tags are here."""
    shelf_id, sku = chosen
    from_ms = now_ms - HOUR_MS
    events = reading.events(shelf_id, from_ms, now_ms + 1)[:EVENTS_SHOWN_MAX]
    sales = reading.sales(sku, from_ms, now_ms + 1)
    tags = reading.tags(sku)
    zones = {zone.zone_id: zone.name for zone in reading.planogram.zones} if reading.planogram else {}
    parts = Markup("<h3>{}</h3>").format(reader.t("On this shelf, last hour"))
    if events:
        parts += events_table(reader, events)
    else:
        parts += Markup('<p class="small soft">{}</p>').format(reader.t("Nothing moved on this shelf in the last hour."))
    sold = sum(sale.units for sale in sales)
    parts += Markup("<h3>{}</h3>").format(reader.t("Sold by the tills, last hour"))
    prices = ("—" if sale.price_minor is None else reader.money(sale.price_minor) for sale in sales)
    lines = [
        (reader.clock(sale.sold_at_ms), sale.till, reader.number(sale.units), price) for sale, price in zip(sales, prices, strict=True)
    ]
    parts += table((), lines[:SALES_SHOWN_MAX], figures=(2, 3))
    parts += Markup('<p class="small soft">{}</p>').format(reader.n("{count} unit sold", "{count} units sold", sold))
    if tags:
        parts += Markup("<h3>{}</h3>").format(reader.t("Tags of this article"))
        tagged = ((zones.get(tag.zone_id, tag.zone_id), reader.n("{count} tag", "{count} tags", tag.tags_present)) for tag in tags)
        parts += table((), tagged)
    return parts
