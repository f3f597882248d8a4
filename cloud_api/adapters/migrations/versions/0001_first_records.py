"""The first records: stores, ledgers, planograms, facts, footfall roll-ups, orders and plans.

Written in SQL and frozen: what the tables are today is in `tables.py`, and a test holds both together.
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_RANK = "generation integer NOT NULL, sequence bigint NOT NULL"
_SKU = """
    units_sold bigint NOT NULL, units_picked bigint NOT NULL, units_put_back bigint NOT NULL, units_received bigint NOT NULL,
    units_lost bigint NOT NULL, opening_units double precision, closing_units double precision, closing_low_units double precision,
    closing_high_units double precision, out_of_stock_min double precision, revenue_minor bigint NOT NULL
"""
_TABLES = {
    "stores": """store_id text PRIMARY KEY, name text NOT NULL, time_zone text NOT NULL, currency text NOT NULL,
        floor_width_m double precision, floor_depth_m double precision, first_seen_at timestamptz NOT NULL, reported_at timestamptz,
        planned_at timestamptz""",
    "ledgers": """store_id text, ledger_id text, generation integer NOT NULL, booked_through bigint NOT NULL,
        booked_at timestamptz NOT NULL, PRIMARY KEY (store_id, ledger_id)""",
    "planograms": """store_id text, version integer, body jsonb NOT NULL, received_at timestamptz NOT NULL,
        PRIMARY KEY (store_id, version)""",
    "sku_day": f"store_id text, day date, sku text, {_RANK}, {_SKU}, PRIMARY KEY (store_id, day, sku)",
    "alert": """store_id text, generation integer, alert_id bigint, sequence bigint NOT NULL, kind text NOT NULL, sku text, shelf_id text,
        raised_at timestamptz NOT NULL, taken_at timestamptz, cleared_at timestamptz, units_at_raise double precision,
        PRIMARY KEY (store_id, generation, alert_id)""",
    "device": f"""store_id text, device_id text, {_RANK}, state text NOT NULL, last_seen_at timestamptz NOT NULL,
        agent_version text NOT NULL, outbox_depth bigint NOT NULL, fault_codes text[] NOT NULL, PRIMARY KEY (store_id, device_id)""",
    "fact_quarantine": """store_id text, generation integer, sequence bigint, reason text NOT NULL, body jsonb NOT NULL,
        received_at timestamptz NOT NULL, PRIMARY KEY (store_id, generation, sequence)""",
    "footfall_hour": """store_id text, hour_at timestamptz, day date NOT NULL, hour smallint NOT NULL, people_in bigint NOT NULL,
        people_out bigint NOT NULL, observed_min double precision NOT NULL, doors integer NOT NULL, PRIMARY KEY (store_id, hour_at)""",
    "footfall_day": """store_id text, day date, people_in bigint NOT NULL, people_out bigint NOT NULL,
        observed_min double precision NOT NULL, doors integer NOT NULL, hours integer NOT NULL, PRIMARY KEY (store_id, day)""",
    "orders": """store_id text, order_id text, supplier text NOT NULL, state text NOT NULL, proposed_at timestamptz NOT NULL,
        decided_at timestamptz, decided_by text, body jsonb NOT NULL, PRIMARY KEY (store_id, order_id)""",
    "plans": """store_id text, number bigint, made_at timestamptz NOT NULL, body jsonb NOT NULL, PRIMARY KEY (store_id, number)""",
}
_MONTHLY = {
    "sku_quarter": f"store_id text, quarter_at timestamptz, sku text, {_RANK}, {_SKU}, PRIMARY KEY (store_id, quarter_at, sku)",
    "door_quarter": f"""store_id text, quarter_at timestamptz, door_id text, {_RANK}, people_in bigint NOT NULL,
        people_out bigint NOT NULL, observed_min double precision NOT NULL, PRIMARY KEY (store_id, quarter_at, door_id)""",
    "zone_quarter": f"""store_id text, quarter_at timestamptz, zone_id text, {_RANK}, dwell_person_s double precision NOT NULL,
        PRIMARY KEY (store_id, quarter_at, zone_id)""",
    "tile_quarter": f"""store_id text, quarter_at timestamptz, area_id text, {_RANK}, cell_size_m double precision NOT NULL,
        cells jsonb NOT NULL, PRIMARY KEY (store_id, quarter_at, area_id)""",
}


def upgrade() -> None:
    """Make every table; the months of the quarter-hour tables are made when facts of a month arrive."""
    for name, columns in _TABLES.items():
        op.execute(f"CREATE TABLE {name} ({columns})")
    for name, columns in _MONTHLY.items():
        op.execute(f"CREATE TABLE {name} ({columns}) PARTITION BY RANGE (quarter_at)")
    op.execute("CREATE INDEX footfall_hour_by_day ON footfall_hour (store_id, day)")
    op.execute("CREATE INDEX orders_by_state ON orders (state, store_id)")


def downgrade() -> None:
    """Drop every table, with all that is in them."""
    for name in (*_MONTHLY, *_TABLES):
        op.execute(f"DROP TABLE {name} CASCADE")
