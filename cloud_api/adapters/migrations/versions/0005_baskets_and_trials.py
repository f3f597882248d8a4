"""What is bought together, and the trials of layouts."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.execute(
        "CREATE TABLE basket_day (store_id text, day date, generation integer NOT NULL, sequence bigint NOT NULL, baskets bigint NOT NULL,"
        " categories jsonb NOT NULL, pairs jsonb NOT NULL, PRIMARY KEY (store_id, day))"
    )
    op.execute(
        "CREATE TABLE trial (store_id text, trial_id text, state text NOT NULL, planned_at timestamptz NOT NULL, body jsonb NOT NULL,"
        " PRIMARY KEY (store_id, trial_id))"
    )


def downgrade() -> None:
    """Drop them, with the trials in them; the hubs tell baskets of the last days again only when they change."""
    op.execute("DROP TABLE basket_day")
    op.execute("DROP TABLE trial")
