-- The ledger of one store. Sole truth: the journal (append-only). Everything marked DERIVED is a fold of the journal, bit for bit, and
-- `store-hub rebuild` makes it anew; everything marked OPERATIONAL is the hub's own bookkeeping and survives a rebuild untouched.
--
-- Units of measure: `…_ms` Unix time UTC (or a length) in milliseconds · `…_g` grams · `…_minor` the currency's minor unit (cents) ·
-- `…_person_ms` persons × milliseconds · `units` pieces of an article (REAL where estimated, INTEGER where counted).
-- Quarters: `quarter_started_at_ms` is a multiple of 900,000. NULL means "not known", never zero.
-- Only bookkeep writes. Readers open the file read-only.

-- OPERATIONAL. One row: who this ledger is.
CREATE TABLE meta (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    ledger_id       TEXT    NOT NULL,             -- 32 hex digits, minted with the file
    store_id        TEXT    NOT NULL,
    created_at_ms   INTEGER NOT NULL
) STRICT;

-- ---------------------------------------------------------------------------------------------------------------- delivery from the edge

-- OPERATIONAL. What is booked of each outbox; written in the transaction that books.
CREATE TABLE outboxes (
    outbox_no        INTEGER PRIMARY KEY,         -- short name of the outbox inside this file
    outbox_id        TEXT    NOT NULL UNIQUE,     -- 32 hex digits
    device_id        TEXT,                        -- who last wrote from it; NULL until something decodable came
    booked_through   INTEGER NOT NULL,            -- last sequence before a gap; 0 = nothing
    duplicates       INTEGER NOT NULL DEFAULT 0,  -- messages that came again and were not booked again
    shed             INTEGER NOT NULL DEFAULT 0,  -- observations its edge had to let go
    first_seen_at_ms INTEGER NOT NULL,            -- hub's clock
    last_seen_at_ms  INTEGER NOT NULL             -- hub's clock
) STRICT;

-- OPERATIONAL. Sequences booked beyond a gap, as closed ranges; empty when everything came in order.
CREATE TABLE outbox_ranges (
    outbox_no       INTEGER NOT NULL REFERENCES outboxes,
    first_sequence  INTEGER NOT NULL,
    last_sequence   INTEGER NOT NULL,
    PRIMARY KEY (outbox_no, first_sequence)
) STRICT, WITHOUT ROWID;

-- OPERATIONAL. hub clock − device's monotonic clock, for each start of each agent.
CREATE TABLE clocks (
    outbox_id       TEXT    NOT NULL,
    boot_id         TEXT    NOT NULL,
    offset_ms       INTEGER NOT NULL,             -- happened_at_ms = monotonic_ms + offset_ms
    wall_error_ms   INTEGER NOT NULL,             -- the device's wall clock − the hub's at that moment; network delay included
    read_at_ms      INTEGER NOT NULL,             -- hub's clock
    PRIMARY KEY (outbox_id, boot_id)
) STRICT, WITHOUT ROWID;

-- ------------------------------------------------------------------------------------------------------------------------------- journal

