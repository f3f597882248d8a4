-- DERIVED. The last lines of a device's log that somebody asked for.
CREATE TABLE device_logs (
    device_id       TEXT    PRIMARY KEY,
    request_no      INTEGER NOT NULL,
    lines           BLOB    NOT NULL,             -- JSON: a list of lines, oldest first; of the last answer
    wanted_by       TEXT    NOT NULL,
    wanted_at_ms    INTEGER NOT NULL,
    told_at_ms      INTEGER                       -- null while the device has not answered this request
) STRICT;
