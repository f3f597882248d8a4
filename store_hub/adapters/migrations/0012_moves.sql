-- DERIVED. Goods that were thrown away, line by line.
CREATE TABLE write_offs (
    journal_id      INTEGER NOT NULL,
    line            INTEGER NOT NULL,             -- from 1
    sku             TEXT    NOT NULL,
    place           TEXT,                         -- a shelf | back_room; NULL = nobody said
    units           INTEGER NOT NULL,
    reason          TEXT    NOT NULL,
    written_off_by  TEXT    NOT NULL,
    written_off_at_ms INTEGER NOT NULL,
    known           INTEGER NOT NULL,             -- 1 = the planogram knew the article
    PRIMARY KEY (journal_id, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX write_offs_by_time ON write_offs (written_off_at_ms);

-- DERIVED. What staff carried from one place to another.
CREATE TABLE moves (
    journal_id      INTEGER PRIMARY KEY,
    sku             TEXT    NOT NULL,
    from_place      TEXT    NOT NULL,             -- a shelf | back_room
    to_place        TEXT    NOT NULL,
    units           INTEGER NOT NULL,
    moved_by        TEXT    NOT NULL,
    moved_at_ms     INTEGER NOT NULL
) STRICT;
CREATE INDEX moves_by_time ON moves (moved_at_ms);

-- Units that left the books as spoilt, broken or used up; `book_units` = start + received - sold + adjusted - written off.
ALTER TABLE books ADD COLUMN written_off_units INTEGER NOT NULL DEFAULT 0;

-- DERIVED. Units that came onto weighed shelves in the last hours, until staff or the scale say otherwise.
CREATE TABLE recent_puts (
    shelf_id        TEXT    NOT NULL,
    sku             TEXT    NOT NULL,
    journal_id      INTEGER NOT NULL,
    line            INTEGER NOT NULL,
    at_ms           INTEGER NOT NULL,
    units           INTEGER NOT NULL,
    source          TEXT    NOT NULL,             -- back_room | hands | announced (told by staff, not felt yet)
    PRIMARY KEY (shelf_id, sku, journal_id, line)
) STRICT, WITHOUT ROWID;
