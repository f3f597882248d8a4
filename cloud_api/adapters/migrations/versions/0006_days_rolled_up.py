"""A shop's day in one row: its sales, and its visitors beside the usual ones, so that a thousand shops are compared without their hours."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_STORE_DAYS = """
    INSERT INTO store_day (store_id, day, units_sold, revenue_minor, units_received, units_lost, articles, known_articles, out_of_stock_min)
    SELECT store_id, day, sum(units_sold), sum(revenue_minor), sum(units_received), sum(units_lost), count(*), count(out_of_stock_min),
           coalesce(sum(out_of_stock_min), 0)
    FROM sku_day GROUP BY store_id, day
"""
_USUAL = """
    WITH whole AS (
        SELECT store_id, day, hour, sum(people_in) AS people_in FROM footfall_hour
        JOIN (SELECT store_id, max(doors) AS all_doors FROM footfall_day GROUP BY store_id) AS shop USING (store_id)
        GROUP BY store_id, day, hour, all_doors HAVING max(observed_min) >= 45.0 * greatest(all_doors, 1)
    ), compared AS (
        SELECT present.store_id, present.day, present.people_in, avg(past.people_in) AS usual
        FROM whole AS present JOIN whole AS past USING (store_id, hour)
        WHERE present.day - past.day IN (7, 14, 21, 28) GROUP BY present.store_id, present.day, present.hour, present.people_in
    )
    UPDATE footfall_day AS held SET matched_in = total.matched_in, usual_in = total.usual_in, matched_hours = total.hours
    FROM (SELECT store_id, day, sum(people_in) AS matched_in, sum(usual) AS usual_in, count(*) AS hours
          FROM compared GROUP BY store_id, day) AS total
    WHERE held.store_id = total.store_id AND held.day = total.day
"""


def upgrade() -> None:
    """Make and fill them from what is on record."""
    op.execute(
        "CREATE TABLE store_day (store_id text, day date, units_sold bigint NOT NULL, revenue_minor bigint NOT NULL,"
        " units_received bigint NOT NULL, units_lost bigint NOT NULL, articles integer NOT NULL, known_articles integer NOT NULL,"
        " out_of_stock_min double precision NOT NULL, PRIMARY KEY (store_id, day))"
    )
    op.execute(_STORE_DAYS)
    for column in ("matched_in bigint", "usual_in double precision", "matched_hours integer"):
        op.execute(f"ALTER TABLE footfall_day ADD COLUMN {column} NOT NULL DEFAULT 0")
        op.execute(f"ALTER TABLE footfall_day ALTER COLUMN {column.split()[0]} DROP DEFAULT")
    op.execute(_USUAL)
    op.execute("CREATE INDEX footfall_day_by_day ON footfall_day (day, store_id)")


def downgrade() -> None:
    """Drop what can be added up again."""
    op.execute("DROP INDEX footfall_day_by_day")
    for column in ("matched_in", "usual_in", "matched_hours"):
        op.execute(f"ALTER TABLE footfall_day DROP COLUMN {column}")
    op.execute("DROP TABLE store_day")
