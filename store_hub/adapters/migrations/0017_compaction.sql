-- THE TRUTH up to an entry, where the journal no longer goes back to the first one: a whole ledger without a journal, as its derived tables
-- were after that entry, compressed. `store-hub rebuild` begins with it and replays what follows.
CREATE TABLE journal_snapshot (
    part            INTEGER PRIMARY KEY,          -- 1, 2, 3, …
    data            BLOB    NOT NULL              -- zlib of a piece of a SQLite file
) STRICT;

-- OPERATIONAL. Each compaction; the newest one's snapshot is kept.
CREATE TABLE compactions (
    through_journal_id INTEGER PRIMARY KEY,       -- the snapshot holds the effects of all entries up to here
    at_ms           INTEGER NOT NULL,             -- hub's clock
    removed         INTEGER NOT NULL,             -- entries removed so far, by this compaction
    sha256          TEXT    NOT NULL              -- of the snapshot's file, hex
) STRICT;

-- OPERATIONAL. The last sequence of each outbox whose entry was removed.
CREATE TABLE compacted_outboxes (
    outbox_no       INTEGER PRIMARY KEY REFERENCES outboxes,
    through_sequence INTEGER NOT NULL
) STRICT;
