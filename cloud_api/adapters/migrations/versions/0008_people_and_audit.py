"""People of the chain with sessions, links and keys, and the audit log, whose rows can be neither changed nor taken out."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.execute(
        "CREATE TABLE person (name_key text PRIMARY KEY, name text NOT NULL, role text NOT NULL, password_hash text NOT NULL,"
        " since_ms bigint NOT NULL)"
    )
    op.execute(
        "CREATE TABLE person_session (token_hash text PRIMARY KEY, name_key text NOT NULL, since_ms bigint NOT NULL,"
        " seen_ms bigint NOT NULL)"
    )
    op.execute("CREATE INDEX ix_person_session_name_key ON person_session (name_key)")
    op.execute(
        "CREATE TABLE person_link (name_key text PRIMARY KEY, name text NOT NULL, role text NOT NULL, token_hash text NOT NULL UNIQUE,"
        " expires_ms bigint NOT NULL)"
    )
    op.execute(
        "CREATE TABLE access_key (name text PRIMARY KEY, key_hash text NOT NULL UNIQUE, scopes text[] NOT NULL, since_ms bigint NOT NULL,"
        " used_ms bigint)"
    )
    op.execute(
        "CREATE TABLE audit (number bigint PRIMARY KEY, at_ms bigint NOT NULL, actor text NOT NULL, action text NOT NULL,"
        " outcome text NOT NULL, detail text NOT NULL, hash text NOT NULL)"
    )
    op.execute(
        "CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'the audit log is never changed or shortened'; END $$"
    )
    op.execute("CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_stays()")
    op.execute("CREATE TRIGGER audit_keeps BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_stays()")


def downgrade() -> None:
    """Drop them: whoever was let in, and what was noted of it, is gone."""
    for table in ("person", "person_session", "person_link", "access_key", "audit"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION audit_stays()")
