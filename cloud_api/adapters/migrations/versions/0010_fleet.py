"""Rollouts of software over shops, what shops said of them, and more of each device's health."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make tables and columns."""
    op.execute(
        "CREATE TABLE fleet_rollout (rollout_id text PRIMARY KEY, version text NOT NULL, sha256 text NOT NULL, size_bytes bigint NOT NULL,"
        " rings jsonb NOT NULL, first_device text, ring integer NOT NULL, stage text NOT NULL, reason text NOT NULL,"
        " started_by text NOT NULL, started_at timestamptz NOT NULL, changed_at timestamptz NOT NULL)"
    )
    op.execute(
        "CREATE TABLE rollout_shop (store_id text, step_id text, generation integer NOT NULL, sequence bigint NOT NULL,"
        " version text NOT NULL, state text NOT NULL, reason text NOT NULL, devices bigint NOT NULL, confirmed bigint NOT NULL,"
        " changed_at timestamptz NOT NULL, PRIMARY KEY (store_id, step_id))"
    )
    op.execute(
        "ALTER TABLE device ADD COLUMN temperature_c double precision, ADD COLUMN disk_free_mb double precision,"
        " ADD COLUMN clock_error_ms bigint"
    )


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP TABLE fleet_rollout")
    op.execute("DROP TABLE rollout_shop")
    op.execute("ALTER TABLE device DROP COLUMN temperature_c, DROP COLUMN disk_free_mb, DROP COLUMN clock_error_ms")
