-- DERIVED. How well cameras count, as people have judged it on films: every audit stays, the newest of a door and camera is in force.
-- Shares from 0 to 1 with their 95 % interval; NULL = too little was judged to say.
CREATE TABLE camera_audits (
    door_id         TEXT    NOT NULL,
    area_id         TEXT    NOT NULL,             -- the camera's area
    audited_at_ms   INTEGER NOT NULL,             -- when the person finished
    journal_id      INTEGER NOT NULL,
    film_ms         INTEGER NOT NULL,             -- length of the film
    looked_ms       INTEGER NOT NULL,             -- how much of it the person saw
    counted         INTEGER NOT NULL,             -- crossings that the camera counted on the film
    judged          INTEGER NOT NULL,             -- of these, judged
    judged_right    INTEGER NOT NULL,             -- of the judged, right
    missed          INTEGER NOT NULL,             -- crossings that the person saw and the camera did not
    precision       REAL,                         -- counted crossings that are right
    precision_low   REAL,
    precision_high  REAL,
    recall          REAL,                         -- crossings that are counted
    recall_low      REAL,
    recall_high     REAL,
    count_accuracy  REAL,                         -- 1 − |counted − true| / true
    count_accuracy_low  REAL,
    count_accuracy_high REAL,
    method          TEXT    NOT NULL,             -- how the intervals were made
    PRIMARY KEY (door_id, area_id, audited_at_ms, journal_id)
) STRICT, WITHOUT ROWID;
