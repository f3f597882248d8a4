-- DERIVED. One row: how long tags that come back stay away; by it a tag that has left is counted for a while.
CREATE TABLE tag_absences (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    state           BLOB    NOT NULL              -- JSON: departures, and returns by quarters of a minute, fading
) STRICT;

-- `lingers` is for how many seconds from now on; it was 1 for two minutes.
UPDATE tags SET lingers = 120 WHERE lingers = 1;
