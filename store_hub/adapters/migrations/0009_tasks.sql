-- Tasks: an alert is what must be done at a place; these columns tell how people went about it, and what it costs until they do.
ALTER TABLE alerts ADD COLUMN subject TEXT NOT NULL DEFAULT '';     -- of what is about no article on a shelf: device and part, zone, discrepancy
ALTER TABLE alerts ADD COLUMN detail TEXT NOT NULL DEFAULT '';      -- one line for a person
ALTER TABLE alerts ADD COLUMN lost_minor_h REAL;                    -- sales at stake, minor units an hour; NULL = nobody can say
ALTER TABLE alerts ADD COLUMN assigned_to TEXT;
ALTER TABLE alerts ADD COLUMN assigned_at_ms INTEGER;
ALTER TABLE alerts ADD COLUMN missing_at_ms INTEGER;                -- a person says: there is nothing to fetch
ALTER TABLE alerts ADD COLUMN missing_by TEXT;
ALTER TABLE alerts ADD COLUMN escalated_at_ms INTEGER;              -- nobody took it in time, or the scale did not confirm it
ALTER TABLE alerts ADD COLUMN cleared_by TEXT NOT NULL DEFAULT '';  -- scale | person | plan | over (what was found is no more); '' = open

-- DERIVED. How fast an article goes from a shelf: units an hour, fading with the hours (rules/paces).
CREATE TABLE paces (
    shelf_id        TEXT    NOT NULL,
    sku             TEXT    NOT NULL,
    per_hour        REAL    NOT NULL,             -- at `updated_at_ms`
    updated_at_ms   INTEGER NOT NULL,
    PRIMARY KEY (shelf_id, sku)
) STRICT, WITHOUT ROWID;

-- DERIVED. One row: what the manager has set; every earlier setting is in the journal (source settings).
CREATE TABLE settings (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    journal_id      INTEGER NOT NULL,
    revision        INTEGER NOT NULL,             -- grows by one with each change
    changed_at_ms   INTEGER NOT NULL,
    changed_by      TEXT    NOT NULL,
    payload         BLOB    NOT NULL              -- JSON of store_hub.entries_settings.ShopSettings
) STRICT;

-- OPERATIONAL. Where people are called besides the configuration's addresses. Not in the journal: an address holds a password.
CREATE TABLE channels (
    name            TEXT    PRIMARY KEY,
    url             TEXT    NOT NULL,             -- as apprise writes it
    role            TEXT    NOT NULL,             -- staff | office | both
    added_at_ms     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
