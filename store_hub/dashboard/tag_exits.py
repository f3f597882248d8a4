"""Tags that left the shop with goods that the till has not sold: for whoever looks at a film, or for a word with the till."""

from __future__ import annotations

from markupsafe import Markup

from store_hub.adapters.ledger_views import LedgerReading
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.tables import table
from store_hub.rules.tag_names import tag_name

SHOWN_MS = 7 * 24 * 3_600_000
TILL_MAY_LAG_MS = 10 * 60_000


def unpaid_exits(reader: Reader, reading: LedgerReading, now_ms: int) -> Markup:
    """Draw the newest of the last seven days; the last ten minutes wait for the till. Nothing where everything was paid."""
    count, newest = reading.unpaid_exits(now_ms - SHOWN_MS, now_ms - TILL_MAY_LAG_MS)
    if not count:
        return Markup()
    plan = reading.planogram
    places = {} if plan is None else {zone.zone_id: zone.name for zone in plan.zones} | {door.door_id: door.name for door in plan.doors}
    title = reader.n("{count} tagged article left without being paid", "{count} tagged articles left without being paid", count)
    note = reader.t("In the last seven days, and no sale of it half an hour before. The newest twenty:")
    heads = (reader.t("Article"), reader.t("When"), reader.t("By"), reader.t("Tag"))
    rows = ((row.name, reader.moment(row.at_ms, now_ms), places.get(row.place, row.place), tag_name(row.epc).uri) for row in newest)
    return Markup('<h2>{}</h2><p class="small soft">{}</p>').format(title, note) + table(heads, rows)
