-- DERIVED. One row: how staff refill, learned from boards on scales; by it boards are believed that nothing watches.
CREATE TABLE refill_habits (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    state           BLOB    NOT NULL              -- JSON: refills booked and filled up, calls by how soon they were answered, walks
) STRICT;

-- DERIVED. Places that have been low since then, where the manager wants nobody to be called before that has lasted.
CREATE TABLE held_calls (
    shelf_id        TEXT    NOT NULL,
    sku             TEXT    NOT NULL,
    since_ms        INTEGER NOT NULL,
    PRIMARY KEY (shelf_id, sku)
) STRICT, WITHOUT ROWID;
