"""The records' tables, as SQLAlchemy Core sees them. `store_id` comes first in every key of a shop's records, so that Citus could spread
them unchanged; people, keys and the audit log are the chain's.

A fact's rank is `(generation, sequence)`: a store whose hub was set up anew starts its sequences at 1 again, under a new ledger, and
its news must still win over the old ledger's. `generation` counts a store's ledgers in the order in which they first reported.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Double, Index, Integer, MetaData, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()

_AT = DateTime(timezone=True)


def _store() -> Column[str]:
    return Column("store_id", Text, primary_key=True)


def _rank() -> list[Column[int]]:
    return [Column("generation", Integer, nullable=False), Column("sequence", BigInteger, nullable=False)]


_SKU_COUNTS = ("units_sold", "units_picked", "units_put_back", "units_received", "units_lost")
_SKU_LEVELS = ("opening_units", "closing_units", "closing_low_units", "closing_high_units", "out_of_stock_min")


def _sku_columns() -> list[Column[object]]:
    counts: list[Column[object]] = [Column(name, BigInteger, nullable=False) for name in _SKU_COUNTS]
    levels: list[Column[object]] = [Column(name, Double) for name in _SKU_LEVELS]
    return [*counts, *levels, Column("revenue_minor", BigInteger, nullable=False)]


stores = Table(
    "stores", metadata, _store(),
    Column("name", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("floor_width_m", Double),
    Column("floor_depth_m", Double),
    Column("first_seen_at", _AT, nullable=False),
    Column("reported_at", _AT),
    Column("planned_at", _AT),
    Column("latitude_deg", Double),
    Column("longitude_deg", Double),
)  # fmt: skip
ledgers = Table(
    "ledgers", metadata, _store(), Column("ledger_id", Text, primary_key=True),
    Column("generation", Integer, nullable=False),
    Column("booked_through", BigInteger, nullable=False),
    Column("booked_at", _AT, nullable=False),
)  # fmt: skip
planograms = Table(
    "planograms", metadata, _store(), Column("version", Integer, primary_key=True),
    Column("body", JSONB, nullable=False), Column("received_at", _AT, nullable=False),
)  # fmt: skip
sku_quarter = Table(
    "sku_quarter", metadata, _store(), Column("quarter_at", _AT, primary_key=True), Column("sku", Text, primary_key=True),
    *_rank(), *_sku_columns(),
)  # fmt: skip
sku_day = Table(
    "sku_day", metadata, _store(), Column("day", Date, primary_key=True), Column("sku", Text, primary_key=True),
    *_rank(), *_sku_columns(),
)  # fmt: skip
door_quarter = Table(
    "door_quarter", metadata, _store(), Column("quarter_at", _AT, primary_key=True), Column("door_id", Text, primary_key=True), *_rank(),
    Column("people_in", BigInteger), Column("people_out", BigInteger), Column("observed_min", Double, nullable=False),
    Column("staff_in", BigInteger), Column("staff_out", BigInteger), Column("groups_in", BigInteger),
    Column("withheld", Boolean, nullable=False),
)  # fmt: skip
zone_quarter = Table(
    "zone_quarter", metadata, _store(), Column("quarter_at", _AT, primary_key=True), Column("zone_id", Text, primary_key=True), *_rank(),
    Column("dwell_person_s", Double), Column("entries", BigInteger), Column("stopped", BigInteger), Column("stopped_person_s", Double),
    Column("waits", BigInteger), Column("waited_s", Double), Column("withheld", Boolean, nullable=False),
)  # fmt: skip
tile_quarter = Table(
    "tile_quarter", metadata, _store(), Column("quarter_at", _AT, primary_key=True), Column("area_id", Text, primary_key=True), *_rank(),
    Column("cell_size_m", Double, nullable=False), Column("cells", JSONB, nullable=False),
    Column("withheld", Boolean, nullable=False),
)  # fmt: skip
basket_day = Table(
    "basket_day", metadata, _store(), Column("day", Date, primary_key=True), *_rank(),
    Column("baskets", BigInteger, nullable=False), Column("categories", JSONB, nullable=False), Column("pairs", JSONB, nullable=False),
)  # fmt: skip
alert = Table(
    "alert", metadata, _store(), Column("generation", Integer, primary_key=True), Column("alert_id", BigInteger, primary_key=True),
    Column("sequence", BigInteger, nullable=False), Column("kind", Text, nullable=False), Column("sku", Text), Column("shelf_id", Text),
    Column("raised_at", _AT, nullable=False), Column("taken_at", _AT), Column("cleared_at", _AT), Column("units_at_raise", Double),
)  # fmt: skip
device = Table(
    "device", metadata, _store(), Column("device_id", Text, primary_key=True), *_rank(),
    Column("state", Text, nullable=False), Column("last_seen_at", _AT, nullable=False), Column("agent_version", Text, nullable=False),
    Column("outbox_depth", BigInteger, nullable=False), Column("fault_codes", ARRAY(Text), nullable=False),
    Column("temperature_c", Double), Column("disk_free_mb", Double), Column("clock_error_ms", BigInteger),
)  # fmt: skip
fact_quarantine = Table(
    "fact_quarantine", metadata, _store(),
    Column("generation", Integer, primary_key=True), Column("sequence", BigInteger, primary_key=True),
    Column("reason", Text, nullable=False), Column("body", JSONB, nullable=False), Column("received_at", _AT, nullable=False),
)  # fmt: skip
footfall_hour = Table(
    "footfall_hour", metadata, _store(), Column("hour_at", _AT, primary_key=True),
    Column("day", Date, nullable=False), Column("hour", SmallInteger, nullable=False),
    Column("people_in", BigInteger, nullable=False), Column("people_out", BigInteger, nullable=False),
    Column("observed_min", Double, nullable=False), Column("doors", Integer, nullable=False),
    Index("footfall_hour_by_day", "store_id", "day"),
)  # fmt: skip
footfall_day = Table(
    "footfall_day", metadata, _store(), Column("day", Date, primary_key=True),
    Column("people_in", BigInteger, nullable=False), Column("people_out", BigInteger, nullable=False),
    Column("observed_min", Double, nullable=False), Column("doors", Integer, nullable=False), Column("hours", Integer, nullable=False),
    Column("matched_in", BigInteger, nullable=False), Column("usual_in", Double, nullable=False),
    Column("matched_hours", Integer, nullable=False),
    Index("footfall_day_by_day", "day", "store_id"),
)  # fmt: skip
store_day = Table(
    "store_day", metadata, _store(), Column("day", Date, primary_key=True),
    Column("units_sold", BigInteger, nullable=False), Column("revenue_minor", BigInteger, nullable=False),
    Column("units_received", BigInteger, nullable=False), Column("units_lost", BigInteger, nullable=False),
    Column("articles", Integer, nullable=False), Column("known_articles", Integer, nullable=False),
    Column("out_of_stock_min", Double, nullable=False),
)  # fmt: skip
orders = Table(
    "orders", metadata, _store(), Column("order_id", Text, primary_key=True),
    Column("supplier", Text, nullable=False), Column("state", Text, nullable=False),
    Column("proposed_at", _AT, nullable=False), Column("decided_at", _AT), Column("decided_by", Text),
    Column("body", JSONB, nullable=False), Column("sent_at", _AT), Column("send_problem", Text),
    Index("orders_by_state", "state", "store_id"),
)  # fmt: skip
plans = Table(
    "plans", metadata, _store(), Column("number", BigInteger, primary_key=True),
    Column("made_at", _AT, nullable=False), Column("body", JSONB, nullable=False),
)  # fmt: skip
forecast_champion = Table(
    "forecast_champion", metadata, _store(), Column("class_name", Text, primary_key=True),
    Column("champion", Text, nullable=False), Column("error", Double, nullable=False),
    Column("challenger", Text, nullable=False), Column("challenger_error", Double, nullable=False),
    Column("bias", Double, nullable=False), Column("band_held", Double, nullable=False),
    Column("series", Integer, nullable=False), Column("origins", Integer, nullable=False), Column("measured_at", _AT, nullable=False),
)  # fmt: skip
order_terms = Table(
    "order_terms", metadata, _store(), Column("scope", Text, primary_key=True), Column("name", Text, primary_key=True),
    Column("body", JSONB, nullable=False), Column("changed_at", _AT, nullable=False), Column("changed_by", Text, nullable=False),
)  # fmt: skip
article_plan = Table(
    "article_plan", metadata, _store(), Column("sku", Text, primary_key=True),
    Column("planned_at", _AT, nullable=False), Column("body", JSONB, nullable=False),
)  # fmt: skip
promotion = Table(
    "promotion", metadata, _store(), Column("promotion_id", Text, primary_key=True), Column("sku", Text, nullable=False),
    Column("first_day", Date, nullable=False), Column("last_day", Date, nullable=False), Column("body", JSONB, nullable=False),
    Column("planned_at", _AT, nullable=False), Column("planned_by", Text, nullable=False), Column("cancelled_at", _AT),
    Index("promotion_by_day", "last_day", "store_id"),
)  # fmt: skip
trial = Table(
    "trial", metadata, _store(), Column("trial_id", Text, primary_key=True),
    Column("state", Text, nullable=False), Column("planned_at", _AT, nullable=False), Column("body", JSONB, nullable=False),
)  # fmt: skip
day_note = Table(
    "day_note", metadata, _store(), Column("day", Date, primary_key=True), Column("kind", Text, primary_key=True),
    Column("words", Text, nullable=False), Column("written_at", _AT, nullable=False), Column("written_by", Text, nullable=False),
)  # fmt: skip
target = Table(
    "target", metadata, _store(), Column("figure", Text, primary_key=True),
    Column("value", Double, nullable=False), Column("set_at", _AT, nullable=False), Column("set_by", Text, nullable=False),
)  # fmt: skip
risk = Table(
    "risk", metadata, _store(), Column("risk_id", Text, primary_key=True),
    Column("body", JSONB, nullable=False), Column("written_at", _AT, nullable=False), Column("written_by", Text, nullable=False),
)  # fmt: skip
kept_view = Table(
    "kept_view", metadata, Column("page", Text, primary_key=True), Column("name", Text, primary_key=True),
    Column("address", Text, nullable=False), Column("kept_at", _AT, nullable=False), Column("kept_by", Text, nullable=False),
)  # fmt: skip
fleet_rollout = Table(
    "fleet_rollout", metadata, Column("rollout_id", Text, primary_key=True), Column("version", Text, nullable=False),
    Column("sha256", Text, nullable=False), Column("size_bytes", BigInteger, nullable=False), Column("rings", JSONB, nullable=False),
    Column("first_device", Text), Column("ring", Integer, nullable=False), Column("stage", Text, nullable=False),
    Column("reason", Text, nullable=False), Column("started_by", Text, nullable=False), Column("started_at", _AT, nullable=False),
    Column("changed_at", _AT, nullable=False),
)  # fmt: skip
rollout_shop = Table(
    "rollout_shop", metadata, _store(), Column("step_id", Text, primary_key=True), *_rank(),
    Column("version", Text, nullable=False), Column("state", Text, nullable=False), Column("reason", Text, nullable=False),
    Column("devices", BigInteger, nullable=False), Column("confirmed", BigInteger, nullable=False),
    Column("changed_at", _AT, nullable=False),
)  # fmt: skip
person = Table(
    "person", metadata, Column("name_key", Text, primary_key=True), Column("name", Text, nullable=False),
    Column("role", Text, nullable=False), Column("password_hash", Text, nullable=False), Column("since_ms", BigInteger, nullable=False),
)  # fmt: skip
person_session = Table(
    "person_session", metadata, Column("token_hash", Text, primary_key=True), Column("name_key", Text, nullable=False, index=True),
    Column("since_ms", BigInteger, nullable=False), Column("seen_ms", BigInteger, nullable=False),
)  # fmt: skip
person_link = Table(
    "person_link", metadata, Column("name_key", Text, primary_key=True), Column("name", Text, nullable=False),
    Column("role", Text, nullable=False), Column("token_hash", Text, nullable=False, unique=True),
    Column("expires_ms", BigInteger, nullable=False),
)  # fmt: skip
access_key = Table(
    "access_key", metadata, Column("name", Text, primary_key=True), Column("key_hash", Text, nullable=False, unique=True),
    Column("scopes", ARRAY(Text), nullable=False), Column("since_ms", BigInteger, nullable=False), Column("used_ms", BigInteger),
)  # fmt: skip
audit = Table(
    "audit", metadata, Column("number", BigInteger, primary_key=True, autoincrement=False), Column("at_ms", BigInteger, nullable=False),
    Column("actor", Text, nullable=False), Column("action", Text, nullable=False), Column("outcome", Text, nullable=False),
    Column("detail", Text, nullable=False), Column("hash", Text, nullable=False),
)  # fmt: skip

MONTHLY = (sku_quarter, door_quarter, zone_quarter, tile_quarter)
"""Tables partitioned by the month of `quarter_at`, UTC."""
