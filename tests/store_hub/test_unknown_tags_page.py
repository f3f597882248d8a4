"""Tags of no known article are shown on the page, each with what it says and why it has no article."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from zoneinfo import ZoneInfo

from store_hub.adapters.ledger import Ledger
from store_hub.adapters.ledger_views import LedgerViews
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.unknown_tags import unknown_tags

NOW_MS = 1_795_359_900_000
READER = Reader(zone=ZoneInfo("Europe/Berlin"), currency="EUR")
TAGS = {
    "E2801160600002042A6B1C2D": ("urn:epc:raw:96.xE2801160600002042A6B1C2D", "its scheme is not known to the hub"),
    "3174257BF4499602D2000000": ("urn:epc:tag:sscc-96:3.0614141.1234567890", "it is no article&#39;s tag"),
    "3074257BF7194E4000001A85": ("urn:epc:tag:sgtin-96:3.0614141.812345.6789", "no article on the planogram has GTIN 80614141123458"),
    "303C257BF7194E4000001A85": ("urn:epc:raw:96.x303C257BF7194E4000001A85", "partition value 7 is not in the standard&#39;s table"),
}


def test_every_tag_without_an_article_is_shown_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    Ledger.create(path, store_id="corner-shop", now_ms=NOW_MS).close()
    with LedgerViews(path).reading() as reading:
        assert unknown_tags(READER, reading, NOW_MS) == "", "nothing is said where nothing is amiss"
    connection = sqlite3.connect(path)
    for epc in TAGS:
        gtin = "80614141123458" if epc.startswith("3074") else None
        connection.execute("INSERT INTO tags VALUES (?, 'drinks', ?, NULL, 1, 0.9, ?, 0, 0)", (epc, gtin, NOW_MS))
    connection.execute("INSERT INTO tag_counts VALUES ('?', 'drinks', 4, ?)", (NOW_MS,))
    connection.commit()
    connection.close()
    with LedgerViews(path).reading() as reading:
        page = unknown_tags(READER, reading, NOW_MS)
    assert "4 tags belong to no known article" in page
    for uri, reason in TAGS.values():
        assert uri in page
        assert reason in page
