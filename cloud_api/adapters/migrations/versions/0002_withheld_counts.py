"""Counts that a shop withholds, and what is known of zones beside their stay."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ADDED = {
    "door_quarter": ("staff_in bigint", "staff_out bigint", "groups_in bigint"),
    "zone_quarter": ("entries bigint", "stopped bigint", "stopped_person_s double precision", "waits bigint", "waited_s double precision"),
    "tile_quarter": (),
}
_MAY_BE_UNKNOWN = (("door_quarter", "people_in"), ("door_quarter", "people_out"), ("zone_quarter", "dwell_person_s"))


def upgrade() -> None:
    """Add columns, and let counts be unknown. What was told before was all told."""
    for table, columns in _ADDED.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
        op.execute(f"ALTER TABLE {table} ADD COLUMN withheld boolean NOT NULL DEFAULT false")
        op.execute(f"ALTER TABLE {table} ALTER COLUMN withheld DROP DEFAULT")
    for table, column in _MAY_BE_UNKNOWN:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL")


def downgrade() -> None:
    """Take the columns away. Quarters that were withheld go with them: without the mark they would read as zero."""
    for table, column in _MAY_BE_UNKNOWN:
        op.execute(f"DELETE FROM {table} WHERE {column} IS NULL")
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL")
    for table, columns in _ADDED.items():
        for column in (*columns, "withheld"):
            op.execute(f"ALTER TABLE {table} DROP COLUMN {column.split()[0]}")
