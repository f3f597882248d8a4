-- DERIVED. The last calibration of each scale: what people wished of it, and how it stands at the device.
CREATE TABLE calibrations (
    shelf_id        TEXT    PRIMARY KEY,
    session_id      TEXT    NOT NULL,
    device_id       TEXT    NOT NULL,
    stage           TEXT    NOT NULL,             -- open | accept | applied | closed
    revision        INTEGER NOT NULL,             -- grows with every change, over all calibrations of the scale
    last_step       INTEGER NOT NULL,
    steps           BLOB    NOT NULL,             -- JSON: the steps asked for, as in wire_format CalibrationStepAsked
    progress        BLOB,                         -- JSON: the device's last wire_format CalibrationProgress
    started_by      TEXT    NOT NULL,
    started_at_ms   INTEGER NOT NULL,
    changed_at_ms   INTEGER NOT NULL,
    heard_at_ms     INTEGER                       -- when the device last said how it stands
) STRICT;

-- What a held button did: pressed | tared | tare_refused, and in words why.
ALTER TABLE button_presses ADD COLUMN action TEXT NOT NULL DEFAULT 'pressed';
ALTER TABLE button_presses ADD COLUMN detail TEXT NOT NULL DEFAULT '';
