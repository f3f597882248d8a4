"""Terms of ordering, what was last worked out for each article, promotions, and which orders their supplier was told of."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TABLES = {
    "order_terms": """store_id text, scope text, name text, body jsonb NOT NULL, changed_at timestamptz NOT NULL,
        changed_by text NOT NULL, PRIMARY KEY (store_id, scope, name)""",
    "article_plan": """store_id text, sku text, planned_at timestamptz NOT NULL, body jsonb NOT NULL, PRIMARY KEY (store_id, sku)""",
    "promotion": """store_id text, promotion_id text, sku text NOT NULL, first_day date NOT NULL, last_day date NOT NULL,
        body jsonb NOT NULL, planned_at timestamptz NOT NULL, planned_by text NOT NULL, cancelled_at timestamptz,
        PRIMARY KEY (store_id, promotion_id)""",
}


def upgrade() -> None:
    """Make the tables; orders that were approved before count as told of."""
    for name, columns in _TABLES.items():
        op.execute(f"CREATE TABLE {name} ({columns})")
    op.execute("CREATE INDEX promotion_by_day ON promotion (last_day, store_id)")
    op.execute("ALTER TABLE orders ADD COLUMN sent_at timestamptz, ADD COLUMN send_problem text")
    op.execute("UPDATE orders SET sent_at = decided_at WHERE state = 'approved'")


def downgrade() -> None:
    """Drop them: terms and promotions are lost, orders stay."""
    op.execute("ALTER TABLE orders DROP COLUMN sent_at, DROP COLUMN send_problem")
    for name in _TABLES:
        op.execute(f"DROP TABLE {name}")
