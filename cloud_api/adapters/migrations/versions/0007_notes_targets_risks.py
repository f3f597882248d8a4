"""Notes on days, targets of figures, and the register of risks: what planners write down."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.execute(
        "CREATE TABLE day_note (store_id text, day date, kind text, words text NOT NULL, written_at timestamptz NOT NULL,"
        " written_by text NOT NULL, PRIMARY KEY (store_id, day, kind))"
    )
    op.execute(
        "CREATE TABLE target (store_id text, figure text, value double precision NOT NULL, set_at timestamptz NOT NULL,"
        " set_by text NOT NULL, PRIMARY KEY (store_id, figure))"
    )
    op.execute(
        "CREATE TABLE risk (store_id text, risk_id text, body jsonb NOT NULL, written_at timestamptz NOT NULL, written_by text NOT NULL,"
        " PRIMARY KEY (store_id, risk_id))"
    )


def downgrade() -> None:
    """Drop them, with all that was written down."""
    for table in ("day_note", "target", "risk"):
        op.execute(f"DROP TABLE {table}")
