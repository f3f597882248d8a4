"""Which forecasting method each class of a store's articles uses, and what it was measured at."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.execute(
        "CREATE TABLE forecast_champion (store_id text, class_name text, champion text NOT NULL, error double precision NOT NULL,"
        " challenger text NOT NULL, challenger_error double precision NOT NULL, bias double precision NOT NULL,"
        " band_held double precision NOT NULL, series integer NOT NULL, origins integer NOT NULL, measured_at timestamptz NOT NULL,"
        " PRIMARY KEY (store_id, class_name))"
    )


def downgrade() -> None:
    """Drop it: the next planning measures anew."""
    op.execute("DROP TABLE forecast_champion")
