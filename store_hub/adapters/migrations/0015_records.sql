-- DERIVED. What is believed of boards that nothing watches.
CREATE TABLE unseen_beliefs (
    shelf_id        TEXT    NOT NULL,
    sku             TEXT    NOT NULL,
    state           BLOB    NOT NULL,             -- JSON: the chance of each number of units, and how often the article sells
    PRIMARY KEY (shelf_id, sku)
) STRICT, WITHOUT ROWID;

-- DERIVED. One row: how many receipts the tills have written; the clock by which silence is measured.
CREATE TABLE receipts (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    receipts        INTEGER NOT NULL
) STRICT;

-- DERIVED. Where the books and the shop disagree. `found_at_ms` NULL = suspected, not told yet; `closed_at_ms` NULL = still so.
CREATE TABLE discrepancies (
    discrepancy_id  INTEGER PRIMARY KEY,
    kind            TEXT    NOT NULL,             -- phantom_stock | stock_behind | book_too_high | book_too_low
    sku             TEXT    NOT NULL,
    since_ms        INTEGER NOT NULL,
    found_at_ms     INTEGER,
    closed_at_ms    INTEGER,
    units           REAL    NOT NULL,             -- the books less what is believed to be there
    believed_units  REAL    NOT NULL,             -- whole store and baskets
    book_units      INTEGER NOT NULL,
    worth_minor     INTEGER,                      -- what these units are worth; NULL = nobody has told a price
    journal_id      INTEGER NOT NULL              -- the entry from which on it was so
) STRICT;
CREATE INDEX discrepancies_open ON discrepancies (closed_at_ms);

-- DERIVED. Picks that no till ever spoke of (units above zero) and sales that no shelf ever felt (below), once given up.
CREATE TABLE unmatched (
    sku             TEXT    NOT NULL,
    journal_id      INTEGER NOT NULL,             -- the pick or the sale
    line            INTEGER NOT NULL,
    happened_at_ms  INTEGER NOT NULL,
    units           INTEGER NOT NULL,
    given_up_at_ms  INTEGER NOT NULL,
    PRIMARY KEY (sku, journal_id, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX unmatched_by_time ON unmatched (happened_at_ms);

-- DERIVED. How well the books agreed with what sensors show, at the first entry of each day.
CREATE TABLE accuracy_days (
    day             TEXT    PRIMARY KEY,          -- YYYY-MM-DD, the shop's own time
    measured_at_ms  INTEGER NOT NULL,
    records         INTEGER NOT NULL,             -- articles known well enough
    exact           REAL,
    within_units    REAL,
    phantom         REAL,
    signed_units    INTEGER NOT NULL,             -- found less booked
    shrink_units    INTEGER NOT NULL,
    shrink_minor    INTEGER NOT NULL,
    absolute_units  INTEGER NOT NULL,
    absolute_minor  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The pages list the articles whose planned unit weight a scale contradicts: few among millions of events.
CREATE INDEX shelf_events_misweighed ON shelf_events (at_ms) WHERE meaning = 'misweighed';
