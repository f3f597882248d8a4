-- Stock-takes by handheld, deliveries that were announced, and EPCIS events. `tag` is an EPC as its pure identity URI; as its raw URI where
-- it has none.

-- DERIVED. By how much a count by hand differed from the tags present then: above zero, units without a tag; below, tags too many.
CREATE TABLE tag_gaps (
    sku             TEXT    NOT NULL,
    place           TEXT    NOT NULL,             -- back_room | shop_floor
    units           INTEGER NOT NULL,
    tags            INTEGER NOT NULL,             -- present when it was counted
    counted_at_ms   INTEGER NOT NULL,
    journal_id      INTEGER NOT NULL,
    PRIMARY KEY (sku, place)
) STRICT, WITHOUT ROWID;

-- DERIVED. Stock-takes.
CREATE TABLE stock_takes (
    stock_take_id   TEXT    PRIMARY KEY,
    place           TEXT,                         -- NULL = the whole store; back_room | a shelf
    begun_at_ms     INTEGER NOT NULL,
    last_read_at_ms INTEGER NOT NULL,
    read_by         TEXT    NOT NULL,             -- who read last
    tags_read       INTEGER NOT NULL,             -- each tag once
    closed_at_ms    INTEGER,                      -- NULL = open
    closed_by       TEXT
) STRICT, WITHOUT ROWID;

-- DERIVED. Tags read in a stock-take; those of an article that is counted again are struck out.
CREATE TABLE stock_take_tags (
    stock_take_id   TEXT    NOT NULL,
    tag             TEXT    NOT NULL,
    sku             TEXT    NOT NULL,             -- '?' = no known article
    journal_id      INTEGER NOT NULL,             -- the entry that read it first
    PRIMARY KEY (stock_take_id, tag)
) STRICT, WITHOUT ROWID;

-- DERIVED. What a stock-take says of an article, beside what was believed and booked at the last read or decision.
CREATE TABLE stock_take_lines (
    stock_take_id   TEXT    NOT NULL,
    sku             TEXT    NOT NULL,
    counted_units   INTEGER NOT NULL,
    believed_units  REAL    NOT NULL,             -- same place
    believed_low    REAL,
    believed_high   REAL,
    book_units      INTEGER NOT NULL,             -- whole store
    state           TEXT    NOT NULL,             -- open | accepted | ignored | recount
    decided_at_ms   INTEGER,
    decided_by      TEXT,
    reads_journal_id INTEGER NOT NULL,            -- the last entry that read it (or began the stock-take)
    decision_journal_id INTEGER,
    PRIMARY KEY (stock_take_id, sku)
) STRICT, WITHOUT ROWID;

-- DERIVED. Deliveries that were announced.
CREATE TABLE notices (
    delivery_id     TEXT    PRIMARY KEY,
    supplier        TEXT    NOT NULL,
    announced_at_ms INTEGER NOT NULL,
    expected_at_ms  INTEGER,
    journal_id      INTEGER NOT NULL,
    state           TEXT    NOT NULL,             -- announced | accepted
    arrived_at_ms   INTEGER,                      -- first tag read on it
    accept_no       INTEGER NOT NULL,             -- 1, 2, 3, … in the order of acceptance; 0 = not yet
    accepted_at_ms  INTEGER,
    accepted_by     TEXT,
    corrections     INTEGER NOT NULL,
    event_lines     BLOB    NOT NULL              -- the EPCIS events of the acceptance in force, JSON
) STRICT, WITHOUT ROWID;

-- DERIVED. Their lines.
CREATE TABLE notice_lines (
    delivery_id     TEXT    NOT NULL,
    line            INTEGER NOT NULL,             -- from 1
    sku             TEXT    NOT NULL,             -- the GTIN where no article of the planogram has it
    gtin            TEXT,                         -- 14 digits
    sscc            TEXT,                         -- the carton
    units           INTEGER NOT NULL,
    PRIMARY KEY (delivery_id, line)
) STRICT, WITHOUT ROWID;

-- DERIVED. Tags read on a delivery: of articles, and of cartons (sscc).
CREATE TABLE notice_tags (
    delivery_id     TEXT    NOT NULL,
    tag             TEXT    NOT NULL,
    sku             TEXT    NOT NULL,             -- '' = a carton; '?' = no known article
    sscc            TEXT,
    how             TEXT    NOT NULL,             -- door | handheld
    read_at_ms      INTEGER NOT NULL,
    journal_id      INTEGER NOT NULL,
    PRIMARY KEY (delivery_id, tag)
) STRICT, WITHOUT ROWID;

-- DERIVED. What was signed for.
CREATE TABLE notice_accepted (
    delivery_id     TEXT    NOT NULL,
    sku             TEXT    NOT NULL,
    units           INTEGER NOT NULL,
    PRIMARY KEY (delivery_id, sku)
) STRICT, WITHOUT ROWID;

-- DERIVED. EPCIS events, the hub's own and captured ones; the first to bear a name stays. recordTime is the journal's received_at_ms.
CREATE TABLE epcis_events (
    event_id        TEXT    NOT NULL,
    declared_at_ms  INTEGER NOT NULL,             -- of its error declaration; 0 = the event itself
    journal_id      INTEGER NOT NULL,
    line            INTEGER NOT NULL,             -- of that entry, from 1
    event_type      TEXT    NOT NULL,
    event_time_ms   INTEGER NOT NULL,
    action          TEXT    NOT NULL,             -- '' = none
    biz_step        TEXT    NOT NULL,             -- '' = none
    disposition     TEXT    NOT NULL,             -- '' = none
    read_point      TEXT    NOT NULL,             -- '' = none; as GS1's canonical Digital Link where it has one
    biz_location    TEXT    NOT NULL,             -- likewise
    captured        INTEGER NOT NULL,             -- 1 = told by another system
    payload         BLOB    NOT NULL,             -- JSON, without @context and recordTime
    PRIMARY KEY (event_id, declared_at_ms)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX epcis_events_by_entry ON epcis_events (journal_id, line);
CREATE INDEX epcis_events_by_time ON epcis_events (event_time_ms);

-- DERIVED. What an event names, as canonical Digital Links where there is one.
CREATE TABLE epcis_things (
    name            TEXT    NOT NULL,
    role            TEXT    NOT NULL,             -- epc | parent | child | input | output | class | input_class | output_class
    journal_id      INTEGER NOT NULL,
    line            INTEGER NOT NULL,
    PRIMARY KEY (name, role, journal_id, line)
) STRICT, WITHOUT ROWID;

-- DERIVED. Captures by other systems.
CREATE TABLE epcis_captures (
    capture_id      TEXT    PRIMARY KEY,
    journal_id      INTEGER NOT NULL,
    captured_at_ms  INTEGER NOT NULL,
    error_behaviour TEXT    NOT NULL,             -- rollback | proceed
    events          INTEGER NOT NULL,             -- taken in
    errors          BLOB    NOT NULL              -- JSON list of lines
) STRICT, WITHOUT ROWID;