-- THE TRUTH, append-only. One row per thing that happened or was said.
CREATE TABLE journal (
    journal_id      INTEGER PRIMARY KEY,          -- 1, 2, 3, … in the order of booking
    source          TEXT    NOT NULL,             -- edge | till | delivery | count | alert_action | planogram | health
    outbox_no       INTEGER REFERENCES outboxes,  -- source edge with a readable topic; else NULL
    sequence        INTEGER,                      -- place in that outbox
    received_at_ms  INTEGER NOT NULL,             -- hub's clock
    happened_at_ms  INTEGER NOT NULL,             -- best knowledge of when it happened, see time_quality
    time_quality    TEXT    NOT NULL,             -- hub_offset (device's monotonic clock + clocks.offset_ms) | device_wall | told (by till or person) | received
    topic           TEXT,                         -- only where the topic itself could not be read
    payload         BLOB    NOT NULL              -- edge, health, planogram: the bytes as they came; else JSON of a store_hub.entries struct
) STRICT;
CREATE UNIQUE INDEX journal_by_outbox ON journal (outbox_no, sequence) WHERE outbox_no IS NOT NULL;
CREATE INDEX journal_by_source ON journal (source, happened_at_ms) WHERE source <> 'edge';

-- DERIVED. Journal entries (or single lines of them) without an effect, and why. The entry itself stays in the journal.
CREATE TABLE quarantine (
    journal_id      INTEGER NOT NULL,
    line            INTEGER NOT NULL DEFAULT 0,   -- line of a sale or delivery, from 1; 0 = the whole entry
    reason          TEXT    NOT NULL,             -- bad_topic | undecodable | version_unknown | unknown_sku | unknown_shelf | wrong_store | effect_failed
    detail          TEXT    NOT NULL,             -- one line for a person
    happened_at_ms  INTEGER NOT NULL,
    PRIMARY KEY (journal_id, line)
) STRICT, WITHOUT ROWID;

-- OPERATIONAL. Answers already given to HTTP doors: same key and same body get the same answer, another body is refused.
CREATE TABLE idempotency (
    door            TEXT    NOT NULL,             -- sales | deliveries | counts | alerts
    key             TEXT    NOT NULL,
    body_hash       TEXT    NOT NULL,             -- SHA-256 of the journalled body, hex
    answer          BLOB    NOT NULL,             -- JSON
    answered_at_ms  INTEGER NOT NULL,
    PRIMARY KEY (door, key)
) STRICT, WITHOUT ROWID;

-- ----------------------------------------------------------------------------------------------------------------------- the shop's plan

-- DERIVED. One row: the planogram in force, whole (bays, shelves, zones, doors, floor: decode payload with wire_format.codec.plans).
CREATE TABLE planogram (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    journal_id      INTEGER NOT NULL,
    version         INTEGER NOT NULL,
    in_force_from_ms INTEGER NOT NULL,
    payload         BLOB    NOT NULL
) STRICT;

-- DERIVED. The articles of the planogram in force, for joins.
CREATE TABLE products (
    sku             TEXT    PRIMARY KEY,
    name            TEXT    NOT NULL,
    gtin            TEXT,                         -- as in the planogram
    category        TEXT    NOT NULL,
    unit_weight_g   REAL,
    price_minor     INTEGER,
    cost_minor      INTEGER,
    case_pack_units INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- DERIVED. Places of articles in the planogram in force; several facings of one SKU on one shelf are one row.
CREATE TABLE facings (
    shelf_id        TEXT    NOT NULL,
    sku             TEXT    NOT NULL,
    bay_id          TEXT    NOT NULL,
    level           INTEGER NOT NULL,             -- 1 = top board
    from_m          REAL    NOT NULL,             -- along the shelf
    width_m         REAL    NOT NULL,
    capacity_units  INTEGER NOT NULL,
    low_units       INTEGER NOT NULL,             -- call staff at this many or fewer
    clear_units     INTEGER NOT NULL,             -- the alert closes at this many or more
    weighed         INTEGER NOT NULL,             -- 1 = the shelf has a scale
    PRIMARY KEY (shelf_id, sku)
) STRICT, WITHOUT ROWID;

-- ----------------------------------------------------------------------------------------------------------------------------- stock

-- DERIVED. Each settled weight of each shelf: the trace behind the units.
CREATE TABLE shelf_weights (
    shelf_id        TEXT    NOT NULL,
    at_ms           INTEGER NOT NULL,             -- when it rested
    journal_id      INTEGER NOT NULL,
    weight_g        REAL    NOT NULL,
    spread_g        REAL    NOT NULL,
    moved_at_ms     INTEGER,                      -- when the motion began (hub's time); NULL = nothing had moved
    temperature_c   REAL,
    PRIMARY KEY (shelf_id, at_ms, journal_id)
) STRICT, WITHOUT ROWID;

-- DERIVED. What a change of weight (or a count, a sale on an unweighed shelf, …) is believed to have been.
CREATE TABLE shelf_events (
    journal_id      INTEGER NOT NULL,             -- the entry that told us
    line            INTEGER NOT NULL,             -- 1, 2, … within it
    shelf_id        TEXT    NOT NULL,
    sku             TEXT,                         -- NULL: no article explains the weight
    at_ms           INTEGER NOT NULL,
    units           INTEGER NOT NULL,             -- negative = taken, positive = put
    meaning         TEXT    NOT NULL,             -- picked | put_back | refilled | swept | stranger (an article of another shelf) | unknown | corrected (a later weight, sale or count revised an earlier belief)
    weight_change_g REAL,                         -- of the whole shelf; NULL where not weighed
    probability     REAL    NOT NULL,             -- of this reading of the change, 0 to 1
    runner_up       TEXT,                         -- the next best reading, in words; NULL when there is none
    runner_up_probability REAL    NOT NULL DEFAULT 0,
    PRIMARY KEY (journal_id, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX shelf_events_by_shelf ON shelf_events (shelf_id, at_ms);
CREATE INDEX shelf_events_by_sku ON shelf_events (sku, at_ms);

-- DERIVED. What a scale's belief remembers between weights, as bytes of rules.picks; read by the hub itself only.
CREATE TABLE beliefs (
    shelf_id        TEXT    PRIMARY KEY,
    state           BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

-- DERIVED. On hand, per article and place. `low`/`high` bound the middle 90 %; NULL = nobody can say.
CREATE TABLE stock (
    sku             TEXT    NOT NULL,
    place           TEXT    NOT NULL,             -- a shelf_id | back_room
    units           REAL    NOT NULL,             -- expected pieces, never negative, never outside the interval
    low             REAL,
    high            REAL,
    evidence        TEXT    NOT NULL,             -- weight | till | delivery | count | refill | planogram: what moved it last
    updated_at_ms   INTEGER NOT NULL,
    journal_id      INTEGER NOT NULL,             -- the entry that moved it last
    PRIMARY KEY (sku, place)
) STRICT, WITHOUT ROWID;

-- DERIVED. The till's view: what the books would say, had every movement been booked. book = start + received + adjusted − sold.
CREATE TABLE books (
    sku             TEXT    PRIMARY KEY,
    start_units     INTEGER NOT NULL,             -- planogram's start on the shelves and in the back room
    received_units  INTEGER NOT NULL,
    sold_units      INTEGER NOT NULL,             -- net of returns
    adjusted_units  INTEGER NOT NULL,             -- by hand counts
    book_units      INTEGER NOT NULL,             -- may be negative: then the books are wrong
    updated_at_ms   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- DERIVED. Whole store, all places but baskets, per article.
CREATE TABLE totals (
    sku             TEXT    PRIMARY KEY,
    units           REAL    NOT NULL,
    low             REAL,
    high            REAL,
    shelf_units     REAL    NOT NULL,             -- of these, on shelves
    out_since_ms    INTEGER,                      -- every facing empty since; NULL = some on a shelf
    basket_units    INTEGER NOT NULL,             -- picked, not yet paid, put back or given up as lost; negative: paid before seen picked
    quarter_started_at_ms INTEGER NOT NULL,       -- quarter whose closing stock this is
    updated_at_ms   INTEGER NOT NULL              -- 0 while only a planogram has spoken
) STRICT, WITHOUT ROWID;

-- DERIVED. Picked and neither paid nor put back yet, oldest first; negative units: paid and not seen picked yet. Once the till has spoken
-- of a moment an hour later, a pick counts as lost and its row goes; a debt goes once the shelf's scale has.
CREATE TABLE baskets (
    sku             TEXT    NOT NULL,
    journal_id      INTEGER NOT NULL,             -- of the pick
    line            INTEGER NOT NULL,
    picked_at_ms    INTEGER NOT NULL,
    units           INTEGER NOT NULL,
    PRIMARY KEY (sku, journal_id, line)
) STRICT, WITHOUT ROWID;

-- DERIVED. Closed spells in which every facing of an article was empty; the open one is totals.out_since_ms.
CREATE TABLE stockouts (
    sku             TEXT    NOT NULL,
    started_at_ms   INTEGER NOT NULL,
    ended_at_ms     INTEGER NOT NULL,
    PRIMARY KEY (sku, started_at_ms)
) STRICT, WITHOUT ROWID;

-- DERIVED. An article's quarter of an hour; a row exists only where something happened. Out-of-stock minutes: from stockouts and totals.
CREATE TABLE sku_quarters (
    quarter_started_at_ms INTEGER NOT NULL,
    sku             TEXT    NOT NULL,
    units_sold      INTEGER NOT NULL DEFAULT 0,   -- net of returns, by the till
    units_picked    INTEGER NOT NULL DEFAULT 0,
    units_put_back  INTEGER NOT NULL DEFAULT 0,
    units_refilled  INTEGER NOT NULL DEFAULT 0,   -- back room → shelf
    units_received  INTEGER NOT NULL DEFAULT 0,
    units_lost      INTEGER NOT NULL DEFAULT 0,   -- picked an hour before and never paid nor put back
    revenue_minor   INTEGER NOT NULL DEFAULT 0,
    opening_units   REAL,                         -- whole store; NULL = no stock known
    closing_units   REAL,
    closing_low     REAL,
    closing_high    REAL,
    PRIMARY KEY (quarter_started_at_ms, sku)
) STRICT, WITHOUT ROWID;
CREATE INDEX sku_quarters_by_sku ON sku_quarters (sku, quarter_started_at_ms);

-- DERIVED. Lines of the till; returns have negative units.
CREATE TABLE sales (
    journal_id      INTEGER NOT NULL,
    line            INTEGER NOT NULL,             -- from 1
    sku             TEXT    NOT NULL,
    units           INTEGER NOT NULL,
    price_minor     INTEGER,                      -- of one unit; NULL = not told
    till            TEXT    NOT NULL,
    sold_at_ms      INTEGER NOT NULL,
    known           INTEGER NOT NULL,             -- 0 = no such SKU in the planogram: also in quarantine
    PRIMARY KEY (journal_id, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX sales_by_time ON sales (sold_at_ms);

-- DERIVED. Lines of deliveries.
CREATE TABLE deliveries (
    journal_id      INTEGER NOT NULL,
    line            INTEGER NOT NULL,
    delivery_id     TEXT    NOT NULL,
    sku             TEXT    NOT NULL,
    units           INTEGER NOT NULL,
    place           TEXT    NOT NULL,             -- back_room | shelf
    arrived_at_ms   INTEGER NOT NULL,
    known           INTEGER NOT NULL,
    PRIMARY KEY (journal_id, line)
) STRICT, WITHOUT ROWID;

-- DERIVED. Counts by hand, beside what was believed then.
CREATE TABLE hand_counts (
    journal_id      INTEGER PRIMARY KEY,
    sku             TEXT    NOT NULL,
    shelf_id        TEXT,                         -- NULL = the whole store
    counted_units   INTEGER NOT NULL,
    believed_units  REAL    NOT NULL,             -- same place, just before
    book_units      INTEGER NOT NULL,             -- just before
    counted_at_ms   INTEGER NOT NULL
) STRICT;

-- ------------------------------------------------------------------------------------------------------------------------------- tags

-- DERIVED. Where each tag is believed to be. A tag that left stays here with present = 0.
CREATE TABLE tags (
    epc             TEXT    NOT NULL,             -- upper-case hex
    zone_id         TEXT    NOT NULL,
    gtin            TEXT,                         -- 14 digits, from SGTIN; NULL = another scheme
    sku             TEXT,                         -- by the planogram's GTINs; NULL = unknown article
    present         INTEGER NOT NULL,
    confidence      REAL    NOT NULL,
    since_ms        INTEGER NOT NULL,             -- of this state
    PRIMARY KEY (epc, zone_id)
) STRICT, WITHOUT ROWID;

-- DERIVED. Present tags per article and zone; `sku` is '?' for tags of no known article.
CREATE TABLE tag_counts (
    sku             TEXT    NOT NULL,
    zone_id         TEXT    NOT NULL,
    tags_present    INTEGER NOT NULL,
    updated_at_ms   INTEGER NOT NULL,
    PRIMARY KEY (sku, zone_id)
) STRICT, WITHOUT ROWID;

-- ------------------------------------------------------------------------------------------------------------------------------ people

-- DERIVED. People through each door, by minute of the start of the observed interval.
CREATE TABLE door_minutes (
    door_id         TEXT    NOT NULL,
    minute_started_at_ms INTEGER NOT NULL,        -- multiple of 60,000
    people_in       INTEGER NOT NULL,
    people_out      INTEGER NOT NULL,
    observed_ms     INTEGER NOT NULL,             -- how long the counter was alive in it
    PRIMARY KEY (door_id, minute_started_at_ms)
) STRICT, WITHOUT ROWID;
CREATE INDEX door_minutes_by_time ON door_minutes (minute_started_at_ms);

-- DERIVED. One row: people in the shop now. Never negative; begins again at 0 at four in the morning, store's time.
CREATE TABLE occupancy (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    people          INTEGER NOT NULL,
    day             TEXT    NOT NULL,             -- the trading day, YYYY-MM-DD
    corrected       INTEGER NOT NULL,             -- people who left without having been seen to come in, this day
    updated_at_ms   INTEGER NOT NULL
) STRICT;

-- DERIVED. The heatmap: cell (column, row) covers [column, column + 1) × cell size from the plan's upper left corner.
CREATE TABLE floor_tiles (
    area_id         TEXT    NOT NULL,             -- the camera's area
    quarter_started_at_ms INTEGER NOT NULL,
    cell_size_mm    INTEGER NOT NULL,
    column_no       INTEGER NOT NULL,
    row_no          INTEGER NOT NULL,
    dwell_person_ms INTEGER NOT NULL,
    PRIMARY KEY (area_id, quarter_started_at_ms, cell_size_mm, column_no, row_no)
) STRICT, WITHOUT ROWID;
CREATE INDEX floor_tiles_by_time ON floor_tiles (quarter_started_at_ms);

-- DERIVED. Stay in each zone of the planogram: cells shared out by the overlap of their area.
CREATE TABLE zone_quarters (
    zone_id         TEXT    NOT NULL,
    quarter_started_at_ms INTEGER NOT NULL,
    dwell_person_ms INTEGER NOT NULL,
    PRIMARY KEY (zone_id, quarter_started_at_ms)
) STRICT, WITHOUT ROWID;

-- DERIVED. How long each camera area was watched in a quarter: a quarter without a row was not seen, which is not the same as empty.
CREATE TABLE area_quarters (
    area_id         TEXT    NOT NULL,
    quarter_started_at_ms INTEGER NOT NULL,
    observed_ms     INTEGER NOT NULL,
    PRIMARY KEY (area_id, quarter_started_at_ms)
) STRICT, WITHOUT ROWID;

-- DERIVED. People waiting.
CREATE TABLE queues (
    zone_id         TEXT    NOT NULL,
    started_at_ms   INTEGER NOT NULL,
    journal_id      INTEGER NOT NULL,
    duration_ms     INTEGER NOT NULL,
    people_mean     REAL    NOT NULL,
    people_max      INTEGER NOT NULL,
    PRIMARY KEY (zone_id, started_at_ms, journal_id)
) STRICT, WITHOUT ROWID;

-- DERIVED. Buttons pressed at shelves.
CREATE TABLE button_presses (
    journal_id      INTEGER PRIMARY KEY,
    button_id       TEXT    NOT NULL,
    shelf_id        TEXT,
    pressed_at_ms   INTEGER NOT NULL
) STRICT;

-- ----------------------------------------------------------------------------------------------------------------- alerts and messages

-- DERIVED. One row per call to a place, from raise to clear.
CREATE TABLE alerts (
    alert_id        INTEGER PRIMARY KEY,          -- 1, 2, 3, …
    kind            TEXT    NOT NULL,             -- low_shelf | empty_shelf (the same alert, grown worse)
    sku             TEXT,
    shelf_id        TEXT,
    raised_at_ms    INTEGER NOT NULL,
    emptied_at_ms   INTEGER,                      -- when low became empty
    taken_at_ms     INTEGER,
    taken_by        TEXT,
    done_at_ms      INTEGER,                      -- a person says: done
    done_by         TEXT,
    cleared_at_ms   INTEGER,                      -- NULL = open; a weighed shelf clears itself, an unweighed one with "done"
    units_at_raise  REAL,
    units_now       REAL,                         -- while open: now; then: at clearing
    back_room_units REAL,                         -- at the raise: what could be fetched
    journal_id      INTEGER NOT NULL              -- the entry that raised it
) STRICT;
CREATE INDEX alerts_open ON alerts (cleared_at_ms, raised_at_ms);

-- OPERATIONAL. What staff should be told; notify sends and marks. Not made anew by a rebuild: nobody wants yesterday's calls again.
CREATE TABLE notifications (
    notification_id INTEGER PRIMARY KEY,
    alert_id        INTEGER NOT NULL,
    reason          TEXT    NOT NULL,             -- raised | emptied | cleared
    created_at_ms   INTEGER NOT NULL,             -- hub's clock
    attempts        INTEGER NOT NULL DEFAULT 0,
    settled_at_ms   INTEGER,                      -- NULL = still to send
    outcome         TEXT                          -- sent | outdated (the alert had gone) | given_up; NULL = still to send
) STRICT;
CREATE INDEX notifications_open ON notifications (notification_id) WHERE settled_at_ms IS NULL;

-- OPERATIONAL. Devices as last heard of; only a change of state, boot or faults is also journalled (source health).
CREATE TABLE devices (
    device_id       TEXT    PRIMARY KEY,
    state           TEXT    NOT NULL,             -- birth | alive | death
    boot_id         TEXT    NOT NULL,
    outbox_id       TEXT,
    agent_version   TEXT    NOT NULL,
    last_seen_at_ms INTEGER NOT NULL,             -- hub's clock
    state_since_ms  INTEGER NOT NULL,             -- hub's clock, of this state
    health          BLOB    NOT NULL              -- the DeviceHealth message, whole: wire_format.codec.device_health
) STRICT, WITHOUT ROWID;

-- OPERATIONAL. Counters of what was refused without a journal entry, for pages and metrics.
CREATE TABLE counters (
    name            TEXT    PRIMARY KEY,          -- e.g. health_undecodable, clock_undecodable, beyond_window
    count           INTEGER NOT NULL,
    last_detail     TEXT    NOT NULL,
    last_at_ms      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- --------------------------------------------------------------------------------------------------------------------- to the cloud

-- OPERATIONAL. Facts that changed since they were last told. sync reads it, tells, and has the row struck out if `journal_id` is unchanged.
CREATE TABLE dirty (
    fact            TEXT    NOT NULL,             -- sku_quarter | door_quarter | zone_quarter | tile_quarter | alert | device
    period_ms       INTEGER NOT NULL,             -- quarter_started_at_ms; 0 for alert and device
    subject         TEXT    NOT NULL,             -- sku | door_id | zone_id | area_id | alert_id | device_id
    journal_id      INTEGER NOT NULL,             -- last entry that touched it (device: a running number of its own)
    PRIMARY KEY (fact, period_ms, subject)
) STRICT, WITHOUT ROWID;

-- OPERATIONAL. Facts numbered for the cloud, kept until it says that it has booked them.
CREATE TABLE report_outbox (
    sequence        INTEGER PRIMARY KEY,          -- 1, 2, 3, … never used twice
    fact            BLOB    NOT NULL              -- JSON of a wire_format.reports fact, with its `type`
) STRICT;

-- OPERATIONAL. One row: how far the cloud is.
CREATE TABLE report_marks (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    last_sequence   INTEGER NOT NULL,             -- last number given
    booked_through  INTEGER NOT NULL,             -- last number the cloud has booked
    booked_at_ms    INTEGER,                      -- hub's clock, when it last said so
    plans_after     INTEGER NOT NULL              -- last plan taken from the cloud
) STRICT;

-- OPERATIONAL. Replenishment orders, promotions and product masters from the cloud, as they came.
CREATE TABLE plans (
    plan_no         INTEGER PRIMARY KEY,          -- the cloud's number
    kind            TEXT    NOT NULL,             -- replenishment_order | promotion | product_master | planogram
    received_at_ms  INTEGER NOT NULL,
    payload         BLOB    NOT NULL
) STRICT;
