-- A tag's place may be known by a door alone, and tags leave with goods that the till has not sold.

ALTER TABLE tags ADD COLUMN by_door INTEGER NOT NULL DEFAULT 0;    -- 1 = carried there through a door; no antenna has told it there

-- DERIVED. Tags of tagged articles that left the shop and are not paid for (units 1), and sales whose tags have not left yet (below zero).
CREATE TABLE tag_exits (
    sku             TEXT    NOT NULL,
    journal_id      INTEGER NOT NULL,
    line            INTEGER NOT NULL,
    at_ms           INTEGER NOT NULL,
    units           INTEGER NOT NULL,
    epc             TEXT    NOT NULL,             -- upper-case hex; '' = a sale
    place           TEXT    NOT NULL,             -- the zone or door by which it left; '' = a sale
    PRIMARY KEY (sku, journal_id, line)
) STRICT, WITHOUT ROWID;
