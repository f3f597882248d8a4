"""Zones that readers report and the planogram does not know: a word of the edge's configuration and one of the plan's do not match."""

from __future__ import annotations

from markupsafe import Markup

from store_hub.adapters.ledger_views import LedgerReading
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.wording import mark

HEARD_WITHIN_MS = 24 * 3_600_000


def unknown_zones(reading: LedgerReading, now_ms: int) -> list[str]:
    """Return the zones with tags in the last day that the planogram does not know."""
    if reading.planogram is None:
        return []
    known = {zone.zone_id for zone in reading.planogram.zones}
    return [zone_id for zone_id in reading.tag_zones(now_ms - HEARD_WITHIN_MS) if zone_id not in known]


def unknown_zones_card(reader: Reader, reading: LedgerReading, now_ms: int) -> Markup:
    """Draw what is not well and what to do; nothing where every zone is known."""
    found = unknown_zones(reading, now_ms)
    if not found:
        return Markup()
    title = reader.n(
        "A reader reports a zone that the planogram does not know",
        "Readers report {count} zones that the planogram does not know",
        len(found),
    )
    advice = reader.t("Its tags count on no shelf. Name the zone in the planogram, or write the planogram's name in the reader's zone_id.")
    return Markup(
        '<section class="card trouble">{}<div><h2>{}</h2><ul><li><strong class="amber">{}</strong>'
        '<span class="small soft">{}</span></li></ul></div></section>'
    ).format(mark("trouble"), title, ", ".join(found), advice)
