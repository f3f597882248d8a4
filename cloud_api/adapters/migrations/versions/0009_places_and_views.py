"""Where a store is, for the map of the chain; and the views that planners keep."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both columns, filled from the planograms in force, and the table."""
    op.execute("ALTER TABLE stores ADD COLUMN latitude_deg double precision, ADD COLUMN longitude_deg double precision")
    op.execute(
        "UPDATE stores SET latitude_deg = told.latitude, longitude_deg = told.longitude FROM ("
        " SELECT DISTINCT ON (store_id) store_id, (body->>'latitude_deg')::double precision AS latitude,"
        " (body->>'longitude_deg')::double precision AS longitude FROM planograms ORDER BY store_id, received_at DESC, version DESC"
        ") AS told WHERE told.store_id = stores.store_id"
    )
    op.execute(
        "CREATE TABLE kept_view (page text, name text, address text NOT NULL, kept_at timestamptz NOT NULL, kept_by text NOT NULL,"
        " PRIMARY KEY (page, name))"
    )


def downgrade() -> None:
    """Drop them, with the views kept."""
    op.execute("DROP TABLE kept_view")
    op.execute("ALTER TABLE stores DROP COLUMN latitude_deg, DROP COLUMN longitude_deg")
