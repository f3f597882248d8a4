"""What is older than the settings keep is let go at night, and a rebuild lets go of the same."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from store_hub.adapters.ledger_views import LedgerViews
from store_hub.entries import Forget
from store_hub.entries_settings import Retention, SettingsChange, ShopSettings
from store_hub.flows.forget import Forgetting
from store_hub.flows.rebuild import rebuild
from store_hub.rules.retention import DAY_MS, STEP_MS, steps


def forgetting(shop: Any) -> Forgetting:
    return Forgetting(views=LedgerViews(shop.path), bookkeep=shop, now_ms=shop.clock.now_ms, zone=lambda: ZoneInfo("UTC"))


def test_weights_that_are_too_old_go_stock_stays_and_a_rebuild_agrees(shop: Any) -> None:
    shop.weigh(10, 6)
    shop.weigh(9, 6)
    shop.clock.at_ms += 20 * DAY_MS
    shop.weigh(8, 6)
    shop.tell(SettingsChange(settings=ShopSettings(retention=Retention(weights_days=5, messages_days=10))))
    assert forgetting(shop).forget() == 3
    assert shop.rows("SELECT count(*) FROM shelf_weights") == [(1,)]
    assert shop.units("cola", "drinks") == 8
    shop.weigh(7, 6)
    assert shop.rows("SELECT count(*) FROM shelf_weights") == [(2,)]
    assert rebuild(shop.path, replace=False, progress=lambda done, total: None).differences == []


def test_without_a_setting_everything_but_old_messages_is_kept(shop: Any) -> None:
    shop.weigh(10, 6)
    shop.weigh(0, 6)
    shop.weigh(11, 6)
    shop.ledger.connection.execute("UPDATE notifications SET settled_at_ms = created_at_ms, outcome = 'sent'")
    shop.clock.at_ms += 100 * DAY_MS
    assert forgetting(shop).forget() == 0
    assert shop.rows("SELECT count(*) FROM shelf_weights") == [(3,)]
    assert shop.rows("SELECT count(*) FROM notifications") == [(1,)]  # The last one keeps the count.


def test_it_is_done_once_a_night(shop: Any) -> None:
    flow = forgetting(shop)
    shop.tell(SettingsChange(settings=ShopSettings(retention=Retention(weights_days=1))))
    shop.weigh(10, 6)
    at_three = shop.clock.at_ms - shop.clock.at_ms % DAY_MS + 3 * DAY_MS + 3 * 3_600_000
    for at_ms, left in ((at_three - 60_000, 1), (at_three, 0)):
        shop.clock.at_ms = at_ms
        flow.look()
        assert shop.rows("SELECT count(*) FROM shelf_weights") == [(left,)]


def test_a_long_history_goes_week_by_week_and_tags_are_kept_as_long_as_they_are_remembered() -> None:
    told = steps(Retention(weights_days=10), {"weights": 0, "heat": 0}, 30 * DAY_MS)
    assert told == [Forget(kind="weights", before_ms=before) for before in (STEP_MS, 2 * STEP_MS, 20 * DAY_MS)]
    assert steps(Retention(tags_days=1), {"tags": 0}, 15 * DAY_MS) == []
