-- OPERATIONAL. Which starts of which agents spoke from which outbox. One start in two outboxes: its agent began a new one.
CREATE TABLE outbox_boots (
    boot_id         TEXT    NOT NULL,
    outbox_no       INTEGER NOT NULL REFERENCES outboxes,
    PRIMARY KEY (boot_id, outbox_no)
) STRICT, WITHOUT ROWID;
INSERT INTO outbox_boots SELECT DISTINCT boot_id, outbox_no FROM clocks JOIN outboxes USING (outbox_id);

-- OPERATIONAL. Outboxes that two devices write: one number came with two contents.
CREATE TABLE contested_outboxes (
    outbox_no       INTEGER PRIMARY KEY REFERENCES outboxes,
    since_ms        INTEGER NOT NULL              -- hub's clock
) STRICT;

-- OPERATIONAL. Sequences that are marked as booked because the same content had come from another outbox: they have no entry of their own.
CREATE TABLE outbox_repeats (
    outbox_no       INTEGER NOT NULL REFERENCES outboxes,
    sequence        INTEGER NOT NULL,
    PRIMARY KEY (outbox_no, sequence)
) STRICT, WITHOUT ROWID;
