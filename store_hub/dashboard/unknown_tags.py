"""Tags that the planogram gives no article: each is shown as what it says, or as the bits it holds, with the reason."""

from __future__ import annotations

from markupsafe import Markup

from store_hub.adapters.ledger_views import LedgerReading
from store_hub.adapters.ledger_views_rows import ArticlelessTagRow
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.tables import table
from store_hub.rules.epc import RAW_URN, told_epc


def unknown_tags(reader: Reader, reading: LedgerReading, now_ms: int) -> Markup:
    """Draw the newest of them; nothing where every tag has its article."""
    count = reading.articleless_tag_count()
    if not count:
        return Markup()
    zones = {zone.zone_id: zone.name for zone in reading.planogram.zones} if reading.planogram else {}
    title = reader.n("{count} tag belongs to no known article", "{count} tags belong to no known article", count)
    note = reader.t("They are kept and counted as they are. The newest twenty:")
    heads = (reader.t("Tag"), reader.t("Zone"), reader.t("Since"), reader.t("Why"))
    rows = (
        (_what(row.epc), zones.get(row.zone_id, row.zone_id), reader.moment(row.since_ms, now_ms), _why(reader, row))
        for row in reading.articleless_tags()
    )
    return Markup('<h2>{}</h2><p class="small soft">{}</p>').format(title, note) + table(heads, rows)


def _what(epc: str) -> Markup:
    uri, _ = told_epc(epc)
    return Markup('<span title="{}">{}</span>').format(epc, uri)


def _why(reader: Reader, row: ArticlelessTagRow) -> str:
    uri, refusal = told_epc(row.epc)
    if refusal:
        return reader.t("it breaks the standard: {reason}", reason=refusal)
    if row.gtin is not None:
        return reader.t("no article on the planogram has GTIN {gtin}", gtin=row.gtin)
    if uri.startswith(RAW_URN):
        return reader.t("its scheme is not known to the hub")
    return reader.t("it is no article's tag")
